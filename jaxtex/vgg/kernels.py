"""VGG16's kernels made ready for the shape of images, as one compiled program."""

import functools
from typing import Any

import jax
from flax import nnx

from jaxtex.vgg.network import VGG16, ConvForm, PreparedConv


def prepare_kernels(
    network: VGG16,
    layers: tuple[str, ...],
    height: int,
    width: int,
    channels: int,
    *,
    form: ConvForm | None = None,
) -> dict[str, PreparedConv]:
    """`network.prepare` as one program."""
    # Kernels of a given form are the same for all sizes: they need no program for each.
    size = (height, width) if form is None else (0, 0)
    return _prepare(*nnx.split(network), layers, (*size, channels), form)


@functools.partial(jax.jit, static_argnames=("graph", "layers", "shape", "form"))
def _prepare(
    graph: Any,
    state: Any,
    layers: tuple[str, ...],
    shape: tuple[int, int, int],
    form: ConvForm | None,
) -> dict[str, PreparedConv]:
    return nnx.merge(graph, state).prepare(layers, *shape, form=form)
