"""Files of the kinds that people bring, through the command, each with its right value."""

import json
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, STYLE, TINY, options
from PIL import Image, ImageDraw, ImageFont

from jaxtex import images

CASES = Path(__file__).parents[1] / "cases"
QUICK = options(**{**TINY, "size": 240})


@pytest.fixture
def stylize(call, tmp_path):
    """Stylises a case; returns the picture and what was said."""

    def stylize(content, *words, style=STYLE, output="out.png"):
        path = tmp_path / output
        content = content if isinstance(content, Path) else CASES / f"{content}.png"
        answer = call("stylize", content, style, "-o", path, *QUICK, *words, "--overwrite")
        assert answer.code == 0, answer.err
        return images.load_image(path).picture, answer.err

    return stylize


def bytes_of(picture):
    return np.rint(picture[..., :3] * 255).astype(int)


def test_white_on_transparency_keeps_both(stylize):
    found, _ = stylize("white_on_transparent")
    assert found.shape[-1] == 4
    assert found[0, 0, 3] == 0
    assert 0.05 < np.mean(found[..., 3] == 1) < 0.3
    assert np.all(bytes_of(found)[found[..., 3] > 0] == 255)


def test_half_an_alpha_stays_half(stylize):
    clear, _ = stylize("half_alpha")
    flat, _ = stylize("half_flat")
    assert clear[..., 3].max() == pytest.approx(0.5, abs=0.01)
    assert np.all(bytes_of(clear)[clear[..., 3] > 0] == 20)
    # The flat form has the same shapes, in the grey that half of it on white is.
    np.testing.assert_allclose(clear[..., 3] * 235 / 255, 1 - flat[..., 0], atol=0.12)
    assert np.mean(bytes_of(flat) == 138) > 0.05


def test_thin_strokes_are_as_clean_with_alpha_as_without(stylize):
    clear, _ = stylize("allthin_alpha")
    flat, _ = stylize("allthin_flat")
    solid = clear[..., 3] == 1
    assert np.all(bytes_of(clear)[solid] == (20, 60, 200))
    assert np.all(bytes_of(flat)[solid] == (20, 60, 200))


def test_thin_lines_are_blue_beside_a_red_disc(stylize):
    for name in ("lines_two_colour_alpha", "lines_two_colour_flat"):
        found, _ = stylize(name)
        right = bytes_of(found)[:, found.shape[1] // 3 :]
        inked = np.abs(right - 255).max(-1) > 150
        if found.shape[-1] == 4:
            inked = found[:, found.shape[1] // 3 :, 3] == 1
        assert inked.mean() > 0.01
        assert np.all(right[inked][:, 2] > right[inked][:, 0])


def test_a_pale_tagline_stays_in_its_colour(stylize):
    found, _ = stylize("tagline_grey")
    below = bytes_of(found)[round(0.7 * found.shape[0]) :]
    assert np.mean(np.all(below == 200, -1)) > 0.03
    assert below.min() >= 200


@pytest.mark.parametrize("size", [180, 240, 512])
def test_all_fully_covered_ink_has_the_brands_colour(stylize, size):
    found, _ = stylize("brandblue", "--size", size, "--background", "transparent")
    full = found[..., 3] == 1
    assert full.mean() > 0.03
    assert np.all(bytes_of(found)[full] == (0, 102, 204))


@pytest.mark.parametrize("background", ["keep", "transparent"])
def test_a_badge_keeps_its_corners(stylize, background):
    found, _ = stylize("badge", "--background", background)
    assert found[0, 0, 3] == found[-1, -1, 3] == 0
    middle = found.shape[0] // 2
    assert found[middle, 30, 3] == 1
    assert np.all(bytes_of(found)[middle, 30] == (10, 60, 160))
    assert np.any(np.all(bytes_of(found) == 255, -1))


def test_a_colour_is_put_behind_what_is_transparent_or_plain(stylize):
    for name in ("white_on_transparent", "tagline_grey"):
        found, _ = stylize(name, "--background", "#336699")
        assert found.shape[-1] == 3
        assert np.all(bytes_of(found)[0] == (0x33, 0x66, 0x99))


def test_a_format_without_transparency_shows_white_lettering(stylize):
    found, _ = stylize("white_on_transparent", output="out.jpg")
    assert found.min() < 0.02
    assert found.max() > 0.98


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("red-on-black", "lettering on a plain ground"),
        ("lettering-on-rust", "lettering on a busy ground"),
        ("rust", "a texture"),
    ],
)
def test_a_style_is_taken_for_what_it_is(stylize, style, said):
    path = CASES / f"{style}.png"
    found, err = stylize("content-dark", style=path)
    assert f"{path}: taken for {said}; --style-kind says otherwise" in err
    # A clean ground: nothing but paper far from the letters.
    assert np.all(bytes_of(found)[[0, -1]] == 255)
    if said != "a texture":
        dark = bytes_of(images.load_image(CASES / "content-dark.png").picture).min((0, 1))
        inked = np.all(bytes_of(found) == dark, -1)
        assert inked.mean() > 0.05


def test_the_bands_colours_may_be_taken(stylize):
    found, _ = stylize("content-blue", "--colors", "style", style=CASES / "red-on-black.png")
    assert np.all(bytes_of(found)[0] == 0)
    red = bytes_of(found).reshape(-1, 3)
    red = red[red[:, 0] > 150]
    assert len(red) > 0.05 * found.shape[0] * found.shape[1]
    assert np.all(red[:, 0] > red[:, 1] + 80)


def test_a_panel_takes_the_colour_of_the_bands_ground(stylize, tmp_path):
    panel = Image.new("RGB", (240, 96), "white")
    draw = ImageDraw.Draw(panel)
    draw.rounded_rectangle((10, 10, 230, 86), 12, fill="#00783c")
    font = ImageFont.load_default(size=40)
    draw.text((120, 48), "Harbour", fill="#faf0c8", font=font, anchor="mm")
    panel.save(tmp_path / "panel.png")
    style = CASES / "red-on-black.png"
    found, _ = stylize(tmp_path / "panel.png", "--colors", "style", style=style)
    found = bytes_of(found)
    assert np.all(found[0] == 255)
    assert np.all(found[16, 20:60] == 0)
    red = (found[..., 0] > 150) & (found[..., 1] < 80)
    assert 0.05 < red.mean() < 0.3


def test_all_ink_may_have_one_colour(stylize):
    found, _ = stylize("lines_two_colour_flat", "--colors", "#00aa55")
    inked = np.all(bytes_of(found) == (0, 0xAA, 0x55), -1)
    assert inked.mean() > 0.05
    assert not np.any(bytes_of(found)[..., 0] > bytes_of(found)[..., 1])


def test_letters_of_a_texture_stand_on_a_clean_ground(stylize):
    found, _ = stylize("content-dark-2", style=CASES / "rust.png")
    plain = images.resize(images.load_image(CASES / "content-dark-2.png").rgb, *found.shape[:2])
    inside = bytes_of(found)[plain.mean(-1) < 0.1]
    assert np.mean(inside[:, 0] > inside[:, 2] + 10) > 0.8
    assert np.ptp(inside[:, 0]) > 40
    assert np.mean(np.all(bytes_of(found) == 255, -1)) > 0.5


def test_lettering_given_by_hand_and_kinds_overruled(stylize, tmp_path):
    style = images.load_image(CASES / "lettering-on-rust.png").rgb
    mask = tmp_path / "mask.png"
    images.save_image(mask, np.repeat((style.min(-1) > 0.45)[..., None], 3, -1).astype(np.float32))
    by_hand, err = stylize(
        "content-dark", "--style-mask", mask, style=CASES / "lettering-on-rust.png"
    )
    assert "lettering on a busy ground" in err
    filled, err = stylize(
        "content-dark", "--style-kind", "texture", style=CASES / "lettering-on-rust.png"
    )
    assert "taken for a texture" in err
    assert not np.array_equal(by_hand, filled)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--colors", "blurple"), ["colour", "blurple"]),
        (("--style-kind", "letters"), ["letters"]),
        (("--style-mask", "MASK"), ["another shape"]),
        (("--style-mask", "BAND", STYLE), ["style-mask", "2 are given"]),
        (("--style-kind", "texture", "--style-mask", "BAND"), ["texture", "mask"]),
    ],
    ids=["colour", "kind", "shape", "several", "texture"],
)
def test_what_cannot_be_is_refused(refuse, tmp_path, words, parts):
    files = {"MASK": CASES / "mask_rgba.png", "BAND": STYLE}
    words = [files.get(word, word) for word in words]
    refuse("stylize", CONTENT, STYLE, "-o", tmp_path / "out.png", *QUICK, *words, parts=parts)


def test_a_drawing_of_a_transparent_logo_has_no_ground(call, tmp_path):
    words = ("stylize", CASES / "badge.png", STYLE, "-o", tmp_path / "a.png")
    answer = call(*words, *QUICK, "--svg", tmp_path / "a.svg", "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["settings"]["canvas"] == "ink"
    text = (tmp_path / "a.svg").read_text()
    assert "<image" in text
    assert 'fill="#ffffff"' in text
    half = call(*words[:1], CASES / "half_alpha.png", STYLE, "-o", tmp_path / "b.png", *QUICK,
                "--svg", tmp_path / "b.svg")  # fmt: skip
    assert half.code == 0, half.err
    text = (tmp_path / "b.svg").read_text()
    assert "<rect" not in text
    assert 'fill-opacity="0.498"' in text
