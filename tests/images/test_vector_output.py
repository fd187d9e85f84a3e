"""Coverage to SVG: drawn again by resvg, the paths give the coverage that they were made of."""

import io
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from jaxtex.images import svg
from jaxtex.images import vector_output as vector

SIZE = 96
WHITE = np.ones(3, np.float32)
BLACK = np.zeros((SIZE, SIZE, 3), np.float32)
SHAPES = {
    "disc": '<circle cx="48.3" cy="47.8" r="36"/>',
    "ring": '<path d="M48 8a40 40 0 1 0 .01 0zM48 26a22 22 0 1 1 -.01 0z"/>',
    "square": '<rect x="15.5" y="19.25" width="60" height="45"/>',
    "turned": '<rect x="22" y="30" width="45" height="37" transform="rotate(17 48 48)"/>',
    "star": '<path d="M48 4L57 38L92 48L57 57L48 92L38 57L4 48L38 38z"/>',
    "border": '<path d="M-10 -10H60L20 60L-10 80z"/>',
    "letters": '<path d="M10 86V10h14l40 54V10h14v76H64L24 32v54z"/>',
}


def draw(text: str, size: int = SIZE) -> np.ndarray:
    """Straight RGBA in [0, 1]."""
    with Image.open(io.BytesIO(svg.rasterise(text.encode(), size))) as image:
        return np.asarray(image.convert("RGBA"), np.float32) / 255


def coverage(body: str) -> np.ndarray:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">'
    return draw(f"{head}{body}</svg>")[..., 3]


def paths(text: str) -> list[dict[str, str]]:
    return [e.attrib for e in ElementTree.fromstring(text) if e.tag.endswith("path")]


def nodes(text: str) -> int:
    return sum(len(re.findall("[cl]", path["d"])) for path in paths(text))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("disc", 6),
        ("ring", 12),
        ("square", 4),
        ("turned", 4),
        ("star", 16),
        ("border", 6),
        ("letters", 12),
    ],
)
def test_paths_drawn_again_give_the_shape_with_few_nodes(name, most):
    wanted = coverage(SHAPES[name])
    text = vector.to_svg(wanted, BLACK, WHITE)
    found = 1 - draw(text)[..., 0]
    # Of the pixels that the outline runs through.
    edge = (wanted > 0) & (wanted < 1)
    assert np.abs(found - wanted)[edge].mean() < 0.15
    assert np.mean((found > 0.5) != (wanted > 0.5)) < 0.008
    assert nodes(text) <= most


def test_hole_is_part_of_one_path():
    text = vector.to_svg(coverage(SHAPES["ring"]), BLACK, WHITE)
    (path,) = paths(text)
    assert path["fill-rule"] == "evenodd"
    assert path["d"].count("M") == 2
    np.testing.assert_array_equal(draw(text)[48, 48, :3], 1)


def test_ink_and_ground_have_their_colours():
    color = np.broadcast_to(np.float32([1.0, 0.5, 0.0]), (SIZE, SIZE, 3))
    text = vector.to_svg(coverage(SHAPES["disc"]), color, np.float32([0.1, 0.2, 0.3]))
    assert paths(text)[0]["fill"] == "#ff8000"
    np.testing.assert_allclose(draw(text)[0, 0], [26 / 255, 51 / 255, 77 / 255, 1], atol=1e-6)


def test_without_a_ground_the_drawing_is_transparent():
    wanted = coverage(SHAPES["star"])
    text = vector.to_svg(wanted, BLACK, None)
    assert "<rect" not in text
    found = draw(text)[..., 3]
    assert found[0, 0] == 0
    assert np.abs(found - wanted).mean() < 0.01


def test_colours_that_touch_have_a_path_each_and_no_seam():
    wanted = coverage(SHAPES["square"])
    color = np.empty((SIZE, SIZE, 3), np.float32)
    color[:] = [1, 0, 0]
    color[:, 48:] = [0, 0, 1]
    green = np.float32([0, 1, 0])
    text = vector.to_svg(wanted, color, green)
    assert sorted(path["fill"] for path in paths(text)) == ["#0000ff", "#ff0000"]
    # The ground, green, shows nowhere inside; each colour is where it was, sharp.
    large = draw(text, 4 * SIZE)
    inside = large[4 * 24 : 4 * 60, 4 * 20 : 4 * 72]
    assert inside[..., 1].max() == 0
    np.testing.assert_array_equal(inside[:, : 4 * 27, 0], 1)
    np.testing.assert_array_equal(inside[:, -4 * 23 :, 2], 1)


def test_a_small_colour_within_another_is_kept():
    wanted = coverage(SHAPES["square"])
    color = BLACK.copy()
    color[30:42, 40:52] = [1, 0.5, 0]
    text = vector.to_svg(wanted, color, WHITE)
    assert [path["fill"] for path in paths(text)] == ["#000000", "#ff8000"]
    found = draw(text)
    np.testing.assert_allclose(found[36, 46, :3], [1, 128 / 255, 0], atol=1e-6)
    np.testing.assert_array_equal(found[50, 46, :3], 0)


def test_a_gradient_becomes_a_few_bands():
    color = BLACK.copy()
    color[..., 0] = np.linspace(0, 1, SIZE)
    text = vector.to_svg(coverage(SHAPES["square"]), color, WHITE)
    assert 2 <= len(paths(text)) <= 8
    wanted = coverage(SHAPES["square"])
    found = draw(text)
    solid = wanted == 1
    assert np.abs(found[..., 0] - color[..., 0])[solid].mean() < 0.06
    assert found[..., 1][solid].max() < 0.05


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_no_ink_and_nothing_but_ink(level):
    text = vector.to_svg(np.full((SIZE, SIZE), level, np.float32), BLACK, WHITE)
    assert len(paths(text)) == level
    np.testing.assert_array_equal(draw(text)[..., 0], 1 - level)


def test_outlines_lie_between_pixel_centres():
    field = np.zeros((20, 30), np.float32)
    field[5:15, 10:20] = 1
    field[5:15, 20] = 0.75
    (loop,) = vector.outlines(field)
    # One half is met midway from 0 to 1, and two thirds of the way from 3/4 to 0 are left.
    assert loop[:, 0].min() == pytest.approx(10)
    assert loop[:, 0].max() == pytest.approx(20.5 + (0.75 - 0.5) / 0.75)
    assert (loop[:, 1].min(), loop[:, 1].max()) == (5, 15)


def test_specks_are_left_out():
    field = np.zeros((20, 30), np.float32)
    field[3, 3] = 1
    field[10:13, 10:13] = 1
    assert len(vector.outlines(field)) == 1


def test_metadata_is_escaped_and_comes_back():
    metadata = {"content": 'a<b>&"c"]]>é', "size": 3}
    text = vector.to_svg(coverage(SHAPES["disc"]), BLACK, WHITE, metadata=metadata)
    found = ElementTree.fromstring(text).find("{http://www.w3.org/2000/svg}metadata")
    assert json.loads(found.text) == {"jaxtex": metadata}


def test_equal_input_gives_equal_text():
    tiles = np.random.default_rng(0).uniform(size=(4, 4, 3)).astype(np.float32)
    color = tiles.repeat(SIZE // 4, 0).repeat(SIZE // 4, 1)
    wanted = coverage(SHAPES["letters"])
    texts = {vector.to_svg(wanted, color, WHITE, metadata={"a": 1}) for _ in range(2)}
    assert len(texts) == 1
