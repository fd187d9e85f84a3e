"""Winograd's F(m×m, 2×2) for trained 2×2 convolutions of stride 1.

A tile of m×m outputs of a 2×2 convolution depends on (m+1)×(m+1) inputs. Both, and the kernel, are
polynomials in each direction; evaluated at m finite points and ∞ their convolution is one product
per point (Lavin and Gray, CVPR 2016; the matrices are Toom and Cook's). A tile of 4×4 outputs costs
25 multiplications for each pair of channels where the sum costs 64, one of 2×2 outputs 9 instead of
16. Input, kernel and output go through linear maps before and after; the transposes of these are
all that the transposed convolution and both gradients need, so that whatever was transformed in the
forward pass is used again in the backward pass. (`jaxtex.vgg` has it for frozen kernels.)
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float


class _Transforms(NamedTuple):
    """Along one axis, of the points p: outputs Σ_p output[:, p]·(kernel @ k)[p]·(data @ x)[p]."""

    data: np.ndarray
    kernel: np.ndarray
    output: np.ndarray


_TRANSFORMS = {
    # The points 0, −1 and ∞.
    2: _Transforms(
        data=np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1]]),
        kernel=np.array([[1, 0], [-1, 1], [0, 1]]),
        output=np.array([[1, 1, 0], [0, -1, 1]]),
    ),
    # The points 0, 1, −1, 2 and ∞.
    4: _Transforms(
        data=np.array(
            [
                [2, -1, -2, 1, 0],
                [0, -2, -1, 1, 0],
                [0, 2, -3, 1, 0],
                [0, -1, 0, 1, 0],
                [0, 2, -1, -2, 1],
            ]
        ),
        kernel=np.array(
            [[1 / 2, 0], [-1 / 2, -1 / 2], [-1 / 6, 1 / 6], [1 / 6, 1 / 3], [0, 1]], np.float32
        ),
        output=np.array([[1, 1, 1, 1, 0], [0, 1, -1, 2, 0], [0, 1, 1, 4, 0], [0, 1, -1, 8, 1]]),
    ),
}


def kernel_points(kernel: Float[Array, "2 2 c b"], tile: int) -> Float[Array, "p c b"]:
    """The kernel at the (tile + 1)² points."""
    points = _plane(_TRANSFORMS[tile].kernel) @ kernel.reshape(4, -1)
    return points.reshape(-1, *kernel.shape[2:])


def kernel_gradient(
    data: Float[Array, "p t c"], output: Float[Array, "p t b"]
) -> Float[Array, "2 2 c b"]:
    """The gradient with respect to a kernel, of the points of data and the output's gradient."""
    tile = tile_of(data)
    # XLA transposes the first factor: the smaller one, where that outweighs the gradient's size.
    swapped = tile != 2
    sums = _sum_over_tiles(output, data) if swapped else _sum_over_tiles(data, output)
    gradient = _plane(_TRANSFORMS[tile].kernel).T @ sums.reshape(len(data), -1)
    gradient = gradient.reshape(2, 2, *sums.shape[1:])
    return gradient.swapaxes(2, 3) if swapped else gradient


def data_points(data: Float[Array, "n _ _ c"], tile: int) -> Float[Array, "p t c"]:
    """The inputs of all tiles at the points; height and width are multiples of the tile, plus 1."""
    transform = _TRANSFORMS[tile].data
    height, width = (size - 1 for size in data.shape[1:3])
    rows = [data[:, i : i + height - tile + 1 : tile] for i in range(tile + 1)]
    half = jnp.stack(_combine(transform, rows))
    columns = [half[:, :, :, j : j + width - tile + 1 : tile] for j in range(tile + 1)]
    points = jnp.stack(_combine(transform, columns), 1)
    return points.reshape((tile + 1) ** 2, -1, data.shape[-1])


def data_of_points(
    points: Float[Array, "p t c"], height: int, width: int
) -> Float[Array, "n {height}+1 {width}+1 c"]:
    """The transpose of `data_points`: tiles overlap, and are added."""
    tile = tile_of(points)
    transform = _TRANSFORMS[tile].data.T
    shape = (tile + 1, tile + 1, -1, height // tile, width // tile, points.shape[-1])
    half = _overlapping(_combine(transform, list(points.reshape(shape))), 2)
    return _overlapping(_combine(transform, list(half)), 2)


def outputs_of_points(
    points: Float[Array, "p t b"], height: int, width: int
) -> Float[Array, "n {height} {width} b"]:
    """The outputs of all tiles, of the products at the points."""
    tile = tile_of(points)
    outputs = _plane(_TRANSFORMS[tile].output) @ points.reshape(len(points), -1)
    shape = (tile, tile, -1, height // tile, width // tile, points.shape[-1])
    return outputs.reshape(shape).transpose(2, 3, 0, 4, 1, 5).reshape(-1, height, width, shape[-1])


def points_of_outputs(outputs: Float[Array, "n h w b"], tile: int) -> Float[Array, "p t b"]:
    """The transpose of `outputs_of_points`."""
    transform = _TRANSFORMS[tile].output.T
    _, height, width, channels = outputs.shape
    tiles = outputs.reshape(-1, height // tile, tile, width // tile, tile, channels)
    half = jnp.stack(_combine(transform, [tiles[:, :, i] for i in range(tile)]))
    points = jnp.stack(_combine(transform, [half[..., j, :] for j in range(tile)]), 1)
    return points.reshape((tile + 1) ** 2, -1, channels)


def multiply(
    a: Float[Array, "p t i"], b: Float[Array, "p _ _"], *, transposed: bool = False
) -> Float[Array, "p t j"]:
    """At each point the product with a matrix, or with its transpose."""
    return lax.dot_general(a, b, (((2,), (2 if transposed else 1,)), ((0,), (0,))))


def _sum_over_tiles(a: Float[Array, "p t i"], b: Float[Array, "p t j"]) -> Float[Array, "p i j"]:
    return lax.dot_general(a, b, (((1,), (1,)), ((0,), (0,))))


def tile_of(points: Float[Array, "p _ _"]) -> int:
    """The tile of what is given at (tile + 1)² points."""
    return math.isqrt(len(points)) - 1


def _plane(transform: np.ndarray) -> Float[Array, "_ _"]:
    """The transform along both axes."""
    return jnp.asarray(np.kron(transform, transform), jnp.float32)


def _combine(matrix: np.ndarray, parts: Sequence[Array]) -> list[Array]:
    """matrix @ parts, without what is multiplied by 0."""
    return [
        functools.reduce(
            jnp.add, [float(x) * part for x, part in zip(row, parts, strict=True) if x]
        )
        for row in matrix
    ]


def _overlapping(parts: list[Array], axis: int) -> Array:
    """Tiles laid along `axis`, where the last part of each lies on the first of the next."""

    def padded(part: Array, before: int, after: int) -> Array:
        return jnp.pad(part, [(before, after) if i == axis else (0, 0) for i in range(part.ndim)])

    first, *others, last = parts
    shared = padded(first, 0, 1) + padded(last, 1, 0)
    laid = jnp.stack([shared, *(padded(part, 0, 1) for part in others)], axis + 1)
    tile, tiles = len(others) + 1, first.shape[axis]
    shape = (*laid.shape[:axis], -1, *laid.shape[axis + 2 :])
    return lax.slice_in_dim(laid.reshape(shape), 0, tile * tiles + 1, axis=axis)
