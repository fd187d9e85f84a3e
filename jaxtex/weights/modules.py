"""Flax NNX modules: as a static blueprint and arrays by their names, and from files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from jaxtex.errors import WeightsError
from jaxtex.weights.files import MODEL_FILE

Values = dict[str, Array]
"""A module's arrays by their dotted names."""


@dataclass(frozen=True)
class Blueprint:
    """A module without its arrays."""

    graph: Any
    structure: Any
    names: tuple[str, ...]

    def build(self, values: Mapping[str, Any]) -> Any:
        """The module with these arrays."""
        leaves = [values[name] for name in self.names]
        return nnx.merge(self.graph, jax.tree.unflatten(self.structure, leaves))


def take_apart(module: nnx.Module) -> tuple[Blueprint, Values]:
    """A module as its blueprint and its arrays."""
    graph, state = nnx.split(module)
    leaves, structure = jax.tree.flatten(state)
    names = tuple(".".join(map(str, path)) for path, _ in nnx.to_flat_state(state))
    return Blueprint(graph, structure, names), dict(zip(names, leaves, strict=True))


def model_file(path: str | os.PathLike[str], command: str) -> Path:
    """A model file as it is given, or that in a training folder, which `command` writes.

    Raises:
      WeightsError: the folder has none.
    """
    file = Path(path)
    if not file.is_dir():
        return file
    file = file / MODEL_FILE
    if not file.is_file():
        raise WeightsError(f"{path}: has no {MODEL_FILE}; `{command}` writes it")
    return file


def dimension(file: Path, metadata: Mapping[str, str], name: str) -> int:
    """A size that a model file's header states.

    Raises:
      WeightsError: it is missing or not from 1 to 4096.
    """
    text = metadata.get(name, "")
    # A bound, so that a damaged header cannot ask for all the memory.
    if not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise WeightsError(
            f"{file}: its {name} is {text!r}; a whole number from 1 to 4096 is needed"
        )
    return int(text)


def load_module(
    make: Callable[[], nnx.Module], file: Path, tensors: Mapping[str, np.ndarray], needed: str
) -> Any:
    """The module that `make` makes, with a file's tensors as its arrays, in float32.

    Raises:
      WeightsError: a tensor is missing, too many, of another shape or type, or not finite; `needed`
        says of what the tensors should be.
    """
    graph, state = nnx.split(nnx.eval_shape(make))
    flat = [(".".join(map(str, path)), value) for path, value in nnx.to_flat_state(state)]
    shapes = {name: tuple(value.shape) for name, value in flat}
    if set(tensors) != set(shapes):
        odd = sorted(set(tensors) ^ set(shapes))[0]
        what = "has no" if odd in shapes else "has an unexpected"
        raise WeightsError(f"{file}: {what} {odd}; {needed} is needed")
    leaves = []
    for name, shape in shapes.items():
        array = tensors[name]
        if array.shape != shape or array.dtype.kind != "f":
            raise WeightsError(
                f"{file}: {name} is {array.dtype} {list(array.shape)}; "
                f"float {list(shape)} is needed"
            )
        array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise WeightsError(f"{file}: {name} has values that are not finite")
        leaves.append(jnp.asarray(array))
    return nnx.merge(graph, jax.tree.unflatten(jax.tree.structure(state), leaves))
