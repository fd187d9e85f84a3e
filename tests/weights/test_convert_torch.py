"""A file of PyTorch computes, once converted, what it computed where it came from."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from vgg_files import (
    Params,
    Payload,
    assert_same,
    features,
    normalised,
    oihw,
    original_features,
    rgb,
    save_torch,
    state_dict,
    torch_features,
)

from jaxtex.errors import WeightsError
from jaxtex.weights import files as weights
from jaxtex.weights import foreign as foreign_weights
from jaxtex.weights.convert import convert


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
