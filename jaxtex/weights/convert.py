"""Conversion of VGG16 files from PyTorch, Keras, ONNX and NumPy into jaxtex's form.

That form is HWIO float32, BGR input in 0..255 minus a mean that the file carries. Convolutions are
linear, so another channel order is a flip of conv1_1's kernel, and torchvision's
(rgb / 255 - m) / s is a division of it by 255·s. The bias stays: the mean 255·m goes into the
header instead, because zero padding means "the mean's colour" and the two means differ; a bias
could not mend the border pixels.

An MSG-Net of its authors' PyTorch code is converted too; `msgnet_names` has its names.
"""

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from jaxtex.errors import WeightsError
from jaxtex.files import check_output
from jaxtex.weights import files, msgnet_file
from jaxtex.weights.foreign import Source, read
from jaxtex.weights.layers import VGG16_CHANNELS

Layout = Literal["oihw", "hwio"]
Channels = Literal["rgb", "bgr"]
InputRange = Literal["caffe", "torchvision"]

_TORCHVISION_MEAN = (0.485, 0.456, 0.406)  # RGB, of pixels in 0..1
_TORCHVISION_STD = (0.229, 0.224, 0.225)
_ORIGINAL = {
    "source": "VGG-16 (configuration D), https://www.robots.ox.ac.uk/~vgg/research/very_deep/",
    "licence": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    "attribution": "Karen Simonyan and Andrew Zisserman, Visual Geometry Group, University of "
    "Oxford: Very deep convolutional networks for large-scale image recognition, 2014",
}


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
    found = read(source)
    if found.msgnet:
        return _write_msgnet(found.msgnet, source, destination)
    params, found_layout = _parameters(found, source, layout)
    order, scale, how = _convention(params["conv1_1.kernel"], found, source, channels, input_range)
    mean = _to_bgr_caffe(params, order, scale)
    if scale == "caffe" and "mean" in found.metadata:
        mean = files.mean_of(found.metadata, source)
    tensors_sha256 = files.tensors_digest(params)
    original = tensors_sha256 == files.OXFORD_TENSORS_SHA256
    source_sha256 = files.digest(source)
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
    files.write_safetensors(destination, params, metadata)
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
    source_sha256 = files.digest(source)
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
    found: Source, source: Path, layout: Layout | None
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
    found: Source,
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
    if not files.vgg16_path().is_file():
        return None
    original, _ = files.read_safetensors(files.vgg16_path())
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
    mean = files.CAFFE_MEAN
    if scale == "torchvision":
        std = 255 * np.array(_TORCHVISION_STD[::-1])
        kernel = kernel / std[:, None]
        blue, green, red = (round(255 * value, 6) for value in _TORCHVISION_MEAN[::-1])
        mean = (blue, green, red)
    params["conv1_1.kernel"] = np.ascontiguousarray(kernel, dtype=np.float32)
    return mean
