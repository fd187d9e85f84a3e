"""The 4×4 convolution with stride 2 of DCGAN and its transpose, each the other's gradient.

With a kernel k [4, 4, a, b] and zero padding 1, y[i] = Σ_u x[2i + u − 1]·k[u] halves a map of `a`
channels, and the transpose x[2i + u − 1] += y[i]·k[u]ᵀ doubles one of `b` channels. Seen in blocks
of 2×2 pixels both are 2×2 convolutions of stride 1, for which XLA on CPU is fast: the halving one
of a map with 4·a channels, the doubling one to the four pixels of each block (the sub-pixel form).
Automatic differentiation would give convolutions that are several times slower there. On CPU the
larger ones take Winograd's form, which is faster still (`tile_size`).
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from jaxtex import platforms
from jaxtex.texture.dcgan import winograd

Kernel = Float[Array, "4 4 a b"]

_LAYOUT = ("NHWC", "HWIO", "NHWC")
_FEW = 8
"""With fewer channels a matrix product of all patches is the fastest kernel gradient."""


def tile_size(platform: str, height: int, width: int, channels: int) -> int:
    """The tile of the fastest Winograd form, or 0 where the direct form is faster.

    Height and width are those of the smaller map, channels those of the larger one. A training step
    takes 0.7 to 0.9 of the direct form's time, the less the more channels (f 16 to 64).
    """
    if platform != "cpu" or channels <= _FEW or height % 4 or width % 4:
        return 0
    # A kernel has more points for tiles of 4×4; with few tiles to share them, they cost too much.
    return 2 if height == width == 4 else 4


@jax.custom_vjp
def strided_conv(x: Float[Array, "n h w a"], kernel: Kernel) -> Float[Array, "n h//2 w//2 b"]:
    """4×4 convolution, stride 2, zero padding 1; PyTorch's Conv2d(a, b, 4, 2, 1)."""
    return _strided_forward(x, kernel)[0]


@jax.custom_vjp
def transposed_conv(y: Float[Array, "n h w b"], kernel: Kernel) -> Float[Array, "n 2*h 2*w a"]:
    """The transpose of `strided_conv` with the same kernel; PyTorch's ConvTranspose2d(b, a, …)."""
    return _transposed_forward(y, kernel)[0]


def _strided_forward(x, kernel):
    height, width = x.shape[1] // 2, x.shape[2] // 2
    tile = tile_size(platforms.current(), height, width, kernel.shape[2])
    if not tile:
        return _strided(x, kernel), (x, kernel)
    points = winograd.kernel_points(_taps(kernel), tile)
    data = winograd.data_points(_blocks(x), tile)
    return _outputs(data, points, height, width), (data, points)


def _strided_backward(residuals, cotangent):
    x, kernel = residuals
    # In Winograd's form both are points, of three axes.
    if kernel.ndim == 4:
        return transposed_conv(cotangent, kernel), _kernel_gradient(cotangent, x)
    outputs = winograd.points_of_outputs(cotangent, winograd.tile_of(kernel))
    gradient = winograd.kernel_gradient(x, outputs)
    return _pixels(outputs, kernel, *cotangent.shape[1:3]), _untapped(gradient)


def _transposed_forward(y, kernel):
    height, width = y.shape[1:3]
    tile = tile_size(platforms.current(), height, width, kernel.shape[2])
    if not tile:
        return _transposed(y, kernel), (y, kernel)
    points = winograd.kernel_points(_taps(kernel), tile)
    outputs = winograd.points_of_outputs(y, tile)
    return _pixels(outputs, points, height, width), (outputs, points)


def _transposed_backward(residuals, cotangent):
    y, kernel = residuals
    if kernel.ndim == 4:
        return strided_conv(cotangent, kernel), _kernel_gradient(y, cotangent)
    data = winograd.data_points(_blocks(cotangent), winograd.tile_of(kernel))
    height, width = cotangent.shape[1] // 2, cotangent.shape[2] // 2
    gradient = winograd.kernel_gradient(data, y)
    return _outputs(data, kernel, height, width), _untapped(gradient)


strided_conv.defvjp(_strided_forward, _strided_backward)
transposed_conv.defvjp(_transposed_forward, _transposed_backward)


def _outputs(
    data: Float[Array, "p t c"], kernel: Float[Array, "p c b"], height: int, width: int
) -> Float[Array, "n {height} {width} b"]:
    return winograd.outputs_of_points(winograd.multiply(data, kernel), height, width)


def _pixels(
    outputs: Float[Array, "p t b"], kernel: Float[Array, "p c b"], height: int, width: int
) -> Float[Array, "n 2*{height} 2*{width} c//4"]:
    points = winograd.multiply(outputs, kernel, transposed=True)
    blocks = winograd.data_of_points(points, height, width)
    pixels = blocks.reshape(*blocks.shape[:3], 2, 2, -1).transpose(0, 1, 3, 2, 4, 5)
    pixels = pixels.reshape(len(blocks), 2 * height + 2, 2 * width + 2, -1)
    return pixels[:, 1:-1, 1:-1]


def _strided(x: Float[Array, "n h w a"], kernel: Kernel) -> Float[Array, "n h//2 w//2 b"]:
    return lax.conv_general_dilated(
        _blocks(x), _taps(kernel), (1, 1), "VALID", dimension_numbers=_LAYOUT
    )


def _transposed(y: Float[Array, "n h w b"], kernel: Kernel) -> Float[Array, "n 2*h 2*w a"]:
    batch, height, width, _ = y.shape
    flipped = kernel[::-1, ::-1].swapaxes(2, 3)
    # An even row of the result is made of rows i − 1 and i of y, an odd one of rows i and i + 1.
    rows = []
    for row in (0, 1):
        pixels = []
        for column in (0, 1):
            padding = ((1 - row, row), (1 - column, column))
            taps = flipped[row::2, column::2]
            pixels.append(
                lax.conv_general_dilated(y, taps, (1, 1), padding, dimension_numbers=_LAYOUT)
            )
        rows.append(jnp.stack(pixels, 3))
    return jnp.stack(rows, 2).reshape(batch, 2 * height, 2 * width, -1)


def _kernel_gradient(
    y: Float[Array, "n h w b"], x: Float[Array, "n 2*h 2*w a"]
) -> Float[Array, "4 4 a b"]:
    """Σ over pixels of x[2i + u − 1]ᵀ·y[i]: the kernel's gradient in either direction."""
    height, width, outputs = y.shape[1:]
    channels = x.shape[-1]
    if channels > _FEW:
        # The batch is summed over, the images are the kernel of a dilated convolution.
        return lax.conv_general_dilated(
            x,
            y,
            (1, 1),
            ((1, 1), (1, 1)),
            rhs_dilation=(2, 2),
            dimension_numbers=("CHWN", "IHWO", "HWNC"),
        )
    blocks = _blocks(x)
    corners = [blocks[:, i : i + height, j : j + width] for i in (0, 1) for j in (0, 1)]
    patches = jnp.stack(corners, 3).reshape(-1, 16 * channels)
    gradient = patches.T @ y.reshape(-1, outputs)
    return _untapped(gradient.reshape(2, 2, 4 * channels, outputs))


def _taps(kernel: Kernel) -> Float[Array, "2 2 4*a b"]:
    """The kernel of the 2×2 convolution over `_blocks`."""
    channels, outputs = kernel.shape[2:]
    taps = kernel.reshape(2, 2, 2, 2, channels, outputs).transpose(0, 2, 1, 3, 4, 5)
    return taps.reshape(2, 2, 4 * channels, outputs)


def _untapped(taps: Float[Array, "2 2 c b"]) -> Float[Array, "4 4 c//4 b"]:
    """The inverse of `_taps`."""
    kernel = taps.reshape(2, 2, 2, 2, -1, taps.shape[-1]).transpose(0, 2, 1, 3, 4, 5)
    return kernel.reshape(4, 4, -1, taps.shape[-1])


def _blocks(x: Float[Array, "n h w a"]) -> Float[Array, "n h//2+1 w//2+1 4*a"]:
    """Blocks of 2×2 pixels as channels, of the map with one pixel of zeros round it."""
    batch, height, width, channels = x.shape
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    blocks = padded.reshape(batch, height // 2 + 1, 2, width // 2 + 1, 2, channels)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(*blocks.shape[:2], blocks.shape[3], -1)
