"""How a line of lettering is laid out, in the heights of its own middle letters.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) describes band logos by it: "the first and the last
glyphs are more prominent, often elongated and symmetric around the center".
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from jaxtex.style.canvas import stroke_width
from jaxtex.style.composition.glyphs import Glyph, Glyphs

# A layout has at least so many letters, and its lines are curves where there are as many between
# the ends.
_LETTERS, _CURVED = 3, 4
# Feet and tops that are further from their line than this share of a letter's height, as those of
# g and t are, do not count for it.
_OFF = 0.12
# What is beyond is a mistake of measuring, or would not be read: the height of an end, the slant
# and the arch of a line, all in heights, and the width of strokes.
_HIGHEST, _STEEPEST, _BOLDEST = 2.2, 0.35, 1.8
# Ends that are lower are letters as all others: the curves go on through them.
_PROMINENT = 1.2
# How near to the highest of the middle letters.
_TALL = 0.65
# Where the ends are so much alike, lines do not slant.
_SYMMETRIC = 0.9


class End(NamedTuple):
    """The first or the last letter beside those between, lengths in heights of the latter."""

    height: float
    """Without what is thin and stands out."""
    width: float
    rise: float
    """How far its top stands above the middle letters' tops."""
    stroke: float
    """The width of its strokes beside that of the middle letters."""

    @property
    def fall(self) -> float:
        """How far its foot hangs below the middle letters' feet."""
        return self.height - 1 - self.rise


class Curve(NamedTuple):
    """A line along a word: slant · u + arch · u² below its middle, u from -1 to 1, in heights."""

    slant: float
    arch: float

    def at(self, u: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """How far below its middle the line is."""
        return self.slant * u + self.arch * u**2


class Layout(NamedTuple):
    """How a line is laid out."""

    left: End
    right: End
    base: Curve
    """Along the feet of the middle letters."""
    cap: Curve
    """Along their tops."""
    spacing: float
    """The median distance between two letters."""

    @property
    def symmetry(self) -> float:
        """How alike the ends are, 0 to 1: the lower one's height by the higher one's."""
        heights = self.left.height, self.right.height
        return min(heights) / max(heights)

    @property
    def prominent(self) -> bool:
        """Whether the ends are larger letters than those between."""
        return max(self.left.height, self.right.height) >= _PROMINENT


class Middle(NamedTuple):
    """The letters between the ends, in pixels."""

    top: float
    """Of most letters; of some are higher, as h and t are among a and e."""
    highest: float
    base: float
    stroke: float

    @property
    def height(self) -> float:
        """From the tops to the feet, without horns and blades."""
        return self.base - self.top

    @property
    def tall(self) -> float:
        """Nearly as high as the highest: what an end is compared with among small letters."""
        return self.height + _TALL * (self.top - self.highest)


def middle_of(glyphs: Glyphs) -> Middle:
    """The letters of the only line without its ends."""
    letters = glyphs.line[1:-1]
    tops = [glyph.core.top for glyph in letters]
    return Middle(
        float(np.median(tops)),
        float(min(tops)),
        float(np.median([glyph.core.bottom for glyph in letters])),
        float(np.median([stroke_width(glyphs.labels == glyph.label) for glyph in letters])),
    )


def layout_of(glyphs: Glyphs) -> Layout | None:
    """The layout of the only line; None without one, or with fewer than three letters."""
    line = glyphs.line
    if len(line) < _LETTERS:
        return None
    middle = middle_of(glyphs)
    height = middle.height
    gaps = [b.core.left - a.core.right for a, b in itertools.pairwise(line)]
    left, right = (_end(glyphs, each, middle) for each in (line[0], line[-1]))
    level = Curve(0.0, 0.0)
    found = Layout(left, right, level, level, float(np.median(gaps)) / height)
    curved = slice(1, -1) if found.prominent else slice(None)
    u, letters = places(line)[curved], line[curved]
    feet = np.array([glyph.core.bottom for glyph in letters], float)
    tops = np.array([glyph.core.top for glyph in letters], float)
    base, cap = _curve(u, feet / height), _curve(u, tops / height)
    found = found._replace(base=base, cap=cap)
    if found.symmetry < _SYMMETRIC:
        return found
    return found._replace(base=base._replace(slant=0.0), cap=cap._replace(slant=0.0))


def places(line: tuple[Glyph, ...]) -> Float[np.ndarray, " n"]:
    """Where the letters of a line stand, from -1, the middle of the first, to 1, of the last."""
    middles = np.array([(glyph.core.left + glyph.core.right) / 2 for glyph in line])
    return 2 * (middles - middles[0]) / max(middles[-1] - middles[0], 1) - 1


def _end(glyphs: Glyphs, glyph: Glyph, middle: Middle) -> End:
    height = min(glyph.core.height / middle.height, _HIGHEST)
    stroke = stroke_width(glyphs.labels == glyph.label) / max(middle.stroke, 1)
    return End(
        height,
        glyph.core.width / middle.height,
        float(np.clip((middle.top - glyph.core.top) / middle.height, -1, height)),
        float(np.clip(stroke, 1, _BOLDEST)),
    )


def _curve(u: Float[np.ndarray, " n"], heights: Float[np.ndarray, " n"]) -> Curve:
    """The parabola through most of the places of a line, as far as they lie on one."""
    near = np.ones(len(u), bool)
    for _ in range(4):
        if near.sum() < _CURVED:
            return Curve(0.0, 0.0)
        found = np.polyfit(u[near], heights[near], 2)
        off = np.abs(np.polyval(found, u) - heights)
        near = off <= max(_OFF, float(np.median(off)))
    spread = heights[near].std()
    explained = 1 - (off[near].std() / spread) ** 2 if spread > 1e-6 else 0.0
    arch, slant = np.clip(found[:2], -_STEEPEST, _STEEPEST) * max(explained, 0.0)
    return Curve(float(slant), float(arch))
