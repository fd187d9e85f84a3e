"""Kernels in eight bits: whole numbers from −127 to 127, and a unit for each channel.

The unit of `name` is the tensor `name.unit`, with axes of length 1 where it is the same, so that
the kernel is their product. Symmetric, and by channel (Krishnamoorthi, *Quantizing deep
convolutional networks for efficient inference: a whitepaper*, 2018).
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int8

from jaxtex.errors import WeightsError

_UNIT = ".unit"
_LARGEST = 127


def pack(
    kernel: Float[np.ndarray, "*shape"], axis: int
) -> tuple[Int8[np.ndarray, "*shape"], Float32[np.ndarray, "..."]]:
    """A kernel's whole numbers and the units of its channels, which lie along `axis`.

    No value is further off than half a unit, a 254th of its channel's largest.
    """
    others = tuple(each for each in range(kernel.ndim) if each != axis % kernel.ndim)
    unit = abs(kernel).max(others, keepdims=True).astype(np.float32) / np.float32(_LARGEST)
    unit = np.where(unit > 0, unit, np.float32(1))
    return np.rint(kernel / unit).astype(np.int8), unit


def packed(tensors: Mapping[str, np.ndarray], axes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Tensors for a file: kernels named in `axes`, with their channels' axis, packed."""
    found = dict(tensors)
    for name, axis in axes.items():
        found[name], found[name + _UNIT] = pack(tensors[name], axis)
    return found


def unpacked(tensors: Mapping[str, np.ndarray], file: Path) -> dict[str, np.ndarray]:
    """A file's tensors with the packed ones in float32; others are as they were.

    Raises:
      WeightsError: a unit or its kernel is missing or does not go with the other.
    """
    found = {name: array for name, array in tensors.items() if not name.endswith(_UNIT)}
    for name in tensors.keys() - found.keys():
        unit, kernel = tensors[name], found.get(name.removesuffix(_UNIT))
        if kernel is None or kernel.dtype != np.int8 or not _goes_with(unit, kernel):
            raise WeightsError(f"{file}: {name} does not go with a kernel of its name")
        with np.errstate(invalid="ignore"):  # whoever makes a network refuses what is not finite
            found[name.removesuffix(_UNIT)] = kernel * unit.astype(np.float32)
    return found


def _goes_with(unit: np.ndarray, kernel: np.ndarray) -> bool:
    pairs = zip(unit.shape, kernel.shape, strict=False)
    return (
        unit.dtype.kind == "f"
        and unit.ndim == kernel.ndim
        and all(one in (1, length) for one, length in pairs)
    )
