"""A file of Keras, ONNX, NumPy or our own computes, once converted, what it computed there.

The whole network is converted where the count of layers matters.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vgg_files import (
    BLOCK_1,
    Params,
    Payload,
    assert_same,
    features,
    normalised,
    oihw,
    original_features,
    rgb,
    state_dict,
    torch_features,
)

from jaxtex.errors import WeightsError
from jaxtex.weights import files as weights
from jaxtex.weights.convert import convert

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
