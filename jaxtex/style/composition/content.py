"""A content composed as the bands of its job are."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from jaxtex import images
from jaxtex.style.canvas import stroke_width, style_levels
from jaxtex.style.composition.compose import NotComposedError, compose
from jaxtex.style.composition.glyphs import find_glyphs
from jaxtex.style.composition.layout import layout_of
from jaxtex.style.separation import RGB, Ink, Map, Picture, StyleParts, parts_of, separate_at

# Bands are measured at most at so many pixels a side.
_SIZE = 512
# A symbol's edges move by this share of a stroke's width at most.
_EDGE = 0.25


class Composed(NamedTuple):
    """A content, and why it keeps its layout where it does, in words."""

    ink: Ink
    kept: str | None


def composed(
    ink: Ink,
    styles: Sequence[RGB],
    parts: Sequence[StyleParts],
    weights: Sequence[float],
    share: float,
    longer: int,
) -> Composed:
    """A content with its letters laid out as the band's of most weight.

    Args:
      ink: the content.
      styles: RGB, 0 to 1.
      parts: the styles taken apart.
      weights: what each style counts.
      share: how far to go to the band's layout, 0 to 1.
      longer: the longer side of the result in pixels.
    """
    index = int(np.argmax(weights))
    if parts[index].kind == "texture":
        return Composed(ink, "the style is a texture")
    try:
        band = layout_of(find_glyphs(band_coverage(styles[index], parts[index])))
        return Composed(compose(ink, band, share, longer), None)
    except NotComposedError as error:
        return Composed(ink, str(error))


def composed_picture(content: Picture, style: RGB, share: float, longer: int = _SIZE) -> Picture:
    """A logo laid out as a band's, unstylised; the picture itself where it keeps its layout.

    Args:
      content: RGB, or RGB with straight alpha, 0 to 1.
      style: RGB, 0 to 1.
      share: how far to go to the band's layout, 0 to 1.
      longer: the longer side in pixels; a result of this size has its letters in the same places.
    """
    height, width = content.shape[:2]
    ink = separate_at(content, *images.fit(height, width, longer))
    if ink is None:
        return content
    found = composed(ink, [style], parts_of([style]), [1.0], share, longer)
    return content if found.kept is not None else found.ink.paint(found.ink.coverage)


def changeable(coverage: Map) -> Map:
    """Where a composed content may change, 0 or 1.

    A symbol beside the letters, which has no likes among the band's, keeps its shape but for its
    edges.
    """
    glyphs = find_glyphs(coverage)
    letters = [glyph.label for line in glyphs.lines for glyph in line]
    edge = _EDGE * stroke_width(np.isin(glyphs.labels, letters))
    free = np.ones(coverage.shape, np.float32)
    for symbol in glyphs.symbols:
        ink = glyphs.labels == symbol.label
        depth = ndimage.distance_transform_edt(ink) + ndimage.distance_transform_edt(~ink)
        box = symbol.box
        inside = slice(box.top, box.bottom), slice(box.left, box.right)
        free[inside] = np.where(depth[inside] > edge, 0, free[inside])
    return free


def band_coverage(style: RGB, parts: StyleParts) -> Map:
    """How much lettering covers each pixel of a style that has some, at the size of measuring."""
    coverage = parts.coverage
    if coverage is None:
        # Grey on a plain ground: its luminance shows it.
        coverage = 1 - style_levels("ink", style)[..., 0] / 255
    height, width = coverage.shape
    return images.resize(coverage, *images.fit(height, width, min(_SIZE, max(height, width))))
