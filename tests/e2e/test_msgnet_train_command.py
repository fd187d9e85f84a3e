import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from jaxtex.images import read_metadata, save_image
from jaxtex.style.msgnet import load_model

# The program of a step is that of the tests of `style.msgnet`, which takes long to compile.
TINY = (
    "--features", 2, "--size", 32, "--style-size", 32, "--batch-size", 2, "--seed", 3,
)  # fmt: skip


def folder_of(path: Path, count: int, height: int = 40, width: int = 60) -> Path:
    path.mkdir()
    rng = np.random.default_rng(count)
    for number in range(count):
        save_image(path / f"{number}.png", rng.uniform(size=(height, width, 3)))
    return path


@pytest.fixture
def data(tmp_path) -> tuple:
    """Options that name a folder of contents and one of styles."""
    contents, styles = folder_of(tmp_path / "contents", 3), folder_of(tmp_path / "styles", 2)
    return "--content", contents, "--style", styles


@pytest.fixture
def train(call, tmp_path):
    """Runs `jaxtex msgnet train` into the folder `out` unless the words name another."""

    def train(*words, output="out", code=0):
        answer = call("msgnet", "train", "-o", tmp_path / output, *words)
        assert answer.code == code, answer.err
        return answer

    return train


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_folders_become_a_model(train, data, tmp_path):
    (tmp_path / "styles" / "broken.png").write_bytes(b"nothing")
    answer = train(*data, *TINY, "--steps", 3, "--sample-every", 2, "--json")
    found = json.loads(answer.out)
    assert (found["status"], found["step"]) == ("done", 3)
    assert found["settings"]["style_sizes"] == [32]
    assert "broken.png" in found["left_out"][0]
    assert set(found["losses"]) == {"total", "content", "style"}
    model = load_model(tmp_path / "out")
    assert found["digest"] == model.digest
    assert model.metadata["source"] == "3 contents and 2 styles"
    assert "--features 2 --size 32" in model.metadata["training"]
    assert read_metadata(tmp_path / "out" / "samples-000002.png")["step"] == 2
    assert len((tmp_path / "out" / "losses.csv").read_text().splitlines()) == 4


def wait_for(what, process, seconds: float = 300.0) -> bool:
    until = time.monotonic() + seconds
    while not what() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def test_a_killed_run_ends_with_the_same_bytes(launch, train, data, tmp_path):
    words = (*data, *TINY, "--steps", 40, "--sample-every", 0, "--checkpoint-every", 0)
    train(*words, output="whole")
    folder = tmp_path / "cut"
    steps = folder / "checkpoint"

    def begun() -> bool:
        return steps.is_dir() and any(path.name.isdecimal() for path in steps.iterdir())

    process = launch("msgnet", "train", "-o", folder, *words)
    assert wait_for(begun, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    train(*words, "--resume", output="cut")
    assert files(folder) == files(tmp_path / "whole")


def test_ctrl_c_leaves_a_checkpoint_and_a_model(launch, data, tmp_path):
    words = (*data, *TINY, "--steps", 100_000, "--sample-every", 0, "--checkpoint-every", 0)
    process = launch("msgnet", "train", "-o", tmp_path / "out", *words)
    assert wait_for((tmp_path / "out" / "model.safetensors").exists, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert int(load_model(tmp_path / "out").metadata["step"]) >= 1


def test_a_used_folder_is_refused_and_can_be_overwritten(train, data):
    words = (*data, *TINY, "--steps", 1, "--sample-every", 0)
    train(*words)
    assert "holds files already" in train(*words, code=2).err
    answer = train(*words, "--overwrite", "--json")
    assert json.loads(answer.out)["step"] == 1
    changed = train(*words, "--resume", "--style-weight", 7, code=2)
    assert "differs in style_weight (5.0 there, 7.0 here)" in changed.err


def test_a_model_can_be_trained_further(train, data, tmp_path):
    words = (*data, *TINY[2:], "--steps", 1, "--sample-every", 0)
    train(*words, "--features", 2, output="first")
    train(*words, "--model", tmp_path / "first", output="second")
    first, second = (load_model(tmp_path / name) for name in ("first", "second"))
    assert second.metadata["trained_from"] == first.digest
    assert second.digest != first.digest
    answer = train(*words, "--features", 3, "--model", tmp_path / "first", output="no", code=2)
    assert "features: 3, but the model has 2" in answer.err


BAD = {
    "no content": (("--content", "nowhere"), "nowhere: no such file or folder"),
    "features": (("--features", 0), "features: 0 is not a whole number of 1 or more"),
    "size": (("--size", 16), "size: 16 is not a whole number of 32 or more"),
    "style size": (("--style-size", 8), "style_sizes: [32, 8] are not numbers of 32 or more"),
    "batch": (("--batch-size", 0), "batch_size: 0"),
    "rate": (("--learning-rate", "nan"), "learning_rate: nan"),
    "weight": (("--style-weight", -1), "style_weight: -1.0"),
    "steps": (("--steps", 0), "steps: 0"),
    "checkpoints": (("--checkpoint-every", -1), "--checkpoint-every: -1.0"),
    "model": (("--model", "none.safetensors"), "none.safetensors: no such weights file"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_sentence(train, data, tmp_path, name):
    words, message = BAD[name]
    answer = train(*data, *TINY, *words, code=2)
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_folders_without_images_are_refused(train, data, tmp_path):
    (tmp_path / "empty").mkdir()
    for option in ("--content", "--style"):
        assert "has no images" in train(*data, *TINY, option, tmp_path / "empty", code=2).err


def test_one_style_is_refused(train, data, tmp_path):
    alone = folder_of(tmp_path / "alone", 1)
    answer = train(*data[:2], "--style", alone, *TINY, code=2)
    assert "--style: 1 usable image found; at least 2 are needed" in answer.err


def test_contents_smaller_than_the_squares_are_named(train, data):
    answer = train(*data, *TINY, "--size", 48, code=2)
    assert "--content: 0 usable images found" in answer.err
    assert "is 60×40 pixels; 48×48 are needed" in answer.err
