"""Closed polylines to few cubic Béziers; corners stay corners.

The outline of pixels has small steps and clipped corners. Corners are found and put where their
two sides meet, and the steps between them are smoothed away. Then Schneider, "An Algorithm for
Automatically Fitting Digitized Curves", Graphics Gems (1990): least squares for the inner control
points, Newton's method for the parameters, a split at the worst point where the error is too large.
Curves join smoothly except at corners.
"""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64, Int
from scipy import ndimage

Points = Float64[np.ndarray, "_ 2"]
Vector = Float64[np.ndarray, "2"]
Cubic = Float64[np.ndarray, "4 2"]
Parameters = Float64[np.ndarray, "_"]

# Outlines are worked on as points this many pixels apart; lengths in steps count these.
_SPACING = 0.5
# A corner turns by more than `_CORNER` between the `_ARM` steps before it and those after it.
_ARM, _CORNER = 6, np.radians(60)
# Pixels clip a corner: its sides are looked at from this step on, and meet at most this many
# pixels beyond; a thin spike would run on for ever.
_CLIPPED, _REACH = 3, 1.5
# The standard deviation of the smoothing, in steps.
_DEVIATION = 4.0
_PADDING: dict[str, dict[str, Any]] = {
    "wrap": {"mode": "wrap"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
}
_NEWTON_STEPS = 5
# Better parameters are worth their time where the error is below this many tolerances.
_WORTH = 4.0


class _Piece(NamedTuple):
    points: Points
    start: Vector | None
    """The unit tangent at the first point; None at a corner."""
    end: Vector | None
    """The unit tangent at the last point, pointing back into the piece; None at a corner."""


def fit_closed(points: Points, tolerance: float) -> Float64[np.ndarray, "m 4 2"]:
    """Returns the control points of the cubics that draw a closed polyline.

    Args:
      points: its vertices in order, the first not repeated, in pixels.
      tolerance: how far a curve may pass from the smoothed line, in pixels.

    Returns:
      Each cubic starts where the one before ends, the first where the last ends. Those of a
      straight piece have their inner control points on the thirds of the chord.
    """
    loop = _even(np.concatenate([points, points[:1]]))[:-1]
    corners = find_corners(loop)
    if len(corners):
        pieces = [_Piece(side, None, None) for side in _sides(loop, corners)]
    else:
        loop = _smooth(loop, "wrap")
        tangent = _direction(loop[-1], loop[1])
        pieces = [_Piece(np.concatenate([loop, loop[:1]]), tangent, -tangent)]
    cubics = []
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        cubic, worst = _fit(piece, tolerance)
        if worst is None:
            cubics.append(cubic)
            continue
        points = piece.points
        tangent = _direction(points[max(worst - 2, 0)], points[min(worst + 2, len(points) - 1)])
        pieces.append(_Piece(points[worst:], tangent, piece.end))
        pieces.append(_Piece(points[: worst + 1], piece.start, -tangent))
    return np.stack(cubics)


def find_corners(loop: Points) -> Int[np.ndarray, " k"]:
    """Returns in order the indices of the corners of a closed line of evenly spaced points."""
    count = len(loop)
    arm = min(_ARM, count // 8)
    before, after = loop - np.roll(loop, arm, axis=0), np.roll(loop, -arm, axis=0) - loop
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn = np.abs(np.arctan2(cross, np.sum(before * after, -1)))
    found: list[int] = []
    taken = turn <= _CORNER
    for index in np.argsort(-turn, kind="stable").tolist():
        if not taken[index]:
            found.append(index)
            taken[np.arange(index - arm, index + arm + 1) % count] = True
    return np.array(sorted(found), int)


def _sides(loop: Points, corners: Int[np.ndarray, " k"]) -> list[Points]:
    """The smoothed lines from each corner to the next, with the corners where the sides meet."""
    count = len(loop)
    gaps = np.diff([*corners, corners[0] + count])
    runs = [loop[np.arange(a, a + gap + 1) % count] for a, gap in zip(corners, gaps, strict=True)]
    tips = [_meet(runs[index - 1][::-1], run) for index, run in enumerate(runs)]
    sides = []
    for index, run in enumerate(runs):
        ends = tips[index][None], tips[(index + 1) % len(tips)][None]
        clip = min(_CLIPPED, (len(run) - 1) // 2)
        line = _even(np.concatenate([ends[0], run[clip : len(run) - clip], ends[1]]))
        sides.append(np.concatenate([ends[0], _smooth(line, "odd")[1:-1], ends[1]]))
    return sides


def _meet(one: Points, other: Points) -> Vector:
    """Where two lines that start at the same corner meet, were they not clipped there."""
    corner = one[0]
    lines = []
    for run in (one, other):
        seen = run[_CLIPPED : min(_CLIPPED + _ARM, len(run) // 2) + 1]
        if len(seen) < 3:
            return corner
        middle = seen.mean(0)
        lines.append((middle, np.linalg.svd(seen - middle, full_matrices=False)[2][0]))
    (start, along), (target, across) = lines
    sine = along[0] * across[1] - along[1] * across[0]
    if abs(sine) < 0.1:
        return corner
    away = target - start
    share = (away[0] * across[1] - away[1] * across[0]) / sine
    step = start + share * along - corner
    return corner + step * min(1.0, _REACH / max(float(np.hypot(*step)), 1e-12))


def _even(line: Points) -> Points:
    """An open polyline as points at even distances."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    at = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, at[-1], max(2, round(at[-1] / _SPACING) + 1))
    return np.stack([np.interp(wanted, at, axis) for axis in line.T], -1)


def _smooth(line: Points, border: Literal["wrap", "odd"]) -> Points:
    """A line blurred along itself: as a loop, or mirrored in its end points, which stay.

    What the blur takes away is blurred in its turn and put back, so that bends hardly shrink.
    """
    count = len(line)
    deviation = min(_DEVIATION, count / 8)
    long = np.pad(line, ((count - 1, count - 1), (0, 0)), **_PADDING[border])
    once = ndimage.gaussian_filter1d(long, deviation, axis=0)
    twice = once + ndimage.gaussian_filter1d(long - once, deviation, axis=0)
    return twice[count - 1 : 2 * count - 1]


def _fit(piece: _Piece, tolerance: float) -> tuple[Cubic, int | None]:
    """A cubic for a piece, and None, or where to split the piece because it is too far off."""
    points = piece.points
    thirds = np.arange(1, 3)[:, None] / 3 * (points[-1] - points[0])
    straight = np.concatenate([points[:1], points[0] + thirds, points[-1:]])
    if len(points) == 2:
        return straight, None
    if piece.start is None and piece.end is None and _bulge(points) <= tolerance:
        return straight, None
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    at = np.linspace(0, 1, len(points))
    for left in reversed(range(_NEWTON_STEPS)):
        cubic = _solve(piece, at)
        handles = np.hypot(*(cubic[1:3] - cubic[[0, 3]]).T)
        if handles.max() > length:
            # A loop far from the points may still pass near each of them.
            return cubic, len(points) // 2
        errors = np.hypot(*(_bernstein(at) @ cubic - points).T)
        if errors.max() <= tolerance:
            return cubic, None
        if not left or errors.max() > _WORTH * tolerance:
            break
        at = _closer(cubic, points, at)
    return cubic, int(np.clip(errors.argmax(), 1, len(points) - 2))


def _bulge(points: Points) -> float:
    """The largest distance of a point from the chord between the first and the last."""
    chord = points[-1] - points[0]
    share = np.clip((points - points[0]) @ chord / max(float(chord @ chord), 1e-12), 0, 1)
    return float(np.hypot(*(points - points[0] - share[:, None] * chord).T).max())


def _solve(piece: _Piece, at: Parameters) -> Cubic:
    """The least-squares cubic for points at given parameters, ends and known tangents fixed."""
    points, start, end = piece
    first, last = points[0], points[-1]
    third = (last - first) / 3
    # An inner control point is its base plus a share of each of its directions.
    bases = [
        first + third if start is None else first,
        last - third if end is None else last,
    ]
    spans = [np.eye(2) if known is None else known[:, None] for known in (start, end)]
    weights = _bernstein(at)
    rest = points - weights @ np.stack([first, *bases, last])
    columns = [weights[:, k + 1, None, None] * span for k, span in enumerate(spans)]
    system = np.concatenate(columns, axis=-1).reshape(2 * len(points), -1)
    shares = np.linalg.lstsq(system, rest.reshape(-1), rcond=None)[0]
    own, other = np.split(shares, [spans[0].shape[1]])
    # A handle that points backwards would make a loop; a third of the chord is a fair guess.
    chord = np.array([np.hypot(*third)])
    if start is not None and own[0] <= 0:
        own = chord
    if end is not None and other[0] <= 0:
        other = chord
    return np.stack([first, bases[0] + spans[0] @ own, bases[1] + spans[1] @ other, last])


def _bernstein(at: Parameters) -> Float64[np.ndarray, "_ 4"]:
    rest = 1 - at
    return np.stack([rest**3, 3 * at * rest**2, 3 * at**2 * rest, at**3], -1)


def _closer(cubic: Cubic, points: Points, at: Parameters) -> Parameters:
    """A Newton step of each parameter towards the curve's point nearest to its own."""
    rest = 1 - at
    offset = _bernstein(at) @ cubic - points
    speed = 3 * np.stack([rest**2, 2 * at * rest, at**2], -1) @ np.diff(cubic, axis=0)
    bend = 6 * np.stack([rest, at], -1) @ np.diff(cubic, n=2, axis=0)
    slope = np.sum(offset * speed, -1)
    curvature = np.sum(speed**2 + offset * bend, -1)
    step = np.divide(slope, curvature, out=np.zeros_like(at), where=curvature > 1e-12)
    return np.clip(at - step, 0, 1)


def _direction(start: Vector, end: Vector) -> Vector:
    difference = end - start
    return difference / max(float(np.hypot(*difference)), 1e-12)
