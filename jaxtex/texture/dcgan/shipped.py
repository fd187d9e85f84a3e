"""The models that ship, by name and digest, and where one that is named lies; needs no JAX."""

import os
from pathlib import Path

from jaxtex import weights
from jaxtex.errors import WeightsError

USUAL = "washi"
"""Whose textures are drawn where no model is named."""

_PREFIX = "dcgan-"


def shipped_models() -> dict[str, Path]:
    """The models that ship, by name."""
    return {
        path.stem.removeprefix(_PREFIX): path
        for path in sorted(weights.directory().glob(f"{_PREFIX}*.safetensors"))
    }


def shipped_name(digest: str) -> str | None:
    """The name of the model of this digest, if it ships."""
    for name, path in shipped_models().items():
        if weights.read_safetensors(path)[1].get("tensors_sha256") == digest:
            return name
    return None


def find_model(model: str | os.PathLike[str] | None, base: Path | None = None) -> Path:
    """Where a model lies that is given as a file or a training folder, or else named.

    A file or folder is looked for in `base`, by default where the program runs. None is the model
    of washi.

    Raises:
      WeightsError: it is none of these.
    """
    shipped = shipped_models()
    if model is None:
        return shipped[USUAL]
    path = Path(model) if base is None else base / model
    if path.exists() or path.suffix or len(Path(model).parts) > 1:
        return weights.model_file(path, "jaxtex texture train")
    if str(model) in shipped:
        return shipped[str(model)]
    names = ", ".join(shipped)
    raise WeightsError(f"{model}: no such file or folder, nor a model that ships: {names}")
