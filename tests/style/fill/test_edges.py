import numpy as np
import pytest
from logos import CONTENT, EXAMPLES, INVERTED, at_size
from scipy import ndimage

from jaxtex.style.canvas import stroke_width
from jaxtex.style.fill import roughen
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.separation import separate_content

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def cloudy(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A texture with relief of several sizes."""
    draw = np.random.default_rng(seed).uniform(0, 1, (height, width))
    level = sum(ndimage.gaussian_filter(draw, size) * size for size in (1, 2, 4, 8))
    level = (level - level.min()) / np.ptp(level)
    return np.repeat(level[..., None], 3, -1).astype(np.float32)


def bar(thick: int = 20, thin: int = 2) -> np.ndarray:
    """Coverage of a thick upright bar and, beside it, a thin line."""
    coverage = np.zeros((80, 90), np.float32)
    coverage[10:-10, 10 : 10 + thick] = 1
    coverage[10:-10, 60 : 60 + thin] = 1
    return coverage


def coverage_of(path, size: int = 384) -> np.ndarray:
    ink = separate_content(at_size(path, size), any_ink=True)
    assert ink is not None
    return ink.coverage


def test_strength_zero_changes_nothing():
    coverage = coverage_of(CONTENT)
    rough = roughen(coverage, cloudy(*coverage.shape), 12.0, 0.0)
    np.testing.assert_array_equal(rough, coverage)


def test_a_texture_without_relief_moves_no_edge():
    coverage = coverage_of(CONTENT)
    flat = np.full((*coverage.shape, 3), 0.4, np.float32)
    np.testing.assert_allclose(roughen(coverage, flat, 12.0, 1.0), coverage, atol=0.051)


def test_more_strength_changes_more():
    coverage = coverage_of(CONTENT)
    texture = cloudy(*coverage.shape)
    stroke = stroke_width(coverage > 0.5)
    moved = [np.abs(roughen(coverage, texture, stroke, s) - coverage).sum() for s in STRENGTHS]
    assert moved[0] == 0
    assert all(np.diff(moved) > 0)


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_edges_move_by_a_sixth_of_the_stroke_at_most(strength):
    coverage = bar()
    rough = roughen(coverage, cloudy(*coverage.shape), 20.0, strength)
    ink = coverage > 0.5
    depth = ndimage.distance_transform_edt(ink) + ndimage.distance_transform_edt(~ink)
    far = depth > strength * 20 / 6 + 1
    np.testing.assert_array_equal(rough[far], coverage[far])
    assert np.abs(rough - coverage)[~far].max() > 0.9


def test_dark_parts_eat_into_the_letters():
    coverage = bar()
    level = np.where(np.arange(80) % 20 < 10, 0.1, 0.9)[:, None, None]
    texture = np.broadcast_to(level, (80, 90, 3)).astype(np.float32)
    rough = roughen(coverage, texture, 20.0, 1.0)
    dark, bright = (rough[24:27, :45].sum(), rough[34:37, :45].sum())
    assert dark < coverage[24:27, :45].sum() < bright


def test_thin_strokes_stay_beside_thick_ones():
    coverage = bar()
    for seed in range(5):
        rough = roughen(coverage, cloudy(*coverage.shape, seed), 20.0, 1.0)
        line = rough[12:-12, 55:67]
        assert line.max(1).min() > 0.5
        assert abs(line.sum() / coverage[12:-12, 55:67].sum() - 1) < 0.2


def test_ripples_of_resampling_are_no_letters():
    coverage = bar()
    coverage += np.random.default_rng(0).uniform(0, 0.04, coverage.shape).astype(np.float32)
    rough = roughen(np.minimum(coverage, 1), cloudy(*coverage.shape), 20.0, 1.0)
    far = ndimage.distance_transform_edt(coverage < 0.5) > 5
    assert not rough[far].any()


def test_no_specks_come_loose():
    coverage = np.zeros((200, 260), np.float32)
    coverage[40:-40, 60:-60] = 1
    grain = np.random.default_rng(2).uniform(0, 1, (200, 260, 1))
    rough = roughen(coverage, np.repeat(grain, 3, -1).astype(np.float32), 100.0, 1.0)
    parts, count = ndimage.label(rough > 1 / 510, np.ones((3, 3)))
    assert np.abs(rough - coverage).max() > 0.9
    assert all(coverage[parts == part].any() for part in range(1, count + 1))


@pytest.mark.parametrize("part", [0.7, 0.9])
def test_what_is_half_covered_within_a_letter_is_no_edge(part):
    # So it is where two colours of a logo meet, and in one that is half transparent.
    coverage = bar()
    coverage[10:-10, 20] = coverage[40:60, 10:30] = part
    rough = roughen(coverage, cloudy(*coverage.shape), 20.0, 1.0)
    within = ndimage.distance_transform_edt(coverage > 0.5) > 20 / 6 + 1
    assert (coverage[within] == np.float32(part)).any()
    np.testing.assert_array_equal(rough[within], coverage[within])


@pytest.mark.parametrize(
    "path", [CONTENT, INVERTED, EXAMPLES / "content" / "ellerwick.png"], ids=lambda path: path.stem
)
@pytest.mark.parametrize("size", [256, 384])
def test_letters_stay_readable(path, size):
    content = at_size(path, size)
    coverage = coverage_of(path, size)
    texture = cloudy(*coverage.shape)
    stroke = stroke_width(coverage > 0.5)
    ink = separate_content(content, any_ink=True)
    lettering = Lettering(content)
    for strength, least in ((0.5, 0.9), (1.0, 0.85)):
        rough = roughen(coverage, texture, stroke, strength)
        image = ink.ground + rough[..., None] * (ink.color - ink.ground)
        assert lettering.readability(image.astype(np.float32)).readability >= least
