"""What a file carries besides its pixels: orientation, colour profile, our own words."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from image_files import (
    COLOURS,
    cmyk_profile_where_cyan_is_white_and_magenta_red,
    encoded,
    gamma,
    icc,
    png,
    png_16,
    png_chunk,
    profile_with_red_and_green_swapped,
)
from PIL import Image, ImageCms

from jaxtex import images
from jaxtex.errors import ImageError


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_sets_the_image_upright(load, kind, orientation):
    upright = np.zeros((16, 32), np.uint8)
    upright[:8, :8], upright[8:, :8] = 255, 128
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load(encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif))
    assert loaded.rgb.shape == (16, 32, 3)
    np.testing.assert_allclose(loaded.rgb[..., 0], upright / 255, atol=0.1)


def test_damaged_exif_is_ignored(load):
    data = encoded(Image.new("RGB", (4, 2), "red"), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f\1")
    assert load(data).rgb.shape == (2, 4, 3)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_an_embedded_profile_is_converted_to_srgb(load, kind):
    image = Image.new("RGB", (8, 8), (255, 0, 0))
    rgb = load(encoded(image, kind, icc_profile=profile_with_red_and_green_swapped())).rgb
    np.testing.assert_allclose(rgb[4, 4], (0, 1, 0), atol=0.02)


def test_a_profile_leaves_alpha_alone(load):
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    loaded = load(encoded(image, "PNG", icc_profile=profile_with_red_and_green_swapped()))
    np.testing.assert_allclose(loaded.rgb, [[(0, 1, 0), (1, 1, 1)]], atol=0.02)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (2, 2), 128),
        Image.fromarray(np.full((2, 2), 32896, np.uint16)),
        Image.new("LA", (2, 2), (128, 255)),
    ],
    ids=["8 bit", "16 bit", "with alpha"],
)
def test_a_linear_grey_profile_is_converted_to_srgb(load, image):
    profile = icc(b"GRAY", b"XYZ ", b"mntr", {b"kTRC": gamma(1)})
    rgb = load(encoded(image, "PNG", icc_profile=profile)).rgb
    np.testing.assert_allclose(rgb, 1.055 * (128 / 255) ** (1 / 2.4) - 0.055, atol=0.01)


def test_an_rgb_profile_of_a_grey_image_is_used(load):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb = load(encoded(Image.new("L", (2, 2), 128), "PNG", icc_profile=profile)).rgb
    np.testing.assert_allclose(rgb, 128 / 255, atol=1 / 255)


def test_an_embedded_srgb_profile_changes_nothing(load):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb = load(encoded(Image.fromarray(COLOURS), "PNG", icc_profile=profile)).rgb
    np.testing.assert_allclose(rgb, COLOURS / 255, atol=1.01 / 255)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("ink", "rgb"),
    [((255, 0, 0, 0), (1, 1, 1)), ((0, 255, 0, 0), (1, 0, 0)), ((0, 0, 0, 255), (0, 0, 0))],
)
def test_a_cmyk_profile_is_used(load, kind, ink, rgb):
    profile = cmyk_profile_where_cyan_is_white_and_magenta_red()
    data = encoded(Image.new("CMYK", (8, 8), ink), kind, icc_profile=profile)
    np.testing.assert_allclose(load(data).rgb[4, 4], rgb, atol=0.05)


@pytest.mark.parametrize(
    "profile",
    [
        b"not a profile",
        profile_with_red_and_green_swapped()[:200],
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        cmyk_profile_where_cyan_is_white_and_magenta_red(),
    ],
    ids=["text", "cut short", "of LAB", "of CMYK"],
)
def test_a_damaged_or_unfitting_profile_is_ignored(load, profile):
    rgb = load(encoded(Image.fromarray(COLOURS), "PNG", icc_profile=profile)).rgb
    np.testing.assert_array_equal(rgb, COLOURS.astype(np.float32) / 255)


def srgb_of(levels, file_gamma: int):
    """W3C PNG, 13.13: light is the sample to the power of 1 / gamma; then IEC 61966-2-1."""
    light = [float(each) ** (100_000 / file_gamma) for each in np.ravel(levels)]
    encoded = [12.92 * x if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055 for x in light]
    return np.reshape(encoded, np.shape(levels))


def gama(value: int, *before: bytes) -> bytes:
    return b"".join(before) + png_chunk(b"gAMA", value.to_bytes(4, "big"))


RAMP = np.arange(0, 256, 15, dtype=np.uint8)
GREY_8 = (len(RAMP), 1, 8, 0, b"\0" + RAMP.tobytes())


@pytest.mark.parametrize("value", [100_000, 55_556, 50_000, 33_333, 1_000])
def test_the_gamma_of_a_png_is_taken_off(load, value):
    rgb = load(png(*GREY_8, gama(value))).rgb
    assert rgb.dtype == np.float32
    np.testing.assert_allclose(rgb[0], srgb_of(np.stack([RAMP / 255] * 3, -1), value), atol=2e-6)


@pytest.mark.parametrize("value", [45_455, 45_454, 45_000, 46_000, 0, 5, 2**32 - 1])
def test_a_gamma_like_that_of_srgb_or_of_nothing_changes_nothing(load, value):
    np.testing.assert_array_equal(load(png(*GREY_8, gama(value))).rgb, load(png(*GREY_8)).rgb)


@pytest.mark.parametrize(
    "chunks",
    [
        gama(100_000, png_chunk(b"sRGB", b"\0")),
        gama(100_000) + png_chunk(b"sRGB", b"\0"),
        gama(100_000, png_chunk(b"cICP", b"\1\x0d\0\1")),
        gama(100_000, png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"not a profile"))),
        gama(100_000)[:-1] + b"?",
        png_chunk(b"gAMA", b"\0\1"),
        png_chunk(b"cHRM", b"\0\0\x7a\x26" * 8),
    ],
    ids=["sRGB", "sRGB after", "cICP", "iCCP", "checksum", "cut short", "cHRM"],
)
def test_what_names_the_colour_space_goes_before_gamma(load, chunks):
    np.testing.assert_array_equal(load(png(*GREY_8, chunks)).rgb, load(png(*GREY_8)).rgb)


def test_gamma_at_every_depth_leaves_alpha_alone(load):
    levels = np.array([[0, 0x2000, 0x8000, 0xFFFF]], np.uint16)
    deep = load(png_16(levels, 0, gama(100_000))).rgb[..., 0]
    np.testing.assert_allclose(deep, srgb_of(levels / 65535, 100_000), atol=2e-6)

    palette = png_chunk(b"PLTE", bytes([0, 64, 255, 200, 10, 128]))
    clear = png_chunk(b"tRNS", bytes([77, 255]))
    loaded = load(png(2, 1, 8, 3, b"\0\0\1", gama(50_000) + palette + clear))
    np.testing.assert_allclose(loaded.alpha, [[77 / 255, 1]])
    expected = srgb_of(np.array([[[0, 64, 255], [200, 10, 128]]]) / 255, 50_000)
    np.testing.assert_allclose(loaded.color, expected, atol=2e-6)

    rgba = np.array([[[9, 99, 199, 50], [255, 0, 30, 255]]], np.uint8)
    loaded = load(png(2, 1, 8, 6, b"\0" + rgba.tobytes(), gama(100_000)))
    np.testing.assert_allclose(loaded.alpha, rgba[..., 3] / 255, atol=1e-7)
    np.testing.assert_allclose(loaded.color, srgb_of(rgba[..., :3] / 255, 100_000), atol=2e-6)

    keyed = load(png(2, 1, 8, 0, b"\0\x20\x80", gama(100_000) + png_chunk(b"tRNS", b"\0\x20")))
    np.testing.assert_array_equal(keyed.alpha, [[0, 1]])


def test_a_text_chunk_that_unpacks_to_megabytes_is_skipped(load):
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(4 << 20)))
    assert load(png(1, 1, 8, 0, b"\0\7", bomb)).rgb.shape == (1, 1, 3)


def test_an_invalid_animated_png_gives_its_image(load):
    assert load(png(1, 1, 8, 0, b"\0\7", png_chunk(b"acTL", bytes(8)))).rgb.shape == (1, 1, 3)


METADATA = {"preset": "Stahl – 鋼", "seed": 3, "weights": [1.5, None], "path": "\udcff.png"}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_metadata_comes_back(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    images.save_image(path, np.zeros((2, 2, 3), np.float32), metadata=METADATA)
    assert images.read_metadata(path) == METADATA


def test_metadata_takes_numpy_values_and_paths(tmp_path):
    metadata = {"loss": np.float32(0.5), "curve": np.arange(2), "content": Path("a.png")}
    images.save_image(tmp_path / "out.png", np.zeros((2, 2, 3), np.float32), metadata=metadata)
    expected = {"loss": 0.5, "curve": [0, 1], "content": "a.png"}
    assert images.read_metadata(tmp_path / "out.png") == expected


def test_metadata_too_long_for_jpeg_is_left_out(tmp_path):
    metadata = {"text": "x" * 100_000}
    for name, expected in [("out.jpg", {}), ("out.png", metadata)]:
        images.save_image(tmp_path / name, np.zeros((2, 2, 3), np.float32), metadata=metadata)
        assert images.read_metadata(tmp_path / name) == expected


def test_the_png_chunk_is_readable_json(tmp_path):
    images.save_image(tmp_path / "a.png", np.zeros((2, 2, 3), np.float32), metadata={"seed": 1})
    assert json.loads(Image.open(tmp_path / "a.png").text["jaxtex"]) == {"seed": 1}


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_an_image_without_metadata_has_none(tmp_path, suffix):
    images.save_image(tmp_path / f"out{suffix}", np.zeros((2, 2, 3), np.float32))
    assert images.read_metadata(tmp_path / f"out{suffix}") == {}


def test_a_foreign_description_is_no_metadata(file):
    exif = Image.Exif()
    exif[0x010E] = "A logo {}"
    assert images.read_metadata(file(encoded(Image.new("L", (2, 2)), "JPEG", exif=exif))) == {}


def text_png(body: bytes) -> bytes:
    return png(1, 1, 8, 0, b"\0\7", png_chunk(b"tEXt", b"jaxtex\0" + body))


@pytest.mark.parametrize(
    "data",
    [
        text_png(b"{not json"),
        text_png(b"[1]"),
        text_png(b"\xff"),
        text_png(b"[" * 100_000),
        text_png(b'{"a": 1}').replace(b'"a"', b'"b"'),
        text_png(b'{"a": 1}')[:60],
        b"no image",
        b"",
    ],
    ids=["json", "list", "bytes", "nested", "checksum", "cut short", "text", "empty"],
)
def test_damaged_metadata_is_an_image_error(file, data):
    with pytest.raises(ImageError, match=r"image\.png: "):
        images.read_metadata(file(data))
