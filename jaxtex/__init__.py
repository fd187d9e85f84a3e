"""jaxtex: stylise logos and search texture spaces with compiled JAX programs."""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jaxtex import texture
    from jaxtex.style.stylize import Result, stylize, stylize_batch

_PUBLIC = {
    "Result": "jaxtex.style.stylize",
    "stylize": "jaxtex.style.stylize",
    "stylize_batch": "jaxtex.style.stylize",
}

__all__ = ["Result", "__version__", "stylize", "stylize_batch", "texture"]


def __getattr__(name: str) -> Any:
    # Lazy, so that `jaxtex --help` answers without importing JAX.
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name == "texture":
        return importlib.import_module("jaxtex.texture")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
