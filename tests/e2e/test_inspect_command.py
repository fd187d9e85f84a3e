"""`jaxtex inspect`: what real files are taken for, in words, as JSON and on a sheet."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, STYLE, bars, picture

from jaxtex import images

CASES = Path(__file__).parents[1] / "cases"
ROUNDING = 0.51 / 255
WHITE = {"kind": "plain", "color": "#ffffff", "own": [], "alpha": [1, 1]}
CLEAR = {"kind": "transparent", "color": None, "own": [], "alpha": [0, 0]}
# Colours, alpha of the ink, ground, as the files were drawn.
CONTENTS = {
    "tagline_grey": (["#000000", "#c8c8c8"], [1, 1], WHITE),
    "lines_two_colour_flat": (["#dc1e1e", "#143cc8"], [1, 1], WHITE),
    "lines_two_colour_alpha": (["#dc1e1e", "#143cc8"], [1, 1], CLEAR),
    "allthin_flat": (["#143cc8"], [1, 1], WHITE),
    "brandblue": (["#0066cc"], [1, 1], WHITE),
    "red-on-black": (["#c8140a"], [1, 1], WHITE | {"color": "#000000"}),
    "white_on_transparent": (["#ffffff"], [1, 1], CLEAR),
    "half_alpha": (["#141414"], [127 / 255, 127 / 255], CLEAR),
}
STYLES = {
    "red-on-black": ("plain", "#000000", ["#c8140a"]),
    "lettering-on-rust": ("busy", None, ["#e1d7be"]),
    "white_on_transparent": ("plain", "#000000", ["#ffffff"]),
    "allthin_alpha": ("plain", "#ffffff", ["#143cc8"]),
    "tagline_grey": ("plain", "#ffffff", ["#000000", "#c8c8c8"]),
}


@pytest.fixture
def inspect(call):
    """What `--json` says of images, each an object."""

    def inspect(*words):
        answer = call("inspect", *words, "--json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)["images"]

    return inspect


def case(name):
    return CASES / f"{name}.png"


def colors(about):
    return [each["color"] for each in about["colors"]]


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_are_taken_for_what_they_are(inspect, name):
    ink, alpha, ground = CONTENTS[name]
    (found,) = inspect(case(name), "--as", "content")
    assert set(found) == {"image", "content"}
    about = found["content"]
    assert about["kind"] == "logo"
    assert colors(about) == ink
    assert about["alpha"] == pytest.approx(alpha, abs=1e-4)
    assert about["ground"] == ground
    shares = [each["share"] for each in about["colors"]]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("name", STYLES)
def test_styles_are_taken_for_what_they_are(inspect, name):
    kind, ground, ink = STYLES[name]
    (found,) = inspect(case(name), "--as", "style")
    assert set(found) == {"image", "style"}
    about = found["style"]
    assert (about["kind"], colors(about)) == (kind, ink)
    if ground is not None:
        assert about["ground"] == ground


def test_the_covered_share_is_that_of_the_drawing(inspect):
    truth = 1 - picture(CONTENT).mean()
    (found,) = inspect(CONTENT)
    assert found["content"]["covered"] == pytest.approx(truth, rel=0.02)
    assert found["style"]["covered"] == pytest.approx(truth, rel=0.02)


def test_all_is_told_in_a_line_for_each_image_and_role(call):
    answer = call("inspect", COLOURED, case("rust"), case("half_alpha"))
    # Where ten seconds were not enough there is a line of progress.
    said = [line for line in answer.err.splitlines() if not line.startswith("image ")]
    assert (answer.code, said) == (0, [])
    assert answer.out.splitlines() == [
        f"{COLOURED}: as a content: ink in 2 colours (#16285c, #f06e20) on a transparent ground, "
        "28 % covered",
        f"{COLOURED}: as a style: lettering on a plain ground (#ffffff), ink in 2 colours "
        "(#16285c, #f06e20), 28 % covered",
        f"{case('rust')}: as a content: no logo, worked on in RGB",
        f"{case('rust')}: as a style: a texture",
        f"{case('half_alpha')}: as a content: ink in one colour (#141414, alpha 0.50) on a "
        "transparent ground, 11 % covered",
        f"{case('half_alpha')}: as a style: lettering on a plain ground (#ffffff), ink in one "
        "colour (#8a8a8a), 11 % covered",
    ]


def test_a_panel_and_a_gradient_are_grounds_of_their_own(call, inspect, tmp_path):
    (badge,) = inspect(case("badge"), "--as", "content")
    ground = badge["content"]["ground"]
    assert (ground["kind"], ground["alpha"]) == ("own", [0, 1])
    assert [each["color"] for each in ground["own"]] == ["#0a3ca0"]
    assert "a ground of its own (#0a3ca0), transparent round it" in badge["content"]["said"]
    fade = bars(120, 240)
    fade[..., 2] = np.where(fade[..., 0] == 0, 0, np.linspace(0.5, 1, 240))
    images.save_image(tmp_path / "fade.png", fade)
    (found,) = inspect(tmp_path / "fade.png", "--as", "content")
    assert found["content"]["ground"]["kind"] == "own"
    assert found["content"]["ground"]["alpha"] == [1, 1]
    flat = np.ones((120, 240, 3), np.float32)
    flat[20:100, 20:220] = (0.2, 0.4, 0.6)
    flat[40:80, 60:80] = flat[40:80, 120:140] = (1, 0.9, 0)
    images.save_image(tmp_path / "panel.png", flat)
    (found,) = inspect(tmp_path / "panel.png", "--as", "content")
    assert "on a ground of its own (#336699) on white" in found["content"]["said"]


def test_grey_pictures_and_ink_of_many_colours_are_said_to_be_such(inspect, tmp_path):
    noise = np.random.default_rng(1).random((40, 60, 1), np.float32)
    images.save_image(tmp_path / "grey.png", np.repeat(noise, 3, -1))
    (found,) = inspect(tmp_path / "grey.png", "--as", "content")
    assert found["content"]["kind"] == "picture"
    assert found["content"]["grey"]
    rainbow = bars(200, 320)
    seeds = np.random.default_rng(0).random((200, 320, 3), np.float32) * 0.5
    images.save_image(tmp_path / "many.png", np.where(rainbow == 0, seeds, 1))
    (found,) = inspect(tmp_path / "many.png", "--as", "style", "--style-kind", "plain")
    assert "ink in many colours" in found["style"]["said"]


def test_the_sheet_shows_image_ink_colours_and_ground(call, tmp_path):
    out = tmp_path / "sheet.png"
    logo = tmp_path / "logo.png"
    images.save_image(logo, bars(96, 256, ink=(0.8, 0.1, 0.1), ground=(0.1, 0.1, 0.5)))
    answer = call("inspect", logo, "-o", out, "--size", "256")
    assert answer.code == 0, answer.err
    sheet = images.load_image(out).rgb
    gap, label = 8, 20
    assert sheet.shape == (2 * (96 + label + gap) + gap, 4 * (256 + gap) + gap, 3)

    def cell(row, column):
        top, left = gap + row * (96 + label + gap), gap + column * (256 + gap)
        return sheet[top : top + 96, left : left + 256]

    image = images.load_image(logo).rgb
    ink = bars(96, 256)
    for row in range(2):
        np.testing.assert_allclose(cell(row, 0), image, atol=ROUNDING)
        np.testing.assert_allclose(cell(row, 1), ink, atol=ROUNDING)
        inked = ink[..., 0] == 0
        np.testing.assert_allclose(cell(row, 2)[inked], image[inked], atol=ROUNDING)
        assert len(np.unique(cell(row, 2)[~inked], axis=0)) == 2
        np.testing.assert_allclose(cell(row, 3), image[:1, :1] + 0 * image, atol=ROUNDING)


def test_a_mask_by_hand_is_taken_as_it_is(inspect, tmp_path):
    height, width = picture(case("lettering-on-rust")).shape[:2]
    mask = np.zeros((height, width, 3), np.float32)
    mask[40:80, 100:300] = 1
    images.save_image(tmp_path / "mask.png", mask)
    (found,) = inspect(case("lettering-on-rust"), "--style-mask", tmp_path / "mask.png")
    assert found["style"]["covered"] == pytest.approx(40 * 200 / (height * width), abs=1e-4)
    assert found["content"]["covered"] > 0.2


def test_an_existing_sheet_is_replaced_when_that_is_said(call, refuse, tmp_path):
    out = tmp_path / "sheet.png"
    out.write_bytes(b"mine")
    refuse("inspect", INVERTED, "-o", out, parts=[f"{out}: exists already"])
    assert out.read_bytes() == b"mine"
    answer = call("inspect", INVERTED, "-o", out, "--overwrite", "--json")
    assert json.loads(answer.out)["output"] == str(out)
    assert images.load_image(out).rgb.shape[1] > 2048


@pytest.mark.parametrize("role", ["image", "mask"])
def test_an_input_is_never_overwritten(refuse, tmp_path, role):
    path = tmp_path / "mine.png"
    shutil.copy(CONTENT, path)
    words = [path] if role == "image" else [CONTENT, "--style-mask", path]
    refuse("inspect", *words, "-o", path, "--overwrite", parts=[f"{path}: is an input"])
    assert path.read_bytes() == CONTENT.read_bytes()


def single(path):
    images.save_image(path, np.full((64, 64, 3), 0.4, np.float32))


def low(path):
    images.save_image(path, bars(7, 64))


def text(path):
    path.write_text("This is not an image.")


def missing(path):
    path.unlink(missing_ok=True)


BAD_IMAGES = {
    single: "the image has a single colour",
    low: "64×7 pixels is too small; 8 a side are needed",
    text: "not an image",
    missing: "no such file",
}


@pytest.mark.parametrize("make", BAD_IMAGES, ids=lambda make: make.__name__)
def test_a_bad_image_is_refused_with_its_name(refuse, tmp_path, make):
    path = tmp_path / "bad.png"
    make(path)
    out = tmp_path / "sheet.png"
    refuse("inspect", STYLE, path, "-o", out, parts=[f"{path}: ", BAD_IMAGES[make]])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--size", 8], "--size: 8 is not a whole number from 16 to 4096"),
        (["--style-kind", "bright"], "style-kind: 'bright' is unknown"),
        (["--as", "content", "--style-kind", "busy"], "--as: content goes with neither"),
        (["--style-kind", "texture", "--style-mask", case("rust")], "give no mask with it"),
        (["--style-mask", case("badge")], "another shape than the 512×160"),
        ([CONTENT, "--style-mask", case("rust")], "--style-mask: is of one image; 2 are given"),
        (["-o", "sheet.txt"], "sheet.txt"),
        (["-o", "no/such/sheet.png"], "the folder no/such does not exist"),
        ([*[CONTENT] * 40, "-o", "sheet.png", "--size", 2048], "a sheet of 41 images"),
    ],
    ids=range(9),
)
def test_bad_options_are_refused_in_one_sentence(refuse, tmp_path, monkeypatch, words, part):
    monkeypatch.chdir(tmp_path)
    refuse("inspect", case("rust"), *words, parts=[part])


def test_lettering_that_is_not_there_is_missed(inspect, refuse, tmp_path):
    path = tmp_path / "faint.png"
    image = np.full((64, 96, 3), 100 / 255, np.float32)
    image[30, 30] = 101 / 255
    images.save_image(path, image)
    (found,) = inspect(path)
    assert (found["content"]["kind"], found["style"]["kind"]) == ("picture", "texture")
    words = ("--style-kind", "plain")
    refuse("inspect", path, *words, parts=[f"{path}: no lettering on a plain ground"])


def test_jax_is_not_imported():
    code = (
        "import sys, jaxtex.cli\n"
        f"try:\n    jaxtex.cli.main(['inspect', {str(case('tagline_grey'))!r}])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "#c8c8c8" in done.stdout
    assert not {"jax", "jaxlib", "flax", "sklearn", "matplotlib"} & set(done.stderr.split())
