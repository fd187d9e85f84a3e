"""Winograd's F(4×4, 3×3) for frozen 3×3 convolutions (Lavin and Gray, CVPR 2016).

A tile of 4×4 outputs depends on 6×6 inputs. Both, and the kernel, are polynomials in each
direction; evaluated at the points 0, ±1, ±2 and ∞ their convolution is one product per point.
So a tile costs 36 multiplications for each pair of channels where the sum costs 144, and all
tiles together are 36 matrix products.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float32

_BAND = 384
"""About how many tiles are computed at a time: few enough to stay in the cache between the passes,
and so many that reading the kernel and the loop itself cost little."""

_KERNEL_TRANSFORM = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)


def winograd_kernel(kernel: Float32[Array, "3 3 c k"]) -> Float32[Array, "36 c k"]:
    """The kernel in Winograd's domain, one matrix for each of the 6×6 points of a tile."""
    g = jnp.asarray(_KERNEL_TRANSFORM)
    points = jnp.einsum("ia,jb,abck->ijck", g, g, kernel, precision="highest")
    return points.reshape(36, *kernel.shape[2:])


def winograd(
    x: Float[Array, "b h w c"], kernel: Float32[Array, "36 c k"], bias: Float32[Array, " k"] | None
) -> Float[Array, "b h w k"]:
    """3×3 convolution of `x`, stride 1, zero padding 1, plus `bias`; computed in float32."""
    batch, height, width, channels = x.shape
    rows, columns = -(-height // 4), -(-width // 4)
    # A band is some rows of tiles of one image, or, where images are small, some whole images.
    bands = min(rows, -(-rows * columns // _BAND))
    band = -(-rows // bands)
    rows = bands * band
    images = _largest_divisor(batch, _BAND // (rows * columns)) if bands == 1 else 1
    padding = ((0, 0), (1, 4 * rows + 1 - height), (1, 4 * columns + 1 - width), (0, 0))
    padded = jnp.pad(x.astype(jnp.float32), padding)

    def convolve_band(index: int | Array) -> Array:
        corner = (index // bands * images, index % bands * (4 * band), 0, 0)
        size = (images, 4 * band + 2, 4 * columns + 2, channels)
        return _convolve_tiles(lax.dynamic_slice(padded, corner, size), kernel, bias)

    def write_band(index: Array, out: Array) -> Array:
        return lax.dynamic_update_slice(out, convolve_band(index), (index * images, 0, 0, 0))

    count = batch // images * bands
    if count == 1:
        out = convolve_band(0)
    else:
        # Begun from a value of the input: XLA on CPU would make constants of all convolutions at
        # the start of the program and hold them until they are overwritten here.
        seed = x[0, 0, 0, 0].astype(jnp.float32)
        shape = (count * images, 4 * band, 4 * columns, kernel.shape[-1])
        out = lax.fori_loop(0, count, write_band, jnp.broadcast_to(seed, shape))
    out = out.reshape(batch, 4 * rows, 4 * columns, -1)
    return out[:, :height, :width].astype(x.dtype)


def _largest_divisor(number: int, most: int) -> int:
    return max(n for n in range(1, max(most, 1) + 1) if number % n == 0)


def _convolve_tiles(
    x: Float32[Array, "b _ _ c"],
    kernel: Float32[Array, "36 c k"],
    bias: Float32[Array, " k"] | None,
) -> Float32[Array, "b _ _ k"]:
    batch, height, width, channels = x.shape
    rows, columns = height // 4, width // 4
    parts = [x[:, i : i + 4 * rows - 3 : 4] for i in range(6)]
    # Materialised between the two passes: fused, each point would be computed six times over.
    points = lax.optimization_barrier(jnp.stack(_input_transform(parts)))
    parts = [points[:, :, :, j : j + 4 * columns - 3 : 4] for j in range(6)]
    points = lax.optimization_barrier(jnp.stack(_input_transform(parts), 1))
    points = points.reshape(36, batch * rows * columns, channels)
    products = lax.dot_general(points, kernel, (((2,), (1,)), ((0,), (0,))))
    products = products.reshape(6, 6, batch, rows, columns, -1)
    # half: column point, batch, row of tiles, row in tile, column of tiles, channel
    half = lax.optimization_barrier(jnp.stack(_output_transform(products), 3))
    out = jnp.stack(_output_transform(half), 4)
    out = out.reshape(batch, 4 * rows, 4 * columns, -1)
    return out if bias is None else out + bias


def _input_transform(d: list[Array]) -> list[Array]:
    even = 4 * d[2] - d[4]
    odd = 4 * d[1] - d[3]
    mixed_even, mixed_odd = d[4] - d[2], 2 * (d[3] - d[1])
    return [
        4 * d[0] - 5 * d[2] + d[4],
        -(odd + even),
        odd - even,
        mixed_even + mixed_odd,
        mixed_even - mixed_odd,
        4 * d[1] - 5 * d[3] + d[5],
    ]


def _output_transform(m: Array) -> list[Array]:
    plus, minus = m[1] + m[2], m[1] - m[2]
    plus2, minus2 = m[3] + m[4], m[3] - m[4]
    return [
        m[0] + plus + plus2,
        minus + 2 * minus2,
        plus + 4 * plus2,
        minus + 8 * minus2 + m[5],
    ]
