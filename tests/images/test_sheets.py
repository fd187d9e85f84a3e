"""Contact sheets."""

import numpy as np
import pytest

from jaxtex import images
from jaxtex.errors import SettingsError


def test_a_contact_sheet_centres_images_in_equal_cells():
    tall = np.zeros((6, 2, 3), np.float32)
    wide = np.full((2, 4, 3), 0.5, np.float32)
    sheet = images.contact_sheet([tall, wide, wide], columns=2, gap=1, background="red")
    assert sheet.shape == (6 * 2 + 3, 4 * 2 + 3, 3)
    np.testing.assert_array_equal(sheet[1:7, 2:4], tall)
    np.testing.assert_array_equal(sheet[3:5, 6:10], wide)
    np.testing.assert_array_equal(sheet[10:12, 1:5], wide)
    assert (sheet[8:, 6:] == (1, 0, 0)).all()


@pytest.mark.parametrize(("background", "ink"), [("white", 0), ("black", 1)])
def test_labels_are_drawn_below_in_a_visible_colour(background, ink):
    image = np.full((10, 60, 3), 0.5, np.float32)
    sheet = images.contact_sheet(
        [image], columns=1, labels=["a very long label – 鋼\nin two lines"], background=background
    )
    np.testing.assert_array_equal(sheet[8:18, 8:68], image)
    below = sheet[18:]
    assert abs(below - ink).min() < 0.3
    assert (below[:, :6] == 1 - ink).all()
    assert (below[:, 70:] == 1 - ink).all()


def test_an_edge_is_drawn_round_its_image_in_the_gap():
    grey, small = np.full((4, 6, 3), 0.5, np.float32), np.full((2, 2, 3), 0.5, np.float32)
    plain = images.contact_sheet([grey, small, grey], columns=2, gap=5)
    sheet = images.contact_sheet([grey, small, grey], columns=2, gap=5, edges=["blue", "red", None])
    changed = (sheet != plain).any(-1)
    blue, red = (sheet == (0, 0, 1)).all(-1), (sheet == (1, 0, 0)).all(-1)
    np.testing.assert_array_equal(changed, blue | red)
    framed = np.zeros_like(changed)
    framed[3:11, 3:13] = True
    framed[5:9, 5:11] = False
    np.testing.assert_array_equal(blue, framed)
    framed[:] = False
    framed[4:10, 16:22] = True
    framed[6:8, 18:20] = False
    np.testing.assert_array_equal(red, framed)


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_an_edge_spares_all_images_however_small_the_gap(gap):
    greys = [np.full((3, 3, 3), level, np.float32) for level in (0.2, 0.4, 0.6, 0.8)]
    sheet = images.contact_sheet(greys, columns=2, gap=gap, edges=["red"] * 4)
    for level in (0.2, 0.4, 0.6, 0.8):
        assert (sheet == np.float32(level)).all(-1).sum() == 9
    assert (sheet == (1, 0, 0)).all(-1).any() == (gap > 0)


@pytest.mark.parametrize(
    ("count", "columns", "options"),
    [(0, 1, {}), (1, 0, {}), (2, 1, {"labels": ["one"]}), (2, 1, {"edges": ["red"] * 3})],
)
def test_an_impossible_contact_sheet_is_refused(count, columns, options):
    pictures = [np.zeros((2, 2, 3), np.float32)] * count
    with pytest.raises(SettingsError, match="contact sheet"):
        images.contact_sheet(pictures, columns=columns, **options)
