"""A content's letters laid out as a band's are.

The ends grow to the band's proportions, those between follow its base and cap line; every letter
is warped by itself, letters that touch as one, so that they still do. Strokes of the ends become
as much bolder as the band's are.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

from jaxtex.style.composition.glyphs import Glyph, Glyphs, find_glyphs
from jaxtex.style.composition.layout import End, Layout, Middle, layout_of, middle_of, places
from jaxtex.style.composition.warping import Columns, Piece, warp
from jaxtex.style.separation import Ink, Map
from jaxtex.style.separation.ink import nearest, resize_premultiplied, smooth_resize

# A wordmark of more letters is kept: its ends would be far from most of it.
_MOST = 16
# Where more of the letters touch the next one it is a script, or they cannot be told apart.
_JOINED = 0.4
# The width of an end is between these powers of its stretch in height.
_SLIM, _WIDE = 0.7, 1.0
# Strokes of an end become bolder by this power of its stretch, or as those of the band.
_BOLDER = 0.7
# Curves between prominent ends are followed so far; the ends' own places say most of them.
_CURVED = 0.5
# The canvas grows by this share of a letter's height on all sides.
_ROOM = 0.2
# Distances between letters become so much of what they were at least, and at most.
_TIGHTEST, _LOOSEST = 0.75, 1.1
# No letter comes nearer to another than this share of a stroke's width, unless it was.
_NEAREST = 0.3


class NotComposedError(Exception):
    """Why a content keeps its layout, in words."""


class _Run(NamedTuple):
    """Letters that touch, or one that does not, or a symbol."""

    first: int
    """The left-most column."""
    coverage: Map
    """Of these letters alone, cut to their columns."""
    columns: Columns


def compose(ink: Ink, band: Layout | None, share: float, longer: int) -> Ink:
    """A content with its letters laid out as a band's.

    Args:
      ink: the content.
      band: the band's layout; None where it has none.
      share: how far to go there, 0 to 1.
      longer: the longer side of the result in pixels.

    Raises:
      NotComposedError: the content is no single line of a few letters that stand apart, or the band
        has no layout.
    """
    if band is None:
        raise NotComposedError("the style is no line of three letters or more")
    glyphs = find_glyphs(ink.coverage)
    _check(glyphs)
    runs = _runs(ink, glyphs, band, share)
    lefts = _placed(runs, _tighter(glyphs, band, share), _NEAREST * middle_of(glyphs).stroke)
    pieces = [warp(run.coverage, run.columns) for run in runs]
    height, width = ink.coverage.shape
    top = min(piece.top for piece in pieces)
    bottom = max(piece.top + piece.coverage.shape[0] for piece in pieces)
    right = max(left + piece.coverage.shape[1] for left, piece in zip(lefts, pieces, strict=True))
    rows, columns = (np.flatnonzero(ink.coverage.max(axis) > 0.5) for axis in (1, 0))
    # The ends' spikes need more room than there was.
    room = round(_ROOM * share * middle_of(glyphs).tall)
    above, before = int(rows[0]) + room, int(columns[0]) + room
    tall = bottom - top + above + height - 1 - int(rows[-1]) + room
    wide = right + before + width - 1 - int(columns[-1]) + room
    size = longer / max(tall, wide)
    drawn = [warp(run.coverage, run.columns, size) for run in runs]
    corners = [
        (piece.top + round(size * (above - top)), round(size * (left + before)))
        for piece, left in zip(drawn, lefts, strict=True)
    ]
    canvas = max(1, round(size * tall)), max(1, round(size * wide))
    return _put_together(ink, runs, drawn, corners, canvas)


def _check(glyphs: Glyphs) -> None:
    if len(glyphs.lines) > 1:
        raise NotComposedError("the content has several lines")
    if layout_of(glyphs) is None:
        raise NotComposedError("the content has fewer than three letters")
    if len(glyphs.line) > _MOST:
        raise NotComposedError(f"the content has more than {_MOST} letters")
    if sum(glyph.touches_next for glyph in glyphs.line) > _JOINED * len(glyphs.line):
        raise NotComposedError("the content's letters are joined")
    left, right = glyphs.line[0].box.left, glyphs.line[-1].box.right
    if any(left < each.box.right and each.box.left < right for each in glyphs.symbols):
        raise NotComposedError("the content has a symbol above or below its letters")


def _runs(ink: Ink, glyphs: Glyphs, band: Layout, share: float) -> list[_Run]:
    """What is warped as one, from left to right."""
    rows, columns = ndimage.distance_transform_edt(
        glyphs.labels == 0, return_distances=False, return_indices=True
    )
    owner = glyphs.labels[rows, columns]
    warped = _letter_columns(glyphs, band, share, ink.coverage.shape[1])
    found = []
    members: list[Glyph] = []
    for glyph in glyphs.line:
        members.append(glyph)
        if not glyph.touches_next:
            found.append(_run(ink, owner, members, warped))
            members = []
    still = Columns(*np.array([1.0, 1.0, 0.0, 0.0])[:, None].repeat(ink.coverage.shape[1], 1))
    found += [_run(ink, owner, [symbol], still) for symbol in glyphs.symbols]
    return sorted(found, key=lambda run: run.first)


def _run(ink: Ink, owner: np.ndarray, members: Sequence[Glyph], warped: Columns) -> _Run:
    mine = np.isin(owner, [glyph.label for glyph in members])
    coverage = np.where(mine, ink.coverage, np.float32(0))
    inked = np.flatnonzero(coverage.max(0) > 0)
    first, last = int(inked[0]), int(inked[-1]) + 1
    return _Run(first, coverage[:, first:last], Columns(*(each[first:last] for each in warped)))


def _letter_columns(glyphs: Glyphs, band: Layout, share: float, width: int) -> Columns:
    """What becomes of every column of the content.

    Letters have values of their own; from one that touches its neighbour they pass over smoothly.
    """
    line, middle = glyphs.line, middle_of(glyphs)
    values = np.zeros((width, 4))
    columns = np.arange(width)
    centres = np.array([(glyph.core.left + glyph.core.right) / 2 for glyph in line])
    u = np.interp(columns, centres, places(line))
    inner = _between(u, band, share, middle)
    for index, glyph in enumerate(line):
        of_it = inner
        if index in (0, len(line) - 1):
            end = band.left if index == 0 else band.right
            of_it = np.broadcast_to(_end(glyph, end, share, middle), inner.shape)
        weight = _weight(columns, line, index)
        values += weight[:, None] * of_it
    return Columns(*values.T)


def _weight(columns: np.ndarray, line: tuple[Glyph, ...], index: int) -> Float[np.ndarray, " w"]:
    """How much a letter says of each column; the weights of all are 1 together."""
    share = np.ones(len(columns))
    for one, way in ((index - 1, 1), (index, -1)):
        if not 0 <= one < len(line) - 1:
            continue
        first, second = line[one], line[one + 1]
        place = (first.box.right + second.box.left) / 2
        reach = 0.35 * min(first.core.width, second.core.width) if first.touches_next else 0.5
        step = np.clip((columns + 0.5 - place) / (2 * reach) + 0.5, 0, 1)
        step = step * step * (3 - 2 * step)
        share *= step if way == 1 else 1 - step
    return share


def _between(
    u: Float[np.ndarray, " w"], band: Layout, share: float, middle: Middle
) -> Float[np.ndarray, "w 4"]:
    """Columns of letters that are none of the ends: they follow the band's lines."""
    bend = share * (_CURVED if band.prominent else 1.0) * middle.height
    base, cap = (bend * curve.at(u) for curve in (band.base, band.cap))
    scale = 1 + (base - cap) / middle.height
    ones = np.ones_like(scale)
    return np.stack([ones, scale, middle.base + base - scale * middle.base, 0 * ones], 1)


def _end(glyph: Glyph, band: End, share: float, middle: Middle) -> list[float]:
    """The column of an end: stretch, scale, offset, and what is taken off its edges."""
    core, height = glyph.core, middle.tall
    down = max(middle.base + height * band.fall - core.bottom, 0)
    # The end of an arch comes down with its foot; none becomes lower than it was.
    top = core.top + share * min(middle.base - height * (1 + band.rise) - core.top, down)
    foot = core.bottom + share * down
    scale = (foot - top) / core.height
    wide = core.width + share * (band.width * height - core.width)
    stretch = float(np.clip(wide / core.width, scale**_SLIM, scale**_WIDE))
    bolder = 1 + share * (max(band.stroke, scale**_BOLDER) - 1)
    thinner = max(min(scale, stretch) - bolder, 0) * middle.stroke / 2
    # What is taken off its edges is given back by its size.
    scale += 2 * thinner / core.height
    stretch += 2 * thinner / core.width
    return [stretch, scale, foot + thinner - scale * core.bottom, thinner]


def _tighter(glyphs: Glyphs, band: Layout, share: float) -> float:
    own = layout_of(glyphs)
    assert own is not None
    if own.spacing <= 0 or band.spacing <= 0:
        return 1.0
    wanted = float(np.clip(band.spacing / own.spacing, _TIGHTEST, _LOOSEST))
    return 1 + share * (wanted - 1)


def _placed(runs: Sequence[_Run], tighter: float, least: float) -> list[int]:
    """The left-most column of each run: as far from what stands before as it was."""
    lefts = [0]
    height = runs[0].coverage.shape[0]
    still = [Piece(run.coverage, np.zeros((2, *run.coverage.shape), np.float32), 0) for run in runs]
    moved = [warp(run.coverage, run.columns) for run in runs]
    reach = max(1, height // 40)
    before: list[tuple[int, Piece]] = [(0, moved[0])]
    for (one, other), piece in zip(itertools.pairwise(range(len(runs))), moved[1:], strict=True):
        gap = _distance([(runs[one].first, still[one])], still[other], reach)
        was = runs[other].first - gap
        wanted = max(tighter * was, min(was, least), 1.0)
        lefts.append(round(_distance(before, piece, reach) + wanted))
        before.append((lefts[-1], piece))
    return lefts


def _distance(before: Sequence[tuple[int, Piece]], piece: Piece, reach: int) -> float:
    """The column at which a piece touches those before it, rows up to `reach` apart compared."""
    top = min(piece.top, *(each.top for _, each in before))
    bottom = max(each.top + len(each.coverage) for each in (piece, *(one for _, one in before)))
    edge = np.full(bottom - top, -np.inf)
    for left, each in before:
        ink = each.coverage > 0.5
        last = left + ink.shape[1] - ink[:, ::-1].argmax(1)
        rows = slice(each.top - top, each.top - top + len(ink))
        edge[rows] = np.maximum(edge[rows], np.where(ink.any(1), last, -np.inf))
    edge = ndimage.maximum_filter1d(edge, 2 * reach + 1)
    ink = piece.coverage > 0.5
    first = np.where(ink.any(1), ink.argmax(1), np.inf)
    meeting = edge[piece.top - top : piece.top - top + len(ink)] - first
    if np.isfinite(meeting.max()):
        return float(meeting.max())
    # They share no rows: the one stands behind the other all the same.
    return float(edge.max())


def _put_together(
    ink: Ink,
    runs: Sequence[_Run],
    pieces: Sequence[Piece],
    corners: Sequence[tuple[int, int]],
    size: tuple[int, int],
) -> Ink:
    coverage = np.zeros(size, np.float32)
    source = np.zeros((2, *size), np.float32)
    for run, piece, (top, left) in zip(runs, pieces, corners, strict=True):
        tall, wide = (min(a, b - c) for a, b, c in
                      zip(piece.coverage.shape, size, (top, left), strict=True))  # fmt: skip
        start = max(0, -top)
        place = slice(top + start, top + tall), slice(left, left + wide)
        cut = slice(start, tall), slice(0, wide)
        above = piece.coverage[cut] > coverage[place]
        coverage[place] = np.where(above, piece.coverage[cut], coverage[place])
        for axis, rows in enumerate((piece.source[0][cut], piece.source[1][cut] + run.first)):
            source[axis][place] = np.where(above, rows, source[axis][place])
    color, opacity = (_sampled(each, source) for each in (ink.color, ink.opacity))
    inside = coverage > 0
    ground, ground_alpha = resize_premultiplied(ink.ground, ink.ground_alpha, *size)
    outer = None if ink.outer_alpha is None else smooth_resize(ink.outer_alpha, *size)
    return replace(
        ink,
        coverage=coverage,
        color=nearest(color, inside),
        opacity=nearest(opacity, inside),
        ground=ground,
        ground_alpha=ground_alpha,
        outer_alpha=outer,
    )


def _sampled(
    values: Float32[np.ndarray, "h w *c"], places: Float32[np.ndarray, "2 tall wide"]
) -> Float32[np.ndarray, "tall wide *c"]:
    """Values at places between pixels."""
    planes = np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)
    found = [ndimage.map_coordinates(each, places, order=1, mode="nearest") for each in planes]
    return np.stack(found, -1).reshape(*places.shape[1:], *values.shape[2:])
