"""Letters stretched column by column, at any size, with strokes as wide as they shall be."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy import ndimage

from jaxtex.style.separation import Map

# Outlines are drawn this many times as fine as pixels.
_FINE = 4


class Columns(NamedTuple):
    """What becomes of each column of some letters; lengths in pixels of the content."""

    stretch: Float[np.ndarray, " w"]
    """Across."""
    scale: Float[np.ndarray, " w"]
    """Down: a row y comes to scale · y + offset."""
    offset: Float[np.ndarray, " w"]
    thinner: Float[np.ndarray, " w"]
    """How much is taken off the edges."""


class Piece(NamedTuple):
    """Letters at their new size; the first column is at 0, the first row at `top`."""

    coverage: Map
    source: Float32[np.ndarray, "2 h w"]
    """The row and the column of the content that each pixel comes from."""
    top: int


def warp(coverage: Map, columns: Columns, size: float = 1.0) -> Piece:
    """Letters warped by columns, then `size` times as large.

    Args:
      coverage: of the letters alone, cut to their columns; at full height.
      columns: one value each for its columns.
      size: how many pixels of the result a pixel of the content is wide.
    """
    width = coverage.shape[1]
    fine = _FINE * size
    edges = np.concatenate([[0.0], np.cumsum(columns.stretch)])
    count = max(1, int(np.ceil(edges[-1] * size)))
    across = np.interp((np.arange(count * _FINE) + 0.5) / fine, edges, np.arange(width + 1)) - 0.5
    scale, offset, thinner = (np.interp(across, np.arange(width), each) for each in columns[1:])
    inked = np.flatnonzero(coverage.max(1) > 0)
    spread = columns.scale * np.array([[inked[0]], [inked[-1] + 1]]) + columns.offset
    top = int(np.floor(spread.min() * size)) - 1
    rows = int(np.ceil(spread.max() * size)) + 1 - top
    down = (((np.arange(rows * _FINE) + 0.5) / _FINE + top) / size)[:, None]
    source = (down - offset) / scale - 0.5
    places = np.stack([source, np.broadcast_to(across, source.shape)])
    drawn = _outlined(coverage, places, thinner * fine)
    small = drawn.reshape(rows, _FINE, count, _FINE).mean((1, 3)).astype(np.float32)
    middle = places[:, _FINE // 2 :: _FINE, _FINE // 2 :: _FINE].astype(np.float32)
    return Piece(small, middle, top)


def _outlined(
    coverage: Map, places: Float[np.ndarray, "2 h w"], thinner: Float[np.ndarray, " w"]
) -> Float32[np.ndarray, "h w"]:
    """The letters at fine places, with sharp edges that lie `thinner` fine pixels further in."""
    inside: Bool[np.ndarray, "h w"] = (
        ndimage.map_coordinates(coverage, places, order=3, mode="constant") > 0.5
    )
    if not thinner.any():
        return inside.astype(np.float32)
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1]
    # A stroke keeps its middle, however thin it becomes.
    ridge = inside & (depth == ndimage.maximum_filter(depth, 3))
    return (np.clip(depth - thinner, 0, 1) + ridge).clip(0, 1).astype(np.float32)
