"""Guides of Gram matrices: how much each position of each VGG16 layer counts.

After Gatys, Ecker, Bethge, Hertzmann and Shechtman, Controlling perceptual factors in neural style
transfer (CVPR 2017), section 4 and its code: a position whose receptive field lies inside the
region counts most, one that also sees what is outside of it counts less.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from jaxtex.style.separation import Map
from jaxtex.vgg import Ends, depth, receptive_field


def layer_guides(guide: Map, layers: Iterable[str]) -> dict[str, Float32[np.ndarray, "_ _ 1"]]:
    """The roots of weights at each layer, of a map of weights ≥ 0 at the image's size.

    A position weighs as much as the guide there, times the mean of the guide over what the position
    sees of the image. The mean weight of a layer is 1; where a layer has none, all of them are 0.
    """
    return {layer: _layer_guide(guide, layer) for layer in layers}


def layer_ends(
    left: Float32[np.ndarray, " w"],
    right: Float32[np.ndarray, " w"],
    ends: float,
    layers: Iterable[str],
) -> dict[str, Ends]:
    """Guides of the left end, the middle and the right end at each layer.

    A column weighs for the end of its half as positions do in `layer_guides`, and what that leaves
    of 1 for the middle.

    Args:
      left, right: how much each of the image's columns counts for an end, 0 to 1.
      ends: how far the regions are apart, 0 (all of them are the whole) to 1.
      layers: for which layers.
    """
    return {layer: _layer_ends(left, right, ends, layer) for layer in layers}


def _layer_guide(guide: Map, layer: str) -> Float32[np.ndarray, "_ _ 1"]:
    weight = _layer_weights(guide, layer)
    weight /= max(float(weight.mean()), 1e-12)
    return np.sqrt(weight)[..., None].astype(np.float32)


def _layer_ends(left: np.ndarray, right: np.ndarray, ends: float, layer: str) -> Ends:
    cell = 2 ** depth(layer)
    # As high as a position, all of whose rows are alike.
    weights = [_layer_weights(np.tile(columns, (cell, 1)), layer)[0] for columns in (left, right)]
    middle = -(-len(weights[0]) // 2)
    halves = weights[0][:middle], weights[1][middle:]
    one, other = (ends * float(half.sum()) / len(weights[0]) for half in halves)
    mixing = np.array([[1 - ends, ends, 0], [1, -ends, -ends], [1 - ends, 0, ends]])
    totals = np.array([1 - ends + one, 1 - one - other, 1 - ends + other])
    mixing /= np.maximum(totals, 1e-12)[:, None]
    columns = np.sqrt(np.concatenate(halves))[None, :, None]
    return Ends(columns.astype(np.float32), mixing.astype(np.float32))


def _layer_weights(guide: Map, layer: str) -> Map:
    seen = ndimage.uniform_filter(guide, receptive_field(layer), mode="nearest")
    cell = 2 ** depth(layer)
    return _block_means(guide, cell) * _block_means(np.maximum(seen, 0), cell)


def _block_means(values: Map, side: int) -> Map:
    """Means over squares of `side` pixels, floor, as VGG16's pools halve their maps."""
    height, width = (length // side for length in values.shape)
    blocks = values[: height * side, : width * side].reshape(height, side, width, side)
    return blocks.mean((1, 3), dtype=np.float64).astype(np.float32)
