"""Washi: the same paper for the same number, kinds that differ, variety, refusals."""

import functools
import hashlib
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from jaxtex.errors import SettingsError
from jaxtex.texture.rendered import WASHI as washi


def luminance(papers: np.ndarray) -> np.ndarray:
    return papers @ np.array([0.2126, 0.7152, 0.0722], np.float32)


@pytest.fixture(scope="module")
def many() -> np.ndarray:
    return washi.render(7, range(150), 64)


@pytest.mark.parametrize("kind", washi.kinds)
@pytest.mark.parametrize("size", [8, 13, 64])
def test_papers_are_float32_within_range(kind, size):
    papers = washi.render(1, range(3), size, kind)
    assert papers.shape == (3, size, size, 3)
    assert papers.dtype == np.float32
    assert papers.min() >= 0
    assert papers.max() <= 1
    assert np.isfinite(papers).all()


def test_no_indices_are_no_papers():
    assert washi.render(0, [], 16).shape == (0, 16, 16, 3)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_a_paper_has_the_same_bytes_in_every_process(threads):
    program = (
        "import hashlib; from jaxtex.texture.rendered import WASHI as washi; "
        "print(hashlib.sha256(washi.render(3, range(10), 64).tobytes()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": threads}
    environment |= {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    here = hashlib.sha256(washi.render(3, range(10), 64).tobytes()).hexdigest()
    assert said.stdout.strip() == here


def test_a_paper_does_not_depend_on_its_batch():
    batch = washi.render(5, np.array([9, 2, 9, 31]), 32)
    for paper, index in zip(batch, [9, 2, 9, 31], strict=True):
        np.testing.assert_array_equal(paper, washi.render(5, [index], 32)[0])


def test_no_two_papers_are_alike(many):
    other = washi.render(8, range(20), 64)
    papers = np.concatenate([many, other]).reshape(170, -1)
    for index, paper in enumerate(papers):
        rest = np.abs(np.delete(papers, index, axis=0) - paper).mean(axis=1)
        assert rest.min() > 0.01


def test_the_first_index_of_a_long_seed_is_not_a_paper_of_a_short_one():
    with pytest.raises(SettingsError):
        washi.render(5 + 2**32, [0], 16)


def test_a_larger_size_shows_the_same_paper():
    small = luminance(washi.render(2, range(30), 32)).reshape(30, -1)
    large = luminance(washi.render(2, range(30), 128))
    shrunk = large.reshape(30, 32, 4, 32, 4).mean(axis=(2, 4)).reshape(30, -1)
    alike = np.corrcoef(shrunk, small)[:30, 30:]
    np.testing.assert_array_equal(alike.argmax(axis=1), np.arange(30))
    assert np.median(np.diag(alike)) > 0.9


def test_kinds_are_as_frequent_as_their_shares():
    drawn = Counter(washi.kind_of(11, index) for index in range(3000))
    shares = np.array(list(washi.shares.values()))
    found = [drawn[kind] for kind in washi.kinds]
    assert stats.chisquare(found, 3000 * shares / shares.sum()).pvalue > 1e-3


def test_a_paper_is_of_the_kind_it_is_said_to_be_of():
    for index in range(12):
        kind = washi.kind_of(4, index)
        np.testing.assert_array_equal(
            washi.render(4, [index], 16), washi.render(4, [index], 16, kind)
        )
        other = washi.kinds[washi.kinds.index(kind) - 1]
        assert (washi.render(4, [index], 16) != washi.render(4, [index], 16, other)).any()


@functools.cache
def forty(kind: str) -> np.ndarray:
    return washi.render(21, range(40), 64, kind)


def typical(measure, kind: str) -> float:
    """The median over papers of one kind; what other kinds add is the same for all."""
    return float(np.median([measure(paper) for paper in forty(kind)]))


def edges(paper: np.ndarray) -> float:
    return float(np.hypot(*np.gradient(luminance(paper))).mean())


def lines(paper: np.ndarray) -> float:
    """The strongest wave along an axis against the mean one, of 2 to 6 pixels."""
    grey = luminance(paper)
    profiles = [np.abs(np.fft.rfft(grey.mean(axis=axis)))[11:32] for axis in (0, 1)]
    return float(max(profile.max() / profile.mean() for profile in profiles))


def dark_specks(paper: np.ndarray) -> float:
    grey = luminance(paper)
    return float(np.median(grey) - np.quantile(grey, 0.01))


def coarseness(paper: np.ndarray) -> float:
    """Correlation of pixels that lie four apart."""
    grey = luminance(paper)
    return float(np.corrcoef(grey[4:].ravel(), grey[:-4].ravel())[0, 1])


@pytest.mark.parametrize(
    ("measure", "more", "less"),
    [
        (edges, "unryu", "dyed"),
        (edges, "rakusui", "kinpaku"),
        (lines, "laid", "kozo"),
        (dark_specks, "chiri", "laid"),
        (coarseness, "dyed", "kozo"),
        (coarseness, "ungei", "kozo"),
        (coarseness, "suminagashi", "chiri"),
    ],
)
def test_kinds_differ_in_what_names_them(measure, more, less):
    assert typical(measure, more) > 1.3 * typical(measure, less)


def test_fibres_of_some_papers_have_a_direction_and_of_others_none():
    coherences = []
    for paper in washi.render(22, range(60), 64, "kozo"):
        dy, dx = np.gradient(luminance(paper))
        across = np.hypot(2 * (dx * dy).mean(), (dx**2 - dy**2).mean())
        coherences.append(across / (dx**2 + dy**2).mean())
    assert np.quantile(coherences, 0.2) < 0.15
    assert np.quantile(coherences, 0.8) > 0.3


def test_colours_are_many(many):
    color = pytest.importorskip("skimage.color", reason="the reference is scikit-image")
    hue, saturation, value = color.rgb2hsv(many.mean(axis=(1, 2))).T
    coloured = saturation > 0.25
    assert 0.3 < coloured.mean() < 0.9
    assert len(np.unique((hue[coloured] * 12).astype(int))) >= 8
    assert np.quantile(value, 0.1) < 0.55
    assert np.quantile(value, 0.9) > 0.8


def test_papers_have_structure_and_keep_their_highlights(many):
    spread = luminance(many).std(axis=(1, 2))
    assert spread.min() > 0.01
    assert spread.max() > 4 * np.quantile(spread, 0.1)
    assert ((many == 0) | (many == 1)).mean() < 0.03


def test_structure_varies(many):
    """Nothing is common to all: SSIM of two papers is near 0."""
    metrics = pytest.importorskip("skimage.metrics", reason="the reference is scikit-image")
    grey = luminance(many[:40])
    similar = [
        metrics.structural_similarity(one, other, data_range=1, gaussian_weights=True)
        for one, other in zip(grey[::2], grey[1::2], strict=True)
    ]
    assert np.mean(similar) < 0.3


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((0, [0], 7), ["size", "7", "8"]),
        ((0, [0], 5000), ["size", "5000", "4096"]),
        ((-1, [0], 16), ["seed", "-1"]),
        ((0, [3, -2], 16), ["index", "-2"]),
        ((0, [0], 16, "origami"), ["kind", "origami", "unryu", "momigami"]),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments, parts):
    with pytest.raises(SettingsError) as error:
        washi.render(*arguments)
    for part in parts:
        assert part in str(error.value)
