"""The layers of MSG-Net in the forms that are fastest on CPU, equal to the plain ones.

Measured with XLA 0.10.1 against the plain form at the sizes of a 512² image: a 3×3 convolution of
repeated pixels as four 2×2 convolutions of the map before (2 times faster), Winograd's form where
`jaxtex.vgg.conv_form` says so (1.7 times), means over one axis after the other (1.3 to 4 times).
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxtex import platforms
from jaxtex.vgg import conv_form, winograd_kernel
from jaxtex.vgg.winograd import winograd

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_EPSILON = 1e-5


def dense(
    x: Float[Array, "n h w c"], kernel: Float[Array, "1 1 c k"], bias: Float[Array, " k"]
) -> Float[Array, "n h w k"]:
    """1×1 convolution."""
    return jnp.tensordot(x, kernel[0, 0], 1) + bias


def reflected_conv(
    x: Float[Array, "n h w c"], kernel: Float[Array, "s s c k"], bias: Float[Array, " k"]
) -> Float[Array, "n h w k"]:
    """Convolution of the map with as many reflected pixels round it as keep its size."""
    padded = _pad(x, kernel.shape[0] // 2, "reflect")
    height, width, channels, outputs = *x.shape[1:3], *kernel.shape[2:]
    platform = platforms.current()
    form = conv_form(platform, height, width, channels, outputs)
    if kernel.shape[0] == 3 and form == "winograd":
        return _winograd_valid(padded, kernel) + bias
    return _valid(padded, kernel) + bias


def halving_conv(
    x: Float[Array, "n h w c"], kernel: Float[Array, "3 3 c k"], bias: Float[Array, " k"]
) -> Float[Array, "n _ _ k"]:
    """3×3 convolution with stride 2 of the map with one reflected pixel round it."""
    return _valid(_pad(x, 1, "reflect"), kernel, 2) + bias


def halving_dense(
    x: Float[Array, "n h w c"], kernel: Float[Array, "1 1 c k"], bias: Float[Array, " k"]
) -> Float[Array, "n _ _ k"]:
    """1×1 convolution with stride 2."""
    return _every_other(x, kernel) + bias


@jax.custom_vjp
def _every_other(
    x: Float[Array, "n h w c"], kernel: Float[Array, "1 1 c k"]
) -> Float[Array, "n _ _ k"]:
    return _valid(x, kernel, 2)


def _every_other_forward(x, kernel):
    return _every_other(x, kernel), (x, kernel)


def _every_other_backward(residuals, cotangent):
    # Of the gradients, XLA on CPU is twice as fast at a product of sliced maps, which XLA's
    # compiler for GPUs aborts at.
    sliced = platforms.current() == "cpu"
    form = _product_of_every_other if sliced else functools.partial(_valid, stride=2)
    return jax.vjp(form, *residuals)[1](cotangent)


_every_other.defvjp(_every_other_forward, _every_other_backward)


def _product_of_every_other(x: Array, kernel: Array) -> Array:
    return jnp.tensordot(x[:, ::2, ::2], kernel[0, 0], 1)


def upsampled_conv(
    x: Float[Array, "n h w c"], kernel: Float[Array, "3 3 c k"], bias: Float[Array, " k"]
) -> Float[Array, "n 2*h 2*w k"]:
    """3×3 convolution, over reflected borders, of the map with each pixel repeated 2×2 times.

    Each of the four pixels sees 2×2 different ones of the map before; the kernel's entries that
    meet the same pixel are added up. Reflecting the repeated pixels repeats the border.
    """
    batch, height, width, _ = x.shape
    padded = _pad(x, 1, "edge")
    taps = _added_up(jnp.moveaxis(_added_up(kernel), 2, 0))
    rows = []
    for row in (0, 1):
        pixels = []
        for column in (0, 1):
            corner = padded[:, row : row + height + 1, column : column + width + 1]
            pixels.append(_valid(corner, taps[column, :, row].swapaxes(0, 1)))
        rows.append(jnp.stack(pixels, 3))
    return jnp.stack(rows, 2).reshape(batch, 2 * height, 2 * width, -1) + bias


def _added_up(kernel: Float[Array, "3 ..."]) -> Float[Array, "2 2 ..."]:
    """The two taps of an even and of an odd pixel."""
    first, middle, last = kernel
    even, odd = jnp.stack([first, middle + last]), jnp.stack([first + middle, last])
    return jnp.stack([even, odd])


def instance_norm(x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
    """The ReLU of each map of each image, shifted and scaled to mean 0 and variance 1."""
    centred = x - _mean(x)
    return jax.nn.relu(centred * lax.rsqrt(_mean(jnp.square(centred)) + _EPSILON))


def _mean(x: Float[Array, "n h w c"]) -> Float[Array, "n 1 1 c"]:
    # One axis after the other: XLA on CPU is slow at both together, and rounds more.
    return x.mean(1, keepdims=True).mean(2, keepdims=True)


def _pad(x: Float[Array, "n h w c"], by: int, mode: str) -> Float[Array, "n _ _ c"]:
    # Image by image: where the axis of a batch that is shared out to devices is said to be padded,
    # though by nothing, they send each other their edges.
    return jax.vmap(lambda image: jnp.pad(image, ((by, by), (by, by), (0, 0)), mode=mode))(x)


def _valid(
    x: Float[Array, "n _ _ c"], kernel: Float[Array, "_ _ c k"], stride: int = 1
) -> Float[Array, "n _ _ k"]:
    return lax.conv_general_dilated(x, kernel, (stride, stride), "VALID", dimension_numbers=_LAYOUT)


@jax.custom_vjp
def _winograd_valid(
    x: Float[Array, "n _ _ c"], kernel: Float[Array, "3 3 c k"]
) -> Float[Array, "n _ _ k"]:
    # The outer pixels, which see zeros, are cut off.
    return winograd(x, winograd_kernel(kernel), None)[:, 1:-1, 1:-1]


def _winograd_forward(x, kernel):
    return _winograd_valid(x, kernel), (x, kernel)


def _winograd_backward(residuals, cotangent):
    x, kernel = residuals
    _, pull = jax.vjp(functools.partial(_valid, x), kernel)
    flipped = winograd_kernel(kernel[::-1, ::-1].swapaxes(2, 3))
    padded = _pad(cotangent, 1, "constant")
    return winograd(padded, flipped, None), *pull(cotangent)


_winograd_valid.defvjp(_winograd_forward, _winograd_backward)
