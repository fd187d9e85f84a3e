"""VGG16 conv features (Simonyan and Zisserman 2014) of images in grey levels.

The network is frozen: gradients flow to the image alone. `VGG16.prepare` turns its kernels, once
a program, into the form that is fastest for the platform and the shape (`convolution`).
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax
from jaxtyping import Array, Float, Float32

from jaxtex import platforms
from jaxtex.vgg.convolution import (
    FLOAT32,
    ConvForm,
    PreparedConv,
    conv3x3,
    conv_forms,
    prepare_conv,
)
from jaxtex.vgg.layers import LAYERS, FeatureKind, Pool, depth

_WINDOW = (1, 2, 2, 1)

Tap = Callable[[Array], tuple[Array, Any]]
"""Takes a layer's features to those that the network goes on with and what is kept of them."""


@jax.custom_vjp
def max_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """2×2 maximum, stride 2, floor; the gradient goes to the first maximum in row-major order.

    So do PyTorch, Caffe and cuDNN; flat images are full of ties, where splitting it differs.
    """
    if platforms.current() == "tpu":
        return _largest(x)
    return functools.reduce(jnp.maximum, _corners(x))


def _largest(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """`max_pool` as one operation; JAX's gradient of it goes to the first maximum, too."""
    return lax.reduce_window(x, -jnp.inf, lax.max, _WINDOW, _WINDOW, "VALID")


def _corners(x: Float[Array, "b h w c"]) -> list[Array]:
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    return [x[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]


def _max_pool_forward(x):
    return max_pool(x), x


def _max_pool_backward(x, cotangent):
    if platforms.current() == "tpu":
        # There slices of every other pixel, and interleaving, take memory and copies.
        return jax.vjp(_largest, x)[1](cotangent)
    batch, height, width, channels = x.shape
    corners = _corners(x)
    maximum = functools.reduce(jnp.maximum, corners)
    first = jnp.full_like(maximum, 3, jnp.int32)
    for index in (2, 1, 0):
        first = jnp.where(corners[index] == maximum, index, first)
    # A comparison with each pixel's place in its window: XLA on CPU is several times slower at
    # interleaving four arrays.
    place = jnp.arange(4).reshape(2, 1, 2, 1)
    here = first[:, :, None, :, None] == place
    spread = jnp.where(here, cotangent[:, :, None, :, None], 0)
    spread = spread.reshape(batch, height // 2 * 2, width // 2 * 2, channels)
    return (jnp.pad(spread, ((0, 0), (0, height % 2), (0, width % 2), (0, 0))),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def avg_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """2×2 mean, stride 2, floor (the option of Gatys, Ecker and Bethge 2016)."""
    return functools.reduce(jnp.add, _corners(x)) / 4


class Conv(nnx.Module):
    """One frozen conv layer of VGG16."""

    def __init__(self, kernel: Float32[Array, "3 3 c k"], bias: Float32[Array, " k"]):
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(bias)


class VGG16(nnx.Module):
    """The 13 conv layers of VGG16, BGR inside, with the mean that its weights were trained with."""

    def __init__(
        self, params: Mapping[str, np.ndarray | Array], mean: tuple[float, float, float]
    ) -> None:
        """`params` has `conv1_1.kernel` (HWIO, BGR input), `conv1_1.bias` …; `mean` is BGR."""
        # In one transfer: jnp.asarray would compile a program for each shape.
        arrays, bgr = jax.device_put((dict(params), np.asarray(mean, np.float32)))
        for layer in LAYERS:
            setattr(self, layer, Conv(arrays[f"{layer}.kernel"], arrays[f"{layer}.bias"]))
        self.mean = nnx.Param(bgr)

    def __call__(
        self,
        image: Float[Array, "b h w c"],
        layers: Iterable[str],
        *,
        features: FeatureKind = "conv",
        pool: Pool = "max",
    ) -> dict[str, Float[Array, "b _ _ _"]]:
        """Features of an RGB or grey image; see `extract`."""
        layers = tuple(layers)
        prepared = self.prepare(layers, *image.shape[1:])
        return extract(prepared, image, layers, features=features, pool=pool)

    def prepare(
        self,
        layers: Iterable[str],
        height: int,
        width: int,
        channels: int,
        *,
        form: ConvForm | None = None,
        dtype: jnp.dtype = FLOAT32,
    ) -> dict[str, PreparedConv]:
        """Kernels up to the deepest of `layers`, in the fastest form for images of this shape.

        `dtype` is that in which `extract` will convolve.

        For a few evaluations `form="direct"` is faster: its kernels need no preparing.
        """
        forms = conv_forms(layers, height, width, channels, dtype=dtype)
        return self.in_forms(forms if form is None else (form,) * len(forms), channels)

    def in_forms(self, forms: Sequence[ConvForm], channels: int) -> dict[str, PreparedConv]:
        """The kernels of the first convolutions, each in its form, for images of `channels`."""
        convs = {}
        for layer, form in zip(LAYERS, forms, strict=False):
            conv = getattr(self, layer)
            kernel, bias = conv.kernel[...], conv.bias[...]
            if layer == LAYERS[0]:
                kernel, bias = _image_kernel(kernel, bias, self.mean[...], channels), None
            convs[layer] = prepare_conv(kernel, bias, form)
        return convs


def _image_kernel(
    kernel: Float32[Array, "3 3 3 k"],
    bias: Float32[Array, " k"],
    mean: Float32[Array, "3"],
    channels: int,
) -> Float32[Array, "3 3 _ k"]:
    """The first kernel for RGB or grey images with a further channel of ones.

    That channel adds the bias and subtracts the mean: as it is padded with zeros like the others,
    borders come out as if the mean had been subtracted before the padding. A grey image needs no
    copies, whose gradient XLA 0.10.1 on CPU crashes in (a sum over three channels).
    """
    offset = -jnp.sum(kernel * mean[:, None], 2, keepdims=True)
    offset = offset.at[1, 1, 0].add(bias)
    image = kernel[:, :, ::-1] if channels == 3 else jnp.sum(kernel, 2, keepdims=True)
    return jnp.concatenate([image, offset], 2)


def keep(features: Float[Array, "b h w c"]) -> tuple[Array, Array]:
    """The tap that keeps a layer's features as they are."""
    return features, features


def extract(
    convs: Mapping[str, PreparedConv],
    image: Float[Array, "b h w c"],
    layers: Iterable[str],
    *,
    taps: Mapping[str, Tap] | None = None,
    features: FeatureKind = "conv",
    pool: Pool = "max",
    dtype: jnp.dtype = jnp.float32,
    rematerialise: bool = False,
) -> dict[str, Any]:
    """Features of `layers` before (`conv`) or after (`relu`) the ReLU, or what `taps` keep of them.

    `image` is RGB or grey in grey levels (0 to 255). Convolutions run in `dtype`. Nothing deeper
    than the deepest layer is computed. With `rematerialise` the backward pass computes each
    block's activations again instead of keeping them.
    """
    ones = jnp.ones((*image.shape[:-1], 1), image.dtype)
    x = jnp.concatenate([image, ones], -1).astype(dtype)
    wanted = {layer: (taps or {}).get(layer, keep) for layer in layers}
    deepest = depth(max(wanted))
    found: dict[str, Any] = {}
    for block in range(deepest + 1):
        run = functools.partial(
            _block,
            names=tuple(n for n in convs if depth(n) == block),
            taps=wanted,
            features=features,
            pool=pool if block < deepest else None,
        )
        x, new = (_again(run) if rematerialise else run)(x, convs)
        found |= new
    return found


def after(x: Array, cause: Array, *, batch: int = 1) -> Array:
    """`x`, but not computed before `cause`, both of floats with the same first `batch` axes.

    XLA on CPU drops `lax.optimization_barrier` before it schedules, so that only what depends on a
    value is computed after it. Each member of a batch depends on its own part of the cause: one
    that is not finite spoils no other, and devices that share the batch do not wait for each other.
    """
    if platforms.current() != "cpu":
        return lax.optimization_barrier((x, cause))[0]
    first = cause[(slice(None),) * batch + (0,) * (cause.ndim - batch)]
    return x + 0 * first.reshape(first.shape + (1,) * (x.ndim - batch)).astype(x.dtype)


def _again(block: Callable[..., Any]) -> Callable[..., Any]:
    """A block whose backward pass computes it again, as `jax.checkpoint` does not on CPU."""

    @jax.custom_vjp
    def run(x, convs):
        return block(x, convs)

    def forward(x, convs):
        return block(x, convs), (x, convs)

    def backward(residuals, cotangents):
        x, convs = residuals
        x = after(x, cotangents[0])
        _, pull = jax.vjp(lambda x: block(x, convs), x)
        return *pull(cotangents), jax.tree.map(jnp.zeros_like, convs)

    run.defvjp(forward, backward)
    return run


def _block(x, convs, *, names, taps, features, pool):
    """One block of VGG16: its convs and, unless it is the last, the pool after them."""
    found = {}
    for layer in names:
        x = conv3x3(x, convs[layer])
        tapped = layer in taps
        if tapped and features == "conv":
            x, found[layer] = taps[layer](x)
        if pool == "max" and layer == names[-1] and not (tapped and features == "relu"):
            # The ReLU of the largest is the largest ReLU, and of a quarter of the pixels.
            return jax.nn.relu(max_pool(x)), found
        x = jax.nn.relu(x)
        if tapped and features == "relu":
            x, found[layer] = taps[layer](x)
    if pool is not None:
        x = max_pool(x) if pool == "max" else avg_pool(x)
    return x, found
