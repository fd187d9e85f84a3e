import json
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest

from jaxtex.images import load_image, read_metadata, save_image
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.model import load_origin

TINY = ("--features", 1, "--latent-size", 4, "--batch-size", 4, "--seed", 3)
PAPERS = ("--washi", 16, *TINY)


@pytest.fixture
def train(call, tmp_path):
    """Runs `jaxtex texture train` into the folder `out` unless the words name another."""

    def train(*words, output="out", code=0):
        answer = call("texture", "train", "-o", tmp_path / output, *words)
        assert answer.code == code, answer.err
        return answer

    return train


@pytest.fixture
def photos(tmp_path) -> Path:
    """Just enough images of one size."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(16):
        save_image(folder / f"{number}.png", rng.uniform(size=(72, 80, 3)))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_folder_of_images_becomes_a_model(train, photos, tmp_path):
    (photos / "broken.png").write_bytes(b"nothing")
    answer = train("--images", photos, *TINY, "--steps", 3, "--sample-every", 2, "--json")
    found = json.loads(answer.out)
    assert found["status"] == "done"
    assert found["step"] == 3
    assert found["settings"]["augmented"] is True
    assert "broken.png" in found["left_out"][0]
    assert "left out:" in answer.err
    model = load_model(tmp_path / "out")
    assert found["digest"] == model.digest
    assert model.metadata["source"] == "16 images"
    assert (model.latent_size, model.size) == (4, 64)
    assert load_image(tmp_path / "out" / "samples-000002.png").rgb.shape[0] == 8 * 66 + 2
    assert read_metadata(tmp_path / "out" / "samples-000003.png")["step"] == 3
    assert len((tmp_path / "out" / "losses.csv").read_text().splitlines()) == 4


def test_the_model_of_each_sample_grid_is_kept_on_request(train, tmp_path):
    answer = train(*PAPERS, "--steps", 3, "--sample-every", 2, "--keep-models", "--json")
    assert {path.name for path in (tmp_path / "out").glob("model*")} == {
        "model.safetensors", "model-000002.safetensors",
    }  # fmt: skip
    kept = load_model(tmp_path / "out" / "model-000002.safetensors")
    assert kept.metadata["step"] == "2"
    train(*PAPERS, "--steps", 2, "--sample-every", 0, output="short")
    assert kept.digest == load_model(tmp_path / "short").digest != json.loads(answer.out)["digest"]


def test_washi_becomes_a_model_that_says_how_to_train_it_again(train, tmp_path):
    answer = train(*PAPERS, "--steps", 1, "--sample-every", 0)
    assert "model.safetensors: step 1" in answer.err
    metadata = load_model(tmp_path / "out").metadata
    assert metadata["source"] == "16 pictures of washi rendered by jaxtex.texture.rendered, seed 3"
    command = metadata["training"].removeprefix("jaxtex texture train ").split()
    train(*command, "--sample-every", 0, output="again")
    again = load_model(tmp_path / "again")
    assert again.digest == load_model(tmp_path / "out").digest


def wait_for(what, process, seconds: float = 300.0) -> bool:
    until = time.monotonic() + seconds
    while not what() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    return what()


def test_a_killed_run_ends_with_the_same_bytes(launch, train, tmp_path):
    words = (*PAPERS, "--steps", 400, "--sample-every", 200, "--checkpoint-every", 0)
    train(*words, output="whole")
    folder = tmp_path / "cut"
    steps = folder / "checkpoint"

    def beyond(least: int) -> bool:
        names = [path.name for path in steps.iterdir()] if steps.is_dir() else []
        return any(name.isdecimal() and int(name) >= least for name in names)

    for least in (1, 100):
        process = launch("texture", "train", "-o", folder, *words, "--resume")
        assert wait_for(lambda least=least: beyond(least), process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    train(*words, "--resume", output="cut")
    assert files(folder) == files(tmp_path / "whole")


def test_ctrl_c_leaves_a_checkpoint_and_a_model(launch, train, tmp_path):
    words = (*PAPERS, "--steps", 100_000, "--sample-every", 0, "--checkpoint-every", 0)
    process = launch("texture", "train", "-o", tmp_path / "out", *words)
    assert wait_for((tmp_path / "out" / "model.safetensors").exists, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "interrupted" in said
    step = int(load_model(tmp_path / "out").metadata["step"])
    answer = train(*PAPERS, "--steps", step + 1, "--sample-every", 0, "--resume", "--json")
    assert json.loads(answer.out)["step"] == step + 1


def test_a_used_folder_is_refused_and_can_be_overwritten(train):
    words = (*PAPERS, "--steps", 1, "--sample-every", 0)
    train(*words)
    assert "holds files already" in train(*words, code=2).err
    answer = train(*words, "--overwrite", "--json")
    assert json.loads(answer.out)["step"] == 1
    changed = train(*words, "--resume", "--learning-rate", 1e-3, code=2)
    assert "differs in learning_rate (0.0002 there, 0.001 here)" in changed.err


BAD = {
    "neither": ((), "give one of --images FOLDER, --washi N, --cloth N"),
    "both": (("--images", ".", "--washi", 99), "give one of --images FOLDER, --washi N, --cloth N"),
    "few papers": (("--washi", 15), "--washi: 15 is not a number from 16"),
    "no folder": (("--images", "nowhere"), "nowhere: no such file or folder"),
    "size": (("--washi", 16, "--size", 100), "size: 100 is not one of 64, 128"),
    "features": (("--washi", 16, "--features", 0), "features: 0"),
    "batch": (("--washi", 16, "--batch-size", 1), "batch_size: 1"),
    "steps": (("--washi", 16, "--steps", 0), "steps: 0"),
    "seed": (("--washi", 16, "--seed", -1), "seed: -1"),
    "checkpoints": (("--washi", 16, "--checkpoint-every", "nan"), "--checkpoint-every: nan"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_sentence(train, tmp_path, name):
    words, message = BAD[name]
    answer = train(*words, code=2)
    assert message in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "out").exists()


def test_a_folder_without_images_is_refused(train, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "has no images" in train("--images", tmp_path / "empty", code=2).err


def test_too_few_images_are_refused_with_the_number_needed(train, photos):
    (photos / "0.png").unlink()
    answer = train("--images", photos, code=2)
    assert "15 usable images found; at least 16 are needed" in answer.err


def test_images_smaller_than_the_size_are_named(train, photos):
    answer = train("--images", photos, "--size", 128, code=2)
    assert "is 80×72 pixels; 128×128 are needed" in answer.err


@pytest.mark.slow
def test_two_processes_train_one_model(launch, train, tmp_path, monkeypatch):
    words = (*PAPERS, "--steps", 3, "--sample-every", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", f"127.0.0.1:{port}")
    monkeypatch.setenv("JAX_NUM_PROCESSES", "2")
    processes = []
    for number in range(2):
        monkeypatch.setenv("JAX_PROCESS_ID", str(number))
        # Together they would find each other's files in a new folder.
        processes.append(launch("texture", "train", "-o", tmp_path / "two", *words, "--overwrite"))
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    for name in ("JAX_COORDINATOR_ADDRESS", "JAX_NUM_PROCESSES", "JAX_PROCESS_ID"):
        monkeypatch.delenv(name)
    train(*words, output="one")
    one, two = (
        load_origin(tmp_path / name / "model.safetensors").generator for name in ("one", "two")
    )
    np.testing.assert_allclose(one.project[...], two.project[...], atol=2e-3)
    losses = [
        np.loadtxt(tmp_path / name / "losses.csv", delimiter=",", skiprows=1)
        for name in ("one", "two")
    ]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_a_model_is_refined_and_grown(train, tmp_path):
    train(*PAPERS, "--steps", 2, "--sample-every", 0)
    begun = load_model(tmp_path / "out")
    answer = train(
        "--washi", 16, "--model", tmp_path / "out", "--size", 128, "--features", 2, "--steps", 2,
        "--batch-size", 4, "--discriminator-features", 1, "--decay-after", 1,
        "--refine-after", 1, "--grain", 2, "--sample-every", 0, "--json", output="grown",
    )  # fmt: skip
    found = json.loads(answer.out)
    assert found["settings"]["refine_after"] == 1
    grown = load_model(tmp_path / "grown")
    assert (grown.size, grown.latent_size, grown.metadata["features"]) == (128, 4, "2")
    assert grown.metadata["trained_from"] == begun.digest
    assert grown.metadata["grain"] == "2"
    rest = "--refine-after 1 --discriminator-features 1 --decay-after 1 --model FILE"
    assert rest in grown.metadata["training"]


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("--size", 96, "64 or 128"),
        ("--features", 3, "1 or 2"),
        ("--latent-size", 5, "4"),
        ("--grain", 2, "1"),
    ],
)
def test_what_does_not_fit_the_model_to_go_on_from_is_refused(
    train, tmp_path, option, value, allowed
):
    train(*PAPERS, "--grain", 1, "--steps", 1, "--sample-every", 0)
    words = ("--washi", 16, "--model", tmp_path / "out", "--steps", 2, option, value)
    answer = train(*words, output="other", code=2)
    assert f"{option}: {value} does not go with --model" in answer.err
    assert f"it must be {allowed}" in answer.err
    assert not (tmp_path / "other").exists()


def test_a_run_that_ends_before_its_second_phase_has_none(train):
    answer = train(*PAPERS, "--steps", 1, "--refine-after", 5, "--sample-every", 0, "--json")
    assert json.loads(answer.out)["settings"]["refine_after"] is None
