"""The examples that people copy run, at tiny sizes, and do what they say."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, EXAMPLES, STYLE, TINY
from PIL import Image
from tiny_jobs import make_images

from jaxtex import images

FOLDER = EXAMPLES / "python"
FEW = {"size": 64, "steps": 4, "finish_steps": 0, "scales": 1, "content_layer": "conv1_2",
       "layer": "conv1_1=1"}  # fmt: skip


def example(name: str):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def pairs(tmp_path):
    """A folder of two logos and one of two bands."""
    make_images(tmp_path)
    for folder, names in (("logos", ("c1", "c2")), ("bands", ("s1", "s2"))):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / f"{name}.png").rename(tmp_path / folder / f"{name}.png")
    return tmp_path / "logos", tmp_path / "bands", tmp_path / "out"


def test_every_example_is_tested_and_shown():
    source = Path(__file__).read_text(encoding="utf-8")
    page = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        assert f'example("{path.stem}")' in source
        assert f"examples/python/{path.name}" in page


def test_logos_and_bands(pairs):
    done = example("logos_and_bands").main(*pairs, **FEW)
    assert len(done.images) == 4
    assert example("logos_and_bands").main(*pairs, **FEW).run == 0


def test_texture_atlas(tmp_path):
    example("texture_atlas").main(tmp_path / "atlas.png", count=12, rows=3)
    places = json.loads((tmp_path / "atlas.json").read_text())
    with Image.open(tmp_path / "atlas.png") as atlas:
        width, height = atlas.size
    assert len(places) == 12
    assert height == 3 * 64
    assert len({(place["x"], place["y"]) for place in places}) == 12
    assert max(place["x"] for place in places) == width - 64


def test_search_by_program(tmp_path):
    import jaxtex

    target = jaxtex.textures.sample(1, seed=9).textures[0]
    images.save_image(tmp_path / "target.png", target)
    best = example("search_by_program").main(
        tmp_path / "target.png", tmp_path / "search", rounds=3, count=16
    )
    assert len(best) == 3
    assert max(best[1:]) > best[0]
    assert len(list((tmp_path / "search" / "export").glob("*.png"))) == 3


def test_custom_preset(tmp_path):
    result = example("custom_preset").main(
        CONTENT, STYLE, tmp_path / "out", size=128, steps=3, finish_steps=0, scales=1
    )
    assert result.settings.content_weight == 0.2
    assert dict(result.settings.layers) == {"conv1_1": 1.0, "conv1_2": 1.0, "conv4_2": 2.0}
    assert (tmp_path / "out" / "out.png").is_file()


def test_custom_term(tmp_path):
    run = example("custom_term").main
    few = {**TINY, "steps": 10, "finish_steps": 0}
    steps = few.pop("steps")
    with_it = run(CONTENT, STYLE, tmp_path / "a.png", weight=300.0, steps=steps, **few)
    without = run(CONTENT, STYLE, tmp_path / "b.png", weight=0.0, steps=steps, **few)
    assert with_it[0] == without[0] > 0
    assert with_it[-1] < 0.95 * without[-1]
    assert np.asarray(Image.open(tmp_path / "a.png")).shape[1] == 128


@pytest.mark.slow
def test_own_bands(pairs):
    logos, _, output = pairs  # the bands are smaller than training takes
    done = example("own_bands").main(
        logos, logos, output, steps=1, features=1, size=32, style_size=(32,), batch_size=2
    )
    assert len(done.images) == 2
    assert done.images[0].shape[1] == 32


def test_data_frame(tmp_path):
    pytest.importorskip("pandas", reason="pandas is not installed")
    few = {**FEW, "size": 128}
    frame = example("data_frame").main(CONTENT, STYLE, tmp_path, strengths=(0.0, 1.0), **few)
    assert frame["strength"].tolist() == [0.0, 1.0]
    assert frame["status"].tolist() == ["done", "done"]
    assert frame["style"].notna().all()
