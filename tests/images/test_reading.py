"""Every format and mode is read as float RGB."""

import hashlib

import numpy as np
import pytest
from image_files import (
    COLOURS,
    LEVELS_16,
    encoded,
    png,
    png_16,
    png_chunk,
    tiff,
)
from PIL import Image

from jaxtex.errors import ImageError


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_rgb_is_read_exactly(load, kind):
    loaded = load(encoded(Image.fromarray(COLOURS), kind))
    np.testing.assert_array_equal(loaded.rgb, COLOURS.astype(np.float32) / 255)
    assert loaded.alpha is None


def test_webp_is_read_exactly(load):
    loaded = load(encoded(Image.fromarray(COLOURS), "WEBP", lossless=True))
    np.testing.assert_array_equal(loaded.rgb, COLOURS.astype(np.float32) / 255)


def test_jpeg_is_read(load):
    loaded = load(encoded(Image.new("RGB", (16, 8), (200, 100, 50)), "JPEG"))
    assert loaded.rgb.shape == (8, 16, 3)
    np.testing.assert_allclose(loaded.rgb[4, 8] * 255, (200, 100, 50), atol=3)


def test_the_bytes_are_hashed_and_the_path_kept(load):
    loaded = load(encoded(Image.new("L", (1, 1)), "PNG"))
    assert loaded.sha256 == hashlib.sha256(loaded.path.read_bytes()).hexdigest()


def test_gif_gives_its_first_frame(load):
    frames = [Image.new("RGB", (3, 2), colour) for colour in ("red", "lime")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (load(data).rgb == (1, 0, 0)).all()


def test_transparent_gif_is_composited(load):
    frame = Image.new("P", (2, 1), 0)
    frame.putpalette([0, 0, 0, 255, 0, 0])
    frame.putpixel((1, 0), 1)
    loaded = load(encoded(frame, "GIF", transparency=0))
    np.testing.assert_array_equal(loaded.alpha, [[0, 1]])
    np.testing.assert_array_equal(loaded.rgb, [[[1, 1, 1], [1, 0, 0]]])


def test_one_bit_is_black_and_white(load):
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "TIFF", "BMP"):
        np.testing.assert_array_equal(load(encoded(image, kind)).rgb, [[[0] * 3, [1] * 3]])


def test_grey_is_spread_over_the_channels(load):
    grey = np.array([[0, 128, 255]], np.uint8)
    expected = np.repeat(grey[..., None], 3, -1).astype(np.float32) / 255
    np.testing.assert_array_equal(load(encoded(Image.fromarray(grey), "PNG")).rgb, expected)


def test_sixteen_bit_grey_keeps_its_depth(load):
    expected = LEVELS_16.astype(np.float32) / 65535
    for data in (png_16(LEVELS_16, 0), encoded(Image.fromarray(LEVELS_16), "TIFF")):
        rgb = load(data).rgb
        assert rgb.dtype == np.float32
        np.testing.assert_allclose(rgb, np.repeat(expected[..., None], 3, -1), atol=1e-7)


def test_sixteen_bit_grey_tiff_with_white_as_zero_is_inverted(load):
    rgb = load(tiff(LEVELS_16.astype("<u2").tobytes(), 4, 2, 0, 16)).rgb
    np.testing.assert_allclose(rgb[..., 0], 1 - LEVELS_16 / 65535, atol=1e-6)


def test_twelve_bit_grey_tiff_reaches_white(load):
    rgb = load(tiff(bytes([0xFF, 0xF0, 0x00]), 2, 1, 1, 12)).rgb
    np.testing.assert_array_equal(rgb[0, :, 0], [1, 0])


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_sixteen_bit_colour_png_is_read_to_eight_bits(load, colour_type, channels):
    samples = np.repeat(LEVELS_16[..., None], channels, -1)
    if channels != 3:
        samples[..., -1] = 0xFFFF
    rgb = load(png_16(samples, colour_type)).rgb
    np.testing.assert_allclose(rgb, np.repeat(LEVELS_16[..., None], 3, -1) / 65535, atol=1 / 255)


def test_float_tiff_within_range_is_read(load):
    values = np.array([[0, 0.25, 1]], np.float32)
    np.testing.assert_array_equal(
        load(encoded(Image.fromarray(values), "TIFF")).rgb[..., 1], values
    )


@pytest.mark.parametrize("bad", [2.0, -0.5, np.nan, np.inf])
def test_float_tiff_out_of_range_is_refused(load, bad):
    with pytest.raises(ImageError, match=r"image.png: has floats outside \[0, 1\]"):
        load(encoded(Image.fromarray(np.array([[0, bad]], np.float32)), "TIFF"))


def test_integer_tiff_of_32_bits_is_refused(load):
    with pytest.raises(ImageError, match="export it with 8 or 16 bits"):
        load(encoded(Image.fromarray(np.array([[0, 70000]], np.int32)), "TIFF"))


def test_palette_is_resolved(load):
    image = Image.fromarray(COLOURS).quantize(6)
    expected = np.asarray(image.convert("RGB"), np.float32) / 255
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        np.testing.assert_array_equal(load(encoded(image, kind)).rgb, expected)


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_transparent_palette_entry_shows_the_background(load, transparency):
    image = Image.new("P", (2, 1), 0)
    image.putpalette([0, 0, 255, 255, 0, 0])
    image.putpixel((1, 0), 1)
    loaded = load(encoded(image, "PNG", transparency=transparency), background="lime")
    np.testing.assert_array_equal(loaded.alpha, [[1, 0]])
    np.testing.assert_array_equal(loaded.rgb, [[[0, 0, 1], [0, 1, 0]]])


@pytest.mark.parametrize(
    ("data", "alpha"),
    [
        (png_16(LEVELS_16[:1], 0, png_chunk(b"tRNS", b"\x7f\xff")), [1, 1, 1, 0]),
        (
            png_16(
                np.repeat(LEVELS_16[:1, :, None], 3, -1), 2, png_chunk(b"tRNS", b"\x7f\xff" * 3)
            ),
            [1, 1, 1, 0],
        ),
        (png(4, 1, 2, 0, b"\0\x1b", png_chunk(b"tRNS", b"\0\1")), [1, 0, 1, 1]),
        (png(4, 1, 1, 0, b"\0\x50", png_chunk(b"tRNS", b"\0\1")), [1, 0, 1, 0]),
        (png(2, 1, 8, 0, b"\0\x05\x06", png_chunk(b"tRNS", b"\0\x06")), [1, 0]),
        (png(2, 1, 8, 2, b"\0\1\2\3\1\2\4", png_chunk(b"tRNS", b"\0\1\0\2\0\3")), [0, 1]),
    ],
    ids=["grey 16", "rgb 16", "grey 2", "grey 1", "grey 8", "rgb 8"],
)
def test_png_colour_key_is_transparent_at_every_depth(load, data, alpha):
    np.testing.assert_array_equal(load(data).alpha, [alpha])


def test_alpha_is_composited_in_srgb_on_the_background(load):
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 51], [9, 9, 9, 0]]], np.uint8)
    for kind, options in [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})]:
        loaded = load(encoded(Image.fromarray(pixels), kind, **options), background="#00f")
        np.testing.assert_allclose(loaded.alpha, [[1, 0.2, 0]], atol=1e-7)
        np.testing.assert_allclose(loaded.rgb, [[[1, 0, 0], [0.2, 0, 0.8], [0, 0, 1]]], atol=1e-6)
        np.testing.assert_array_equal(loaded.color, pixels[..., :3].astype(np.float32) / 255)


def test_grey_with_alpha_is_composited(load):
    pixels = np.array([[[0, 255], [0, 0]]], np.uint8)
    loaded = load(encoded(Image.fromarray(pixels, "LA"), "PNG"))
    np.testing.assert_array_equal(loaded.rgb, [[[0] * 3, [1] * 3]])


def test_an_opaque_alpha_channel_is_no_transparency(load):
    loaded = load(encoded(Image.new("RGBA", (2, 2), "red"), "PNG"))
    assert loaded.alpha is None
    np.testing.assert_array_equal(loaded.color, loaded.rgb)


def test_cmyk_jpeg_has_the_right_polarity(load):
    for ink, rgb in [((0, 0, 0, 0), 1), ((0, 0, 0, 255), 0)]:
        loaded = load(encoded(Image.new("CMYK", (8, 8), ink), "JPEG"))
        np.testing.assert_allclose(loaded.rgb, rgb, atol=0.02)


def test_cmyk_tiff_is_read(load):
    loaded = load(encoded(Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "TIFF"))
    assert (loaded.rgb == (1, 0, 0)).all()


FRAMES = [
    Image.fromarray(np.random.default_rng(n).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    for n in range(4)
]
ANIMATED = {
    "GIF": ("frames", {}),
    "PNG": ("frames", {}),
    "WEBP": ("frames", {"lossless": True}),
    "TIFF": ("pages", {}),
}


def film(kind: str, frames=FRAMES) -> bytes:
    first, *rest = frames
    return encoded(first, kind, save_all=True, append_images=rest, **ANIMATED[kind][1])


@pytest.mark.parametrize("kind", ANIMATED)
def test_what_follows_the_first_frame_is_told(load, kind):
    loaded = load(film(kind), "film.any")
    assert loaded.notes == (
        f"{loaded.path}: has 4 {ANIMATED[kind][0]}; only the first is used",
    )  # fmt: skip
    np.testing.assert_array_equal(loaded.rgb, load(film(kind, FRAMES[:1])).rgb)
    assert load(film(kind, FRAMES[:1])).notes == ()


@pytest.mark.parametrize("kind", ANIMATED)
@pytest.mark.parametrize("damage", ["cut", "zero", "random"])
def test_damage_in_later_frames_does_not_spoil_the_first(load, kind, damage):
    whole = film(kind)
    middle = len(whole) // 2
    noise = np.random.default_rng(9).integers(0, 256, len(whole) // 4, dtype=np.uint8).tobytes()
    spoilt = {"cut": b"", "zero": bytes(200) + whole[middle + 200 :], "random": noise}[damage]
    loaded = load(whole[:middle] + spoilt)
    np.testing.assert_array_equal(loaded.rgb, load(film(kind, FRAMES[:1])).rgb)


def test_an_animated_webp_keeps_its_orientation(load):
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"lossless": True, "exif": exif.tobytes()}
    data = encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:], **options)
    assert load(data).rgb.shape == (30, 20, 3)


def test_smaller_copies_of_a_page_are_no_pages(load):
    small = FRAMES[1].resize((15, 10))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    assert load(film("TIFF", [FRAMES[0], small])).notes == ()
