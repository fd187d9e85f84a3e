"""What a canvas looks like: put together again, on the ground that was asked for."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style.canvas import Levels, from_levels, unpad, with_chroma
from jaxtex.style.separation import RGB, Ink, Map, Picture, separate_content

Background = Literal["keep", "transparent"] | tuple[float, float, float]
"""As in the content, none, or a colour."""


class Shapes(NamedTuple):
    """A picture as ink on a ground."""

    coverage: Map
    color: RGB
    ground: Float32[np.ndarray, "..."] | None
    """One colour, a picture, or None for nothing; with straight alpha or without."""
    opacity: Map


def parse_background(text: str) -> Background:
    """`keep`, `transparent` or a colour.

    Raises:
      SettingsError: it is something else.
    """
    if text == "keep":
        return "keep"
    return "transparent" if text == "transparent" else images.parse_color(text)


@dataclass(frozen=True, eq=False, kw_only=True)
class Painting:
    """How levels of one job become a picture, at the content's final size."""

    content: RGB
    """The content without margin, where it has alpha on `ground`."""
    ink: Ink | None
    """The content taken apart, margin included; None for a grey or RGB canvas."""
    alpha: Map | None
    """The content's transparency without margin, for a grey or RGB canvas."""
    ground: tuple[float, float, float]
    """What a content with alpha was put on, for a grey or RGB canvas."""
    background: Background
    margin: int
    """How much of a margin is cut off at the end."""
    preserve_color: bool

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        alpha = 0 if self.alpha is None else self.alpha.nbytes
        return self.content.nbytes + alpha + (0 if self.ink is None else self.ink.nbytes)

    def picture(self, levels: Levels) -> Picture:
        """A canvas of full size as RGB, or RGB with straight alpha, 0 to 1.

        Raises:
          ImageError: the background is to be transparent, and the content's ground is not plain.
        """
        if self.ink is not None:
            return self._on_background(*self._inked(levels))
        picture = unpad(from_levels(levels), self.margin)
        inner = self._inner(picture)
        if self.preserve_color:
            colors = images.over(self.content, None, self.ground)
            picture = with_chroma(picture, np.pad(colors, inner, mode="edge"))
        if self.alpha is not None:
            alpha = np.pad(self.alpha, inner[:2])
            straight = images.without_ground(picture, alpha, self.ground)
            return self._composed(np.dstack([straight, alpha]))
        if self.background == "transparent":
            ink = separate_content(self.content, any_ink=True)
            if ink is None:
                raise _no_plain_ground()
            ink = ink.padded(inner[0][0])
            return self._on_background(ink, ink.coverage_of(picture))
        return picture

    def shapes(self, levels: Levels) -> Shapes:
        """What a canvas `ink` of full size shows, as ink on its ground."""
        ink, coverage = self._inked(levels)
        behind = self._on_background(ink, np.zeros_like(coverage))
        ground: Picture | None = behind
        if np.ptp(behind.reshape(-1, behind.shape[-1]), axis=0).max() < 1 / 255:
            ground = behind[0, 0]
        if behind.shape[-1] == 4 and behind[..., 3].max() < 1 / 255:
            ground = None
        return Shapes(coverage, ink.color, ground, ink.opacity)

    def _inked(self, levels: Levels) -> tuple[Ink, Map]:
        assert self.ink is not None
        coverage = 1 - np.clip(levels[..., 0] / 255, 0, 1).astype(np.float32)
        return self.ink.unpadded(self.margin), unpad(coverage, self.margin)

    def _on_background(self, ink: Ink, coverage: Map) -> Picture:
        if self.background == "keep":
            return ink.paint(coverage)
        without = ink.without_ground()
        if without is not None:
            return self._composed(without.paint(coverage))
        if self.background == "transparent":
            raise _no_plain_ground()
        return ink.paint(coverage)

    def _composed(self, picture: Picture) -> Picture:
        if isinstance(self.background, str):
            return picture
        return images.over(picture[..., :3], picture[..., 3], self.background)

    def _inner(self, picture: RGB) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """How much margin was left round the content."""
        margin = (picture.shape[0] - self.content.shape[0]) // 2
        return (margin, margin), (margin, margin), (0, 0)


def _no_plain_ground() -> ImageError:
    return ImageError(
        "background: 'transparent' needs a content with alpha or with ink on a plain ground"
    )
