"""Foreign files of VGG16, and what its first layers compute.

The network is cut to conv1_1 and conv1_2, with the genuine weights, so that files take kilobytes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate

from jaxtex.weights import files as weights
from jaxtex.weights import foreign as foreign_weights

Params = dict[str, np.ndarray]

TORCHVISION_MEAN = np.array([0.485, 0.456, 0.406])
TORCHVISION_STD = np.array([0.229, 0.224, 0.225])
BLOCK_1 = {"conv1_1": 0, "conv1_2": 2}
IMAGE = np.random.default_rng(0).uniform(0, 255, (9, 12, 3))  # RGB


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


class Payload:
    """Unpickled without protection, this creates a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.marker,)


def save_small(file: Path, params: Params) -> Path:
    np.savez(file, **params)
    return file
