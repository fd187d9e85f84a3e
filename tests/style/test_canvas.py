import numpy as np
import pytest
from logos import STYLE, bars, picture

from jaxtex.style import PRESETS, canvas
from jaxtex.style.separation import is_grey, luminance

PALETTES = {
    "black on white": ((0, 0, 0), (1, 1, 1)),
    "white on black": ((1, 1, 1), (0, 0, 0)),
    "yellow on navy": ((0.9, 0.8, 0.1), (0.1, 0.1, 0.4)),
}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=shape).astype(np.float32)


def levels_of(ink: np.ndarray) -> np.ndarray:
    return np.where(ink, 0, 255).astype(np.float32)[..., None]


GREY, COLOR = np.repeat(noise(20, 20, 1), 3, -1), noise(20, 20, 3)


@pytest.mark.parametrize("colors", list(PALETTES.values())[:2], ids=list(PALETTES)[:2])
def test_a_style_becomes_black_on_white_for_ink(colors):
    image = bars(ink=colors[0], ground=colors[1])
    np.testing.assert_allclose(canvas.style_levels("ink", image), 255 * bars()[..., :1], atol=1e-3)


@pytest.mark.parametrize("form", ["grey", "rgb"])
def test_levels_show_the_image_that_they_were_made_of(form):
    image = GREY if form == "grey" else COLOR
    levels = canvas.content_levels(form, image, None)
    np.testing.assert_allclose(canvas.from_levels(levels), image, atol=1e-6)


def test_what_leaves_the_displayable_range_is_clipped():
    levels = np.array([[[-300.0], [600.0]]], np.float32)
    np.testing.assert_array_equal(canvas.from_levels(levels)[0, :, 0], [0, 1])


@pytest.mark.parametrize("steepness", [0.5, 1.0, 2.0, 100.0])
def test_the_levels_curve_rises_about_mid_grey(steepness):
    levels = np.linspace(0, 255, 52, dtype=np.float32).reshape(4, 13, 1)
    curved = canvas.sharpen(levels, steepness).ravel()
    assert np.all(np.diff(curved) >= 0)
    np.testing.assert_allclose(curved + curved[::-1], 255, atol=1e-3)
    if steepness >= 1:
        np.testing.assert_allclose(curved[[0, -1]], [0, 255], atol=1e-3)


def test_chroma_is_the_contents_and_luminance_the_results():
    image, colors = 0.3 + 0.4 * GREY, 0.4 + 0.2 * COLOR
    mixed = canvas.with_chroma(image, colors)
    np.testing.assert_allclose(luminance(mixed), luminance(image), atol=1e-5)
    np.testing.assert_allclose(mixed[..., 0] - mixed[..., 2], colors[..., 0] - colors[..., 2],
                               atol=1e-5)  # fmt: skip


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_stroke_width_of_a_bar_is_its_width(width):
    ink = np.zeros((80, 60), bool)
    ink[5:75, 20 : 20 + width] = True
    assert canvas.stroke_width(ink) == pytest.approx(width, abs=1)


def test_no_ink_has_no_stroke():
    assert canvas.stroke_width(np.zeros((9, 9), bool)) == 0


def test_drops_are_specks_and_letters_are_none():
    levels = 255 * bars()[..., :1]
    assert not canvas.has_specks(levels)
    levels[10:13, 2:5] = 0
    assert canvas.has_specks(levels)


def test_the_crop_is_the_inks_bounding_box():
    ink = np.zeros((30, 40), bool)
    ink[4:9, 7:31] = True
    cropped = canvas.crop_to_ink(levels_of(ink))
    assert cropped.shape == (5, 24, 1)
    assert not cropped.any()


@pytest.mark.parametrize("value", [0, 255])
def test_a_blank_canvas_is_not_cropped_and_has_no_silhouette(value):
    blank = np.full((12, 20, 1), value, np.float32)
    assert canvas.crop_to_ink(blank).shape == blank.shape
    assert not canvas.silhouette_distance(blank, 16.0, 20).any()


def test_without_skeleton_the_silhouette_grows_with_the_distance_to_the_ink():
    ink = np.zeros((9, 240), bool)
    ink[:, :20] = True
    found = canvas.silhouette_distance(levels_of(ink), 0.0, 240)[4, :, 0]
    assert not found[:20].any()
    # The 24th part of the width is 10 pixels; four of them are as far as it grows.
    np.testing.assert_allclose(found[[29, 39, 59, 150]], [1, 4, 16, 16])
    assert np.all(np.diff(found) >= 0)


def test_the_skeleton_is_dearest_in_the_middle_of_a_stroke():
    ink = np.zeros((60, 60), bool)
    ink[:, 20:35] = True
    found = canvas.silhouette_distance(levels_of(ink), 16.0, 60)[30, :, 0]
    assert found[20:35].argmax() == 7
    assert found[27] == pytest.approx(16)
    assert found[20] < 1


def test_the_thinnest_strokes_and_gaps_are_dearer():
    ink = np.zeros((60, 60), bool)
    ink[:, 10:12] = ink[:, 14:16] = ink[:, 40:50] = True
    found = canvas.silhouette_distance(levels_of(ink), 16.0, 60)[30, :, 0]
    # Of the gap of two pixels the silhouette itself is a little.
    np.testing.assert_allclose(found[10:16], 64, atol=0.2)
    assert found[40:50].max() == pytest.approx(16)
    middles = canvas.stroke_middles(ink)[30]
    assert middles[10:16].tolist() == [1] * 6


def test_more_strength_or_wider_strokes_go_through_more_sizes():
    by_strength = [canvas.scales_for(24.0, s) for s in (0.0, 0.5, 1.0)]
    by_stroke = [canvas.scales_for(stroke, 0.5) for stroke in (1.0, 4.0, 8.0, 64.0, 1e3)]
    assert by_strength == sorted(by_strength)
    assert by_stroke == sorted(by_stroke)
    assert by_stroke[0] == 1
    assert by_stroke[-1] == 4


def test_the_example_style_is_taken_for_grey():
    assert is_grey(picture(STYLE))
    assert PRESETS["steel"].canvas == "auto"
