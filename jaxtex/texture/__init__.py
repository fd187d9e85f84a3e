"""Search a texture space: DCGAN, the sphere, similarity, directions, interpolation (Satoh)."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtex.texture import cluster, interpolate, invert, model, search, sphere, ssim, vmf, washi

__all__ = [
    "cluster",
    "interpolate",
    "invert",
    "model",
    "search",
    "sphere",
    "ssim",
    "vmf",
    "washi",
]


def __getattr__(name: str) -> ModuleType:
    # Lazy: rendering paper needs no JAX, and most need but one of these.
    if name in __all__:
        return importlib.import_module(f"jaxtex.texture.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
