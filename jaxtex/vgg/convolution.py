"""The frozen 3×3 convolutions of VGG16, in the form that is fastest for platform and shape.

XLA's convolution with a backward pass that is a plain convolution too (XLA on CPU canonicalises
convolutions outside loops only, jax issue 12868), Winograd's (`winograd`), or, for maps so small
that reading the kernel is most of the work, one product with the columns of all nine taps. The
choice is made in `conv_form` and nowhere else.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Float32

from jaxtex import platforms
from jaxtex.vgg.layers import LAYERS, depth
from jaxtex.vgg.winograd import winograd, winograd_kernel
from jaxtex.weights import VGG16_CHANNELS

ConvForm = Literal["direct", "winograd", "columns"]

FLOAT32 = jnp.dtype("float32")


def conv_form(
    platform: str,
    height: int,
    width: int,
    channels_in: int,
    channels_out: int,
    *,
    dtype: jnp.dtype = FLOAT32,
) -> ConvForm:
    """The fastest form of a 3×3 convolution of `dtype`, as measured by `bench/conv_forms.py`."""
    if platform != "cpu" or platforms.by_onednn(dtype):
        return "direct"
    pixels, pairs = height * width, channels_in * channels_out
    if 0 < pixels <= 128 and pairs >= 256 * 512:
        # A quarter of Winograd's kernel to read, and a product that XLA splits better.
        return "columns"
    # On maps of a few pixels XLA's own convolution is some fifteen times slower. On others that are
    # small Winograd's is faster by itself, but not in a whole program, for its kernels are larger.
    large = pairs >= 64 * 128 and (pixels >= 64 or 0 < pixels <= 8)
    return "winograd" if large else "direct"


def conv_forms(
    layers: Iterable[str], height: int, width: int, channels: int, *, dtype: jnp.dtype = FLOAT32
) -> tuple[ConvForm, ...]:
    """The fastest form of each convolution up to the deepest of `layers`, for images of a shape."""
    platform, forms = platforms.current(), []
    for layer in LAYERS[: max(map(LAYERS.index, layers)) + 1]:
        inputs, outputs = VGG16_CHANNELS[layer]
        if layer == LAYERS[0]:
            inputs = channels + 1
        size = height >> depth(layer), width >> depth(layer)
        forms.append(conv_form(platform, *size, inputs, outputs, dtype=dtype))
    return tuple(forms)


class PreparedConv(NamedTuple):
    """The kernels of one frozen convolution, ready for both directions."""

    forward: Float32[Array, "*_ _ _"]
    backward: Float32[Array, "*_ _ _"]
    bias: Float32[Array, " c"] | None


def prepare_conv(
    kernel: Float32[Array, "3 3 c k"], bias: Float32[Array, " k"] | None, form: ConvForm
) -> PreparedConv:
    """Kernels in the layout of `form`; the backward one is flipped, its channels swapped."""
    backward = kernel[::-1, ::-1].swapaxes(2, 3)
    if form == "winograd":
        kernel, backward = winograd_kernel(kernel), winograd_kernel(backward)
    elif form == "columns":
        kernel, backward = (each.reshape(-1, each.shape[-1]) for each in (kernel, backward))
    return PreparedConv(kernel, backward, bias)


@jax.custom_vjp
def conv3x3(x: Float[Array, "b h w c"], conv: PreparedConv) -> Float[Array, "b h w k"]:
    """3×3 convolution, stride 1, zero padding 1, plus bias; frozen, so only `x` has a gradient."""
    return _convolve(x, conv.forward, conv.bias)


def _conv_forward(x, conv):
    return conv3x3(x, conv), conv


def _conv_backward(conv, cotangent):
    zeros = jax.tree.map(jnp.zeros_like, conv)
    return _convolve(cotangent, conv.backward, None), zeros


conv3x3.defvjp(_conv_forward, _conv_backward)


def _convolve(
    x: Float[Array, "b h w c"], kernel: Array, bias: Array | None
) -> Float[Array, "b h w k"]:
    if kernel.ndim == 3:
        return winograd(x, kernel, bias)
    kernel = kernel.astype(x.dtype)
    if kernel.ndim == 2:
        product = jnp.matmul(_columns(x), kernel, preferred_element_type=jnp.float32)
        out = product.astype(x.dtype)
    else:
        dimensions = ("NHWC", "HWIO", "NHWC")
        out = lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=dimensions)
    return out if bias is None else out + bias.astype(x.dtype)


def _columns(x: Float[Array, "b h w c"]) -> Float[Array, "b h w 9*c"]:
    """At each position the 3×3 window round it, its taps in the kernel's order."""
    height, width = x.shape[1:3]
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    taps = [padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)]
    return jnp.concatenate(taps, -1)
