"""Every kind of source computes, once converted, what it computed where it came from.

The network is cut to conv1_1 and conv1_2, with the genuine weights, so that files take kilobytes;
the whole network is converted where the count of layers matters.
"""

import io
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.signal import correlate

from jaxtex.cli import main
from jaxtex.cli.weights import weights as command
from jaxtex.errors import OutputError, WeightsError
from jaxtex.weights import convert as convert_module
from jaxtex.weights import files as weights
from jaxtex.weights import foreign as foreign_weights
from jaxtex.weights.convert import convert

Params = dict[str, np.ndarray]

TORCHVISION_MEAN = np.array([0.485, 0.456, 0.406])
TORCHVISION_STD = np.array([0.229, 0.224, 0.225])
BLOCK_1 = {"conv1_1": 0, "conv1_2": 2}
IMAGE = np.random.default_rng(0).uniform(0, 255, (9, 12, 3))  # RGB


@pytest.fixture(scope="module")
def genuine() -> Params:
    return weights.load_vgg16().params


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, genuine: Params) -> Params:
    channels = dict(list(weights.VGG16_CHANNELS.items())[:2])
    for module in (weights, convert_module, foreign_weights):
        monkeypatch.setattr(module, "VGG16_CHANNELS", channels)
    return {name: genuine[name] for name in weights.expected_shapes()}


def convolutions(x: np.ndarray, params: Params) -> list[np.ndarray]:
    """conv1_1 and conv1_2 of `x` [h, w, 3] in float64, zero padded, by SciPy."""
    found = []
    for layer in BLOCK_1:
        kernel, bias = params[f"{layer}.kernel"].astype(float), params[f"{layer}.bias"]
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        out = [correlate(padded, kernel[..., o], "valid")[..., 0] for o in range(64)]
        found.append(np.stack(out, axis=-1) + bias)
        x = np.maximum(found[-1], 0)
    return found


def features(file: Path) -> list[np.ndarray]:
    """conv1_1 and conv1_2 of the test image as jaxtex computes them."""
    loaded = weights.load_vgg16(file)
    return convolutions(IMAGE[..., ::-1] - loaded.mean, loaded.params)


def original_features(params: Params) -> list[np.ndarray]:
    return convolutions(IMAGE[..., ::-1] - weights.CAFFE_MEAN, params)


def assert_same(found: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).std())


def rgb(params: Params) -> Params:
    return params | {"conv1_1.kernel": params["conv1_1.kernel"][:, :, ::-1]}


def normalised(params: Params) -> Params:
    """The same function of torchvision's RGB input, but for the means."""
    kernel = rgb(params)["conv1_1.kernel"] * (255 * TORCHVISION_STD)[:, None]
    return params | {"conv1_1.kernel": kernel.astype(np.float32)}


def oihw(params: Params) -> Params:
    return {name: a.transpose(3, 2, 0, 1) if a.ndim == 4 else a for name, a in params.items()}


def state_dict(params: Params, prefix: str = "features") -> dict[str, Any]:
    torch = pytest.importorskip("torch", reason="torch writes the .pth file")
    state = {}
    for name, array in oihw(params).items():
        layer, _, role = name.partition(".")
        number = {v: k for k, v in foreign_weights._FEATURES.items()}[layer]
        role = {"kernel": "weight", "bias": "bias"}[role]
        state[f"{prefix}.{number}.{role}"] = torch.tensor(array.copy())
    return state


def torch_features(state: dict[str, Any]) -> list[np.ndarray]:
    """conv1_1 and conv1_2 of the test image as torchvision computes them."""
    torch = pytest.importorskip("torch")
    x = torch.tensor((IMAGE / 255 - TORCHVISION_MEAN) / TORCHVISION_STD).permute(2, 0, 1)[None]
    found = []
    for number in (0, 2):
        kernel, bias = (state[f"features.{number}.{role}"].double() for role in ("weight", "bias"))
        x = torch.nn.functional.conv2d(x, kernel, bias, padding=1)
        found.append(x[0].permute(1, 2, 0).numpy())
        x = x.relu()
    return found


def save_torch(file: Path, state: Any) -> Path:
    torch = pytest.importorskip("torch", reason="torch writes the .pth file")
    torch.save(state, file)
    return file


# PyTorch


def test_numbers_in_features_are_those_of_convolution_relu_and_pool():
    numbers, number = [], 0
    for block in (2, 2, 3, 3, 3):
        for _ in range(block):
            numbers.append(number)
            number += 2
        number += 1
    assert list(foreign_weights._FEATURES) == numbers


def test_torchvision_file_computes_the_same_up_to_the_border(tmp_path: Path, small: Params):
    state = state_dict(normalised(small))
    source = save_torch(tmp_path / "vgg16.pth", state)
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["layout"], report["channels"], report["input_range"]) == (
        "oihw",
        "rgb",
        "torchvision",
    )
    assert report["mean_bgr"] == pytest.approx([103.53, 116.28, 123.675])
    assert_same(features(tmp_path / "out.safetensors"), torch_features(state))


def test_retrained_torchvision_file_is_told_by_its_names(tmp_path: Path, small: Params):
    # torchvision's own kernels are as large as the original's: only the filters differ.
    other = np.random.default_rng(1).normal(0, 0.2, (3, 3, 3, 64)).astype(np.float32)
    state = state_dict(small | {"conv1_1.kernel": other})
    source = save_torch(tmp_path / "vgg16.pth", state)
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["input_range"], report["recognised_by"]) == ("torchvision", "torchvision names")
    assert not report["original_oxford_weights"]
    assert_same(features(tmp_path / "out.safetensors"), torch_features(state))


def test_jcjohnson_file_with_torchvision_names_is_seen_as_bgr(tmp_path: Path, small: Params):
    source = save_torch(tmp_path / "vgg16.pth", state_dict(small))
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["channels"], report["input_range"]) == ("bgr", "caffe")
    for name, array in weights.load_vgg16(tmp_path / "out.safetensors").params.items():
        np.testing.assert_array_equal(array, small[name])


def test_original_file_for_rgb_is_flipped(tmp_path: Path, small: Params):
    source = save_torch(tmp_path / "vgg16.pth", state_dict(rgb(small)))
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["channels"], report["input_range"]) == ("rgb", "caffe")
    assert_same(features(tmp_path / "out.safetensors"), original_features(small))


def test_fine_tuned_original_is_still_seen_as_bgr(tmp_path: Path, small: Params):
    noise = np.random.default_rng(2).normal(0, 0.05, (3, 3, 3, 64)).astype(np.float32)
    state = state_dict(small | {"conv1_1.kernel": small["conv1_1.kernel"] + noise})
    source = save_torch(tmp_path / "vgg16.pth", state)
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["channels"], report["input_range"]) == ("bgr", "caffe")


def test_options_are_stronger_than_what_is_seen(tmp_path: Path, small: Params):
    source = save_torch(tmp_path / "vgg16.pth", state_dict(normalised(small)))
    report = convert(
        source, tmp_path / "out.safetensors", channels="bgr", input_range="caffe", layout="oihw"
    )
    assert report["recognised_by"] == "options"
    kernel = weights.load_vgg16(tmp_path / "out.safetensors").params["conv1_1.kernel"]
    np.testing.assert_array_equal(kernel, normalised(small)["conv1_1.kernel"])


def test_kernel_of_another_scale_asks_for_the_input_range(tmp_path: Path, small: Params):
    state = state_dict(small | {"conv1_1.kernel": small["conv1_1.kernel"] * 255})
    source = save_torch(tmp_path / "vgg16.pth", state)
    with pytest.raises(WeightsError, match=r"255 times the original's.*--input-range"):
        convert(source, tmp_path / "out.safetensors")


@pytest.mark.parametrize("wrapper", ["state_dict", "model"])
def test_nested_and_prefixed_state_is_found(tmp_path: Path, small: Params, wrapper: str):
    state = {"epoch": 3, wrapper: state_dict(small, prefix="module.features")}
    source = save_torch(tmp_path / "vgg16.pt", state)
    convert(source, tmp_path / "out.safetensors")
    assert_same(features(tmp_path / "out.safetensors"), original_features(small))


def test_caffe_names_and_half_precision_are_taken(tmp_path: Path, small: Params):
    state = {name.replace("kernel", "weight"): array for name, array in oihw(small).items()}
    torch = pytest.importorskip("torch")
    state = {name: torch.tensor(array.copy()).half() for name, array in state.items()}
    convert(save_torch(tmp_path / "vgg16.pth", state), tmp_path / "out.safetensors")
    for name, array in weights.load_vgg16(tmp_path / "out.safetensors").params.items():
        np.testing.assert_array_equal(array, small[name].astype(np.float16))


class Payload:
    """Unpickled without protection, this creates a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_code_in_a_pickle_is_refused_and_does_not_run(tmp_path: Path, small: Params, writer: str):
    marker, source = tmp_path / "ran", tmp_path / "vgg16.pth"
    state = state_dict(small) | {"payload": Payload(marker)}
    if writer == "torch":
        save_torch(source, state)
    else:
        source.write_bytes(pickle.dumps(state))
    with pytest.raises(WeightsError, match="damaged or not plain tensors"):
        convert(source, tmp_path / "out.safetensors")
    assert not marker.exists()
    assert not (tmp_path / "out.safetensors").exists()


def test_absent_torch_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    (tmp_path / "vgg16.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"needs torch; pip install 'jaxtex\[convert\]'"):
        convert(tmp_path / "vgg16.pth", tmp_path / "out.safetensors")


def test_torch_that_may_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    (tmp_path / "vgg16.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"needs torch 2\.6"):
        convert(tmp_path / "vgg16.pth", tmp_path / "out.safetensors")


# Keras


def keras_2(file: Any, params: Params, template: str) -> None:
    for name, array in params.items():
        layer, _, role = name.partition(".")
        block = f"block{layer[4]}_conv{layer[6]}"
        file[
            template.format(
                block=block, role=role, letter="Wb"[role == "bias"], variable=int(role == "bias")
            )
        ] = array


def keras_3(file: Any, params: Params, template: str) -> None:
    for name, array in params.items():
        layer, _, role = name.partition(".")
        # Numbers need not start at 0 where a process built other models before.
        number = 9 + list(BLOCK_1).index(layer)
        file[template.format(number=number, variable=int(role == "bias"))] = array


@pytest.mark.parametrize(
    ("write", "template"),
    [
        (keras_2, "{block}/{block}_{letter}_1:0"),
        (keras_2, "{block}/{block}/{role}:0"),
        (keras_2, "layers/{block}/vars/{variable}"),
        (keras_2, "model_weights/{block}/{block}/{role}:0"),
        (keras_3, "layers/conv2d_{number}/vars/{variable}"),
        (keras_3, "layers/functional/layers/conv2d_{number}/vars/{variable}"),
    ],
)
def test_keras_file_computes_the_same(
    tmp_path: Path, small: Params, write: Callable[..., None], template: str
):
    h5py = pytest.importorskip("h5py", reason="h5py writes the .h5 file")
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        write(file, small, template)
        file["optimizer_weights/adam/block1_conv1/kernel:0"] = np.zeros((3, 3, 3, 64))
    report = convert(tmp_path / "vgg16.h5", tmp_path / "out.safetensors")
    assert (report["layout"], report["channels"]) == ("hwio", "bgr")
    assert_same(features(tmp_path / "out.safetensors"), original_features(small))


# ONNX


def save_onnx(file: Path, params: Params, names: Callable[[str, str], str]) -> Path:
    onnx = pytest.importorskip("onnx", reason="onnx writes the .onnx file")
    nodes, stored, x = [], [], "input"
    for name, array in oihw(params).items():
        stored.append(onnx.numpy_helper.from_array(array.copy(), names(*name.split("."))))
    for layer in BLOCK_1:
        inputs = [x, names(layer, "kernel"), names(layer, "bias")]
        nodes.append(onnx.helper.make_node("Conv", inputs, [layer], pads=[1] * 4))
        x = layer
    # The order of the initialisers says nothing.
    graph = onnx.helper.make_graph(nodes, "vgg16", [], [], initializer=stored[::-1])
    file.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    return file


def test_onnx_file_with_keras_names_computes_the_same(tmp_path: Path, small: Params):
    source = save_onnx(
        tmp_path / "vgg16.onnx", small, lambda layer, role: f"m/block1_conv{layer[6]}_1/{role}:0"
    )
    convert(source, tmp_path / "out.safetensors")
    assert_same(features(tmp_path / "out.safetensors"), original_features(small))


def test_onnx_file_without_names_is_taken_in_the_order_of_its_graph(tmp_path: Path, small: Params):
    order = {"conv1_1": 7, "conv1_2": 3}
    source = save_onnx(
        tmp_path / "vgg16.onnx",
        normalised(small),
        lambda layer, role: f"onnx::{order[layer]}{role[0]}",
    )
    report = convert(source, tmp_path / "out.safetensors")
    assert (report["channels"], report["input_range"]) == ("rgb", "torchvision")
    state = state_dict(normalised(small))
    assert_same(features(tmp_path / "out.safetensors"), torch_features(state))


def test_onnx_file_that_tells_nothing_asks_for_options(tmp_path: Path, small: Params):
    other = np.random.default_rng(1).normal(0, 0.2, (3, 3, 3, 64)).astype(np.float32)
    source = save_onnx(
        tmp_path / "vgg16.onnx",
        small | {"conv1_1.kernel": other},
        lambda layer, role: f"{layer[-1]}{role}",
    )
    with pytest.raises(WeightsError, match="give --channels and --input-range"):
        convert(source, tmp_path / "out.safetensors")
    report = convert(
        source, tmp_path / "out.safetensors", channels="rgb", input_range="torchvision"
    )
    assert report["recognised_by"] == "options"


# NumPy and safetensors


def test_vgg16_weights_npz_is_flipped_to_bgr(tmp_path: Path, small: Params):
    stored = {n.replace(".kernel", "_W").replace(".bias", "_b"): a for n, a in rgb(small).items()}
    np.savez(tmp_path / "vgg16_weights.npz", **stored)
    report = convert(tmp_path / "vgg16_weights.npz", tmp_path / "out.safetensors")
    assert (report["layout"], report["channels"]) == ("hwio", "rgb")
    assert_same(features(tmp_path / "out.safetensors"), original_features(small))


def test_npz_of_other_weights_is_told_by_its_names(tmp_path: Path, small: Params):
    kernel = np.random.default_rng(1).normal(0, 0.2, (3, 3, 3, 64)).astype(np.float32)
    other = small | {"conv1_1.kernel": kernel}
    stored = {n.replace(".kernel", "_W").replace(".bias", "_b"): a for n, a in rgb(other).items()}
    np.savez(tmp_path / "vgg16_weights.npz", **stored)
    report = convert(tmp_path / "vgg16_weights.npz", tmp_path / "out.safetensors")
    assert (report["channels"], report["input_range"]) == ("rgb", "caffe")
    assert_same(features(tmp_path / "out.safetensors"), original_features(other))


def test_pickled_arrays_in_an_npz_are_refused(tmp_path: Path, small: Params):
    marker = tmp_path / "ran"
    np.savez(tmp_path / "v.npz", conv1_1_W=np.array([Payload(marker)], dtype=object))
    with pytest.raises(WeightsError, match="not plain tensors"):
        convert(tmp_path / "v.npz", tmp_path / "out.safetensors")
    assert not marker.exists()


def test_converted_file_is_converted_to_the_same_function(tmp_path: Path, small: Params):
    stored = {
        f"features.{BLOCK_1[name[:7]]}.{'weight' if array.ndim == 4 else 'bias'}": array
        for name, array in oihw(normalised(small)).items()
    }
    np.savez(tmp_path / "v.npz", **stored)
    convert(tmp_path / "v.npz", tmp_path / "1.safetensors")
    report = convert(tmp_path / "1.safetensors", tmp_path / "2.safetensors")
    assert report["mean_bgr"] == pytest.approx([103.53, 116.28, 123.675])
    one, two = (weights.load_vgg16(tmp_path / f"{n}.safetensors") for n in (1, 2))
    assert one.mean == two.mean
    for name, array in one.params.items():
        np.testing.assert_array_equal(array, two.params[name])


def test_whole_network_is_known_as_the_original_in_any_file(tmp_path: Path, genuine: Params):
    stored = {n.replace(".kernel", "_W").replace(".bias", "_b"): a for n, a in rgb(genuine).items()}
    np.savez(tmp_path / "v.npz", **stored, fc6_W=np.zeros((2, 2)))
    report = convert(tmp_path / "v.npz", tmp_path / "out.safetensors")
    assert report["original_oxford_weights"]
    checks = weights.verify(tmp_path / "out.safetensors")
    assert all(check.ok for check in checks), checks
    metadata = weights.load_vgg16(tmp_path / "out.safetensors").metadata
    assert metadata["licence"].startswith("CC BY 4.0")
    assert metadata["source_sha256"] == weights.digest(tmp_path / "v.npz")


def test_other_weights_claim_no_licence(tmp_path: Path, small: Params):
    np.savez(tmp_path / "v.npz", **{n: a * 1.1 for n, a in small.items()})
    report = convert(tmp_path / "v.npz", tmp_path / "out.safetensors")
    assert not report["original_oxford_weights"]
    metadata = weights.load_vgg16(tmp_path / "out.safetensors").metadata
    assert metadata["licence"] == "unknown: see the source"


# What is refused


def save_small(file: Path, params: Params) -> Path:
    np.savez(file, **params)
    return file


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
