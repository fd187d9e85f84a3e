import numpy as np
import pytest
from style_images import RED, lettering, rust, set_on

from jaxtex.style.separation.candidates import candidates, otsu
from jaxtex.style.separation.lab import gradient_ranks, to_lab
from jaxtex.style.separation.likeness import elongation, likeness, outline, stroke
from jaxtex.style.separation.refine import Refiner


def disc(radius):
    y, x = np.mgrid[-50:51, -50:51]
    return np.hypot(y, x) <= radius


def bar(length, width):
    mask = np.zeros((length + 20, width + 20), bool)
    mask[10:-10, 10:-10] = True
    return mask


@pytest.mark.parametrize("classes", [2, 3])
def test_thresholds_agree_with_scikit_image(classes):
    filters = pytest.importorskip("skimage.filters")
    rng = np.random.default_rng(0)
    level = np.concatenate([rng.normal(m, 4, 2000) for m in (10, 40, 90)]).astype(np.float32)
    expected = filters.threshold_multiotsu(level, classes, nbins=64)
    np.testing.assert_allclose(otsu(level.reshape(60, 100), classes), expected, atol=3)


def test_a_flat_level_has_no_threshold():
    assert otsu(np.full((8, 8), 3, np.float32), 2).size == 0


@pytest.mark.parametrize("width", [6, 10, 20])
def test_the_stroke_of_a_bar_is_its_width(width):
    assert stroke(bar(400, width)) == pytest.approx(width * 4 / np.pi, rel=0.06)


def test_long_strokes_are_more_elongated_than_round_ones():
    assert 2 < elongation(disc(30)) < 4
    assert elongation(bar(100, 100)) < 5
    assert elongation(bar(80, 10)) == pytest.approx(8, rel=0.25)
    assert elongation(lettering() > 0.5) > 10


def test_an_outline_is_where_a_mask_ends():
    mask = bar(20, 8)
    assert outline(mask).sum() == 2 * (20 + 8) - 4


def test_lettering_is_likelier_than_its_ground_or_a_shifted_copy():
    image, mask = set_on(rust(*lettering().shape), RED), lettering() > 0.5
    lab = to_lab(image)
    ranks = gradient_ranks(lab)
    score = likeness(lab, ranks, mask)
    assert score > 0
    assert score > likeness(lab, ranks, ~mask)
    assert score > likeness(lab, ranks, np.roll(mask, 8, 1)) + 3


def test_a_mask_of_nothing_is_no_lettering():
    lab = to_lab(rust(40, 60))
    assert likeness(lab, gradient_ranks(lab), np.zeros((40, 60), bool)) == -np.inf


def test_a_candidate_comes_near_to_the_lettering():
    mask = lettering() > 0.5
    lab = to_lab(set_on(rust(*mask.shape), RED))
    best = max((c & mask).sum() / (c | mask).sum() for c in candidates(lab))
    assert best > 0.9


def test_refining_takes_in_what_a_mask_left_out():
    mask = lettering() > 0.5
    lab = to_lab(set_on(rust(*mask.shape), RED))
    rough = mask.copy()
    rough[:, ::7] = False
    rough[:10, :40] = True
    refined = Refiner(lab)(rough)
    assert (refined & mask).sum() > 0.9 * mask.sum()
    assert (refined & ~mask).sum() < 0.02 * mask.sum()
