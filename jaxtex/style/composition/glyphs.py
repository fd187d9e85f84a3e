"""Lettering taken apart into lines and glyphs.

Connected parts of the ink are glyphs, once dots, accents and splinters are joined to the letters
that they belong to, and letters that touch are parted at their thinnest necks.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage

from jaxtex.style.canvas import stroke_width
from jaxtex.style.composition.parting import part_at_necks
from jaxtex.style.separation import Map

Mask = Bool[np.ndarray, "h w"]

# Parts lower than this share of a line's letters, and of less than that of their ink, are dots,
# accents, splinters or drops.
_LOW, _LITTLE = 0.45, 0.35
# So far from the middle of the letters, as a share of their height, no letter ends.
_ASIDE = -0.1
# Two parts are of one letter if they share this much of the narrower one's columns, and no more
# rows than this share of the higher one lie between them.
_SHARED, _NEAR = 0.55, 0.4
# Parts with less of the ink of the largest are no pieces of a torn letter.
_TINY = 0.15
# A part's columns and rows without horns and blades: between these shares of its ink.
_CORE = 0.04
# Lines of text are at least so high, as a share of the highest.
_LINE = 0.3
# Of their columns so much is inked, and they have so much of the ink of the largest.
_FILLED, _INKED = 0.5, 0.08
# A symbol stands off by this share of a letter's height, and either its strokes are so many times
# as wide as the letters', or it is so many times as high as they are.
_APART, _BOLDER, _HIGHER = 0.3, 1.6, 1.3


class Box(NamedTuple):
    """Rows and columns of pixels, the last ones not included."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left


class Glyph(NamedTuple):
    """A letter, or what cannot be told from one."""

    label: int
    """What its pixels have in `Glyphs.labels`."""
    box: Box
    core: Box
    """The box without what is thin and stands out: horns, blades, swashes."""
    touches_next: bool
    """Whether it was cut from the glyph that follows."""


class Glyphs(NamedTuple):
    """Lettering taken apart."""

    labels: Int[np.ndarray, "h w"]
    """The glyph that each pixel of ink is of; 0 for none."""
    lines: tuple[tuple[Glyph, ...], ...]
    """Glyphs from left to right, of lines from top to bottom."""
    symbols: tuple[Glyph, ...]
    """What stands beside or above the wordmark and is no letter."""

    @property
    def line(self) -> tuple[Glyph, ...]:
        """The only line; empty where there are several or none."""
        return self.lines[0] if len(self.lines) == 1 else ()


def find_glyphs(coverage: Map) -> Glyphs:
    """Takes lettering apart; `coverage` says how much ink covers each pixel, 0 to 1."""
    ink = coverage > 0.5
    parts, count = ndimage.label(ink, np.ones((3, 3)))
    if not count:
        return Glyphs(np.zeros(ink.shape, np.int32), (), ())
    stroke = max(stroke_width(ink), 2.0)
    rows, apart = _lines(parts, count)
    labels = np.zeros(ink.shape, np.int32)
    lines: list[tuple[Glyph, ...]] = []
    symbols: list[Glyph] = []
    for members in rows:
        joined, touching = _letters(parts, members, stroke)
        joined[joined > 0] += labels.max()
        labels = np.where(joined > 0, joined, labels)
        glyphs = _described(joined, touching)
        lone, letters = _without_symbols(glyphs, labels)
        symbols += lone
        if letters:
            lines.append(letters)
    for members in apart:
        whole = np.isin(parts, members)
        labels = np.where(whole, labels.max() + 1, labels)
        symbols += _described(np.where(whole, labels, 0), set())
    if len(lines) > 1:
        # A single glyph above or below a wordmark is its mark.
        symbols += [glyph for line in lines if len(line) == 1 for glyph in line]
        lines = [line for line in lines if len(line) > 1]
    return Glyphs(labels, tuple(lines), tuple(symbols))


def core_box(ink: Mask) -> Box:
    """The rows and columns of a mask that hold nearly all of its ink.

    Raises:
      ValueError: there is no ink.
    """
    found = []
    for axis in (1, 0):
        shares = np.cumsum(ink.sum(axis))
        if not shares[-1]:
            raise ValueError("core_box: there is no ink")
        shares = shares / shares[-1]
        first, last = np.searchsorted(shares, (_CORE, 1 - _CORE))
        found += [int(first), int(last) + 1]
    return Box(*found)


def _box(ink: Mask) -> Box:
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _lines(parts: Int[np.ndarray, "h w"], count: int) -> tuple[list[list[int]], list[list[int]]]:
    """The parts of each line, from top to bottom, and those of a symbol beside several lines."""
    numbers = list(range(1, count + 1))
    rows = _stacked(parts, numbers)
    if len(rows) > 1 or count < 3:
        return rows, []
    # A symbol as high as all lines hides the space between them.
    boxes = ndimage.find_objects(parts)
    for edge in (min, max):
        lone = edge(numbers, key=lambda number: boxes[number - 1][1].start)
        side = boxes[lone - 1][1]
        rest = [n for n in numbers if not _overlap(boxes[n - 1][1], side)]
        below = _stacked(parts, rest)
        if len(below) > 1 and all(len(line) > 1 for line in below):
            return below, [sorted(set(numbers) - set(rest))]
    return rows, []


def _stacked(parts: Int[np.ndarray, "h w"], numbers: list[int]) -> list[list[int]]:
    """Parts by lines: runs of rows with ink of high parts in them."""
    boxes = ndimage.find_objects(parts)
    heights = {n: boxes[n - 1][0].stop - boxes[n - 1][0].start for n in numbers}
    if not heights:
        return []
    high = [n for n in numbers if heights[n] >= _LINE * max(heights.values())]
    filled = np.zeros(parts.shape[0] + 2, int)
    for n in high:
        filled[boxes[n - 1][0].start + 1 : boxes[n - 1][0].stop + 1] = 1
    starts, ends = np.flatnonzero(np.diff(filled) > 0), np.flatnonzero(np.diff(filled) < 0)
    middles = (starts + ends) / 2
    lines: list[list[int]] = [[] for _ in starts]
    for n in numbers:
        rows = boxes[n - 1][0]
        middle = (rows.start + rows.stop) / 2
        inside = np.maximum(np.maximum(starts - middle, middle - ends), 0)
        lines[int(np.lexsort((abs(middles - middle), inside))[0])].append(n)
    ink = [np.isin(parts, line) for line in lines]
    most = max(int(each.sum()) for each in ink)
    real = [each.sum() >= _INKED * most and _is_filled(each) for each in ink]
    if all(real) or not any(real):
        return lines
    # Horns above or below a word are of its line.
    kept = [line for line, good in zip(lines, real, strict=True) if good]
    places = middles[np.array(real)]
    for line, place, good in zip(lines, middles, real, strict=True):
        if not good:
            kept[int(abs(places - place).argmin())].extend(line)
    return kept


def _is_filled(ink: Mask) -> bool:
    columns = np.flatnonzero(ink.any(0))
    return bool(len(columns) >= _FILLED * (columns[-1] + 1 - columns[0]))


def _overlap(first: slice, second: slice) -> bool:
    return first.start < second.stop and second.start < first.stop


def _letters(
    parts: Int[np.ndarray, "h w"], members: list[int], stroke: float
) -> tuple[Int[np.ndarray, "h w"], set[int]]:
    """The glyphs of a line as labels from 1, from left to right, and those that touch the next."""
    labels = np.where(np.isin(parts, members), parts, 0)
    # Pieces of a torn letter are of it before they could be of a neighbour.
    labels = _with_shared_columns(labels, _TINY)
    labels = _with_small_parts(labels)
    labels = _with_shared_columns(labels)
    cut = part_at_necks(labels, stroke)
    order = np.argsort([_middle(cut == n) for n in range(1, cut.max() + 1)]) + 1
    ranks = np.zeros(len(order) + 1, int)
    ranks[order] = np.arange(1, len(order) + 1)
    ordered = ranks[cut]
    near = [ordered[:, :-1], ordered[:, 1:]], [ordered[:-1], ordered[1:]]
    touching = set()
    for first, second in near:
        both = (first > 0) & (second > 0) & (first != second)
        touching |= set(np.minimum(first, second)[both].tolist())
    return ordered, touching


def _middle(ink: Mask) -> float:
    return float(np.flatnonzero(ink.any(0)).mean() if ink.any() else 0)


def _with_small_parts(labels: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    """Dots, accents and splinters as parts of the letters nearest to them."""
    numbers = np.unique(labels)[1:]
    boxes = ndimage.find_objects(labels)
    heights = np.array([boxes[n - 1][0].stop - boxes[n - 1][0].start for n in numbers])
    area = np.bincount(labels.ravel())[numbers]
    # Of the parts that make up the middle of all ink.
    order = np.argsort(area)
    middle = np.searchsorted(np.cumsum(area[order]), area.sum() / 2)
    usual = heights[order][middle:]
    height = float(np.median(usual))
    tops = np.array([boxes[n - 1][0].start for n in numbers])
    middles = tops + heights / 2
    row = float(np.median(middles[order][middle:]))
    # Horns of their own lie above or below the middle of the letters.
    aside = np.abs(middles - row) > heights / 2 + _ASIDE * height
    small = (heights < _LOW * height) & (area < _LITTLE * area[order][middle])
    small |= aside & (area < 2 * _LITTLE * area[order][middle])
    if not small.any() or small.all():
        return labels
    large = np.isin(labels, numbers[~small])
    rows, columns = ndimage.distance_transform_edt(
        ~large, return_distances=False, return_indices=True
    )
    nearest = labels[rows, columns]
    joined = labels.copy()
    for n in numbers[small]:
        mine = labels == n
        joined[mine] = np.bincount(nearest[mine]).argmax()
    return joined


def _with_shared_columns(
    labels: Int[np.ndarray, "h w"], least: float = 0.0
) -> Int[np.ndarray, "h w"]:
    """Parts above one another as one: the pieces of a torn letter, a ring and what is inside.

    Those with less than a share `least` of the ink of the largest stay as they are.
    """
    joined = labels.copy()
    while True:
        areas = np.bincount(joined.ravel())
        numbers = np.flatnonzero(areas[1:] > least * areas[1:].max()) + 1
        cores = {n: core_box(joined == n) for n in numbers}
        for first, second in ((a, b) for a in numbers for b in numbers if a < b):
            one, other = cores[first], cores[second]
            shared = min(one.right, other.right) - max(one.left, other.left)
            gap = max(one.top, other.top) - min(one.bottom, other.bottom)
            near = gap < _NEAR * max(one.height, other.height)
            if near and shared > _SHARED * min(one.width, other.width):
                joined[joined == second] = first
                break
        else:
            return joined


def _described(labels: Int[np.ndarray, "h w"], touching: set[int]) -> tuple[Glyph, ...]:
    numbers = np.unique(labels)[1:]
    least = numbers[0] if len(numbers) else 0
    return tuple(
        Glyph(int(n), _box(labels == n), core_box(labels == n), n - least + 1 in touching)
        for n in numbers
    )


def _without_symbols(
    glyphs: tuple[Glyph, ...], labels: Int[np.ndarray, "h w"]
) -> tuple[list[Glyph], tuple[Glyph, ...]]:
    """A mark before or behind a line, and the line without it."""
    for lone, rest, gap in (
        (glyphs[:1], glyphs[1:], lambda: glyphs[1].box.left - glyphs[0].box.right),
        (glyphs[-1:], glyphs[:-1], lambda: glyphs[-1].box.left - glyphs[-2].box.right),
    ):
        if len(rest) < 2:
            continue
        height = float(np.median([glyph.box.height for glyph in rest]))
        if gap() < _APART * height:
            continue
        strokes = [stroke_width(labels == glyph.label) for glyph in (*lone, *rest)]
        bold = strokes[0] > _BOLDER * float(np.median(strokes[1:]))
        high = lone[0].box.height > _HIGHER * max(glyph.box.height for glyph in rest)
        if bold or high:
            return list(lone), rest
    return [], glyphs
