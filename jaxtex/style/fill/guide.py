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
from jaxtex.vgg import depth, receptive_field


def layer_guides(guide: Map, layers: Iterable[str]) -> dict[str, Float32[np.ndarray, "_ _ 1"]]:
    """The roots of weights at each layer, of a map of weights ≥ 0 at the image's size.

    A position weighs as much as the guide there, times the mean of the guide over what the position
    sees of the image. The mean weight of a layer is 1; where a layer has none, all of them are 0.
    """
    return {layer: _layer_guide(guide, layer) for layer in layers}


def _layer_guide(guide: Map, layer: str) -> Float32[np.ndarray, "_ _ 1"]:
    seen = ndimage.uniform_filter(guide, receptive_field(layer), mode="nearest")
    cell = 2 ** depth(layer)
    weight = _block_means(guide, cell) * _block_means(np.maximum(seen, 0), cell)
    weight /= max(float(weight.mean()), 1e-12)
    return np.sqrt(weight)[..., None].astype(np.float32)


def _block_means(values: Map, side: int) -> Map:
    """Means over squares of `side` pixels, floor, as VGG16's pools halve their maps."""
    height, width = (length // side for length in values.shape)
    blocks = values[: height * side, : width * side].reshape(height, side, width, side)
    return blocks.mean((1, 3), dtype=np.float64).astype(np.float32)
