"""Metrics of a result against its content and style: readability, artefacts and style.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) leaves such metrics to future work. `Reference.score`
measures any image, from jaxtex or not; docs/metrics.md defines every figure with its range.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32
from scipy import ndimage

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import RGB, Map
from jaxtex.style.metrics import ocr
from jaxtex.style.metrics.artefacts import Artefacts, Background
from jaxtex.style.metrics.lettering import Lettering, Readability, shifted
from jaxtex.style.objective import gram_matrix
from jaxtex.style.run import load_network
from jaxtex.style.targets import prepare
from jaxtex.vgg import LAYERS, VGG16, PreparedConv, avg_pool, depth, extract, minimum_size

BLOCKS = 5

# The most pixels a side at which readability and artefacts, and style, are measured.
_SIZE, _STYLE_SIZE = 512, 256
# A long wordmark is measured larger, so that block 5 has some pixels of height.
_STYLE_HEIGHT = 2 * minimum_size(LAYERS)
# Two images have the same shape if their ratios of width to height differ by no more than this.
_SAME_RATIO = 0.03
_BATCH = 8


@dataclass(frozen=True)
class Score:
    """What was measured of one result."""

    readability: Readability
    artefacts: Artefacts
    style: float
    """The mean of `blocks`: 0 for the content itself, 1 for the style itself."""
    blocks: tuple[float, ...]
    """The style of VGG's blocks 1 to 5."""
    reading: ocr.Reading | None
    """What tesseract reads, where it was asked for and reads anything in the content."""
    height: int
    width: int
    """The size at which readability and artefacts were measured."""

    def __str__(self) -> str:
        return (
            f"readability {self.readability.readability:.2f}, "
            f"artefacts {self.artefacts.artefacts:.3f}, style {self.style:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """All figures by name, as JSON values."""
        shift_down, shift_right = self.readability.shift
        return {
            **self.readability._asdict(),
            "shift": [shift_down, shift_right],
            "ocr": None if self.reading is None else self.reading.agreement,
            **self.artefacts._asdict(),
            "style": self.style,
            **{f"block{index + 1}": value for index, value in enumerate(self.blocks)},
            "width": self.width,
            "height": self.height,
        }


class Reference:
    """A content and a style, made ready once for all the results that are scored with them."""

    def __init__(
        self,
        content: RGB,
        style: RGB,
        *,
        alpha: Map | None = None,
        network: VGG16 | None = None,
        size: int | None = None,
        read: bool = False,
    ) -> None:
        """Checks both images; all are RGB in [0, 1].

        Args:
          content: the plain logo.
          style: the style image, of any size.
          alpha: the content's transparency, where it has any.
          network: VGG16 with other weights than those that ship.
          size: the longer side at which all is measured; by default that of the result, for
            readability and artefacts at most 512 pixels, for style at most 256.
          read: whether tesseract shall read content and results, where it is installed.

        Raises:
          ImageError: an image is too small, or the content has no lettering on a ground.
        """
        for name, image in (("content", content), ("style", style)):
            _check_size(name, image)
        if content.shape == style.shape and np.array_equal(content, style):
            raise ImageError("style: is the content itself; there is no style to come nearer to")
        self.content, self.style, self.alpha = content, style, alpha
        self.size, self.read = size, read
        self._lettering_at = functools.cache(self._make_lettering)
        self._distances_at = functools.cache(self._make_distances)
        self._network = network
        self._lettering_at(*_fitted(content, size or _SIZE))

    def score(self, results: Sequence[RGB]) -> list[Score]:
        """Scores results of any size; those of one shape go through the network together.

        Raises:
          ImageError: a result is too small.
        """
        for index, result in enumerate(results):
            _check_size(f"result {index + 1}", result)
        blocks = self._blocks(results)
        return [self._score(*each) for each in zip(results, blocks, strict=True)]

    def _score(self, result: RGB, blocks: tuple[float, ...]) -> Score:
        longer = self.size or min(_SIZE, max(result.shape[:2]))
        height, width = _fitted(self.content, longer)
        lettering, background, text = self._lettering_at(height, width)
        aligned = _align(result, lettering)
        readability = lettering.readability(aligned)
        in_place = shifted(aligned, readability.shift)
        reading = None
        if text:
            reading = ocr.Reading(text, ocr.read(lettering.presence(in_place)[0]))
        return Score(
            readability,
            background.artefacts(in_place),
            float(np.mean(blocks)),
            blocks,
            reading,
            height,
            width,
        )

    def _make_lettering(self, height: int, width: int) -> tuple[Lettering, Background, str]:
        alpha = None if self.alpha is None else images.resize(self.alpha, height, width)
        lettering = Lettering(images.resize(self.content, height, width), alpha)
        style = images.resize(self.style, *_fitted(self.style, max(height, width)))
        text = ocr.read(lettering.presence(lettering.content)[0]) if self.read else ""
        return lettering, Background(lettering, style), text

    def _blocks(self, results: Sequence[RGB]) -> list[tuple[float, ...]]:
        """The style of each block, for each result."""
        shapes: dict[tuple[int, ...], list[int]] = {}
        for index, result in enumerate(results):
            shapes.setdefault(self._style_shape(result), []).append(index)
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

    def _style_shape(self, result: RGB) -> tuple[int, int, int]:
        """The height and width at which a result's style is measured, and the longer side."""
        shape = self.content.shape if _same_shape(result, self.content) else result.shape
        longer = self.size
        if longer is None:
            wanted = max(_STYLE_SIZE, _STYLE_HEIGHT * max(shape[:2]) // min(shape[:2]))
            longer = min(wanted, max(result.shape[:2]))
        return *images.fit(shape[0], shape[1], longer), longer

    def _make_distances(self, longer: int) -> tuple[Any, dict[str, float]]:
        """What gives results' distances to the style by layer, and the content's own."""
        if self._network is None:
            self._network = load_network()
        network = self._network
        content = images.resize(self.content, *_fitted(self.content, longer))
        style = images.resize(self.style, *_fitted(self.style, longer))
        color = not canvases.is_grey(style)
        stroke = round(Lettering(content).stroke)
        height, width = style.shape[:2]
        convs = prepare(network, LAYERS, height, width, 3 if color else 1, form="direct")

        def inputs(batch: Sequence[RGB]) -> tuple[Array, Array]:
            levels, weights = zip(*(_levels(each, stroke, color) for each in batch), strict=True)
            return jnp.asarray(np.stack(levels)), jnp.asarray(np.stack(weights))

        targets = weighted_grams(convs, *inputs([style]))

        def distances(batch: Sequence[RGB]) -> dict[str, np.ndarray]:
            return jax.device_get(_distances(convs, *inputs(batch), targets))

        own = {layer: float(values[0]) for layer, values in distances([content]).items()}
        return distances, own


def _fitted(image: RGB, longer: int) -> tuple[int, int]:
    return images.fit(image.shape[0], image.shape[1], longer)


def _check_size(name: str, image: RGB) -> None:
    least = minimum_size(LAYERS)
    height, width = image.shape[:2]
    if min(height, width) < least:
        raise ImageError(
            f"{name}: {width}×{height} pixels is too small to be scored, "
            f"which needs at least {least} a side"
        )


def _same_shape(first: RGB, second: RGB) -> bool:
    ratios = [image.shape[1] / image.shape[0] for image in (first, second)]
    # A pixel's rounding of a small image may be more.
    slack = max(_SAME_RATIO, 1 / min(first.shape[0], second.shape[0]))
    return abs(ratios[0] / ratios[1] - 1) <= slack


def _align(result: RGB, lettering: Lettering) -> RGB:
    """A result at the content's size: stretched, or without what is round it, as fits better."""
    height, width = lettering.content.shape[:2]
    stretched = images.resize(result, height, width)
    if _same_shape(result, lettering.content):
        return stretched
    tall, wide = result.shape[:2]
    inner_tall, inner_wide = images.fit(height, width, wide)
    if inner_tall > tall:
        inner_tall, inner_wide = tall, round(tall * width / height)
    top, left = (tall - inner_tall) // 2, (wide - inner_wide) // 2
    inner = images.resize(result[top : top + inner_tall, left : left + inner_wide], height, width)
    return max(stretched, inner, key=lambda image: lettering.readability(image).readability)


def _levels(
    image: RGB, stroke: int, color: bool
) -> tuple[Float32[np.ndarray, "h w c"], Float32[np.ndarray, "h w 1"]]:
    """An image in grey levels for the network, and how much each pixel counts.

    Where the style is grey, all images become dark lettering on a white ground with full contrast,
    so that neither polarity nor colour counts as style. A pixel counts with the square of the most
    presence within a stroke's width: paper far from any ink has no say.
    """
    offset = image - np.median(canvases.border_pixels(image), 0)
    if color:
        distance = np.sqrt(np.mean(np.square(offset), -1))
    else:
        distance = np.abs(offset @ canvases.LUMINANCE)
    high = distance > 0.5 * distance.max()
    full = float(np.median(distance[high])) if high.any() else 1.0
    presence = np.clip(distance / full, 0, 1).astype(np.float32)
    levels = image * 255 if color else 255 * (1 - presence[..., None])
    weight = ndimage.maximum_filter(presence, 2 * stroke + 1) ** 2
    return levels.astype(np.float32), weight[..., None]


@jax.jit
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
