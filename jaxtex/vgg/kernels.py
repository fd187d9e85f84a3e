"""VGG16's kernels made ready for the shape of images, as one compiled program."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxtex.vgg.network import FLOAT32, VGG16, ConvForm, PreparedConv


def prepare_kernels(
    network: VGG16,
    layers: tuple[str, ...],
    height: int,
    width: int,
    channels: int,
    *,
    form: ConvForm | None = None,
    dtype: jnp.dtype = FLOAT32,
) -> dict[str, PreparedConv]:
    """`network.prepare` as one program."""
    # Kernels of a given form are the same for all sizes: they need no program for each.
    size = (height, width) if form is None else (0, 0)
    return _prepare(*nnx.split(network), layers, (*size, channels), form, dtype)


@functools.partial(jax.jit, static_argnames=("graph", "layers", "shape", "form", "dtype"))
def _prepare(
    graph: Any,
    state: Any,
    layers: tuple[str, ...],
    shape: tuple[int, int, int],
    form: ConvForm | None,
    dtype: jnp.dtype,
) -> dict[str, PreparedConv]:
    return nnx.merge(graph, state).prepare(layers, *shape, form=form, dtype=dtype)
