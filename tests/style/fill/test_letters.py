import numpy as np
import pytest
from logos import bars
from scipy import ndimage

from jaxtex.style.fill import fill_letters
from jaxtex.style.separation import Ink, luminance

COVERAGE = 1 - bars(100, 200)[..., 0]


def on(color) -> Ink:
    """The letters on a plain ground."""
    ones = np.ones(COVERAGE.shape, np.float32)
    ground = np.broadcast_to(np.float32(color), (*COVERAGE.shape, 3))
    return Ink(coverage=COVERAGE, color=ground, opacity=ones, ground=ground, ground_alpha=ones)


def pale(level: float, spread: float = 0.05) -> np.ndarray:
    draw = np.random.default_rng(1).uniform(-spread, spread, COVERAGE.shape)
    return np.clip(level + draw[..., None] * (0.5, 1, 2), 0, 1).astype(np.float32)


@pytest.mark.parametrize(("level", "paper"), [(0.9, 1.0), (0.2, 0.0)], ids=["white", "black"])
def test_letters_like_the_ground_get_a_rim(level, paper):
    fill = pale(level)
    letters = fill_letters(on((paper,) * 3), fill, 0.0)
    contrast = np.abs(luminance(letters.color) - paper)
    depth = ndimage.distance_transform_edt(COVERAGE > 0.5)
    edge, middle = contrast[depth == 1].mean(), contrast[depth == depth.max()].mean()
    before = np.abs(luminance(fill) - paper)[depth > 0].mean()
    assert edge > middle > before
    assert edge > before + 0.05


def test_letters_unlike_the_ground_keep_their_colours():
    fill = pale(0.3)
    letters = fill_letters(on((1, 1, 1)), fill, 0.0)
    np.testing.assert_allclose(letters.color[COVERAGE > 0.5], fill[COVERAGE > 0.5], atol=1e-5)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("paper", [0.0, 0.5, 1.0])
def test_flat_fills_on_any_ground_are_finite(level, paper):
    fill = np.full((*COVERAGE.shape, 3), level, np.float32)
    letters = fill_letters(on((paper,) * 3), fill, 1.0)
    assert np.isfinite(letters.color).all()
    assert 0 <= letters.color.min() <= letters.color.max() <= 1
