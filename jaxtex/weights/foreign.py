"""Weights files of PyTorch, Keras, ONNX and NumPy as named arrays; no file's code is run.

Names are those that such files have in the wild: torchvision's and jcjohnson's numbered features,
Keras' blocks, Caffe's layers, or none at all, where the order of an ONNX graph counts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jaxtex.errors import JaxtexError, WeightsError, first_line
from jaxtex.weights import files, msgnet_names
from jaxtex.weights.layers import VGG16_CHANNELS

# Where torchvision's and jcjohnson's `features` hold their convolutions.
_FEATURES = dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), VGG16_CHANNELS, strict=True))


@dataclass(frozen=True)
class Source:
    """A file's tensors under this package's layer names, `(layer, "kernel" | "bias")`."""

    tensors: dict[tuple[str, str], np.ndarray]
    naming: str
    metadata: dict[str, str] = field(default_factory=dict)
    msgnet: dict[str, np.ndarray] = field(default_factory=dict)
    """An MSG-Net's arrays, if the file holds one."""


def read(source: Path) -> Source:
    """Reads a .pth, .pt, .model, .h5, .onnx, .npz or .safetensors file.

    Raises:
      WeightsError: it is missing, damaged, of another kind, or what reads it is not installed.
    """
    readers: dict[str, Callable[[Path], Source]] = {
        ".pth": _read_torch,
        ".pt": _read_torch,
        ".model": _read_torch,
        ".h5": _read_keras,
        ".onnx": _read_onnx,
        ".npz": _read_npz,
        ".safetensors": _read_safetensors,
    }
    if not source.is_file():
        raise WeightsError(f"{source}: no such weights file")
    reader = readers.get(source.suffix.lower())
    if reader is None:
        raise WeightsError(f"{source}: unknown kind of weights; allowed are {', '.join(readers)}")
    try:
        return reader(source)
    except JaxtexError:
        raise
    except ImportError as error:
        raise WeightsError(
            f"{source}: reading {source.suffix} needs {error.name}; pip install 'jaxtex[convert]'"
        ) from None
    # The parsers of foreign formats raise exceptions of every kind on damaged files.
    except Exception as error:
        raise WeightsError(
            f"{source}: cannot be read as {source.suffix}: it is damaged or not plain tensors "
            f"({first_line(error)})"
        ) from None


def _read_torch(source: Path) -> Source:
    import torch

    if tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2]) < (2, 6):
        # CVE-2025-32434: before 2.6 even weights_only=True could be made to run code.
        raise WeightsError(f"{source}: reading it safely needs torch 2.6, not {torch.__version__}")
    state = torch.load(source, weights_only=True, map_location="cpu")
    for key in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping):
        raise WeightsError(f"{source}: holds no state dict; save model.state_dict()")
    msgnet = msgnet_names.recognised(state)
    arrays = {
        name: tensor.detach().to(torch.float32).numpy()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor) and (msgnet or _place(name))
    }
    if msgnet:
        return Source({}, "msgnet", msgnet=msgnet_names.convert(arrays, source))
    return _matched(arrays, source)


def _read_keras(source: Path) -> Source:
    import h5py

    tensors: dict[str, np.ndarray] = {}
    unnamed: dict[tuple[int, str], np.ndarray] = {}

    def visit(name: str, node: Any) -> None:
        if not isinstance(node, h5py.Dataset) or "optimizer" in name:
            return
        if _place(name):
            tensors[name] = node[()]
        elif match := re.search(r"(?:^|/)conv2d(?:_(\d+))?/vars/([01])$", name):
            # Keras 3 numbers the layers of a class in the order of the network.
            unnamed[int(match[1] or 0), "kernel" if match[2] == "0" else "bias"] = node[()]

    with h5py.File(source, "r") as file:
        file.visititems(visit)
    if tensors or not unnamed:
        return _matched(tensors, source)
    layers = dict(zip(sorted({number for number, _ in unnamed}), VGG16_CHANNELS, strict=False))
    return Source(
        {
            (layers[number], role): array
            for (number, role), array in unnamed.items()
            if number in layers
        },
        "keras",
    )


def _read_onnx(source: Path) -> Source:
    import onnx
    from onnx import numpy_helper

    # External data would be read from paths that the file names.
    graph = onnx.load(source, load_external_data=False).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    named = {name: numpy_helper.to_array(stored[name]) for name in stored if _place(name)}
    if named:
        return _matched(named, source)
    tensors: dict[tuple[str, str], np.ndarray] = {}
    nodes = (node for node in graph.node if node.op_type == "Conv")
    for layer, node in zip(VGG16_CHANNELS, nodes, strict=False):
        for role, name in zip(("kernel", "bias"), node.input[1:3], strict=False):
            if name in stored:
                tensors[layer, role] = numpy_helper.to_array(stored[name])
    return Source(tensors, "unknown")


def _read_npz(source: Path) -> Source:
    # Opened here, because np.load leaves a damaged archive open.
    with source.open("rb") as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise WeightsError(f"{source}: is a single array, not an .npz of named ones")
        with file:
            return _matched({name: file[name] for name in file.files if _place(name)}, source)


def _read_safetensors(source: Path) -> Source:
    tensors, metadata = files.read_safetensors(source)
    if metadata.get("architecture", "vgg16") != "vgg16":
        raise WeightsError(f"{source}: holds weights of {metadata['architecture']}, not of vgg16")
    found = _matched({name: tensors[name] for name in tensors if _place(name)}, source)
    return Source(found.tensors, found.naming, metadata)


def _place(name: str) -> tuple[str, str] | None:
    """The layer that a tensor's name speaks of, and whose naming it is."""
    if re.search(r"optimizer|running_|moving_|gamma|beta|momentum|num_batches", name):
        return None
    if match := re.search(r"(?:^|[./])features\.(\d+)\.(?:weight|bias)$", name):
        layer = _FEATURES.get(int(match[1]))
        return (layer, "torchvision") if layer else None
    match = re.search(r"(?<![a-z])(block(\d)_conv(\d)|conv(\d)_(\d))(?!\d)", name)
    if match is None:
        return None
    layer = f"conv{match[2] or match[4]}_{match[3] or match[5]}"
    if match[2]:
        return layer, "keras"
    return layer, "vgg16_weights.npz" if re.search(r"_[Wb]$", name) else "caffe"


def _matched(tensors: Mapping[str, np.ndarray], source: Path) -> Source:
    """Sorts named tensors by layer and role."""
    matched: dict[tuple[str, str], np.ndarray] = {}
    names: dict[tuple[str, str], str] = {}
    naming = "unknown"
    for name, array in tensors.items():
        place = _place(name)
        if place is None:
            continue
        layer, naming = place
        key = layer, "bias" if array.ndim == 1 else "kernel"
        if key in matched:
            raise WeightsError(
                f"{source}: both {names[key]} and {name} look like the {key[1]} of {layer}; "
                "one model a file is needed"
            )
        matched[key], names[key] = array, name
    return Source(matched, naming)
