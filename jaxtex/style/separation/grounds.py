"""The ground of a logo: what is reached from the border without crossing an edge.

A plain ground is of one colour; a gradient or a soft shadow changes slowly, where the edge of a
letter is a step. What lies behind the letters is filled in from around them.
"""

import functools

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt32
from scipy import ndimage

from jaxtex.style.separation.colors import border_pixels, ground_color
from jaxtex.style.separation.ink import nearest

Pixels = Float32[np.ndarray, "h w c"]
Mask = Bool[np.ndarray, "h w"]

# Neighbours that differ by no more than this are one ground (three levels of 8 bits), or by so
# many times the noise.
_STEP, _NOISE = 3.2 / 255, 4.0
# A slope is soft if so many of the steps within this reach are about as large: more of them than
# the sharpest edges of the image have.
_SLOPE, _REACH, _LIKE = 6, 6, 0.25
# How much of a border belongs to the ground, and the share of it that a part of the ground has.
_BORDER_SHARE, _PART_SHARE = 0.5, 0.25
# Less alpha than this is none, and less of it than that are stray pixels.
_CLEAR, _CLEAR_SHARE = 0.02, 0.0005
# So few colours, which have so much of the ground, are flat grounds side by side.
_FLAT_COLORS, _FLAT_SHARE = 6, 0.98
# Ripples of compression have at most so much of a flat ground, differ from it so little, and so
# many of their pixels are no nearer to it than those around them.
_RIPPLED, _RIPPLE, _RISING = 0.06, 0.1, 0.08
FLAT = 2.2 / 255
"""Flat is what differs no more from its neighbours."""
# Of what differs so much from a plain border and is of its ground, more is flat where the edges are
# too soft to hold: letters, not a shadow.
_UNLIKE, _PLATEAU = 0.05, 0.25
# A counter has no more of the ground within so many pixels, and so much of its colours are those of
# the ground as near as that.
_OPEN, _RING, _ALIKE, _NEARBY = 0.05, 5, 0.8, 24


def smooth_parts(pixels: Pixels) -> Int[np.ndarray, "h w"]:
    """Numbers, from 1, of the parts that no edge divides; 0 at edges.

    `pixels` are premultiplied, with alpha as the last channel where there is any.
    """
    return ndimage.label(_smooth(pixels))[0]


def outer_ground(pixels: Pixels, parts: Int[np.ndarray, "h w"]) -> Mask | None:
    """The ground: of `smooth_parts` the transparent ones, else those that the border belongs to.

    None where most of the border belongs to none.
    """
    if pixels.shape[-1] == 4 and (clear := pixels[..., 3] < _CLEAR).mean() > _CLEAR_SHARE:
        return _held(
            pixels, _members(parts, np.unique(parts[clear])) | clear, np.zeros(4, np.float32)
        )
    border = border_pixels(parts)
    plain = ground_color(pixels)
    if plain is not None:
        seeds = np.unique(border[np.abs(border_pixels(pixels) - plain).max(-1) < 0.1])
    else:
        shares = np.bincount(border) / len(border)
        shares[0] = 0
        seeds = np.flatnonzero(shares >= _PART_SHARE)
    ground = _members(parts, seeds)
    if plain is not None:
        ground = _held(pixels, ground, plain)
    return ground if np.mean(border_pixels(ground)) >= _BORDER_SHARE else None


def _held(pixels: Pixels, ground: Mask, plain: Float32[np.ndarray, " c"]) -> Mask:
    """The ground without letters that it has run into over edges that are soft."""
    distance = largest(np.abs(pixels - plain))
    unlike = ground & (distance > _UNLIKE)
    if unlike.any() and np.mean(variation(pixels)[unlike] <= FLAT) > _PLATEAU:
        return ground & (distance <= FLAT)
    return ground


def counters(pixels: Pixels, parts: Int[np.ndarray, "h w"], ground: Mask) -> Mask:
    """Parts that ink encloses and whose colours the ground has nearby, as in a soft shadow."""
    found = np.zeros(parts.shape, bool)
    inner = np.unique(parts[~ground])
    boxes = ndimage.find_objects(parts)
    for number in inner[inner > 0]:
        rows, columns = boxes[number - 1]
        around = np.s_[
            max(rows.start - _NEARBY, 0) : rows.stop + _NEARBY,
            max(columns.start - _NEARBY, 0) : columns.stop + _NEARBY,
        ]
        part, behind = parts[around] == number, ground[around]
        ring = ndimage.binary_dilation(part, iterations=_RING) & ~part
        if np.mean(behind[ring]) > _OPEN or not behind.any():
            continue
        levels = np.rint(pixels[around] * 31) / 255
        if np.mean(np.isin(packed(levels[part]), packed(levels[behind]))) >= _ALIKE:
            found[around] |= part
    return found


def _members(parts: Int[np.ndarray, "h w"], numbers: Int[np.ndarray, " n"]) -> Mask:
    return np.isin(parts, numbers[numbers > 0])


def _smooth(pixels: Pixels) -> Mask:
    """Where no neighbour lies across an edge."""
    steps = [np.diff(pixels, axis=axis) for axis in (0, 1)]
    sizes = [largest(np.abs(step)) for step in steps]
    noise = float(np.median(np.concatenate([size.ravel()[::7] for size in sizes])))
    least = max(_STEP, _NOISE * noise)
    widths = [_widths(step, axis, least) for axis, step in enumerate(steps)]
    strong = [size > 0.5 * max(float(part.max(initial=0)) for part in sizes) for size in sizes]
    edges = np.concatenate([width[where] for width, where in zip(widths, strong, strict=True)])
    sharp = float(np.median(edges)) if len(edges) else 1.0
    smooth = np.ones(pixels.shape[:2], bool)
    for axis, (size, width) in enumerate(zip(sizes, widths, strict=True)):
        edge = (size > least) & (width < max(_SLOPE, sharp + 3))
        low, high = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        smooth[low] &= ~edge
        smooth[high] &= ~edge
    return smooth


def _widths(steps: Pixels, axis: int, least: float) -> Float32[np.ndarray, "h w"]:
    """Over how many pixels along the axis each step above `least` goes on; 0 for smaller ones."""
    found = np.zeros(steps.shape[:2], np.float32)
    rows, columns = np.nonzero(largest(np.abs(steps)) > least)
    if not len(rows):
        return found
    own = steps[rows, columns]
    width = np.zeros(own.shape, np.int32)
    for offset in range(-_REACH, _REACH + 1):
        place = [rows, columns]
        place[axis] = np.clip(place[axis] + offset, 0, steps.shape[axis] - 1)
        inside = place[axis] - offset == (rows, columns)[axis]
        other = steps[place[0], place[1]] * np.sign(own)
        width += inside[:, None] & (other >= _LIKE * np.abs(own))
    # The channels that change count, and of them the sharpest.
    width[np.abs(own) <= least] = 2 * _REACH + 1
    found[rows, columns] = width.min(-1)
    return found


def clean_plate(pixels: Pixels, ground: Mask) -> Pixels:
    """The ground everywhere: beyond its own pixels what those around it lead to."""
    own = pixels[ground]
    _, first, counts = np.unique(packed(own), return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    most = own[first[order[0]]]
    distance = largest(np.abs(pixels - most))
    if np.mean(distance[ground] <= FLAT) >= _FLAT_SHARE or _is_rippled(distance, ground):
        return np.broadcast_to(most, pixels.shape).astype(np.float32)
    if counts[order[:_FLAT_COLORS]].sum() >= _FLAT_SHARE * len(own):
        return nearest(pixels, ground)
    return np.where(ground[..., None], pixels, _pull_push(pixels, ground)).astype(np.float32)


def _is_rippled(distance: Float32[np.ndarray, "h w"], ground: Mask) -> bool:
    """Whether a flat ground is unlike itself only by what compression left: faint, with ripples.

    `distance` is that of each pixel to the ground's commonest colour. A shadow falls away from its
    letters; ripples rise again.
    """
    off = ground & (distance > FLAT)
    if not 0 < off.sum() <= _RIPPLED * ground.sum():
        return False
    rises = distance[off] >= ndimage.maximum_filter(distance, 3)[off]
    return bool(np.percentile(distance[off], 95) <= _RIPPLE and rises.mean() >= _RISING)


def variation(pixels: Pixels, size: int = 3) -> Float32[np.ndarray, "h w"]:
    """The range of values in the square about each pixel."""
    high = ndimage.maximum_filter(pixels, (size, size, 1))
    return largest(high - ndimage.minimum_filter(pixels, (size, size, 1)))


def largest(channels: Float32[np.ndarray, "*shape c"]) -> Float32[np.ndarray, "*shape"]:
    """The largest channel of each pixel; much faster than NumPy's maximum over a short axis."""
    return functools.reduce(np.maximum, np.moveaxis(channels, -1, 0))


def packed(colors: Float32[np.ndarray, "*shape c"]) -> UInt32[np.ndarray, "*shape"]:
    """Up to four channels of 8 bits as one number, equal for equal colours."""
    found = np.zeros(colors.shape[:-1], np.uint32)
    for channel in np.moveaxis(colors, -1, 0):
        found = found << 8 | np.rint(channel * 255).astype(np.uint32)
    return found


def _pull_push(pixels: Pixels, known: Mask) -> Pixels:
    """Fills in smoothly: averages over ever larger squares, used where nothing smaller is known."""
    if known.all() or not known.any() or min(known.shape) < 2:
        return pixels if known.any() else np.zeros_like(pixels)
    weights = known.astype(np.float32)[..., None]
    total, count = _halved(pixels * weights), _halved(weights)
    half = (total / np.maximum(count, 1e-6)).astype(np.float32)
    coarse = _pull_push(half, count[..., 0] > 0)
    height, width = known.shape
    grown = coarse.repeat(2, 0).repeat(2, 1)[:height, :width]
    grown = ndimage.uniform_filter(grown, (3, 3, 0), mode="nearest")
    return np.where(known[..., None], pixels, grown)


def _halved(values: Pixels) -> Float32[np.ndarray, "_ _ c"]:
    """Sums over squares of two by two pixels; an odd edge is continued by nothing."""
    height, width = values.shape[:2]
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    return even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
