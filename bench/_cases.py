"""A compiled program with abstract arguments, and what such arguments are made of."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

SCALAR = jax.ShapeDtypeStruct((), jnp.float32)
INTEGER = jax.ShapeDtypeStruct((), jnp.int32)


class Scale(NamedTuple):
    """How large the programs are."""

    side: int
    """Of stylised images, in pixels."""
    batch: int
    """Images, or textures, at once."""
    features: int
    """Of the networks that are trained."""
    draws: int
    """Points on the sphere."""


class Case(NamedTuple):
    """A jitted function of jaxtex and what a run would pass to it."""

    function: Any
    args: tuple[Any, ...]
    """Static arguments as they are, `jax.ShapeDtypeStruct` for arrays."""
    batch: int = 0
    """The axis that is shared out to devices; 0: the program runs on one."""
    shared: tuple[int, ...] = ()
    """The arguments whose arrays that begin with this axis are shared out; all else is whole."""
    pixels: int = 0
    """Of all images of an evaluation of the objective."""
    precision: str = "float32"


def floats(*shape: int) -> jax.ShapeDtypeStruct:
    """An array of float32."""
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def bytes_(*shape: int) -> jax.ShapeDtypeStruct:
    """Pixels of 8 bits."""
    return jax.ShapeDtypeStruct(shape, jnp.uint8)


def flags(*shape: int) -> jax.ShapeDtypeStruct:
    """Truth values."""
    return jax.ShapeDtypeStruct(shape, bool)


def abstract(tree: Any) -> Any:
    """Shapes and types of a tree's arrays; all else as it is."""

    def one(leaf: Any) -> Any:
        is_array = isinstance(leaf, jax.Array | np.ndarray)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if is_array else leaf

    return jax.tree.map(one, tree)


def random_key() -> Any:
    """The key of a random draw."""
    return jax.eval_shape(lambda: jax.random.key(0))


@functools.cache
def started(start: Callable[[Any], tuple[Any, Any]], settings: Any) -> tuple[Any, Any]:
    """A training's networks, and the shapes of its state, without computing it."""
    networks: list[Any] = []

    def state() -> Any:
        found, state = start(settings)
        networks.append(found)
        return state

    shapes = jax.eval_shape(state)
    return networks[0], shapes
