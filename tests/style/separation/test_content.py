"""Contents taken apart: what is ink, of which colours, and what lies behind it."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logos import COLOURED, CONTENT, INVERTED, bars, picture
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from scipy import ndimage

from jaxtex import images
from jaxtex.style.separation import separate_at, separate_content

CASES = Path(__file__).parents[2] / "cases"
SIZES = (120, 256, 480)
COLORS = {
    "black on white": ((0, 0, 0), (1, 1, 1)),
    "white on black": ((1, 1, 1), (0, 0, 0)),
    "yellow on navy": ((0.9, 0.8, 0.1), (0.1, 0.1, 0.4)),
    "pale on white": ((0.9, 0.9, 0.88), (1, 1, 1)),
}


def case(name):
    return images.load_image(CASES / f"{name}.png").picture


def at(found, size):
    return separate_at(found, *images.fit(*found.shape[:2], size))


def bytes_of(values):
    return np.rint(np.asarray(values) * 255).astype(int)


def drawn(parts, *, size=(480, 160), ground=None, scale=4):
    """A logo of ellipses, boxes and lines, antialiased; without ground it is transparent."""
    wide, tall = size
    whole = np.zeros((tall, wide, 4), np.float32)
    if ground is not None:
        whole[..., :3], whole[..., 3] = np.asarray(ground) / 255, 1
    for shape, color, box in parts:
        mask = Image.new("L", (wide * scale, tall * scale))
        scaled = [scale * each for each in box]
        if shape == "line":
            ImageDraw.Draw(mask).line(scaled[:4], fill=255, width=round(scaled[4]))
        else:
            getattr(ImageDraw.Draw(mask), shape)(scaled, fill=255)
        cover = np.asarray(mask.resize(size, Image.Resampling.BOX), np.float32) / 255
        alpha = cover + whole[..., 3] * (1 - cover)
        behind = whole[..., :3] * (whole[..., 3] * (1 - cover))[..., None]
        mixed = behind + np.asarray(color) / 255 * cover[..., None]
        whole[..., :3] = mixed / np.maximum(alpha, 1e-6)[..., None]
        whole[..., 3] = alpha
    whole = np.rint(whole * 255).astype(np.float32) / 255
    return whole if ground is None else whole[..., :3]


@pytest.mark.parametrize("colors", COLORS.values(), ids=COLORS)
def test_a_logo_is_painted_again(colors):
    image = ndimage.uniform_filter(bars(ink=colors[0], ground=colors[1]), (3, 3, 0))
    ink = separate_content(image.astype(np.float32))
    np.testing.assert_allclose(ink.paint(ink.coverage), image, atol=0.02)
    np.testing.assert_allclose(ink.outer, colors[1], atol=1e-6)


@pytest.mark.parametrize("path", [CONTENT, INVERTED, COLOURED], ids=lambda path: path.stem)
def test_an_example_is_painted_again_at_another_size(path):
    image = images.resize(picture(path), 68, 256)
    ink = separate_at(images.load_image(path).picture, 68, 256)
    found = images.on_contrasting_ground(ink.paint(ink.coverage))
    assert np.abs(found - image).mean() < 0.01


@pytest.mark.parametrize(
    "image",
    [
        np.random.default_rng(0).uniform(size=(40, 64, 3)).astype(np.float32),
        np.ones((40, 64, 3), np.float32),
        np.linspace(0, 1, 40 * 64 * 3, dtype=np.float32).reshape(40, 64, 3),
        ndimage.gaussian_filter(
            np.random.default_rng(1).uniform(size=(80, 120, 3)).astype(np.float32), (6, 6, 0)
        ),
    ],
    ids=["noise", "blank", "gradient", "blurred photograph"],
)
def test_what_is_no_logo_has_no_ink(image):
    assert separate_content(image) is None


# The right values of the files that people brought; flattened files beside those with alpha.


@pytest.mark.parametrize("size", SIZES)
def test_one_brand_colour_is_exact(size):
    ink = at(case("brandblue"), size)
    assert np.all(bytes_of(ink.color) == (0, 102, 204))
    np.testing.assert_array_equal(ink.ground, 1)


@pytest.mark.parametrize("size", SIZES)
def test_a_pale_tagline_is_ink_like_the_rest(size):
    ink = at(case("tagline_grey"), size)
    below = ink.coverage[round(0.7 * ink.coverage.shape[0]) :]
    colors = ink.color[round(0.7 * ink.coverage.shape[0]) :]
    assert np.mean(below == 1) > 0.04
    assert np.all(bytes_of(colors[below == 1]) == 200)
    above = np.s_[: ink.coverage.shape[0] // 2]
    assert np.all(bytes_of(ink.color[above][ink.coverage[above] > 0]) == 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["alpha", "flat"])
def test_thin_lines_keep_their_colour_beside_a_bold_disc(size, form):
    ink = at(case(f"lines_two_colour_{form}"), size)
    left = ink.coverage.shape[1] // 3
    assert np.mean(ink.coverage[:, left:] == 1) > 0.01
    assert np.all(bytes_of(ink.color[:, left:][ink.coverage[:, left:] > 0]) == (20, 60, 200))
    assert np.all(bytes_of(ink.color[:, : left // 2]) == (220, 30, 30))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["allthin", "half"])
def test_with_alpha_and_flattened_the_coverage_is_the_same(size, name):
    clear, flat = at(case(f"{name}_alpha"), size), at(case(f"{name}_flat"), size)
    np.testing.assert_allclose(clear.coverage, flat.coverage, atol=0.12)
    assert clear.without_ground() is clear
    assert not clear.ground_alpha.any()
    assert flat.opaque


def test_half_an_alpha_is_full_ink_of_half_opacity():
    ink = at(case("half_alpha"), 240)
    assert ink.coverage.max() == 1
    assert ink.opacity.max() <= 0.5
    assert ink.paint(ink.coverage)[..., 3].max() <= 0.5
    np.testing.assert_array_equal(bytes_of(ink.color), 20)


def test_white_on_transparency_is_ink():
    found = case("white_on_transparent")
    ink = separate_content(found)
    np.testing.assert_allclose(ink.coverage, found[..., 3], atol=0.12)
    np.testing.assert_array_equal(ink.color, 1)


@pytest.mark.parametrize("size", [240, 180, 480])
def test_a_badge_keeps_its_corners_and_its_panel(size):
    ink = at(case("badge"), size)
    height, width = ink.coverage.shape
    assert ink.ground_alpha[0, 0] == ink.ground_alpha[-1, -1] == 0
    assert ink.ground_alpha[height // 2, width // 8] == 1
    assert np.all(bytes_of(ink.ground[ink.ground_alpha == 1]) == (10, 60, 160))
    inked = ink.coverage == 1
    assert 0.05 < inked.mean() < 0.2
    assert np.all(bytes_of(ink.color[inked]) == 255)


FLAT = {
    "colors": st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=2, unique=True),
    "clear": st.booleans(),
    "size": st.sampled_from([96, 240, 400]),
}


@given(**FLAT)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_flat_colours_are_exact_at_any_size(colors, clear, size):
    check_flat(colors, clear, size)


@pytest.mark.slow
@given(**FLAT)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_two_hundred_flat_colours_are_exact_at_any_size(colors, clear, size):
    check_flat(colors, clear, size)


def check_flat(colors, clear, size):
    ground = None if clear else (255, 255, 255)
    if not clear:
        colors = [color for color in colors if min(color) < 230]
    boxes = [(20, 20, 180, 140), (240, 30, 440, 130)]
    parts = [("ellipse", *each) for each in zip(colors, boxes, strict=False)]
    if not parts:
        return
    ink = at(drawn(parts, ground=ground), size)
    full = ink.coverage == 1
    painted = ink.paint(ink.coverage)
    half = full.shape[1] // 2
    for index, color in enumerate(colors):
        where = full.copy()
        where[:, slice(half, None) if index == 0 else slice(0, half)] = False
        assert where.sum() > 100
        assert np.all(bytes_of(painted[where][:, :3]) == color)


@given(
    levels=st.lists(st.integers(0, 225), min_size=2, max_size=3),
    clear=st.booleans(),
    width=st.sampled_from([1.0, 2.0, 5.0]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_part_is_less_ink_because_another_is_darker_or_bolder(levels, clear, width):
    places = [
        ("ellipse", (20, 20, 150, 140)),
        ("line", (190, 20, 290, 140, width)),
        ("rectangle", (330, 40, 460, 120)),
    ]
    parts = [
        (shape, (level,) * 3, box) for level, (shape, box) in zip(levels, places, strict=False)
    ]
    ink = at(drawn(parts, ground=None if clear else (255, 255, 255)), 360)
    for index, (_, color, _) in enumerate(parts):
        part = np.s_[:, 120 * index : 120 * (index + 1)]
        where = ink.coverage[part] == 1
        assert where.sum() > 20
        assert np.abs(bytes_of(ink.color[part][where]) - color[0]).max() <= (90 if width < 2 else 8)


def test_colours_that_touch_stay_what_they_are():
    parts = [
        ("rectangle", (230, 60, 30), (40, 20, 199.75, 140)),
        ("rectangle", (240, 220, 90), (200, 20, 319.75, 140)),
        ("rectangle", (236, 240, 245), (320, 20, 440, 140)),
    ]
    found = drawn(parts, ground=(255, 255, 255))
    ink = separate_content(found)
    # But for the corners where three colours meet.
    wrong = np.abs(ink.paint(ink.coverage) - found).max(-1) > 2 / 255
    assert wrong.sum() < 12
    np.testing.assert_array_equal(ink.coverage[80, 42:438], 1)


def lettering(size=(480, 160)):
    """Coverage of a disc with a hole, and of a stroke."""
    mask = Image.new("L", (4 * size[0], 4 * size[1]))
    draw = ImageDraw.Draw(mask)
    draw.ellipse((160, 120, 640, 520), fill=255)
    draw.ellipse((320, 240, 480, 400), fill=0)
    draw.rectangle((900, 120, 1000, 520), fill=255)
    draw.rectangle((900, 420, 1500, 520), fill=255)
    return np.asarray(mask.resize(size, Image.Resampling.BOX), np.float32) / 255


@pytest.mark.parametrize("blur", [3, 5, 8])
@pytest.mark.parametrize("clear", [False, True], ids=["on white", "transparent"])
def test_a_soft_shadow_stays_behind(blur, clear):
    letters = lettering()
    shadow = np.roll(letters, (blur, blur), (0, 1))
    blurred = Image.fromarray(np.rint(shadow * 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(blur)
    )
    shadow = 0.45 * np.asarray(blurred, np.float32) / 255
    color = np.asarray((0.8, 0.1, 0.15), np.float32)
    if clear:
        alpha = letters + shadow * (1 - letters)
        straight = color * (letters / np.maximum(alpha, 1e-6))[..., None]
        found = np.dstack([straight, alpha])
    else:
        behind = np.repeat(1 - shadow[..., None], 3, -1)
        found = behind + letters[..., None] * (color - behind)
    ink = separate_content((np.rint(found * 255) / 255).astype(np.float32))
    union = np.sum((ink.coverage > 0.5) | (letters > 0.5))
    assert np.sum((ink.coverage > 0.5) & (letters > 0.5)) > 0.97 * union
    beside = (letters == 0) & (ndimage.distance_transform_edt(letters == 0) > 3)
    behind = ink.ground_alpha if clear else 1 - ink.ground.mean(-1)
    np.testing.assert_allclose(behind[beside], shadow[beside], atol=0.02)
    # Beneath the letters it goes on; in their middle nobody knows.
    assert behind[letters == 1].max() < 0.5


@pytest.mark.parametrize("quality", [40, 60, 85])
def test_a_plain_ground_is_clean_whatever_compression_left_on_it(quality):
    letters = lettering()
    found = 1 - letters[..., None] * np.array((0.9, 0.3, 0.1))
    file = io.BytesIO()
    Image.fromarray(bytes_of(found).astype(np.uint8)).save(file, "JPEG", quality=quality)
    compressed = np.asarray(Image.open(file), np.float32) / 255
    assert np.sum(np.abs(compressed - 1).max(-1)[letters == 0] > 3 / 255) > 300
    ink = separate_content(compressed)
    np.testing.assert_array_equal(ink.ground, 1)
    np.testing.assert_array_equal(ink.outer_alpha, 0)
    assert np.sum(np.abs(ink.coverage - letters) > 0.35) < 10


@pytest.mark.parametrize("blur", [2, 4])
def test_a_faint_shadow_is_no_trace_of_compression(blur):
    letters = lettering()
    shadow = 0.1 * ndimage.gaussian_filter(np.roll(letters, (blur, blur), (0, 1)), blur)
    behind = np.repeat(1 - shadow[..., None], 3, -1)
    found = behind + letters[..., None] * ((0.8, 0.1, 0.15) - behind)
    ink = separate_content((np.rint(found * 255) / 255).astype(np.float32))
    beside = ndimage.distance_transform_edt(letters == 0) > 3
    np.testing.assert_allclose(1 - ink.ground.mean(-1)[beside], shadow[beside], atol=0.01)


@pytest.mark.parametrize(
    "ends", [((30, 60, 140), (160, 200, 250)), ((250, 240, 200), (200, 90, 30))]
)
def test_a_gradient_stays_behind(ends):
    letters = lettering()
    way = np.linspace(0, 1, letters.shape[1])[None, :, None]
    ground = (np.asarray(ends[0]) * (1 - way) + np.asarray(ends[1]) * way) / 255
    color = np.asarray((1, 1, 1) if ends[0][0] < 100 else (0.1, 0.05, 0))
    found = ground + letters[..., None] * (color - ground)
    ink = separate_content((np.rint(found * 255) / 255).astype(np.float32))
    np.testing.assert_allclose(ink.coverage, letters, atol=0.1)
    np.testing.assert_allclose(ink.ground, np.broadcast_to(ground, found.shape), atol=0.04)
    assert ink.outer is None


@pytest.mark.parametrize("ground", [None, (255, 255, 255)], ids=["transparent", "white"])
def test_a_panels_rim_beyond_an_inner_line_is_of_the_panel(ground):
    red, cream = (150, 20, 40), (250, 230, 180)
    rings = [(red, 10), (cream, 20), (red, 24)]
    parts = [("ellipse", color, (inset, inset, 160 - inset, 160 - inset)) for color, inset in rings]
    parts.append(("rectangle", cream, (60, 60, 99, 99)))
    image = drawn(parts, size=(160, 160), ground=ground)
    ink = separate_content(image)
    solid = ink.coverage == 1
    assert np.all(bytes_of(ink.color[solid]) == cream)
    assert solid[20:24, 80].any()
    assert np.all(bytes_of(ink.ground[[14, 40, 120, 146], 80]) == red)
    found, wanted = (
        images.on_contrasting_ground(each) for each in (ink.paint(ink.coverage), image)
    )
    assert np.abs(found - wanted).mean() < 0.002


def test_lettering_on_a_panel_is_the_ink_and_the_panel_stays():
    parts = [
        ("ellipse", (200, 20, 40), (20, 10, 160, 150)),
        ("rectangle", (255, 230, 80), (70, 50, 110, 110)),
        ("rectangle", (30, 30, 30), (200, 50, 440, 110)),
    ]
    found = drawn(parts, ground=(255, 255, 255))
    ink = separate_content(found)
    np.testing.assert_array_equal(ink.coverage > 0.5, drawn([
        ("rectangle", (0, 0, 0), (70, 50, 110, 110)), ("rectangle", (0, 0, 0), (200, 50, 440, 110)),
    ])[..., 3] > 0.5)  # fmt: skip
    np.testing.assert_allclose(ink.ground[80, 40], np.float32([200, 20, 40]) / 255, atol=1e-6)
    # With the ground taken out, the panel is opaque, and soft at its edge.
    clear = ink.without_ground()
    again = images.over(*images.split(clear.paint(ink.coverage)), (1.0, 1.0, 1.0))
    np.testing.assert_allclose(again, found, atol=0.02)
    assert clear.ground_alpha[80, 40] == 1
    assert clear.ground_alpha[0, 0] == 0


@pytest.mark.parametrize("quality", [40, 60, 90])
@pytest.mark.parametrize(
    "colors", [("white", "#ffcd00", "#141414"), ("black", "#c81e1e", "white")], ids=" on ".join
)
def test_lettering_on_a_panel_is_found_whatever_compression_left(colors, quality):
    ground, panel, ink = colors
    image = Image.new("RGB", (512, 192), ground)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((40, 30, 472, 162), 24, fill=panel)
    font = ImageFont.load_default(size=60)
    draw.text((256, 96), "Harbour", fill=ink, font=font, anchor="mm")
    plain = separate_content(np.asarray(image, np.float32) / 255)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    found = separate_content(np.asarray(Image.open(file), np.float32) / 255)
    inked = [each.coverage > 0.5 for each in (plain, found)]
    assert np.sum(inked[0] & inked[1]) > 0.93 * np.sum(inked[0] | inked[1])
    # The panel is there; its edge is a little less sharp.
    inside = np.abs(plain.ground - plain.ground[96, 60]).max(-1) < 0.1
    edge = ndimage.binary_dilation(inside, iterations=3) & ~ndimage.binary_erosion(
        inside, iterations=3
    )
    offset = np.abs(found.ground - plain.ground).max(-1)
    assert offset[~edge].max() < 0.2


def test_compression_leaves_no_ink_beside_the_letters(tmp_path):
    letters = lettering()
    image = Image.fromarray(np.rint(255 - 235 * letters).astype(np.uint8)).convert("RGB")
    image.save(tmp_path / "a.jpg", quality=60)
    ink = separate_content(images.load_image(tmp_path / "a.jpg").picture)
    away = ndimage.distance_transform_edt(letters < 0.5) > 2
    assert np.mean(ink.coverage[away] > 0.25) < 0.002
    assert np.mean(ink.coverage[letters == 1] > 0.9) > 0.99


def test_a_large_image_is_brought_near_its_size_first():
    parts = [("ellipse", (0, 102, 204), (120, 120, 1080, 840))]
    ink = at(drawn(parts, size=(2880, 960), ground=(255, 255, 255), scale=2), 240)
    assert ink.coverage.shape == (80, 240)
    assert np.all(bytes_of(ink.color) == (0, 102, 204))


def test_an_image_that_is_scaled_to_one_row_is_taken_apart():
    image = np.ones((8, 9000, 3), np.float32)
    image[:, 2000:3000] = 0
    found = separate_at(image, 1, 512)
    assert found is not None
    assert found.coverage.shape == (1, 512)
    np.testing.assert_allclose(found.coverage.mean(), 1 / 9, atol=0.01)
