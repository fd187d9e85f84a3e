"""Files that cannot be used are refused in one line that names them."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_files import (
    COLOURS,
    LEVELS_16,
    PROPERTY,
    encoded,
    png,
    png_16,
    png_chunk,
    profile_with_red_and_green_swapped,
)
from PIL import Image

from jaxtex import images
from jaxtex.errors import ImageError

LOGO_PNG = encoded(Image.fromarray(COLOURS), "PNG")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"just text\n", "is damaged or not an image; give a PNG, JPEG, WebP, TIFF, BMP, GIF"),
        (b"%PDF-1.7", "is a PDF; give a PNG"),
        (b"P6 1 1 255 abc", "not an image; give a PNG"),
        (LOGO_PNG[:20], "is damaged or cut short"),
        (LOGO_PNG[:50], "the image is damaged or cut short"),
        (png(0, 3, 8, 0, b"\0"), "is damaged or not an image"),
        (encoded(Image.new("RGBA", (2, 2)), "PNG"), "is fully transparent"),
        (png(8192, 8193, 1, 0, b""), "has more than the 67108864 pixels allowed"),
        (png(60000, 60000, 1, 0, b""), "has more than the 67108864 pixels allowed"),
    ],
)
def test_an_unusable_file_is_refused_with_its_name_and_reason(load, data, message):
    with pytest.raises(ImageError, match=rf"image\.png: .*{message}"):
        load(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_a_truncated_image_is_refused(load, kind):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match=r"image\.png: "):
        load(data[: len(data) // 2])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_the_pixel_limit_counts_every_pixel(load, kind):
    data = encoded(Image.new("RGB", (5, 4), "red"), kind)
    assert load(data, max_pixels=20).rgb.shape == (4, 5, 3)
    for limit in (19, 3):
        with pytest.raises(ImageError, match=f"more than the {limit} pixels allowed"):
            load(data, max_pixels=limit)


def test_the_pixel_limit_of_other_users_of_pillow_stays(load):
    before = Image.MAX_IMAGE_PIXELS
    load(LOGO_PNG)
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"nothing\.png: no such file"):
        images.load_image(tmp_path / "nothing.png")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ImageError, match="is a folder; name an image file in it"):
        images.load_image(tmp_path)


def test_a_path_through_a_file_is_refused(file):
    with pytest.raises(ImageError, match="cannot be read"):
        images.load_image(file(LOGO_PNG) / "image.png")


def test_a_path_with_a_zero_byte_is_refused():
    with pytest.raises(ImageError, match="cannot be read"):
        images.load_image("a\0.png")


def test_a_device_is_refused():
    with pytest.raises(ImageError, match="is not a regular file"):
        images.load_image(os.devnull)


@PROPERTY
@given(data=st.binary(max_size=200))
def test_random_bytes_are_an_image_error(tmp_path, data):
    (tmp_path / "random").write_bytes(data)
    with pytest.raises(ImageError):
        images.load_image(tmp_path / "random")


REAL_FILES = [
    encoded(Image.fromarray(COLOURS), kind, **options)
    for kind, options in [
        ("PNG", {"icc_profile": profile_with_red_and_green_swapped()}),
        ("JPEG", {"exif": b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("GIF", {}),
    ]
] + [
    png_16(LEVELS_16, 0, png_chunk(b"tRNS", b"\0\0")),
    encoded(Image.new("P", (3, 3)), "PNG", transparency=bytes([7])),
    encoded(Image.new("CMYK", (8, 8)), "JPEG"),
]


MUTATIONS = {
    "data": st.sampled_from(REAL_FILES),
    "changes": st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8),
    "cut": st.integers(0, 2000),
}


def check_mutated(path, data, changes, cut):
    """A damaged file is an image in range, or is refused in one line that names it."""
    mutated = bytearray(data)
    for position, value in changes:
        mutated[position % len(mutated)] = value
    path.write_bytes(mutated[: cut or None])
    try:
        loaded = images.load_image(path, max_pixels=10_000)
    except ImageError as error:
        message = str(error)
    else:
        message = str(path)
        assert 0 <= loaded.rgb.min() <= loaded.rgb.max() <= 1
    assert str(path) in message
    assert "\n" not in message


@settings(PROPERTY, max_examples=300)
@given(**MUTATIONS)
def test_a_mutated_file_is_an_image_or_an_image_error(tmp_path, data, changes, cut):
    check_mutated(tmp_path / "mutated", data, changes, cut)


@pytest.mark.slow
@settings(PROPERTY, max_examples=10_000, deadline=2000, database=None)
@given(**MUTATIONS)
def test_ten_thousand_mutated_files_are_images_or_image_errors(tmp_path, data, changes, cut):
    check_mutated(tmp_path / "mutated", data, changes, cut)


@pytest.mark.slow
@settings(PROPERTY, max_examples=10_000, deadline=2000, database=None)
@given(data=st.binary(max_size=400), head=st.sampled_from([b"", *(d[:16] for d in REAL_FILES)]))
def test_ten_thousand_times_random_bytes_are_images_or_image_errors(tmp_path, data, head):
    check_mutated(tmp_path / "random", head + data or b"\0", [], 0)
