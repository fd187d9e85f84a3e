"""Letters that touch, parted at their thinnest necks.

How many letters a part holds, and where one ends, is decided at once: every cut costs the ink that
it goes through, every letter how unlike the usual width it is (a shortest path over the columns).
"""

import numpy as np
from jaxtyping import Bool, Float, Int

# A part that is wider than so many letters may be several; a letter is from so much to so much of
# the usual width.
_WIDE, _LEAST, _MOST = 1.45, 0.4, 2.6
# A letter of e times the usual width costs this many times log(e)²; a cut through n strokes costs n
# to this power.
_UNUSUAL, _POWER = 2.0, 1.5
# A wide letter at the end of a line costs but this share.
_LENIENT = 0.3
# A single part that is narrower than so many times its height is a symbol.
_SYMBOL = 1.5
# Letters at the ends of a band's name are up to so many times as high as the others.
_TALLEST = 2.0
# An end of a part with less than this share of the ink of its letters is none.
_SWASH = 0.4
# The usual width of letters where there are too few parts to tell it, as a share of their height;
# what is narrower than the second is an i or l. Unless parts are many, it is no more than the last.
_PROPORTION, _NARROW, _BROAD = 0.5, 0.35, 0.65
_FEW, _MANY, _LOWER = 3, 6, 40


def part_at_necks(labels: Int[np.ndarray, "h w"], stroke: float) -> Int[np.ndarray, "h w"]:
    """Labels, from 1, of a line's letters, of labels of its parts; `stroke` is a stroke's width."""
    numbers = np.unique(labels)[1:]
    masks = [labels == n for n in numbers]
    extents = [_core_columns(mask) for mask in masks]
    heights = [_body_height(mask) for mask in masks]
    height = float(np.median(heights))
    widths = np.array([right - left for left, right in extents], float)
    usual = _usual_width(widths, height)
    found = np.zeros(labels.shape, np.int32)
    for mask, (left, right), own in zip(masks, extents, heights, strict=True):
        # A taller letter is wider, too.
        of_it = usual * float(np.clip(own / height, 1, _TALLEST))
        seams = []
        symbol = len(masks) == 1 and right - left < _SYMBOL * mask.any(1).sum()
        if right - left > _WIDE * of_it and not symbol:
            outer = left == min(extents)[0], right == max(end for _, end in extents)
            seams = _seams(mask, (left, right), of_it, stroke, outer)
        columns = np.arange(mask.shape[1])[None]
        letter = 1 + sum(((columns >= seam[:, None]).astype(np.int32) for seam in seams), 0)
        found = np.where(mask, letter + found.max(), found).astype(np.int32)
    return _consecutive(found)


def _usual_width(widths: Float[np.ndarray, " n"], height: float) -> float:
    """The width of most letters, by the widths of a line's parts and the height of its letters."""
    wide = widths[widths > _NARROW * height]
    if len(wide) < _FEW:
        return _PROPORTION * height
    # Some of the parts may be several letters.
    usual = float(np.percentile(wide, _LOWER))
    return usual if len(wide) >= _MANY else min(usual, _BROAD * height)


def _consecutive(labels: Int[np.ndarray, "h w"]) -> Int[np.ndarray, "h w"]:
    return np.searchsorted(np.unique(np.r_[0, labels.ravel()]), labels).astype(np.int32)


def _core_columns(ink: Bool[np.ndarray, "h w"]) -> tuple[int, int]:
    shares = np.cumsum(ink.sum(0)) / max(ink.sum(), 1)
    left, right = np.searchsorted(shares, (0.02, 0.98))
    return int(left), int(right) + 1


def _body_height(ink: Bool[np.ndarray, "h w"]) -> int:
    """The rows that have at least a third of the ink of the fullest."""
    rows = ink.sum(1)
    return int((rows >= rows.max() / 3).sum())


def _seams(
    ink: Bool[np.ndarray, "h w"],
    extent: tuple[int, int],
    usual: float,
    stroke: float,
    outer: tuple[bool, bool],
) -> list[Int[np.ndarray, " h"]]:
    """The cheapest cuts of a part, each as the first column of its right side in every row.

    `outer` says whether it has the line's first and its last letter.
    """
    left, right = extent
    price, steps = _through(ink)
    middle = int(np.round(np.average(np.arange(ink.shape[0]), weights=ink.sum(1))))
    cut = (price[middle, left:right] / stroke) ** _POWER
    length = right - left
    best = np.full(length + 1, np.inf)
    best[0] = 0.0
    back = np.zeros(length + 1, int)
    for end in range(1, length + 1):
        starts = np.arange(max(0, int(end - _MOST * usual)), max(0, int(end - _LEAST * usual)) + 1)
        starts = starts[starts < end]
        if not len(starts):
            continue
        unlike = np.log((end - starts) / usual)
        # Letters at the ends are large and have horns.
        large = ((starts == 0) & outer[0]) | (end == length and outer[1])
        unlike = _UNUSUAL * unlike**2 * np.where(large & (unlike > 0), _LENIENT, 1)
        costs = best[starts] + unlike + (cut[end] if end < length else 0)
        chosen = int(np.argmin(costs))
        best[end], back[end] = costs[chosen], starts[chosen]
    places: list[int] = []
    end = length
    while np.isfinite(best[length]) and back[end] > 0:
        end = int(back[end])
        places.append(left + end)
    seams = [_traced(steps, middle, place) for place in reversed(places)]
    return _without_swashes(ink, seams)


def _without_swashes(
    ink: Bool[np.ndarray, "h w"], seams: list[Int[np.ndarray, " h"]]
) -> list[Int[np.ndarray, " h"]]:
    """Cuts without those that part a horn or a swash at an end from its letter."""
    if not seams:
        return seams
    columns = np.arange(ink.shape[1])[None]
    upto = [int((ink & (columns < seam[:, None])).sum()) for seam in seams]
    area = np.diff([0, *upto, int(ink.sum())])
    least = _SWASH * float(np.median(area))
    first = 1 if area[0] < least else 0
    last = len(seams) - (1 if area[-1] < least else 0)
    return seams[first:last]


def _through(
    ink: Bool[np.ndarray, "h w"],
) -> tuple[Float[np.ndarray, "h w"], tuple[np.ndarray, np.ndarray]]:
    """The least ink on a way from top to bottom through each pixel, and the ways' steps."""
    down, steps_up = _swept(ink)
    up, steps_down = _swept(ink[::-1])
    return down + up[::-1] - ink, (steps_up, steps_down[::-1])


def _swept(ink: Bool[np.ndarray, "h w"]) -> tuple[Float[np.ndarray, "h w"], np.ndarray]:
    """The least ink on a way from the first row to each pixel, and where it came from."""
    cost = ink.astype(np.float64)
    steps = np.zeros(ink.shape, np.int8)
    for row in range(1, len(cost)):
        padded = np.pad(cost[row - 1], 1, constant_values=np.inf)
        # Straight on where that is as good.
        ways = np.stack([padded[1:-1], padded[:-2] + 0.05, padded[2:] + 0.05])
        steps[row] = np.array([0, -1, 1])[ways.argmin(0)]
        cost[row] += ways.min(0)
    return cost, steps


def _traced(steps: tuple[np.ndarray, np.ndarray], row: int, column: int) -> Int[np.ndarray, " h"]:
    height = len(steps[0])
    seam = np.full(height, column)
    for way, rows in ((0, range(row, 0, -1)), (1, range(row, height - 1))):
        place = column
        for each in rows:
            place += int(steps[way][each, place])
            seam[each + (-1 if way == 0 else 1)] = place
    return seam
