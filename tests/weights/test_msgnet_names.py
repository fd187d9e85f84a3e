"""An MSG-Net in its authors' form becomes a model file that computes the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgnet_reference import network

from jaxtex.cli import main
from jaxtex.errors import OutputError, WeightsError
from jaxtex.style.msgnet import load_model
from jaxtex.weights import files as weights
from jaxtex.weights.convert import convert

FEATURES = 2


def save(file: Path, state: Any) -> Path:
    torch = pytest.importorskip("torch", reason="torch writes the .model file")
    torch.save(state, file)
    return file


@pytest.fixture
def state() -> dict[str, Any]:
    return dict(network(FEATURES).state_dict())


def test_a_model_file_becomes_ours_with_every_weight(tmp_path: Path, state: dict[str, Any]):
    source = save(tmp_path / "styles.model", state)
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["architecture"], report["features"]) == ("msgnet", FEATURES)
    model = load_model(tmp_path / "out.safetensors")
    assert model.features == FEATURES
    assert model.digest == report["tensors_sha256"]
    assert model.metadata["converted_from"] == "styles.model"
    assert model.metadata["licence"] == "unknown: see the source"
    assert model.metadata["source_sha256"] == weights.digest(source)
    ours = sorted(float(np.abs(value).sum()) for value in model.values.values())
    theirs = sorted(float(p.detach().abs().sum()) for p in network(FEATURES).parameters())
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_files_of_old_pytorch_and_of_several_gpus_are_taken(tmp_path: Path, state: dict[str, Any]):
    """With statistics of norms that have none, names behind `module.`, and the old file format."""
    torch = pytest.importorskip("torch")
    plain = convert(save(tmp_path / "plain.model", state), tmp_path / "plain.safetensors")
    for norm in ("model1.1", "model.0.1", "model.2.conv_block.0", "model.10"):
        state |= {f"{norm}.running_mean": torch.zeros(4), f"{norm}.running_var": torch.ones(4)}
    state = {f"module.{name}": value for name, value in state.items()}
    torch.save(state, tmp_path / "old.model", _use_new_zipfile_serialization=False)
    report = convert(tmp_path / "old.model", tmp_path / "old.safetensors")
    assert report["tensors_sha256"] == plain["tensors_sha256"]


def without(name: str):
    return lambda state: {key: value for key, value in state.items() if key != name}


HARMS = {
    "missing": (without("model.8.residual_layer.conv2d.bias"), r"has no model\.8\.residual_layer"),
    "more blocks": (lambda s: s | {"model.13.weight": s["ins.weight"]}, r"has model\.13\.weight"),
    "match": (lambda s: s | {"ins.weight": s["ins.weight"][:, :6]}, r"ins\.weight has shape"),
    "shape": (
        lambda s: s | {"model1.0.conv2d.weight": s["model1.0.conv2d.weight"][:, :1]},
        r"model1\.0\.conv2d\.weight has shape \[64, 1, 7, 7\]; \[64, 3, 7, 7\] is needed",
    ),
    "infinite": (
        lambda s: s | {"ins.weight": s["ins.weight"] * float("inf")},
        "match has values that are not finite",
    ),
}


@pytest.mark.parametrize("name", HARMS)
def test_what_is_not_the_authors_network_is_refused(tmp_path: Path, state: dict[str, Any], name):
    harm, message = HARMS[name]
    source = save(tmp_path / "styles.model", harm(state))
    with pytest.raises(WeightsError, match=message):
        convert(source, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def test_code_in_a_model_file_does_not_run(tmp_path: Path, state: dict[str, Any]):
    class Code:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    source = save(tmp_path / "styles.model", {**state, "more": Code()})
    with pytest.raises(WeightsError, match="damaged or not plain tensors"):
        convert(source, tmp_path / "out.safetensors")
    assert not (tmp_path / "ran").exists()


def test_an_existing_destination_is_refused(tmp_path: Path, state: dict[str, Any]):
    source = save(tmp_path / "styles.model", state)
    (tmp_path / "out.safetensors").touch()
    with pytest.raises(OutputError, match="exists already"):
        convert(source, tmp_path / "out.safetensors")


def test_the_command_says_what_it_converted(
    tmp_path: Path, state: dict[str, Any], capsys: pytest.CaptureFixture[str]
):
    source = save(tmp_path / "styles.model", state)
    with pytest.raises(SystemExit) as stop:
        main(["weights", "convert", str(source), str(tmp_path / "out.safetensors")])
    assert not stop.value.code
    assert f"MSG-Net of {FEATURES} features" in capsys.readouterr().out
