"""Colours that images consist of."""

import numpy as np
import pytest

from jaxtex.style.separation import is_of_one_color, main_colors

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


def test_what_only_alpha_shows_is_not_of_one_colour():
    white = np.ones((4, 5, 4), np.float32)
    assert is_of_one_color(white)
    assert is_of_one_color(white[..., :3])
    white[1, 2, 3] = 0.5
    assert not is_of_one_color(white)
