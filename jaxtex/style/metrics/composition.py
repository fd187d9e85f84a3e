"""Composition: how near a result's layout is to the band's, from the content's own.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) judges its results by whether the first and the last
letters grow. docs/metrics.md has the formula.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from jaxtex.style.composition import Layout, band_coverage, find_glyphs, layout_of
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.metrics.metric import Metric
from jaxtex.style.separation import RGB, parts_of

# Layouts that differ by less are alike: there is nothing to come nearer to.
_ALIKE = 0.15
# What the arch of the base line counts beside the ends, whose rise and fall are lengths, too.
_ARCH = 0.5


class Composition(NamedTuple):
    """How a result is laid out."""

    composition: float
    """0 as the content, 1 as the band; not a number where one of them has no layout, or they are
    alike."""
    left_end: float
    """The first letter's height in those of the middle ones; not a number without a layout."""
    right_end: float
    """The last letter's."""


def prepare(lettering: Lettering, style: RGB) -> Callable[[RGB], Composition]:
    """What measures the layout of results of a content, beside that of the style."""
    plain = lettering.plain or lettering
    own = layout_of(find_glyphs(plain.presence(plain.content)[0]))
    (parts,) = parts_of([style])
    band = None
    if parts.kind != "texture":
        band = layout_of(find_glyphs(band_coverage(style, parts)))

    def measure(image: RGB) -> Composition:
        found = layout_of(find_glyphs(lettering.presence(image)[0]))
        if found is None:
            return Composition(math.nan, math.nan, math.nan)
        share = math.nan if own is None or band is None else nearness(found, own, band)
        return Composition(share, found.left.height, found.right.height)

    return measure


def nearness(found: Layout, own: Layout, band: Layout) -> float:
    """How far a layout has gone from the content's own to the band's, 0 to 1.

    It is the share of the way, by what leads there alone: x · w / w · w, x the found layout and w
    the band's, both from the content's own. Not a number where these are alike.
    """
    way, gone = _features(band) - _features(own), _features(found) - _features(own)
    # A content whose end is as tall already, as a capital is among small letters, need not shrink.
    way[:4] = np.maximum(way[:4], 0)
    length = float(way @ way)
    if length < _ALIKE**2:
        return math.nan
    return float(np.clip(gone @ way / length, 0, 1))


def _features(layout: Layout) -> Float[np.ndarray, " n"]:
    ends = [value for end in (layout.left, layout.right) for value in (end.rise, end.fall)]
    return np.array([*ends, _ARCH * layout.base.arch])


METRIC = Metric("composition", prepare)
