"""The ends and the middle of lettering, as soft masks along its columns.

Gram matrices know no places; compared region by region (Gatys, Ecker, Bethge, Hertzmann and
Shechtman, Controlling perceptual factors in neural style transfer, CVPR 2017), the ends take the
manner of the band's ends.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex.style.canvas import Levels
from jaxtex.style.composition.glyphs import find_glyphs
from jaxtex.style.separation import Map
from jaxtex.style.settings import MirrorEnds
from jaxtex.vgg import depth

Columns = Float32[np.ndarray, "r _"]
"""How much each column counts for each region, 0 to 1."""

# Where letters cannot be told apart an end is this share of the ink's width.
_END = 0.18
# One region passes over to the next within this share of an end's width.
_SOFT = 0.5
# Layers are regional after so many poolings.
_DEEP = 2


class Regions(NamedTuple):
    """The left end, the middle and the right end of a content and its styles, with margins."""

    content: Columns
    styles: tuple[Columns, ...]
    ends: float
    """How far the regions are apart, 0 (all of them are the whole) to 1."""
    mirror: MirrorEnds = "off"
    """The styles' end that both ends are compared with, the other one with its mirror image."""

    @property
    def weights(self) -> Float32[np.ndarray, " r"]:
        """What each region counts: its share of the content."""
        return self.content.mean(1) / self.content.mean(1).sum()

    @property
    def borrowing(self) -> int | None:
        """The region that is compared with the mirror image of the other end; None: none is."""
        return {"off": None, "left": 2, "right": 0}[self.mirror]


def regions_of(
    content: Levels, styles: Sequence[Levels], ends: float, mirror: MirrorEnds = "off"
) -> Regions | None:
    """The regions of canvases of black ink on white, margins included; None where ends are 0.

    Args:
      content: the content.
      styles: its styles.
      ends: how far the regions are apart, 0 (all of them are the whole) to 1.
      mirror: the styles' end that both ends are compared with; off: each with its own.
    """
    if not ends:
        return None
    found, *others = (end_columns(1 - levels[..., 0] / 255) for levels in (content, *styles))
    return Regions(found, tuple(others), ends, mirror)


def mirrored(regions: Columns) -> Columns:
    """The ends and the middle of a picture seen in a mirror."""
    return regions[::-1, ::-1]


def regional_layers(layers: Sequence[str]) -> tuple[str, ...]:
    """The layers whose Gram matrices are compared by regions.

    Those before the second pooling see a few pixels of an edge, alike at the ends and between; a
    matrix for each region would cost more there than all others together.
    """
    return tuple(layer for layer in layers if depth(layer) >= _DEEP)


def end_columns(coverage: Map) -> Float32[np.ndarray, "3 w"]:
    """How much each column is of the left end, the middle and the right end; 1 together."""
    inked = np.flatnonzero((coverage > 0.5).any(0))
    width = coverage.shape[1]
    first, last = (inked[0], inked[-1] + 1) if len(inked) else (0, width)
    glyphs = find_glyphs(coverage)
    left, right = first + _END * (last - first), last - _END * (last - first)
    if len(glyphs.line) > 2:
        one, two, *_ = glyphs.line
        *_, other, end = glyphs.line
        left, right = (one.core.right + two.core.left) / 2, (other.core.right + end.core.left) / 2
        first, last = one.box.left, end.box.right
    columns = np.arange(width) + 0.5
    before = 1 - _step(columns, left, _SOFT * (left - first))
    behind = _step(columns, right, _SOFT * (last - right))
    for symbol in glyphs.symbols:
        # A mark beside the letters is none of their ends.
        if symbol.box.right <= first:
            before *= _step(columns, (symbol.box.right + first) / 2, first - symbol.box.right)
        if symbol.box.left >= last:
            behind *= 1 - _step(columns, (last + symbol.box.left) / 2, symbol.box.left - last)
    return np.stack([before, 1 - before - behind, behind]).clip(0, 1).astype(np.float32)


def _step(columns: np.ndarray, place: float, width: float | int) -> np.ndarray:
    share = np.clip((columns - place) / max(width, 1) + 0.5, 0, 1)
    return share * share * (3 - 2 * share)
