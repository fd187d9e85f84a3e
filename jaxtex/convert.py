"""Conversion of VGG16 files from PyTorch, Keras, ONNX and NumPy into `jaxtex.weights`' form.

That form is HWIO float32, BGR input in 0..255 minus a mean that the file carries. Convolutions are
linear, so another channel order is a flip of conv1_1's kernel, and torchvision's
(rgb / 255 - m) / s is a division of it by 255·s. The bias stays: the mean 255·m goes into the
header instead, because zero padding means "the mean's colour" and the two means differ; a bias
could not mend the border pixels.

An MSG-Net of its authors' PyTorch code is converted too; `jaxtex.convert_msgnet` has its names.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jaxtex import convert_msgnet, weights
from jaxtex.errors import JaxtexError, WeightsError, first_line
from jaxtex.files import check_output
from jaxtex.style import msgnet_file
from jaxtex.weights import VGG16_CHANNELS

Layout = Literal["oihw", "hwio"]
Channels = Literal["rgb", "bgr"]
InputRange = Literal["caffe", "torchvision"]

_TORCHVISION_MEAN = (0.485, 0.456, 0.406)  # RGB, of pixels in 0..1
_TORCHVISION_STD = (0.229, 0.224, 0.225)
# Where torchvision's and jcjohnson's `features` hold their convolutions.
_FEATURES = dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), VGG16_CHANNELS, strict=True))
_ORIGINAL = {
    "source": "VGG-16 (configuration D), https://www.robots.ox.ac.uk/~vgg/research/very_deep/",
    "licence": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    "attribution": "Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of "
    "Oxford: Very deep convolutional networks for large-scale image recognition, 2014",
}


@dataclass(frozen=True)
class _Source:
    """A file's tensors under this package's layer names, `(layer, "kernel" | "bias")`."""

    tensors: dict[tuple[str, str], np.ndarray]
    naming: str
    metadata: dict[str, str] = field(default_factory=dict)
    msgnet: dict[str, np.ndarray] = field(default_factory=dict)
    """An MSG-Net's arrays, if the file holds one."""


def convert(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    layout: Layout | None = None,
    channels: Channels | None = None,
    input_range: InputRange | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Writes the network in `source` to the .safetensors file `destination` and returns a report.

    Takes a VGG16 as .pth, .pt, .h5, .onnx, .npz or .safetensors, and an MSG-Net as the .model, .pth
    or .pt file of its authors' code. What of a VGG16 is not told is found out: the layout from the
    shapes; channels and input range by comparing conv1_1 with the original weights, and for other
    weights by the convention of the file's tensor names. No pickled code is run.

    Raises:
      WeightsError: the file is missing, damaged, of an unknown kind, or holds another network.
      OutputError: `destination` cannot be written, or exists and `overwrite` is false.
    """
    source, destination = Path(source), Path(destination)
    if destination.suffix.lower() != ".safetensors":
        raise WeightsError(f"{destination}: the converted file must end in .safetensors")
    check_output(destination, overwrite=overwrite)
    found = _read(source)
    if found.msgnet:
        return _write_msgnet(found.msgnet, source, destination)
    params, found_layout = _parameters(found, source, layout)
    order, scale, how = _convention(params["conv1_1.kernel"], found, source, channels, input_range)
    mean = _to_bgr_caffe(params, order, scale)
    if scale == "caffe" and "mean" in found.metadata:
        mean = weights.mean_of(found.metadata, source)
    tensors_sha256 = weights.tensors_digest(params)
    original = tensors_sha256 == weights.OXFORD_TENSORS_SHA256
    source_sha256 = weights.digest(source)
    origin = {"source": source.name, "licence": "unknown: see the source"}
    origin |= {key: found.metadata[key] for key in _ORIGINAL if key in found.metadata}
    metadata = (_ORIGINAL if original else origin) | {
        "architecture": "vgg16",
        "channels": "BGR",
        "converted_from": source.name,
        "input_range": "0..255 minus mean",
        "layout": "HWIO",
        "mean": ",".join(map(str, mean)),
        "source_sha256": source_sha256,
        "tensors_sha256": tensors_sha256,
    }
    weights.write_safetensors(destination, params, metadata)
    return {
        "source": str(source),
        "destination": str(destination),
        "architecture": "vgg16",
        "layout": found_layout,
        "channels": order,
        "input_range": scale,
        "recognised_by": how,
        "mean_bgr": list(mean),
        "original_oxford_weights": original,
        "source_sha256": source_sha256,
        "tensors_sha256": tensors_sha256,
        "bytes": destination.stat().st_size,
    }


def _write_msgnet(arrays: dict[str, np.ndarray], source: Path, destination: Path) -> dict[str, Any]:
    source_sha256 = weights.digest(source)
    metadata = {
        "source": source.name,
        "licence": "unknown: see the source",
        "converted_from": source.name,
        "source_sha256": source_sha256,
    }
    tensors_sha256 = msgnet_file.write(destination, arrays, metadata)
    return {
        "source": str(source),
        "destination": str(destination),
        "architecture": msgnet_file.ARCHITECTURE,
        "features": len(arrays["match"]) // 4,
        "source_sha256": source_sha256,
        "tensors_sha256": tensors_sha256,
        "bytes": destination.stat().st_size,
    }


def _parameters(
    found: _Source, source: Path, layout: Layout | None
) -> tuple[dict[str, np.ndarray], Layout]:
    """The tensors as HWIO float32, and the layout they had."""
    params: dict[str, np.ndarray] = {}
    layouts: set[Layout] = set()
    for layer, (inputs, outputs) in VGG16_CHANNELS.items():
        for role in ("kernel", "bias"):
            if (layer, role) not in found.tensors:
                raise WeightsError(
                    f"{source}: has no {role} of {layer}; "
                    "the 13 convolutions of a VGG16 without batch normalisation are needed"
                )
        kernel, bias = found.tensors[layer, "kernel"], found.tensors[layer, "bias"]
        shapes: dict[tuple[int, ...], Layout] = {
            (outputs, inputs, 3, 3): "oihw",
            (3, 3, inputs, outputs): "hwio",
        }
        kind = shapes.get(kernel.shape)
        if kind is None or (layout is not None and kind != layout):
            allowed = " or ".join(str(list(s)) for s, k in shapes.items() if layout in (None, k))
            raise WeightsError(
                f"{source}: the kernel of {layer} has shape {list(kernel.shape)}; "
                f"{allowed} is needed"
            )
        if bias.shape != (outputs,):
            raise WeightsError(
                f"{source}: the bias of {layer} has shape {list(bias.shape)}; [{outputs}] is needed"
            )
        layouts.add(kind)
        hwio = kernel.transpose(2, 3, 1, 0) if kind == "oihw" else kernel
        for name, array in ((f"{layer}.kernel", hwio), (f"{layer}.bias", bias)):
            if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
                raise WeightsError(f"{source}: {name} is {array.dtype}; floats are needed")
            params[name] = np.ascontiguousarray(array, dtype=np.float32)
            if not np.isfinite(params[name]).all():
                raise WeightsError(f"{source}: {name} has values that are not finite")
    if len(layouts) > 1:
        raise WeightsError(f"{source}: mixes OIHW and HWIO kernels; one layout is needed")
    return params, layouts.pop()


def _convention(
    kernel: np.ndarray,
    found: _Source,
    source: Path,
    channels: Channels | None,
    input_range: InputRange | None,
) -> tuple[Channels, InputRange, str]:
    """Channel order and input range that conv1_1 [3, 3, 3, 64] was trained for, and how known."""
    if channels is not None and input_range is not None:
        return channels, input_range, "options"
    known = _compared_with_original(kernel, source)
    how = "comparison with the original weights"
    if known is None:
        known, how = _CONVENTIONS.get(found.naming), f"{found.naming} names"
    if known is None:
        raise WeightsError(
            f"{source}: neither its names nor its values tell its input; "
            "give --channels and --input-range"
        )
    order, scale = known
    told = "" if channels is None and input_range is None else "options and "
    return channels or order, input_range or scale, told + how


_CONVENTIONS: dict[str, tuple[Channels, InputRange]] = {
    "torchvision": ("rgb", "torchvision"),
    "keras": ("bgr", "caffe"),
    "caffe": ("bgr", "caffe"),
    "vgg16_weights.npz": ("rgb", "caffe"),
}


def _compared_with_original(kernel: np.ndarray, source: Path) -> tuple[Channels, InputRange] | None:
    """What `kernel` expects if it is the original's, perhaps flipped, rescaled or fine-tuned.

    The magnitude alone does not tell: torchvision's retraining on inputs 57 times smaller has
    kernels as large as the original's. But its filters are others, and files made from the original
    correlate with it; the slope then is 1 for 0..255 and 255·std, about 57, for torchvision's.
    """
    if not weights.vgg16_path().is_file():
        return None
    original, _ = weights.read_safetensors(weights.vgg16_path())
    reference = original["conv1_1.kernel"].astype(np.float64)
    square = float(np.vdot(reference, reference))
    products: dict[Channels, float] = {
        "bgr": float(np.vdot(reference, kernel)),
        "rgb": float(np.vdot(reference, kernel[:, :, ::-1])),
    }
    # The original and its flip correlate by 0.84: the larger product tells the order.
    order = max(products, key=lambda name: products[name])
    norm = float(np.linalg.norm(kernel.astype(np.float64)))
    if products[order] < 0.9 * norm * square**0.5 or norm == 0:
        return None
    slope = products[order] / square
    if 0.5 < slope < 2:
        return order, "caffe"
    if 30 < slope < 110:
        return order, "torchvision"
    raise WeightsError(
        f"{source}: conv1_1 is {slope:.3g} times the original's, which fits neither input "
        "range; give --channels and --input-range"
    )


def _to_bgr_caffe(
    params: dict[str, np.ndarray], order: Channels, scale: InputRange
) -> tuple[float, float, float]:
    """Rewrites conv1_1 for BGR in 0..255 minus the returned mean."""
    kernel = params["conv1_1.kernel"]
    if order == "rgb":
        kernel = kernel[:, :, ::-1]
    mean = weights.CAFFE_MEAN
    if scale == "torchvision":
        std = 255 * np.array(_TORCHVISION_STD[::-1])
        kernel = kernel / std[:, None]
        blue, green, red = (round(255 * value, 6) for value in _TORCHVISION_MEAN[::-1])
        mean = (blue, green, red)
    params["conv1_1.kernel"] = np.ascontiguousarray(kernel, dtype=np.float32)
    return mean


def _read(source: Path) -> _Source:
    readers: dict[str, Callable[[Path], _Source]] = {
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


def _read_torch(source: Path) -> _Source:
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
    msgnet = convert_msgnet.recognised(state)
    arrays = {
        name: tensor.detach().to(torch.float32).numpy()
        for name, tensor in state.items()
        if isinstance(tensor, torch.Tensor) and (msgnet or _place(name))
    }
    if msgnet:
        return _Source({}, "msgnet", msgnet=convert_msgnet.convert(arrays, source))
    return _matched(arrays, source)


def _read_keras(source: Path) -> _Source:
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
    return _Source(
        {
            (layers[number], role): array
            for (number, role), array in unnamed.items()
            if number in layers
        },
        "keras",
    )


def _read_onnx(source: Path) -> _Source:
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
    return _Source(tensors, "unknown")


def _read_npz(source: Path) -> _Source:
    # Opened here, because np.load leaves a damaged archive open.
    with source.open("rb") as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise WeightsError(f"{source}: is a single array, not an .npz of named ones")
        with file:
            return _matched({name: file[name] for name in file.files if _place(name)}, source)


def _read_safetensors(source: Path) -> _Source:
    tensors, metadata = weights.read_safetensors(source)
    if metadata.get("architecture", "vgg16") != "vgg16":
        raise WeightsError(f"{source}: holds weights of {metadata['architecture']}, not of vgg16")
    found = _matched({name: tensors[name] for name in tensors if _place(name)}, source)
    return _Source(found.tensors, found.naming, metadata)


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


def _matched(tensors: Mapping[str, np.ndarray], source: Path) -> _Source:
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
    return _Source(matched, naming)
