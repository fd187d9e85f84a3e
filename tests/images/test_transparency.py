"""Grounds for pictures with alpha."""

import numpy as np
import pytest

from jaxtex import images


def lettering(*colors):
    """A stripe in each colour on transparency, soft at its sides, rubbish where it is clear."""
    color = np.random.default_rng(0).random((30, 20 * len(colors), 3)).astype(np.float32)
    alpha = np.zeros(color.shape[:2], np.float32)
    for index, each in enumerate(colors):
        left = 20 * index + 5
        color[:, left : left + 10] = each
        alpha[5:25, left : left + 10] = 0.25
        alpha[5:25, left + 1 : left + 9] = 1
    return color, alpha


WHITE, BLACK, GREY = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("colors", "ground"),
    [
        ([BLACK], WHITE),
        ([GREY], WHITE),
        ([(1, 0, 0), (0.75, 0.75, 0.75)], WHITE),
        ([(1, 1, 0)], WHITE),
        ([WHITE], BLACK),
        ([(0.9, 0.95, 0.95), (1, 0, 0)], BLACK),
        ([WHITE, GREY], BLACK),
        ([WHITE, BLACK], GREY),
        ([(0, 0, 0.1), (0.95, 0.9, 1), (1, 0, 0)], GREY),
    ],
    ids=lambda value: str(value).replace(" ", ""),
)
def test_the_ground_is_white_unless_something_vanishes_there(colors, ground):
    color, alpha = lettering(*colors)
    assert images.contrasting_ground(images.join(color, alpha)) == ground
    # Half a veil is a picture, too.
    assert images.contrasting_ground(images.join(color, alpha / 2)) == ground


def test_what_is_white_and_within_a_badge_needs_no_ground():
    color, alpha = lettering((0, 0, 1))
    color[10:15, 9:11] = 1
    assert images.contrasting_ground(images.join(color, alpha)) == WHITE


def test_a_picture_that_is_clear_nowhere_counts_as_a_whole():
    color = np.ones((8, 8, 3), np.float32)
    assert images.contrasting_ground(images.join(color, np.full((8, 8), 0.7, np.float32))) == BLACK


def test_where_all_grounds_hide_something_the_least_is_hidden():
    color, alpha = lettering(WHITE, WHITE, GREY, GREY, BLACK)
    assert images.contrasting_ground(images.join(color, alpha)) == BLACK


@pytest.mark.parametrize(
    ("colors", "darkest", "lightest"),
    [([BLACK], 0.8, 1.0), ([WHITE], 0.0, 0.25), ([BLACK, WHITE], 0.4, 0.6)],
    ids=["dark", "light", "both"],
)
def test_a_checkerboard_stands_for_what_is_transparent(colors, darkest, lightest):
    color, alpha = lettering(*colors)
    shown = images.on_checkerboard(images.join(color, alpha))
    assert shown.dtype == np.float32
    np.testing.assert_array_equal(shown[alpha == 1], color[alpha == 1])
    clear = np.where((alpha == 0)[..., None], shown, np.nan)
    levels = np.unique(clear[np.isfinite(clear)])
    assert len(levels) == 2
    assert darkest <= levels[0] < levels[1] <= lightest
    # Squares of eight pixels: the border row changes at each eighth.
    changes = np.flatnonzero(np.diff(shown[0, :, 0])) + 1
    np.testing.assert_array_equal(changes, np.arange(8, shown.shape[1], 8))
    assert shown[7, 0, 0] != shown[8, 0, 0]
    behind = ((shown - 0.25 * color) / 0.75)[alpha == 0.25]
    nearest = levels[np.argmin(np.abs(behind[..., None] - levels), -1)]
    np.testing.assert_allclose(behind, nearest, atol=1e-6)


def test_a_checkerboard_leaves_what_is_opaque_and_shows_what_is_not():
    color = np.full((4, 4, 3), 0.3, np.float32)
    np.testing.assert_array_equal(images.on_checkerboard(color), color)
    nothing = images.on_checkerboard(images.join(color, np.zeros((4, 4), np.float32)))
    assert not np.any(nothing == 0.3)


@pytest.mark.parametrize("ground", [WHITE, BLACK, (0.2, 0.4, 0.6)], ids=["white", "black", "blue"])
def test_a_ground_is_taken_off_again(ground):
    rng = np.random.default_rng(1)
    color = rng.random((20, 30, 3), np.float32)
    alpha = rng.choice(np.linspace(0, 1, 6, dtype=np.float32), (20, 30))
    found = images.without_ground(images.over(color, alpha, ground), alpha, ground)
    np.testing.assert_allclose(found[alpha > 0], color[alpha > 0], atol=1e-5)
    np.testing.assert_array_equal(found[alpha == 0] - np.float32(ground), 0)


def test_what_no_colour_can_give_is_clipped():
    image, alpha = np.full((1, 1, 3), 0.5, np.float32), np.full((1, 1), 0.25, np.float32)
    np.testing.assert_array_equal(images.without_ground(image, alpha, WHITE), 0)
    np.testing.assert_array_equal(images.without_ground(image, alpha, BLACK), 1)
