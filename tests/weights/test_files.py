import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from jaxtex.cli import main
from jaxtex.cli.weights import weights as command
from jaxtex.errors import WeightsError
from jaxtex.weights import files as weights


@pytest.fixture(scope="module")
def shipped() -> weights.VGG16Weights:
    return weights.load_vgg16()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, shipped: weights.VGG16Weights) -> dict[str, np.ndarray]:
    """The tensors of a VGG16 that ends after conv1_2, so that its files take kilobytes."""
    channels = dict(list(weights.VGG16_CHANNELS.items())[:2])
    monkeypatch.setattr(weights, "VGG16_CHANNELS", channels)
    return {name: shipped.params[name] for name in weights.expected_shapes()}


def exit_code(arguments: list[str]) -> object:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def test_layer_table_is_vgg16s():
    assert list(weights.VGG16_CHANNELS.items())[:3] == [
        ("conv1_1", (3, 64)),
        ("conv1_2", (64, 64)),
        ("conv2_1", (64, 128)),
    ]
    assert list(weights.VGG16_CHANNELS)[-1] == "conv5_3"
    assert len(weights.VGG16_CHANNELS) == 13
    assert sum(int(np.prod(s)) for s in weights.expected_shapes().values()) == 14_714_688


def test_shipped_file_has_the_published_values_and_the_recorded_digest():
    checks = weights.verify()
    assert {check.name for check in checks} >= {"layers", "file", "tensors", "conv5_3.bias"}
    assert all(check.ok for check in checks), checks


def test_shipped_file_loads_as_float32_with_the_caffe_mean(shipped: weights.VGG16Weights):
    assert shipped.mean == (103.939, 116.779, 123.68)
    assert {array.dtype for array in shipped.params.values()} == {np.dtype(np.float32)}
    assert shipped.params["conv1_1.kernel"][0, 0, 0, 0] == np.float32(0.42947057)
    assert shipped.metadata["licence"].startswith("CC BY 4.0")
    assert "Visual Geometry Group" in shipped.metadata["attribution"]


def test_sources_page_names_the_shipped_digests(shipped: weights.VGG16Weights):
    page = (weights.directory() / "SOURCES.md").read_text()
    assert weights.digest(weights.vgg16_path()) in page
    assert shipped.metadata["source_sha256"] in page


def test_loading_imports_neither_jax_nor_torch():
    code = (
        "import sys; from jaxtex import weights; weights.load_vgg16(); "
        "print([m for m in ('jax', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_installed_package_finds_its_own_weights_before_a_neighbour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "site-packages" / "jaxtex"
    (package / "_weights").mkdir(parents=True)
    (package.parent / "weights").mkdir()
    monkeypatch.setattr(weights, "__file__", str(package / "weights" / "files.py"))
    assert weights.directory() == package / "_weights"


def test_written_file_is_deterministic_and_read_back(tmp_path: Path):
    tensors = {
        "b": np.arange(6, dtype=np.float32).reshape(2, 3),
        "a": np.ones((), np.float16),
        "empty": np.zeros((0, 3), np.int32),
    }
    one, two = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    weights.write_safetensors(one, tensors, {"x": "1", "y": "ü"})
    weights.write_safetensors(two, dict(reversed(tensors.items())), {"y": "ü", "x": "1"})
    assert one.read_bytes() == two.read_bytes()
    back, metadata = weights.read_safetensors(one)
    assert metadata == {"x": "1", "y": "ü"}
    for name, array in tensors.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_written_file_is_read_by_the_safetensors_library(tmp_path: Path):
    from safetensors.numpy import load_file

    array = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    weights.write_safetensors(tmp_path / "f.safetensors", {"array": array}, {})
    np.testing.assert_array_equal(load_file(tmp_path / "f.safetensors")["array"], array)


def test_float16_is_widened(tmp_path: Path, small: dict[str, np.ndarray]):
    half = {name: array.astype(np.float16) for name, array in small.items()}
    weights.write_safetensors(tmp_path / "half.safetensors", half, {})
    loaded = weights.load_vgg16(tmp_path / "half.safetensors")
    for name, array in half.items():
        assert loaded.params[name].dtype == np.float32
        np.testing.assert_array_equal(loaded.params[name], array)


def test_bfloat16_is_widened(tmp_path: Path, small: dict[str, np.ndarray]):
    # A bfloat16 is the upper half of a float32.
    upper = {name: (array.view(np.uint32) >> 16).astype("<u2") for name, array in small.items()}
    file = tmp_path / "brain.safetensors"
    weights.write_safetensors(file, {name: half.view("<f2") for name, half in upper.items()}, {})
    data = file.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = data[8:end].replace(b'"F16"', b'"BF16"')
    file.write_bytes(len(header).to_bytes(8, "little") + header + data[end:])
    loaded = weights.load_vgg16(file)
    for name, half in upper.items():
        np.testing.assert_array_equal(loaded.params[name].view(np.uint32) >> 16, half)
        np.testing.assert_allclose(loaded.params[name], small[name], rtol=2**-7)


def test_mean_comes_from_the_file(tmp_path: Path, small: dict[str, np.ndarray]):
    file = tmp_path / "f.safetensors"
    weights.write_safetensors(file, small, {"mean": "103.53,116.28,123.675"})
    assert weights.load_vgg16(file).mean == (103.53, 116.28, 123.675)


@pytest.mark.parametrize("mean", ["1,2", "a,b,c", "1,2,300", "nan,1,1"])
def test_bad_mean_is_refused(tmp_path: Path, small: dict[str, np.ndarray], mean: str):
    file = tmp_path / "f.safetensors"
    weights.write_safetensors(file, small, {"mean": mean})
    with pytest.raises(WeightsError, match="three BGR values"):
        weights.load_vgg16(file)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"none\.safetensors: no such weights file"):
        weights.load_vgg16(tmp_path / "none.safetensors")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_file_is_refused(tmp_path: Path, small: dict[str, np.ndarray], keep: int):
    file = tmp_path / "f.safetensors"
    weights.write_safetensors(file, small, {})
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=r"f\.safetensors: is not a whole"):
        weights.load_vgg16(file)


def test_garbage_is_refused(tmp_path: Path):
    file = tmp_path / "f.safetensors"
    file.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(WeightsError, match="is not a whole"):
        weights.describe(file)


def test_other_architecture_is_refused(tmp_path: Path):
    file = tmp_path / "f.safetensors"
    weights.write_safetensors(file, {"w": np.ones(3, np.float32)}, {"architecture": "dcgan"})
    with pytest.raises(WeightsError, match="holds weights of dcgan; vgg16 is needed"):
        weights.load_vgg16(file)


def test_first_missing_layer_is_named(tmp_path: Path, small: dict[str, np.ndarray]):
    file = tmp_path / "f.safetensors"
    del small["conv1_2.kernel"], small["conv1_2.bias"]
    weights.write_safetensors(file, small, {})
    with pytest.raises(WeightsError, match=r"has no conv1_2\.kernel"):
        weights.load_vgg16(file)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones(63, np.float32), r"shape \[63\]; \[64\] is needed"),
        (np.ones(64, np.float64), "is float64; float32"),
        (np.full(64, np.nan, np.float32), "not finite"),
        (np.full(64, np.inf, np.float16), "not finite"),
    ],
)
def test_unusable_tensor_is_refused(
    tmp_path: Path, small: dict[str, np.ndarray], array: np.ndarray, message: str
):
    file = tmp_path / "f.safetensors"
    weights.write_safetensors(file, small | {"conv1_2.bias": array}, {})
    with pytest.raises(WeightsError, match=rf"conv1_2\.bias.*{message}"):
        weights.load_vgg16(file)


def test_replaced_shipped_file_is_refused_at_load(
    tmp_path: Path, small: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(weights, "directory", lambda: tmp_path)
    weights.write_safetensors(tmp_path / "vgg16.safetensors", small, {})
    with pytest.raises(WeightsError, match="is not the file that jaxtex ships"):
        weights.load_vgg16()


def test_changed_value_fails_verification(
    tmp_path: Path, shipped: weights.VGG16Weights, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "vgg16.safetensors"
    shutil.copyfile(weights.vgg16_path(), copy)
    monkeypatch.setattr(weights, "directory", lambda: tmp_path)
    # The last float of the file: the header stays valid, and no published value is touched.
    with copy.open("rb+") as file:
        file.seek(-4, 2)
        file.write(np.float32(0.5).tobytes())
    failed = {check.name for check in weights.verify() if not check.ok}
    assert failed == {"file", "tensors"}
    assert exit_code(["weights", "verify"]) == 1


def test_other_weights_fail_the_published_values(tmp_path: Path, shipped: weights.VGG16Weights):
    file = tmp_path / "other.safetensors"
    bias = shipped.params["conv1_2.bias"] + np.float32(1)
    weights.write_safetensors(file, shipped.params | {"conv1_2.bias": bias}, {})
    failed = {check.name: check.detail for check in weights.verify(file) if not check.ok}
    assert failed.keys() == {"tensors", "conv1_2.bias"}
    assert "the original begins -0.30912212" in failed["conv1_2.bias"]


def test_verify_prints_one_line_a_check():
    done = CliRunner().invoke(command, ["verify"])
    assert done.exit_code == 0
    assert len(done.stdout.splitlines()) == len(weights.verify())


def test_verify_json_lists_the_checks():
    found = json.loads(CliRunner().invoke(command, ["verify", "--json"]).stdout)
    assert found["ok"] is True
    assert found["checks"][0]["name"] == "layers"


def test_info_json_lists_the_tensors_in_the_networks_order():
    found = json.loads(CliRunner().invoke(command, ["info", "--json"]).stdout)
    assert found["parameters"] == 14_714_688
    assert found["tensors"][0] == {
        "name": "conv1_1.kernel",
        "shape": [3, 3, 3, 64],
        "dtype": "float32",
    }


def test_info_names_source_licence_and_layers():
    done = CliRunner().invoke(command, ["info"])
    assert done.exit_code == 0
    for text in ("licence: CC BY 4.0", "SHA-256", "conv5_3.kernel   3×3×512×512"):
        assert text in done.stdout


def test_damaged_file_exits_2_with_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "f.safetensors"
    file.write_bytes(b"no weights")
    assert exit_code(["weights", "verify", str(file)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"jaxtex: {file}: ")
    assert len(printed.err.splitlines()) == 1
