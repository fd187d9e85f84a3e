"""The names of an MSG-Net in the authors' PyTorch code, and what they are called here.

`model1` is the encoder, which their state dicts hold a second time as `model.0`, as they do `ins`,
CoMatch, as `model.1`; files of old PyTorch also have running statistics of norms that have none.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jaxtex.errors import WeightsError

_BLOCKS = 6
_NOT_USED = re.compile(
    r"model\.0\.|model\.1\.weight$|.*\.(running_mean|running_var|num_batches_tracked)$"
)
_MATCH = "ins.weight"

Layer = tuple[str, int, int, int]
"""The authors' name of a convolution, its side, its input and its output channels."""


def recognised(names: Mapping[str, object]) -> bool:
    """Whether tensors of these names look like an MSG-Net."""
    return any(_plain(name) == _MATCH for name in names)


def convert(state: Mapping[str, np.ndarray], source: Path) -> dict[str, np.ndarray]:
    """A state dict's arrays by our names, kernels [row, column, in, out], float32.

    Raises:
      WeightsError: a tensor is missing, unknown, of another shape or not finite.
    """
    found = {_plain(name): array for name, array in state.items()}
    found = {name: array for name, array in found.items() if not _NOT_USED.match(name)}
    match = found.pop(_MATCH)
    if match.ndim != 3 or match.shape[:2] != (1, match.shape[2]) or match.shape[2] % 4:
        raise WeightsError(
            f"{source}: {_MATCH} has shape {list(match.shape)}; [1, C, C] with C = 4·ngf is needed"
        )
    arrays = {"match": match[0]}
    for ours, (theirs, side, inputs, outputs) in _layers(match.shape[2] // 4).items():
        for role, theirs_role, shape in (
            ("kernel", "weight", (outputs, inputs, side, side)),
            ("bias", "bias", (outputs,)),
        ):
            name = f"{theirs}.{theirs_role}"
            array = found.pop(name, None)
            if array is None:
                raise WeightsError(f"{source}: has no {name}; an MSG-Net of the authors is needed")
            if array.shape != shape:
                raise WeightsError(
                    f"{source}: {name} has shape {list(array.shape)}; {list(shape)} is needed"
                )
            arrays[f"{ours}.{role}"] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
    if found:
        raise WeightsError(
            f"{source}: has {sorted(found)[0]}, which an MSG-Net of {_BLOCKS} blocks has not"
        )
    for name, array in arrays.items():
        arrays[name] = np.ascontiguousarray(array, np.float32)
        if not np.isfinite(arrays[name]).all():
            raise WeightsError(f"{source}: {name} has values that are not finite")
    return arrays


def _plain(name: str) -> str:
    """Without what training on several GPUs puts before a name."""
    return name.removeprefix("module.")


def _layers(features: int) -> dict[str, Layer]:
    wide = 4 * features
    found: dict[str, Layer] = {
        "first": ("model1.0.conv2d", 7, 3, 64),
        "last": (f"model.{_BLOCKS + 6}.conv2d", 7, 64, 3),
        **_bottleneck("down.0", "model1.3", 64, 32, "residual_layer"),
        **_bottleneck("down.1", "model1.4", 128, features, "residual_layer"),
    }
    for block in range(_BLOCKS):
        found |= _bottleneck(f"blocks.{block}", f"model.{block + 2}", wide, features, None)
    up = "residual_layer.conv2d"
    found |= _bottleneck("up.0", f"model.{_BLOCKS + 2}", wide, 32, up)
    return found | _bottleneck("up.1", f"model.{_BLOCKS + 3}", 128, 16, up)


def _bottleneck(
    ours: str, theirs: str, inputs: int, planes: int, shortcut: str | None
) -> dict[str, Layer]:
    found: dict[str, Layer] = {
        f"{ours}.reduce": (f"{theirs}.conv_block.2", 1, inputs, planes),
        f"{ours}.middle": (f"{theirs}.conv_block.5.conv2d", 3, planes, planes),
        f"{ours}.expand": (f"{theirs}.conv_block.8", 1, planes, 4 * planes),
    }
    if shortcut is not None:
        found[f"{ours}.shortcut"] = (f"{theirs}.{shortcut}", 1, inputs, 4 * planes)
    return found
