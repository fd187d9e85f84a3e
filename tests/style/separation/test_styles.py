import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from style_images import (
    BLACK,
    BONE,
    GOLD,
    NAVY,
    RED,
    WHITE,
    clouds,
    faded,
    grained,
    larger,
    lettering,
    overlap,
    pebbles,
    rust,
    set_on,
    sky,
    waves,
)

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style.separation import separate_style

SHAPE = lettering().shape
PLAIN = {
    "red on black": (BLACK, RED),
    "gold on red": ((0.45, 0.02, 0.04), GOLD),
    "white on blue": (NAVY, WHITE),
    "black on white": (WHITE, BLACK),
    "grey on white": (WHITE, (0.7, 0.7, 0.7)),
}
BUSY = {
    "bone on rust": (rust(*SHAPE), BONE),
    "black on clouds": (sky(*SHAPE), BLACK),
    "red on clouds": (sky(*SHAPE, seed=1), RED),
    "gold on a fade": (faded((0.4, 0.0, 0.1), (0.0, 0.0, 0.15), *SHAPE), GOLD),
    "a fade on rust": (rust(*SHAPE, seed=2), faded((0.95, 0.95, 1.0), (0.4, 0.6, 0.95), *SHAPE)),
}
TEXTURES = {
    "rust": rust(*SHAPE, seed=3),
    "clouds": sky(*SHAPE, seed=4),
    "smoke": np.repeat(clouds(200, 300, 5)[..., None] * 0.6, 3, -1).astype(np.float32),
    "stripes": waves(160, 320),
    "grain": grained(np.full((120, 200, 3), 0.4), 0.1),
    "pebbles": pebbles(200, 320),
    "blank": np.full((64, 96, 3), 0.3, np.float32),
    "a pixel": np.zeros((1, 1, 3), np.float32),
}


def compressed(image, quality=80):
    file = io.BytesIO()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32) / 255


@pytest.mark.parametrize(("ground", "ink"), PLAIN.values(), ids=PLAIN)
def test_lettering_on_a_plain_ground(ground, ink):
    parts = separate_style(set_on(ground, ink))
    assert parts.kind == "plain"
    assert overlap(parts.coverage, lettering()) > 0.97
    assert np.abs(parts.coverage - lettering()).mean() < 0.01
    np.testing.assert_allclose(parts.ground, ground, atol=0.01)
    np.testing.assert_allclose(parts.color[lettering() > 0.99].mean(0), ink, atol=0.02)


@pytest.mark.parametrize(
    "wear", [compressed, lambda image: grained(image, 0.04)], ids=["JPEG", "grain"]
)
def test_a_plain_ground_is_plain_under_grain_and_compression(wear):
    parts = separate_style(wear(set_on(BLACK, RED)))
    assert parts.kind == "plain"
    assert overlap(parts.coverage, lettering()) > 0.93


@pytest.mark.parametrize(("ground", "ink"), BUSY.values(), ids=BUSY)
def test_lettering_on_a_busy_ground(ground, ink):
    parts = separate_style(set_on(ground, ink))
    assert parts.kind == "busy"
    assert overlap(parts.coverage, lettering()) > 0.93


@pytest.mark.parametrize("image", TEXTURES.values(), ids=TEXTURES)
def test_a_texture_has_no_lettering(image):
    parts = separate_style(image)
    assert parts.kind == "texture"
    assert parts.coverage is None
    assert parts.color is None
    np.testing.assert_allclose(parts.ground, np.median(image, (0, 1)), atol=1e-6)


def test_several_inks_on_a_plain_ground_are_one_lettering():
    colors = np.where(np.arange(SHAPE[1])[:, None] < SHAPE[1] // 2, RED, GOLD)
    parts = separate_style(set_on(BLACK, np.broadcast_to(colors, (*SHAPE, 3))))
    assert parts.kind == "plain"
    assert overlap(parts.coverage, lettering()) > 0.97
    solid = lettering() > 0.99
    off = np.abs(parts.color - colors)[solid].max(-1) > 0.05
    assert off.mean() < 0.02


@pytest.mark.parametrize(("length", "width"), [(320, 1), (320, 2), (1200, 2)])
def test_thin_strokes_have_the_colour_they_were_drawn_in(length, width):
    page = Image.new("L", (4 * length, length))
    draw = ImageDraw.Draw(page)
    for left in np.arange(1, 9) * 0.4 * length:
        ends = [(left, 0.15 * length), (left + 0.2 * length, 0.85 * length)]
        draw.line(ends, fill=255, width=4 * width)
    page = page.resize((length, length // 4), Image.Resampling.BOX)
    parts = separate_style(set_on(WHITE, RED, np.asarray(page, np.float32) / 255))
    off = np.abs(parts.color - np.float32(RED))[parts.coverage > 0.5].max(-1)
    assert np.median(off) < 2 / 255
    assert off.mean() < 0.03


def test_colours_of_ink_are_within_those_of_its_picture():
    # Larger than the size at which it is taken apart.
    parts = separate_style(set_on(NAVY, GOLD, larger(lettering(), 1200)))
    assert parts.color[..., 2].max() <= NAVY[2] + 1e-5
    assert np.all(parts.color[..., :2] <= np.float32(GOLD[:2]) + 1e-5)
    assert np.all(parts.color >= np.minimum(NAVY, GOLD) - 1e-5)


def test_a_pinhole_in_a_letter_has_no_colour_of_its_own():
    page = np.zeros((100, 200), np.float32)
    page[20:80, 20:80] = page[20:80, 120:180] = 1
    page[49:52, 49:51] = 0
    parts = separate_style(set_on(BLACK, GOLD, page), kind="plain")
    assert parts.coverage[50, 50] > 0.9
    np.testing.assert_allclose(parts.color[20:80, 20:80], np.full((60, 60, 3), GOLD), atol=0.02)


def test_beyond_the_ink_its_colour_is_that_of_the_nearest_ink():
    colors = np.where(np.arange(SHAPE[1])[:, None] < SHAPE[1] // 2, RED, NAVY)
    color = separate_style(set_on(WHITE, np.broadcast_to(colors, (*SHAPE, 3)))).color
    np.testing.assert_allclose(color[:, :20], np.broadcast_to(RED, (SHAPE[0], 20, 3)), atol=0.05)
    np.testing.assert_allclose(color[:, -20:], np.broadcast_to(NAVY, (SHAPE[0], 20, 3)), atol=0.05)


@pytest.mark.parametrize("kind", ["plain", "busy"])
def test_a_kind_that_is_given_is_kept(kind):
    parts = separate_style(set_on(BLACK, RED), kind=kind)
    assert parts.kind == kind
    assert overlap(parts.coverage, lettering()) > 0.95


@pytest.mark.parametrize("kind", ["plain", "busy"])
@pytest.mark.parametrize("texture", ["rust", "clouds", "pebbles"])
def test_a_texture_that_is_called_lettering_is_said_to_look_like_one(texture, kind):
    parts = separate_style(TEXTURES[texture], kind=kind)
    assert parts.kind == kind
    assert parts.said.endswith("though it looks like a texture")


@pytest.mark.parametrize(
    "image", [set_on(BLACK, RED), set_on(*BUSY["bone on rust"])], ids=["plain", "busy"]
)
def test_lettering_that_is_called_what_it_is_is_beyond_doubt(image):
    kind = separate_style(image).kind
    assert separate_style(image, kind=kind).said == f"lettering on a {kind} ground"


def test_lettering_that_is_called_a_texture_is_one():
    parts = separate_style(set_on(BLACK, RED), kind="texture")
    assert parts.kind == "texture"
    assert parts.coverage is None


@pytest.mark.parametrize("kind", ["plain", "busy"])
def test_a_blank_image_has_no_lettering_whatever_it_is_called(kind):
    with pytest.raises(ImageError, match=f"no lettering on a {kind} ground"):
        separate_style(TEXTURES["blank"], kind=kind)


@pytest.mark.parametrize(
    ("ground", "kind"), [(BLACK, "plain"), (rust(*SHAPE), "busy")], ids=["plain", "busy"]
)
def test_a_mask_is_the_coverage(ground, kind):
    mask = np.zeros(SHAPE, np.float32)
    mask[40:80, 100:140] = 1
    image = set_on(ground, RED, mask)
    parts = separate_style(image, mask=mask)
    assert parts.kind == kind
    np.testing.assert_array_equal(parts.coverage, mask)
    np.testing.assert_allclose(parts.color, np.broadcast_to(RED, (*SHAPE, 3)), atol=0.01)
    np.testing.assert_allclose(parts.ground, np.median(image[mask == 0], 0), atol=0.02)


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (np.ones((3, 4)), "has the shape"),
        (np.full(SHAPE, 2.0), "not between 0 and 1"),
        (np.full(SHAPE, np.nan), "not between 0 and 1"),
        (np.zeros(SHAPE), "no lettering"),
        (np.ones(SHAPE), "no ground"),
        ("mask", "not an array"),
    ],
    ids=["shape", "range", "NaN", "empty", "full", "text"],
)
def test_a_bad_mask_is_refused(mask, words):
    with pytest.raises(ImageError, match=words):
        separate_style(set_on(BLACK, RED), mask=mask)


def test_a_texture_with_a_mask_is_refused():
    with pytest.raises(SettingsError, match="no mask"):
        separate_style(set_on(BLACK, RED), kind="texture", mask=lettering())


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError, match="plain, busy, texture"):
        separate_style(set_on(BLACK, RED), kind="cover")


def test_integers_are_of_their_types_range():
    image = np.rint(set_on(BLACK, RED) * 255).astype(np.uint8)
    parts = separate_style(image)
    assert parts.kind == "plain"
    np.testing.assert_array_equal(
        parts.coverage, separate_style(image.astype(np.float32) / 255).coverage
    )


def test_a_picture_is_taken_apart_the_same_way_every_time():
    image = set_on(*BUSY["bone on rust"])
    first, second = separate_style(image), separate_style(image)
    np.testing.assert_array_equal(first.coverage, second.coverage)
    np.testing.assert_array_equal(first.color, second.color)


def test_a_large_picture_has_the_edges_of_its_own_size():
    image, cover = larger(set_on(*BUSY["bone on rust"]), 1024), larger(lettering(), 1024)
    parts = separate_style(image)
    assert parts.kind == "busy"
    assert parts.coverage.shape == cover.shape
    assert parts.coverage.dtype == parts.color.dtype == parts.ground.dtype == np.float32
    assert overlap(parts.coverage, cover) > 0.95


def test_a_picture_of_4096_pixels_can_be_taken_apart():
    # Flatter than it was, for the time's sake.
    cover = images.resize(lettering(), 480, 4096)
    parts = separate_style(set_on(WHITE, BLACK, cover))
    assert parts.kind == "plain"
    assert overlap(parts.coverage, cover) > 0.97
