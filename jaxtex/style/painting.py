"""What a canvas looks like: put together again, on the ground that was asked for."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style.canvas import Levels, from_levels, stroke_width, unpad, with_chroma
from jaxtex.style.fill import fill_letters
from jaxtex.style.separation import (
    RGB,
    Ink,
    Map,
    Picture,
    StyleParts,
    luminance,
    separate_content,
)
from jaxtex.style.separation.ink import loose_parts, smooth_resize

# Ink whose colours lie so near to their median is of one colour.
_ONE_COLOR = 0.12
# Loose parts of so few pixels are specks; less coverage than the second is hardly seen.
_SPECK, _SEEN = 5.0, 0.1
# What lies behind the ink has a panel where so much of it is opaque once the ground is taken out.
_WHOLE, _PANEL_SHARE = 0.99, 0.02

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


@dataclass(frozen=True, eq=False)
class FillLook:
    """How a texture fills letters."""

    strength: float
    """How far it moves their edges, 0 to 1."""
    mask: Map | None
    """Where letters are filled; elsewhere they stay."""
    colors_of_texture: bool
    """Whether its colours are its own; else it shades those of the ink."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Painting:
    """How levels of one job become a picture, at the content's final size."""

    content: RGB
    """The content without margin, where it has alpha on `ground`."""
    ink: Ink | None
    """The content taken apart, without margin; None for a grey or RGB canvas."""
    alpha: Map | None
    """The content's transparency without margin, for a grey or RGB canvas."""
    ground: tuple[float, float, float]
    """What a content with alpha was put on, for a grey or RGB canvas."""
    background: Background
    margin: int
    """The margin round the content on the canvas."""
    keep_margin: bool
    """Whether a picture has it."""
    preserve_color: bool
    fill: FillLook | None = None
    """For a canvas that is a texture: how that fills the ink."""
    strict: bool = False
    """Whether larger marks are specks, too, and those that hang by what is hardly seen."""

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
            return self._on_background(*self._inked(self.ink, levels))
        picture = self._cut(from_levels(levels))
        inner = self._inner(picture)
        if self.preserve_color:
            picture = with_chroma(picture, np.pad(self.content, inner, mode="edge"))
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
        assert self.ink is not None
        ink, coverage = self._inked(self.ink, levels)
        behind = self._on_background(ink, np.zeros_like(coverage))
        ground: Picture | None = behind
        if np.ptp(behind.reshape(-1, behind.shape[-1]), axis=0).max() < 1 / 255:
            ground = behind[0, 0]
        if behind.shape[-1] == 4 and behind[..., 3].max() < 1 / 255:
            ground = None
        return Shapes(coverage, ink.color, ground, ink.opacity)

    def _inked(self, ink: Ink, levels: Levels) -> tuple[Ink, Map]:
        if self.fill is None:
            ink = ink.padded(self.margin if self.keep_margin else 0)
            coverage = self._cut(1 - np.clip(levels[..., 0] / 255, 0, 1).astype(np.float32))
            seen = {"seen": _SEEN} if self.strict else {}
            specks = loose_parts(coverage, ink.coverage, self._speck, **seen)
            return ink, np.where(specks, 0, coverage)
        texture = unpad(from_levels(levels), self.margin)
        filled = fill_letters(ink, texture, self.fill.strength)
        color = filled.color
        if not self.fill.colors_of_texture:
            color = shaded(ink.color, texture, ink.coverage > 0.5)
        coverage = filled.coverage
        if self.fill.mask is not None:
            coverage = ink.coverage + self.fill.mask * (coverage - ink.coverage)
            color = ink.color + self.fill.mask[..., None] * (color - ink.color)
        return replace(ink, color=color.astype(np.float32)), coverage.astype(np.float32)

    @functools.cached_property
    def _speck(self) -> float:
        """The area of what is too small to be a drop or a splash of the style's."""
        assert self.ink is not None
        side = stroke_width(self.ink.coverage > 0.5) * (1 if self.strict else 0.5)
        return max(_SPECK, side**2)

    def _cut(self, image: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
        return image if self.keep_margin else unpad(image, self.margin)

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
        return images.over(*images.split(picture), self.background)

    def _inner(self, picture: RGB) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """How much margin was left round the content."""
        margin = (picture.shape[0] - self.content.shape[0]) // 2
        return (margin, margin), (margin, margin), (0, 0)


def recolored(ink: Ink, colors: str, parts: Sequence[StyleParts]) -> Ink:
    """A content's ink in the colours that `Settings.colors` names.

    Those of lettering are its ink's, which lie on the content's letters as they do on the band's,
    and the colour of its ground, where the content's is opaque: of a panel, where there is one.

    Raises:
      SettingsError: it is no colour.
    """
    if colors in ("auto", "content"):
        return ink
    if colors != "style":
        one = np.asarray(images.parse_color(colors), np.float32)
        return replace(ink, color=np.broadcast_to(one, ink.color.shape))
    style = parts[0]
    if style.coverage is None or style.color is None:
        return ink
    color = _laid_on(style.color, style.coverage, ink.coverage)
    if ink.ground_alpha.min() < 1:
        return replace(ink, color=color)
    if ink.outer is not None and ink.outer_alpha is not None:
        panel = ink.outer_alpha
        if np.mean(panel > _WHOLE) > _PANEL_SHARE:
            ground = ink.outer + panel[..., None] * (style.ground - ink.outer)
            return replace(ink, color=color, ground=ground)
    return replace(
        ink,
        color=color,
        ground=np.broadcast_to(style.ground, ink.ground.shape),
        outer=style.ground,
        outer_alpha=np.zeros_like(ink.coverage),
    )


def _laid_on(color: RGB, style: Map, content: Map) -> RGB:
    """The colours of a style's ink, its bounding box laid on that of the content's."""
    top, bottom, left, right = _box(style > 0.5)
    ink = color[top:bottom, left:right]
    inside = color[style > 0.5]
    middle = np.median(inside, 0)
    if np.quantile(np.abs(inside - middle).max(-1), 0.9) < _ONE_COLOR:
        return np.broadcast_to(middle.astype(np.float32), (*content.shape, 3))
    first, last, start, end = _box(content > 0.5)
    laid = smooth_resize(ink, last - first, end - start)
    height, width = content.shape
    around = (first, height - last), (start, width - end), (0, 0)
    return np.pad(laid, around, mode="edge")


def _box(mask: Bool[np.ndarray, "h w"]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def shaded(color: RGB, texture: RGB, inside: Bool[np.ndarray, "h w"]) -> RGB:
    """Colours with the light and shade of a texture, whose mean inside changes nothing."""
    level = luminance(texture)
    return np.clip(color + (level - level[inside].mean())[..., None], 0, 1)


def _no_plain_ground() -> ImageError:
    return ImageError(
        "background: 'transparent' needs a content with alpha or with ink on a plain ground"
    )
