"""The score of a result: readability, style, and what the other metrics of this room measure.

`Reference.score` measures any image, from jaxtex or not.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Real

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style.composition import composed_picture
from jaxtex.style.metrics import ocr
from jaxtex.style.metrics.artefacts import Artefacts
from jaxtex.style.metrics.lettering import Lettering, Readability, shifted
from jaxtex.style.metrics.metric import all_metrics
from jaxtex.style.metrics.style import StyleMeasure, fitted, same_shape
from jaxtex.style.separation import RGB
from jaxtex.vgg import LAYERS, VGG16, minimum_size

# The most pixels a side at which all but style is measured.
_SIZE = 512


@dataclass(frozen=True)
class Score:
    """What was measured of one result."""

    readability: Readability
    figures: Mapping[str, Any]
    """What each metric measured, by its name: a named tuple of numbers."""
    style: float
    """The mean of `blocks`: 0 for the content itself, 1 for the style itself."""
    blocks: tuple[float, ...]
    """The style of VGG's blocks 1 to 5."""
    reading: ocr.Reading | None
    """What tesseract reads, where it was asked for and reads anything in the content."""
    height: int
    width: int
    """The size at which all but style was measured."""

    @property
    def artefacts(self) -> Artefacts:
        """What spoils the background."""
        return self.figures["artefacts"]

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
            **{name: value for found in self.figures.values()
               for name, value in found._asdict().items()},
        }  # fmt: skip


class _Prepared(NamedTuple):
    """A content at one size, and what measures results of that size."""

    lettering: Lettering
    measures: dict[str, Callable[[RGB], Any]]
    text: str
    """What tesseract reads in the content."""


class Reference:
    """A content and a style, made ready once for all the results that are scored with them."""

    def __init__(
        self,
        content: Real[np.ndarray, "_ _ _"],
        style: Real[np.ndarray, "_ _ _"],
        *,
        background: tuple[float, float, float] | None = None,
        network: VGG16 | None = None,
        size: int | None = None,
        read: bool = False,
        composition: float = 0.0,
        composed_at: int | None = None,
    ) -> None:
        """Checks both images; all are RGB, floats in [0, 1] or 8 or 16 bit integers, perhaps with
        straight alpha as a fourth channel.

        Args:
          content: the plain logo.
          style: the style image, of any size.
          background: the colour that what is transparent is put on; by default one on which the
            content stands out.
          network: VGG16 with other weights than those that ship.
          size: the longer side at which all is measured; by default that of the result, for
            readability and artefacts at most 512 pixels, for style at most 256.
          read: whether tesseract shall read content and results, where it is installed.
          composition: how far the results' letters were laid out as the style's, 0 to 1; they are
            compared with the content laid out so.
          composed_at: the longer side at which they were, in pixels; 512 by default.

        Raises:
          ImageError: an image is too small, of another type or out of range, or the content has
            no lettering on a ground.
        """
        picture = images.validate_picture(content, "content")
        self.background = background or images.contrasting_ground(picture)
        style = images.on_contrasting_ground(images.validate_picture(style, "style"))
        plain = images.over(*images.split(picture), self.background)
        content = plain
        if composition:
            laid_out = composed_picture(picture, style, composition, composed_at or _SIZE)
            content = images.over(*images.split(laid_out), self.background)
        for name, image in (("content", content), ("style", style)):
            _check_size(name, image)
        if content.shape == style.shape and np.array_equal(content, style):
            raise ImageError("style: is the content itself; there is no style to come nearer to")
        self.content, self.style = content, style
        self._plain = plain if composition else None
        self.size, self.read = size, read
        self._style = StyleMeasure(content, style, network, size)
        self._prepared_at = functools.cache(self._prepare)
        self._prepared_at(*fitted(content, size or _SIZE))

    def score(self, results: Sequence[Real[np.ndarray, "_ _ _"]]) -> list[Score]:
        """Scores results of any size; those of one shape go through the network together.

        Raises:
          ImageError: a result is too small.
        """
        results = [
            images.over(
                *images.split(images.validate_picture(result, f"result {number}")), self.background
            )
            for number, result in enumerate(results, 1)
        ]
        for number, result in enumerate(results, 1):
            _check_size(f"result {number}", result)
        blocks = self._style.blocks(results)
        return [self._score(*each) for each in zip(results, blocks, strict=True)]

    def _score(self, result: RGB, blocks: tuple[float, ...]) -> Score:
        longer = self.size or min(_SIZE, max(result.shape[:2]))
        height, width = fitted(self.content, longer)
        lettering, measures, text = self._prepared_at(height, width)
        aligned = _align(result, lettering)
        readability = lettering.readability(aligned)
        in_place = shifted(aligned, readability.shift)
        reading = None
        if text:
            reading = ocr.Reading(text, ocr.read(lettering.presence(in_place)[0]))
        return Score(
            readability,
            {name: measure(in_place) for name, measure in measures.items()},
            float(np.mean(blocks)),
            blocks,
            reading,
            height,
            width,
        )

    def _prepare(self, height: int, width: int) -> _Prepared:
        plain = None
        if self._plain is not None:
            plain = Lettering(images.resize(self._plain, *fitted(self._plain, max(height, width))))
        lettering = Lettering(images.resize(self.content, height, width), plain)
        style = images.resize(self.style, *fitted(self.style, max(height, width)))
        text = ocr.read(lettering.presence(lettering.content)[0]) if self.read else ""
        measures = {metric.name: metric.prepare(lettering, style) for metric in all_metrics()}
        return _Prepared(lettering, measures, text)


def _check_size(name: str, image: RGB) -> None:
    least = minimum_size(LAYERS)
    height, width = image.shape[:2]
    if min(height, width) < least:
        raise ImageError(
            f"{name}: {width}×{height} pixels is too small to be scored, "
            f"which needs at least {least} a side"
        )


def _align(result: RGB, lettering: Lettering) -> RGB:
    """A result at the content's size: stretched, or without what is round it, as fits better."""
    height, width = lettering.content.shape[:2]
    stretched = images.resize(result, height, width)
    if same_shape(result, lettering.content):
        return stretched
    tall, wide = result.shape[:2]
    inner_tall, inner_wide = images.fit(height, width, wide)
    if inner_tall > tall:
        inner_tall, inner_wide = tall, round(tall * width / height)
    top, left = (tall - inner_tall) // 2, (wide - inner_wide) // 2
    inner = images.resize(result[top : top + inner_tall, left : left + inner_wide], height, width)
    return max(stretched, inner, key=lambda image: lettering.readability(image).readability)
