"""Every command says once that of an animation only the first frame is used."""

import json
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, INVERTED, SIZE, STYLE, TINY, at_size, options
from msgnet_models import random_model
from PIL import Image

GRID = f"""
size = {SIZE}
steps = 2
content_layer = "conv1_2"
[[grid]]
name = "edges"
rows = {{ name = "coarse", layers = ["conv1_1"], values = [20] }}
columns = {{ name = "deep", layers = ["conv1_2"], values = [20] }}
"""


@pytest.fixture
def film(tmp_path) -> Path:
    """An animated logo of the shape that other tests have compiled programs for."""
    first, second = (
        Image.fromarray(np.rint(at_size(path, SIZE) * 255).astype(np.uint8))
        for path in (CONTENT, INVERTED)
    )
    path = tmp_path / "in" / "film.png"
    path.parent.mkdir()
    first.save(path, save_all=True, append_images=[second])
    return path


@pytest.fixture
def tells(call, film):
    def tells(*words):
        answer = call(*words)
        assert answer.code == 0, answer.err
        sentence = f"{film}: has 2 frames; only the first is used"
        assert answer.err.splitlines().count(sentence) == 1, answer.err

    return tells


def test_inspect_stylize_score_and_sweep_tell(tells, film, tmp_path):
    out = tmp_path / "out.png"
    tells("inspect", film)
    tells("stylize", film, STYLE, "-o", out, *options(**TINY))
    tells("score", out, "--content", film, "--style", STYLE)
    (tmp_path / "grid.toml").write_text(GRID)
    tells("sweep", CONTENT, film, "-o", tmp_path / "s", "--grid", tmp_path / "grid.toml")


def test_msgnet_apply_and_batch_tell(tells, call, film, tmp_path):
    model = random_model(tmp_path / "random.safetensors")
    words = ("--model", model, "--size", 101, "--style-size", 101)
    tells("msgnet", "apply", film, film, "-o", tmp_path / "out.png", *words)
    (tmp_path / "jobs.csv").write_text(
        "job,content,style,model,size,style-size\n"
        f"msgnet,in/film.png,{STYLE},{model},101,60\nmsgnet,{CONTENT},{STYLE},{model},101,60\n"
    )
    words = ("-o", tmp_path / "b", "--no-score", "--batch-size", 1)
    assert call("batch", tmp_path / "jobs.csv", *words).code == 0
    lines = map(json.loads, (tmp_path / "b" / "results.jsonl").read_text().splitlines())
    notes = {line["output"].partition("-")[0]: line.get("notes") for line in lines}
    assert notes == {
        "film": [f"{film}: has 2 frames; only the first is used"],
        "northgate": None,
    }


def test_textures_tell(tells, film, tmp_path, texture_model):
    tells("texture", "similarity", film.parent, "-o", tmp_path / "out.csv")
    words = ("--from", film, "--to", "seed:1", "-n", 5, "-o", tmp_path / "between")
    tells("texture", "interpolate", *words, "--model", texture_model)
