"""Features of images too large for the memory, band by band: the same sums in a part of it.

Gram matrices and the content's error are sums over positions, and a position sees no further than
its receptive field. So a band of rows, with as many more on both sides as the deepest layer sees,
gives its part of each sum exactly; the gradient of the whole is that of the bands, each computed
once more as its turn comes. All bands are windows of one height, so that one compiled program does
for all of them; at the image's own edges features meet the same zeros as in the whole.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Float32, Int32

from jaxtex.style.objective.features import Program, features_of
from jaxtex.vgg import Ends, Guide, PreparedConv, depth, halo, minimum_size

Kernels = Mapping[str, PreparedConv]
Guides = Mapping[str, Guide]


@dataclass(frozen=True)
class Plan:
    """How an image is cut: windows of `size` rows, each of which counts `stride` of them."""

    height: int
    size: int
    stride: int
    margin: int

    @property
    def count(self) -> int:
        """How many windows there are."""
        return -(-self.height // self.stride)

    def start(self, index: Int32[Array, ""]) -> Int32[Array, ""]:
        """The first row of a window."""
        return jnp.clip(index * self.stride - self.margin, 0, self.height - self.size)

    def counts(self, index: Int32[Array, ""], layer: str) -> Bool[Array, "h 1 1"]:
        """Which rows of a window's features at `layer` count."""
        halvings = depth(layer)
        rows = (self.start(index) >> halvings) + jnp.arange(self.size >> halvings)
        first = index * self.stride >> halvings
        return ((rows >= first) & (rows < first + (self.stride >> halvings)))[:, None, None]

    def part(self, index: Int32[Array, ""], layer: str, whole: Array) -> Array:
        """The window's rows of a map `[..., h, w, c]` of `layer`'s size."""
        halvings = depth(layer)
        start, size = self.start(index) >> halvings, self.size >> halvings
        return lax.dynamic_slice_in_dim(whole, start, size, axis=whole.ndim - 3)


def plan(program: Program, height: int) -> Plan | None:
    """How an image of so many rows is cut by `program`; None where it is not."""
    if program.band is None or program.band >= height:
        return None
    step, margin = minimum_size(program.all_layers), halo(program.all_layers)
    # Windows begin where all layers' positions do, and the last one ends with the image.
    size = height - -(-(height - max(program.band, least_band(program))) // step) * step
    return Plan(height, size, (size - 2 * margin) // step * step, margin) if size < height else None


def least_band(program: Program) -> int:
    """The rows of the lowest window: what counts of it is one position of the deepest layer."""
    # One step more, as windows end with the image.
    return 2 * halo(program.all_layers) + 2 * minimum_size(program.all_layers)


def window_rows(program: Program, height: int) -> int:
    """The rows of an image that are in memory at once."""
    cut = plan(program, height)
    return height if cut is None else cut.size


def compared(
    program: Program,
    vgg: Kernels,
    image: Float[Array, "b h w c"],
    content: Float[Array, "b _ _ k"],
    guides: Guides | None,
) -> tuple[Float32[Array, " b"], dict[str, Float32[Array, "..."]]]:
    """The content's sum of squared errors, and the style layers' Gram matrices."""
    cut = plan(program, image.shape[1])
    if cut is None:
        features, grams = features_of(program, vgg, image, guides)
        return jnp.sum(jnp.square(features.astype(jnp.float32) - content), (1, 2, 3)), grams

    def of_band(index: Int32[Array, ""]) -> tuple[Array, dict[str, Array]]:
        features, grams = _band(program, vgg, image, guides, cut, index)
        layer = program.content_layer
        error = features.astype(jnp.float32) - cut.part(index, layer, content)
        error = jnp.where(cut.counts(index, layer), error, 0)
        return jnp.sum(jnp.square(error), (1, 2, 3)), grams

    return _summed(of_band, cut)


def grams_of(
    program: Program, vgg: Kernels, image: Float[Array, "b h w c"], guides: Guides | None = None
) -> dict[str, Float32[Array, "..."]]:
    """The style layers' Gram matrices."""
    cut = plan(program, image.shape[1])
    if cut is None:
        return features_of(program, vgg, image, guides)[1]
    return _summed(lambda index: _band(program, vgg, image, guides, cut, index)[1], cut)


def content_of(
    program: Program, vgg: Kernels, image: Float[Array, "b h w c"]
) -> Float32[Array, "b _ _ k"]:
    """The content layer's features."""
    only = program._replace(layers=())
    cut = plan(program, image.shape[1])
    if cut is None:
        return features_of(only, vgg, image)[0].astype(jnp.float32)
    layer = program.content_layer

    def write(whole: Array, index: Int32[Array, ""]) -> tuple[Array, None]:
        features, _ = _band(only, vgg, image, None, cut, index)
        new = jnp.where(cut.counts(index, layer), features, cut.part(index, layer, whole))
        start = cut.start(index) >> depth(layer)
        return lax.dynamic_update_slice_in_dim(whole, new, start, axis=1), None

    shape = jax.eval_shape(lambda: features_of(only, vgg, image)[0]).shape
    whole, _ = lax.scan(write, jnp.zeros(shape), jnp.arange(cut.count))
    return whole


def _band(
    program: Program,
    vgg: Kernels,
    image: Float[Array, "b h w c"],
    guides: Guides | None,
    cut: Plan,
    index: Int32[Array, ""],
) -> tuple[Array, dict[str, Array]]:
    """The features of a window, and its part of the Gram matrices."""
    window = lax.dynamic_slice_in_dim(image, cut.start(index), cut.size, axis=1)
    counted: dict[str, Guide] = {}
    for layer in program.layers:
        counts = cut.counts(index, layer).astype(jnp.float32)
        guide = (guides or {}).get(layer)
        if guide is None:
            shape = len(image), len(counts), image.shape[2] >> depth(layer), 1
            counted[layer] = jnp.broadcast_to(counts, shape)
        elif isinstance(guide, Ends):
            rows = jnp.broadcast_to(counts, (len(image), *counts.shape))
            counted[layer] = guide._replace(rows=rows)
        else:
            counted[layer] = counts * cut.part(index, layer, guide)
    features, grams = features_of(program, vgg, window, counted)
    share = {layer: (cut.size >> depth(layer)) / (cut.height >> depth(layer)) for layer in grams}
    return features, {layer: gram * share[layer] for layer, gram in grams.items()}


def _summed(of_band: Callable[[Int32[Array, ""]], Any], cut: Plan) -> Any:
    def add(total: Any, index: Int32[Array, ""]) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, jax.checkpoint(of_band)(index)), None

    indices = jnp.arange(cut.count)
    shapes = jax.eval_shape(of_band, indices[0])
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    return lax.scan(add, zeros, indices)[0]
