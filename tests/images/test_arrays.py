"""Colours, sizes and arrays."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from image_files import PROPERTY, SIDES

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("#fff", (1, 1, 1)), ("#FF0000", (1, 0, 0)), ("Navy", (0, 0, 128 / 255)), ("lime", (0, 1, 0))],
)
def test_colours_are_parsed(text, expected):
    assert images.parse_color(text) == expected


@pytest.mark.parametrize("text", ["#000000", "#0f80ff", "#c8c8c8"])
def test_a_colour_is_written_as_it_is_parsed(text):
    assert images.format_color(np.array(images.parse_color(text), np.float32)) == text


@pytest.mark.parametrize(
    "text", ["", "#", "#12", "#gggggg", "#11223344", "12", "nocolour", "rgb(1,2,3)", "#1 2"]
)
def test_other_texts_are_no_colours(text):
    with pytest.raises(SettingsError, match="is not a colour; give '#rrggbb'"):
        images.parse_color(text)


@PROPERTY
@given(text=st.text(max_size=8))
def test_any_text_is_a_colour_or_a_settings_error(text):
    with suppress(SettingsError):
        assert all(0 <= part <= 1 for part in images.parse_color(text))


@PROPERTY
@given(height=st.integers(1, 5000), width=st.integers(1, 5000), size=st.integers(1, 5000))
def test_fit_makes_the_longer_side_the_size(height, width, size):
    fitted = images.fit(height, width, size)
    assert max(fitted) == size
    assert min(fitted) >= 1
    assert abs(min(fitted) - min(height, width) * size / max(height, width)) <= 1
    assert (fitted[0] >= fitted[1]) == (height >= width) or fitted[0] == fitted[1]


def test_fit_refuses_size_zero():
    with pytest.raises(SettingsError, match="to size 0"):
        images.fit(3, 4, 0)


@PROPERTY
@given(
    shape=st.one_of(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES, st.just(3))),
    height=SIDES,
    width=SIDES,
    value=st.floats(0, 1, width=32),
)
def test_resize_keeps_a_constant_image(shape, height, width, value):
    resized = images.resize(np.full(shape, value, np.float32), height, width)
    assert resized.shape == (height, width, *shape[2:])
    np.testing.assert_allclose(resized, value, atol=1e-5)


@PROPERTY
@given(
    image=st_numpy.arrays(np.float32, (7, 9, 3), elements=st.floats(0, 1, width=32)),
    height=SIDES,
    width=SIDES,
)
def test_resize_stays_in_range_and_treats_channels_alike(image, height, width):
    resized = images.resize(image, height, width)
    assert 0 <= resized.min() <= resized.max() <= 1
    np.testing.assert_array_equal(resized[..., 1], images.resize(image[..., 1], height, width))


def test_resize_to_the_same_size_changes_nothing():
    image = np.random.default_rng(0).random((5, 6, 3), np.float32)
    np.testing.assert_array_equal(images.resize(image, 5, 6), image)


def test_shrinking_averages_a_checkerboard():
    board = np.indices((64, 64)).sum(0).astype(np.float32) % 2
    np.testing.assert_allclose(images.resize(board, 8, 8), 0.5, atol=0.05)


def test_resize_to_nothing_is_refused():
    with pytest.raises(SettingsError, match="4 × 0"):
        images.resize(np.zeros((3, 3), np.float32), 0, 4)


@pytest.mark.parametrize(
    "array",
    [
        np.full((2, 3, 3), 51, np.uint8),
        np.full((2, 3), 51, np.uint8),
        np.full((2, 3, 1), 13107, np.uint16),
        np.full((2, 3, 3), 0.2, np.float32),
        np.full((2, 3, 3), 0.2, np.float64),
        [[[0.2, 0.2, 0.2]] * 3] * 2,
        np.dstack([np.full((2, 3, 3), 51, np.uint8), np.full((2, 3), 255, np.uint8)]),
    ],
)
def test_arrays_of_all_types_become_floats(array):
    rgb = images.validate_array(array, "content")
    assert rgb.dtype == np.float32
    assert rgb.shape == (2, 3, 3)
    np.testing.assert_allclose(rgb, 0.2, atol=1e-7)


def test_half_precision_arrays_are_taken():
    import ml_dtypes

    for dtype in (np.float16, ml_dtypes.bfloat16):
        rgb = images.validate_array(np.full((2, 2, 3), 0.5, dtype), "content")
        np.testing.assert_array_equal(rgb, 0.5)


def test_an_array_with_alpha_is_composited_on_white():
    rgba = np.array([[[1, 0, 0, 0.25], [0, 0, 0, 1]]])
    rgb = images.validate_array(rgba, "content")
    np.testing.assert_allclose(rgb, [[[1, 0.75, 0.75], [0, 0, 0]]])


def test_rounding_just_outside_the_range_is_clipped():
    assert images.validate_array(np.full((1, 1, 3), 1 + 1e-6), "content").max() == 1


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 2, 3), np.nan), "NaN or infinite"),
        (np.full((2, 2, 3), np.inf), "NaN or infinite"),
        (np.full((2, 2, 3), 255.0), "0 to 255 is of type uint8"),
        (np.full((2, 2, 3), -0.1), r"floats are in \[0, 1\]"),
        (np.zeros((0, 2, 3)), "has no pixels"),
        (np.zeros(3), r"has the shape \(3,\)"),
        (np.zeros((2, 2, 2)), "1, 3 or 4 channels"),
        (np.zeros((1, 2, 2, 3)), r"an image is \[height, width\]"),
        (np.zeros((2, 2, 3), np.int64), "is of type int64; give uint8, uint16 or floats"),
        (np.zeros((2, 2, 3), bool), "is of type bool"),
        (np.zeros((2, 2, 3), complex), "is of type complex128"),
        (np.zeros((2, 2, 4)), "is fully transparent"),
        (None, "has the shape"),
        ("logo.png", "has the shape"),
        ([[1.0], [1.0, 2.0]], "is not an array"),
    ],
)
def test_an_unusable_array_is_refused_by_name(array, message):
    with pytest.raises(ImageError, match=f"^style: .*{message}"):
        images.validate_array(array, "style")


def test_a_square_is_cut_from_the_middle_and_resampled():
    ramp = np.tile(np.arange(7, dtype=np.float32)[None, :, None] / 8, (3, 1, 3))
    np.testing.assert_array_equal(images.square(ramp, 3), ramp[:, 2:5])
    np.testing.assert_array_equal(
        images.square(ramp.transpose(1, 0, 2), 3)[:, 0, 0], ramp[0, 2:5, 0]
    )
    assert images.square(ramp, 12).shape == (12, 12, 3)
    np.testing.assert_allclose(images.square(ramp, 1)[0, 0], 3 / 8, atol=1e-6)
