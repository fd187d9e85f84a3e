"""Style: how far a result's Gram matrices are on the way from the content's to the style's.

docs/metrics.md has the formula and why lettering is compared as it is.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32
from scipy import ndimage

from jaxtex import images, platforms
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.run import load_network
from jaxtex.style.separation import LUMINANCE, RGB, Map, border_pixels, is_grey, parts_of
from jaxtex.vgg import (
    LAYERS,
    VGG16,
    PreparedConv,
    avg_pool,
    depth,
    extract,
    gram_matrix,
    minimum_size,
    prepare_kernels,
)

BLOCKS = 5

# The most pixels a side at which it is measured.
_SIZE = 256
# A long wordmark is measured larger, so that block 5 has some pixels of height.
_HEIGHT = 2 * minimum_size(LAYERS)
# Two images have the same shape if their ratios of width to height differ by no more than this.
_SAME_RATIO = 0.03
_BATCH = 8


class StyleMeasure:
    """What measures the style of results between one content and one style."""

    def __init__(
        self, content: RGB, style: RGB, network: VGG16 | None = None, size: int | None = None
    ) -> None:
        """`network` and `size` are those of `Reference`."""
        self.content, self.style, self.size = content, style, size
        self._network = network
        self._distances_at = functools.cache(self._make_distances)

    def blocks(self, results: Sequence[RGB]) -> list[tuple[float, ...]]:
        """The style of each block, for each result."""
        shapes: dict[tuple[int, ...], list[int]] = {}
        for index, result in enumerate(results):
            shapes.setdefault(self._shape(result), []).append(index)
        found: dict[int, tuple[float, ...]] = {}
        for (height, width, longer), members in shapes.items():
            distances, of_content = self._distances_at(longer)
            # A program for a batch must pay for its compilation; that for one image is there.
            size = _BATCH if len(members) >= 4 * _BATCH else 1
            for start in range(0, len(members), size):
                part = members[start : start + size]
                batch = [images.resize(results[index], height, width) for index in part]
                of_results = distances(batch + batch[-1:] * (size - len(batch)))
                for place, index in enumerate(part):
                    found[index] = _by_block(
                        {
                            layer: 1 - float(of_results[layer][place]) / max(whole, 1e-12)
                            for layer, whole in of_content.items()
                        }
                    )
        return [found[index] for index in range(len(results))]

    def _shape(self, result: RGB) -> tuple[int, int, int]:
        """The height and width at which a result's style is measured, and the longer side."""
        shape = self.content.shape if same_shape(result, self.content) else result.shape
        longer = self.size
        if longer is None:
            wanted = max(_SIZE, _HEIGHT * max(shape[:2]) // min(shape[:2]))
            longer = min(wanted, max(result.shape[:2]))
        return *images.fit(shape[0], shape[1], longer), longer

    def _make_distances(self, longer: int) -> tuple[Any, dict[str, float]]:
        """What gives results' distances to the style by layer, and the content's own."""
        if self._network is None:
            self._network = load_network()
        network = self._network
        content = images.resize(self.content, *fitted(self.content, longer))
        style = images.resize(self.style, *fitted(self.style, longer))
        parts = None if is_grey(style) else parts_of([style])[0]
        # Lettering of any colours is compared by its shapes, a texture in colour.
        color = parts is not None and parts.coverage is None
        stroke = round(Lettering(content).stroke)
        height, width = style.shape[:2]
        convs = prepare_kernels(network, LAYERS, height, width, 3 if color else 1, form="direct")

        def presence(image: RGB) -> Map:
            return _presence(image, in_color=parts is not None)

        def inputs(batch: Sequence[tuple[RGB, Map]]) -> tuple[Array, Array]:
            levels, weights = zip(
                *(_levels(*each, stroke, color=color) for each in batch), strict=True
            )
            return jnp.asarray(np.stack(levels)), jnp.asarray(np.stack(weights))

        of_style = presence(style)
        if parts is not None and parts.kind == "busy" and parts.coverage is not None:
            of_style = parts.coverage
        targets = weighted_grams(convs, *inputs([(style, of_style)]))

        def distances(batch: Sequence[RGB]) -> dict[str, np.ndarray]:
            pairs = [(each, presence(each)) for each in batch]
            return jax.device_get(_distances(convs, *inputs(pairs), targets))

        own = {layer: float(values[0]) for layer, values in distances([content]).items()}
        return distances, own


def fitted(image: RGB, longer: int) -> tuple[int, int]:
    """Height and width of an image at a longer side."""
    return images.fit(image.shape[0], image.shape[1], longer)


def same_shape(first: RGB, second: RGB) -> bool:
    """Whether two images have one ratio of width to height."""
    ratios = [image.shape[1] / image.shape[0] for image in (first, second)]
    # A pixel's rounding of a small image may be more.
    slack = max(_SAME_RATIO, 1 / min(first.shape[0], second.shape[0]))
    return abs(ratios[0] / ratios[1] - 1) <= slack


def _presence(image: RGB, *, in_color: bool) -> Map:
    """How unlike the median of its border each pixel is, in colour or luminance; 1 as ink is."""
    offset = image - np.median(border_pixels(image), 0)
    distance = np.sqrt(np.mean(np.square(offset), -1)) if in_color else np.abs(offset @ LUMINANCE)
    high = distance > 0.5 * distance.max()
    full = float(np.median(distance[high])) if high.any() else 1.0
    return np.clip(distance / full, 0, 1).astype(np.float32)


def _levels(
    image: RGB, presence: Map, stroke: int, *, color: bool
) -> tuple[Float32[np.ndarray, "h w c"], Float32[np.ndarray, "h w 1"]]:
    """An image in grey levels for the network, and how much each pixel counts.

    Unless the style is a texture in colour, all images become dark lettering on a white ground with
    full contrast, so that neither polarity nor colour counts as style. A pixel counts with the
    square of the most presence within a stroke's width: paper far from any ink has no say.
    """
    levels = image * 255 if color else 255 * (1 - presence[..., None])
    weight = ndimage.maximum_filter(presence, 2 * stroke + 1) ** 2
    return levels.astype(np.float32), weight[..., None]


@jax.jit
@platforms.in_float32
def weighted_grams(
    convs: Mapping[str, PreparedConv],
    levels: Float[Array, "n h w c"],
    weights: Float[Array, "n h w 1"],
) -> dict[str, Float32[Array, "n _ _"]]:
    """Σ w f fᵀ / Σ w of each layer's features before the ReLU; weights are averaged by pools."""
    pooled = [weights]
    for _ in range(BLOCKS - 1):
        pooled.append(avg_pool(pooled[-1]))

    def tap(features: Array, weight: Array) -> tuple[Array, Array]:
        mean = jnp.maximum(jnp.mean(weight, (1, 2, 3)), 1e-6)
        return features, gram_matrix(features * jnp.sqrt(weight)) / mean[:, None, None]

    taps = {layer: functools.partial(tap, weight=pooled[depth(layer)]) for layer in LAYERS}
    return extract(convs, levels, LAYERS, taps=taps)


@jax.jit
def _distances(
    convs: Mapping[str, PreparedConv],
    levels: Float[Array, "n h w c"],
    weights: Float[Array, "n h w 1"],
    targets: Mapping[str, Float[Array, "1 _ _"]],
) -> dict[str, Float32[Array, " n"]]:
    """‖G − A‖ of each layer and image, A the style's."""
    grams = weighted_grams(convs, levels, weights)
    return {
        layer: jnp.sqrt(jnp.sum(jnp.square(gram - targets[layer]), (1, 2)))
        for layer, gram in grams.items()
    }


def _by_block(layers: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(
        float(np.mean([value for layer, value in layers.items() if depth(layer) == block]))
        for block in range(BLOCKS)
    )
