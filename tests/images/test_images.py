import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image, ImageCms

from jaxtex import images
from jaxtex.errors import ImageError, OutputError, RunError, SettingsError

# One file serves all examples of a property.
PROPERTY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

ROOT = Path(images.__file__).parents[2]
LEVELS_16 = np.array([[0, 0x00FF, 0x0100, 0x7FFF], [0x80C0, 0xFE80, 0xFF00, 0xFFFF]], np.uint16)
COLOURS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 14


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour_type, rows: bytes, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        ]
    )


def png_16(samples, colour_type, *chunks: bytes) -> bytes:
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return png(width, height, 16, colour_type, rows, *chunks)


def tiff(samples: bytes, width, height, photometric, bits) -> bytes:
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric}
    tags |= {273: 200, 277: 1, 278: height, 279: len(samples)}
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + samples


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def icc(space: bytes, connection: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2 with these tags."""
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data.ljust(-(-len(data) // 4) * 4, b"\0")
    header = struct.pack(">I4sI4s4s4s", 128 + len(table + body), b"", 0x02400000, device, space,
                         connection)  # fmt: skip
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def profile_with_red_and_green_swapped() -> bytes:
    curves = {name: gamma(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")}
    red, green, blue = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142)
    colorants = {b"rXYZ": xyz(*green), b"gXYZ": xyz(*red), b"bXYZ": xyz(*blue)}
    return icc(b"RGB ", b"XYZ ", b"mntr", curves | colorants)


def cmyk_profile_where_cyan_is_white_and_magenta_red() -> bytes:
    unit = struct.pack(">9i", *(65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    ramp = bytes(range(256))
    white, red, black = bytes([255, 128, 128]), bytes([138, 209, 198]), bytes([0, 128, 128])
    table = black * 4 + red * 4 + white * 8  # corners of CMYK, cyan varies slowest
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + ramp * 4 + table + ramp * 3
    return icc(b"CMYK", b"Lab ", b"prtr", {b"A2B0": lut})


@pytest.fixture
def file(tmp_path):
    def write(data: bytes, name: str = "image.png") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def load(file):
    return lambda data, name="image.png", **options: images.load_image(file(data, name), **options)


# Formats and modes


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


def test_grey_with_alpha_is_composited(load):
    pixels = np.array([[[0, 255], [0, 0]]], np.uint8)
    loaded = load(encoded(Image.fromarray(pixels, "LA"), "PNG"))
    np.testing.assert_array_equal(loaded.rgb, [[[0] * 3, [1] * 3]])


def test_an_opaque_alpha_channel_is_no_transparency(load):
    assert load(encoded(Image.new("RGBA", (2, 2), "red"), "PNG")).alpha is None


def test_cmyk_jpeg_has_the_right_polarity(load):
    for ink, rgb in [((0, 0, 0, 0), 1), ((0, 0, 0, 255), 0)]:
        loaded = load(encoded(Image.new("CMYK", (8, 8), ink), "JPEG"))
        np.testing.assert_allclose(loaded.rgb, rgb, atol=0.02)


def test_cmyk_tiff_is_read(load):
    loaded = load(encoded(Image.new("CMYK", (2, 2), (0, 255, 255, 0)), "TIFF"))
    assert (loaded.rgb == (1, 0, 0)).all()


# Metadata


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


def test_a_text_chunk_that_unpacks_to_megabytes_is_skipped(load):
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(4 << 20)))
    assert load(png(1, 1, 8, 0, b"\0\7", bomb)).rgb.shape == (1, 1, 3)


def test_an_invalid_animated_png_gives_its_image(load):
    assert load(png(1, 1, 8, 0, b"\0\7", png_chunk(b"acTL", bytes(8)))).rgb.shape == (1, 1, 3)


# Files that cannot be used

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


# Colours, sizes, arrays


@pytest.mark.parametrize(
    ("text", "expected"),
    [("#fff", (1, 1, 1)), ("#FF0000", (1, 0, 0)), ("Navy", (0, 0, 128 / 255)), ("lime", (0, 1, 0))],
)
def test_colours_are_parsed(text, expected):
    assert images.parse_color(text) == expected


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


SIDES = st.integers(1, 40)


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


# Saving


@PROPERTY
@given(pixels=st_numpy.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(3))))
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".bmp", ".PNG"])
def test_eight_bit_images_survive_saving(tmp_path, suffix, pixels):
    path = tmp_path / f"out{suffix}"
    images.save_image(path, pixels.astype(np.float32) / 255)
    np.testing.assert_array_equal(images.load_image(path).rgb, pixels.astype(np.float32) / 255)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparency_survives_saving(tmp_path, suffix):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype(np.float32) / 255
    alpha = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    images.save_image(tmp_path / f"out{suffix}", image, alpha=alpha)
    loaded = images.load_image(tmp_path / f"out{suffix}")
    np.testing.assert_allclose(loaded.alpha, alpha, atol=0.5 / 255 + 1e-6)
    stored = np.asarray(Image.open(tmp_path / f"out{suffix}"))
    np.testing.assert_array_equal(stored[..., :3], np.rint(image * 255))


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_keeps_colours_closely(tmp_path, suffix):
    images.save_image(tmp_path / f"out{suffix}", np.full((9, 9, 3), (0.8, 0.1, 0.4), np.float32))
    np.testing.assert_allclose(
        images.load_image(tmp_path / f"out{suffix}").rgb[4, 4], (0.8, 0.1, 0.4), atol=0.02
    )


def test_values_are_rounded_and_clipped(tmp_path):
    image = np.array([[[0.6 / 255, 0.4 / 255, 254.6 / 255], [-0.5, 1.5, 1.0]]])
    images.save_image(tmp_path / "out.png", image)
    stored = np.asarray(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(stored, [[[1, 0, 255], [0, 255, 255]]])


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


def test_png_bytes_are_deterministic(tmp_path):
    image = np.random.default_rng(0).random((9, 9, 3), np.float32)
    for name in ("a.png", "b.png"):
        images.save_image(tmp_path / name, image, metadata={"seed": 1})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", ["out", "out.svg", "out.gif", "out.png.txt"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff, \.bmp"):
        images.output_format(tmp_path / name)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_transparency_is_refused_where_the_format_has_none(tmp_path, suffix):
    ones = np.ones((2, 2), np.float32)
    with pytest.raises(OutputError, match=r"has no transparency; name it \.png"):
        images.save_image(tmp_path / f"out{suffix}", np.ones((2, 2, 3), np.float32), alpha=ones)
    with pytest.raises(OutputError, match="has no transparency"):
        images.output_format(tmp_path / f"out{suffix}", alpha=True)


def test_values_that_are_not_finite_are_not_saved(tmp_path):
    with pytest.raises(OutputError, match="values that are not finite"):
        images.save_image(tmp_path / "out.png", np.full((2, 2, 3), np.nan, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_an_image_too_large_for_its_format_is_refused(tmp_path):
    with pytest.raises(OutputError, match="WEBP cannot hold 20000 × 1 pixels"):
        images.save_image(tmp_path / "out.webp", np.zeros((1, 20000, 3), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_output_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist; create it first"):
        images.save_image(tmp_path / "no" / "out.png", np.zeros((2, 2, 3), np.float32))


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunError, match=r"out\.png: cannot be written \(No space left on device\)"):
        images.save_image(path, np.zeros((2, 2, 3), np.float32))
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_file_limit_of_the_system_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    program = (
        "import resource, signal, sys, numpy, jaxtex.images as i;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "i.save_image(sys.argv[1], numpy.random.default_rng(0).random((99, 99, 3)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, cwd=ROOT
    )
    assert "jaxtex.errors.RunError" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"]
    assert path.read_bytes() == b"old"


def test_importing_images_does_not_import_jax():
    program = "import sys, jaxtex.images; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


# Animations and sheets


def test_a_gif_plays_its_frames_at_their_pace(tmp_path):
    frames = [np.full((4, 6, 3), colour, np.float32) for colour in np.eye(3)]
    images.save_gif(tmp_path / "out.gif", frames, fps=10)
    with Image.open(tmp_path / "out.gif") as gif:
        assert (gif.n_frames, gif.info["duration"], gif.info["loop"]) == (3, 100, 0)
        for index, frame in enumerate(frames):
            gif.seek(index)
            np.testing.assert_array_equal(np.asarray(gif.convert("RGB")) / 255, frame)


@pytest.mark.parametrize(
    ("name", "count", "fps", "error"),
    [
        ("out.png", 1, 10, OutputError),
        ("out.gif", 0, 10, OutputError),
        ("out.gif", 1, 0, SettingsError),
        ("out.gif", 1, 100, SettingsError),
        ("out.gif", 1, float("nan"), SettingsError),
    ],
)
def test_an_impossible_animation_is_refused(tmp_path, name, count, fps, error):
    with pytest.raises(error):
        images.save_gif(tmp_path / name, [np.zeros((2, 2, 3), np.float32)] * count, fps=fps)
    assert list(tmp_path.iterdir()) == []


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


def put(path, level=128):
    Image.fromarray(np.full((2, 2, 3), level, np.uint8)).save(path)
    return path


def test_images_of_a_folder_are_found_in_natural_order(tmp_path):
    names = ["2.png", "10.JPG", "b10.webp", "B2.png", "notes.txt", ".hidden.png", "photo²٣.heic"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = images.find_images([tmp_path])
    assert [path.name for path in found] == [
        "2.png",
        "10.JPG",
        "B2.png",
        "b10.webp",
        "photo²٣.heic",
    ]


def test_files_are_taken_whatever_their_suffix_and_listed_once(tmp_path):
    odd, even = put(tmp_path / "1.png"), tmp_path / "texture"
    even.touch()
    assert images.find_images([even, str(odd), tmp_path, odd]) == [even, odd]


def test_a_missing_path_is_refused_with_its_name(tmp_path):
    with pytest.raises(ImageError, match=r"nothing: no such file or folder"):
        images.find_images([tmp_path / "nothing"])


def test_a_folder_without_images_is_refused_with_its_name(tmp_path):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "inner").mkdir()
    put(tmp_path / "inner" / "1.png")
    with pytest.raises(ImageError, match=rf"{tmp_path.name}: has no images"):
        images.find_images([tmp_path])


def test_an_unreadable_file_of_a_folder_is_named_and_skipped(tmp_path):
    put(tmp_path / "a.png", 255)
    (tmp_path / "b.png").write_text("not an image")
    (tmp_path / "c.heic").write_bytes(b"\0\0\0\x18ftypheic")
    put(tmp_path / "d.png", 0)
    errors: list[ImageError] = []
    loaded = list(images.load_images([tmp_path], unreadable=errors.append))
    assert [image.path.name for image in loaded] == ["a.png", "d.png"]
    assert [image.rgb.mean() for image in loaded] == [1, 0]
    first, second = map(str, errors)
    assert first.startswith(f"{tmp_path / 'b.png'}: is damaged or not an image")
    assert second.startswith(f"{tmp_path / 'c.heic'}: is an AVIF or HEIC image")


def test_an_unreadable_file_that_is_given_itself_is_refused(tmp_path):
    bad = tmp_path / "b.png"
    bad.write_text("not an image")
    errors: list[ImageError] = []
    with pytest.raises(ImageError, match=r"b\.png: is damaged"):
        list(images.load_images([tmp_path, bad], unreadable=errors.append))
    assert not errors


def test_a_square_is_cut_from_the_middle_and_resampled():
    ramp = np.tile(np.arange(7, dtype=np.float32)[None, :, None] / 8, (3, 1, 3))
    np.testing.assert_array_equal(images.square(ramp, 3), ramp[:, 2:5])
    np.testing.assert_array_equal(
        images.square(ramp.transpose(1, 0, 2), 3)[:, 0, 0], ramp[0, 2:5, 0]
    )
    assert images.square(ramp, 12).shape == (12, 12, 3)
    np.testing.assert_allclose(images.square(ramp, 1)[0, 0], 3 / 8, atol=1e-6)
