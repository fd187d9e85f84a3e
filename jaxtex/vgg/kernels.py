"""VGG16's kernels made ready for the shape of images, as one compiled program."""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from jaxtex.vgg.convolution import FLOAT32, ConvForm, PreparedConv, conv_forms
from jaxtex.vgg.network import VGG16


def prepare_kernels(
    network: VGG16,
    layers: Sequence[str],
    height: int,
    width: int,
    channels: int,
    *,
    form: ConvForm | None = None,
    dtype: jnp.dtype = FLOAT32,
) -> dict[str, PreparedConv]:
    """`network.prepare` as one program."""
    forms = conv_forms(layers, height, width, channels, dtype=dtype)
    return kernels_in_forms(network, forms if form is None else (form,) * len(forms), channels)


def kernels_in_forms(
    network: VGG16, forms: tuple[ConvForm, ...], channels: int
) -> dict[str, PreparedConv]:
    """`network.in_forms` as one program."""
    return _in_forms(*nnx.split(network), forms, channels)


@functools.partial(jax.jit, static_argnames=("graph", "forms", "channels"))
def _in_forms(
    graph: Any, state: Any, forms: tuple[ConvForm, ...], channels: int
) -> dict[str, PreparedConv]:
    return nnx.merge(graph, state).in_forms(forms, channels)
