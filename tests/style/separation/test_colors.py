"""Colours that images consist of."""

import numpy as np
import pytest

from jaxtex.style.separation import is_of_one_color, main_colors
from jaxtex.style.separation.colors import share_of_way

RED, BLUE = (200 / 255, 20 / 255, 10 / 255), (0, 0, 1)


def of(*parts):
    """Pixels: so many of each colour."""
    return np.concatenate([np.full((count, 3), color) for color, count in parts], dtype=np.float32)


def test_main_colours_come_with_their_shares_commonest_first():
    near = tuple(np.array(RED) + 2 / 255)
    found = main_colors(of((BLUE, 300), (RED, 600), (near, 95), ((0, 1, 0), 5)))
    np.testing.assert_allclose([color for color, _ in found], [RED, BLUE], atol=1e-6)
    assert [share for _, share in found] == pytest.approx([0.695, 0.3])


def test_there_are_at_most_eight_main_colours_and_none_in_noise():
    greys = [((level / 16,) * 3, 20 + level) for level in range(16)]
    found = main_colors(of(*greys))
    assert [round(float(color[0]) * 16) for color, _ in found] == [*range(15, 7, -1)]
    assert main_colors(np.random.default_rng(0).random((5000, 3), np.float32)) == []


@pytest.mark.parametrize("share", [-0.5, 0, 0.3, 1, 1.7])
def test_the_share_of_a_way_is_that_of_the_colours_projection(share):
    first, second = (np.array([color], np.float32) for color in (RED, BLUE))
    # Off the way by what stands at right angles on it.
    beside = np.cross(second - first, (1, 0, 0)).astype(np.float32)
    color = first + share * (second - first) + 0.2 * beside
    assert share_of_way(color - first, second - first) == pytest.approx(share, abs=1e-6)


def test_there_is_no_way_between_equal_colours():
    nothing = np.zeros((1, 3), np.float32)
    assert share_of_way(nothing + np.float32(0.5), nothing) == 0
    assert share_of_way(nothing + np.float32(0.001), nothing + np.float32(0.001)) < 0.1


def test_what_only_alpha_shows_is_not_of_one_colour():
    white = np.ones((4, 5, 4), np.float32)
    assert is_of_one_color(white)
    assert is_of_one_color(white[..., :3])
    white[1, 2, 3] = 0.5
    assert not is_of_one_color(white)
