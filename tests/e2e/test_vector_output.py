"""Drawings in, paths and films out: one small run of `jaxtex stylize` and what it refuses."""

import io
import json
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from logos import CONTENT, SIZE, STYLE, TINY, options
from PIL import Image

from jaxtex.images import load_image, svg

QUICK = options(**TINY)
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 17">
  <path fill="#204080" d="M6 3h6l6 7v-7h6v11h-6l-6-7v7h-6z"/>
  <circle fill="#f08000" cx="42" cy="8.5" r="5.5"/>
</svg>"""


@pytest.fixture(scope="module")
def logo(tmp_path_factory):
    path = tmp_path_factory.mktemp("logo") / "logo.svg"
    path.write_text(LOGO)
    return path


def draw(path, width: int) -> np.ndarray:
    with Image.open(io.BytesIO(svg.rasterise(path.read_bytes(), width))) as image:
        return np.asarray(image.convert("RGBA"), np.float32) / 255


def test_a_drawing_becomes_a_picture_paths_and_a_film(call, logo, tmp_path):
    av = pytest.importorskip("av")
    answer = call("stylize", logo, STYLE, "-o", tmp_path / "out.png", *QUICK, "--json",
                  "--svg", tmp_path / "out.svg", "--animate", tmp_path / "run.mp4")  # fmt: skip
    assert answer.code == 0, answer.err
    loaded = load_image(tmp_path / "out.png")
    picture = loaded.rgb
    assert loaded.picture.shape == (34, SIZE, 4)

    root = ElementTree.parse(tmp_path / "out.svg").getroot()
    assert root.attrib["viewBox"] == f"0 0 {SIZE} 34"
    fills = [part.attrib["fill"] for part in root if "fill" in part.attrib]
    assert sorted(fills) == ["#204080", "#f08000"]
    said = json.loads(root.find("{*}metadata").text)["jaxtex"]
    assert said == json.loads(answer.out)["settings"]
    drawn = draw(tmp_path / "out.svg", SIZE)
    assert np.abs(drawn[..., 3] - loaded.alpha).mean() < 0.03
    seen = drawn[..., 3:] * drawn[..., :3] + 1 - drawn[..., 3:]
    assert np.abs(seen - picture).mean() < 0.03

    with av.open(str(tmp_path / "run.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    # One for each step, the initial image, and the result.
    assert len(frames) == 4 + 2 + 1 + 1
    assert frames[-1].shape == (34, SIZE, 3)
    assert np.abs(frames[-1] / 255 - picture).mean() < 0.03


def test_a_transparent_background_leaves_the_paths_alone(call, logo, tmp_path):
    answer = call("stylize", logo, STYLE, "-o", tmp_path / "out.png", *QUICK,
                  "--svg", tmp_path / "out.svg", "--background", "transparent")  # fmt: skip
    assert answer.code == 0, answer.err
    assert "<rect" not in (tmp_path / "out.svg").read_text()
    with Image.open(tmp_path / "out.png") as image:
        alpha = np.asarray(image)[..., 3] / 255
    assert np.abs(draw(tmp_path / "out.svg", SIZE)[..., 3] - alpha).mean() < 0.03


@pytest.fixture
def refuse(refuse, tmp_path):
    def refuse_stylize(*words, part, content=CONTENT):
        refuse("stylize", content, STYLE, "-o", tmp_path / "out.png", *words, parts=[part])

    return refuse_stylize


def test_paths_need_ink(refuse, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    refuse("--svg", tmp_path / "out.svg", content=tmp_path / "noise.png",
           part="--svg: only ink has outlines, and ")  # fmt: skip
    refuse("--svg", tmp_path / "out.svg", "--canvas", "grey", part="is worked on as grey")


def test_bad_names_and_missing_libraries_are_refused_before_the_run(refuse, tmp_path, monkeypatch):
    refuse("--svg", tmp_path / "out.pdf", part="out.pdf: paths are written as .svg")
    refuse("--svg", tmp_path / "none" / "out.svg", part="does not exist; create it first")
    (tmp_path / "there.svg").touch()
    refuse("--svg", tmp_path / "there.svg", part="there.svg: exists already")
    refuse("--animate", tmp_path / "run.avi", part="an animation is written as .gif or .mp4")
    refuse(
        "--animate", tmp_path / "a.mp4", "--history", tmp_path / "a.mp4", part="a different file"
    )
    for module in ("av", "contourpy", "resvg_py"):
        monkeypatch.setitem(sys.modules, module, None)
    refuse(
        "--animate", tmp_path / "run.mp4", part="run.mp4: a film needs PyAV; install jaxtex[video]"
    )
    refuse("--svg", tmp_path / "out.svg", part="out.svg: paths need contourpy; install jaxtex[svg]")
    (tmp_path / "logo.svg").write_text(LOGO)
    refuse(content=tmp_path / "logo.svg", part="logo.svg: is an SVG drawing; install jaxtex[svg]")


def test_a_bad_drawing_is_refused(refuse, tmp_path):
    (tmp_path / "logo.svg").write_text(LOGO.replace("</svg>", '<text y="9">Inc</text></svg>'))
    refuse(content=tmp_path / "logo.svg", part="logo.svg: the SVG has text, which needs fonts")
