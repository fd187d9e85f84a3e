"""How opposite edges meet."""

import numpy as np
import pytest

from jaxtex.texture.extend import seam_ratio
from jaxtex.texture.extend.seams import at_a_usual_place


def test_a_tile_without_a_seam_has_a_ratio_of_one():
    y, x = np.mgrid[:64, :64] * 2 * np.pi / 64
    tile = np.stack([np.sin(3 * x + y), np.cos(x - 2 * y), np.sin(x + y)], -1)
    ratio = seam_ratio(tile)
    assert ratio.x == pytest.approx(1, abs=0.02)
    assert ratio.y == pytest.approx(1, abs=0.02)


def test_a_ramp_has_a_seam_as_steep_as_all_of_it():
    ramp = np.broadcast_to(np.arange(10.0)[None, :, None], (8, 10, 3))
    ratio = seam_ratio(ramp)
    assert ratio.x == pytest.approx(9)
    # No pixel differs from the one above.
    assert ratio.y == 1


def test_the_axes_are_told_apart():
    ramp = np.broadcast_to(np.arange(10.0)[:, None, None], (10, 8, 3))
    assert seam_ratio(ramp).y == pytest.approx(9)
    assert seam_ratio(ramp).x == 1


def test_a_tile_is_moved_so_that_its_seam_is_like_most_lines():
    rng = np.random.default_rng(0)
    tile = rng.uniform(size=(40, 32, 3)).astype(np.float32)
    tile[0] = 1
    moved = at_a_usual_place(tile, (True, True))
    assert seam_ratio(tile).y > 1.2
    assert max(abs(each - 1) for each in seam_ratio(moved)) < 0.05
    # It is the same tile.
    np.testing.assert_array_equal(np.sort(moved, None), np.sort(tile, None))


def test_an_axis_that_does_not_repeat_stays():
    tile = np.random.default_rng(0).uniform(size=(16, 16, 3)).astype(np.float32)
    np.testing.assert_array_equal(at_a_usual_place(tile, (False, False)), tile)
