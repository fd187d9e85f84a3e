"""What cannot be converted is refused by name, and the command says what it saw."""

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from vgg_files import Params, save_small

from jaxtex.cli import main
from jaxtex.cli.weights import weights as command
from jaxtex.errors import OutputError, WeightsError
from jaxtex.weights import foreign as foreign_weights
from jaxtex.weights.convert import convert


def test_missing_layer_is_named_and_nothing_is_written(tmp_path: Path, small: Params):
    del small["conv1_2.bias"]
    source = save_small(tmp_path / "v.npz", small)
    with pytest.raises(WeightsError, match=r"v\.npz: has no bias of conv1_2"):
        convert(source, tmp_path / "out.safetensors")
    assert list(tmp_path.iterdir()) == [source]


def test_vgg19_is_refused_by_its_first_other_layer(tmp_path: Path, genuine: Params):
    # In VGG19's `features`, 16 is conv3_4 and conv4_1 comes at 19 instead of 17.
    numbers = {n: k for k, n in foreign_weights._FEATURES.items() if k < 15}
    state = {
        f"features.{numbers[layer]}.{role}": genuine[f"{layer}.{ours}"]
        for layer in numbers
        for role, ours in (("weight", "kernel"), ("bias", "bias"))
    }
    source = save_small(tmp_path / "v.npz", state | {"features.16.bias": np.zeros(256, "f")})
    with pytest.raises(WeightsError, match="has no kernel of conv4_1"):
        convert(source, tmp_path / "out.safetensors")


def test_single_array_is_refused(tmp_path: Path):
    np.save(tmp_path / "v.npy", np.zeros(3))
    (tmp_path / "v.npy").rename(tmp_path / "v.npz")
    with pytest.raises(WeightsError, match="is a single array"):
        convert(tmp_path / "v.npz", tmp_path / "out.safetensors")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("conv1_2.kernel", np.zeros((3, 3, 64, 32), "f"), r"\[3, 3, 64, 32\]; .* is needed"),
        ("conv1_2.bias", np.zeros(32, "f"), r"\[32\]; \[64\] is needed"),
        ("conv1_1.kernel", np.zeros((64, 3, 3, 3), "f"), "one layout is needed"),
        ("conv1_2.bias", np.zeros(64, np.int8), "floats are needed"),
        ("conv1_2.bias", np.full(64, np.nan, "f"), "not finite"),
        ("ema/conv1_2.bias", np.zeros(64, "f"), "both .* look like the bias of conv1_2"),
    ],
)
def test_tensor_of_another_network_is_refused(
    tmp_path: Path, small: Params, name: str, array: np.ndarray, message: str
):
    source = save_small(tmp_path / "v.npz", small | {name: array})
    with pytest.raises(WeightsError, match=message):
        convert(source, tmp_path / "out.safetensors")


def test_told_layout_must_fit(tmp_path: Path, small: Params):
    source = save_small(tmp_path / "v.npz", small)
    with pytest.raises(WeightsError, match=r"\[64, 3, 3, 3\] is needed"):
        convert(source, tmp_path / "out.safetensors", layout="oihw")


@pytest.mark.parametrize("suffix", [".pth", ".h5", ".onnx", ".npz", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x80\x02garbage" * 20])
def test_damaged_file_is_refused(tmp_path: Path, suffix: str, content: bytes):
    pytest.importorskip({".pth": "torch", ".h5": "h5py", ".onnx": "onnx"}.get(suffix, "numpy"))
    source = tmp_path / f"v{suffix}"
    source.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"v\{suffix}: ") as error:
        convert(source, tmp_path / "out.safetensors")
    assert len(str(error.value).splitlines()) == 1


def test_truncated_archive_is_refused(tmp_path: Path, small: Params):
    whole = io.BytesIO()
    np.savez(whole, **small)
    (tmp_path / "v.npz").write_bytes(whole.getvalue()[:-3000])
    with pytest.raises(WeightsError, match="cannot be read as"):
        convert(tmp_path / "v.npz", tmp_path / "out.safetensors")


@pytest.mark.parametrize(
    ("source", "message"), [("v.ckpt", "allowed are .pth"), ("none.npz", "no such weights file")]
)
def test_unknown_source_is_refused(tmp_path: Path, source: str, message: str):
    (tmp_path / "v.ckpt").write_bytes(b"")
    with pytest.raises(WeightsError, match=message):
        convert(tmp_path / source, tmp_path / "out.safetensors")


def test_destination_is_checked_first(tmp_path: Path, small: Params):
    source = save_small(tmp_path / "v.npz", small)
    with pytest.raises(WeightsError, match=r"must end in \.safetensors"):
        convert(source, tmp_path / "out.npz")
    (tmp_path / "out.safetensors").write_bytes(b"")
    with pytest.raises(OutputError, match="exists already"):
        convert(source, tmp_path / "out.safetensors")
    convert(source, tmp_path / "out.safetensors", overwrite=True)


def test_command_reports_what_it_saw(tmp_path: Path, small: Params):
    source = save_small(tmp_path / "v.npz", small)
    arguments = ["convert", str(source), str(tmp_path / "out.safetensors")]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0
    assert "source hwio, bgr, caffe input" in done.stdout
    done = CliRunner().invoke(command, [*arguments, "--json", "--overwrite", "--channels", "rgb"])
    assert '"recognised_by": "options and' in done.stdout


def test_command_exits_2_on_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main(["weights", "convert", str(tmp_path / "none.pth"), str(tmp_path / "o.safetensors")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("jaxtex: ")
