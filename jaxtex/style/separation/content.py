"""A content taken apart: what is ink, of which colours, and what lies behind it.

A logo is ink on a ground. The ground is what is transparent, or what is reached from the border
without crossing an edge: plain, a gradient, a soft shadow; and a panel, a wide flat part of one
colour that encloses ink of others. All else is ink, every part with a colour of its own.
"""

import numpy as np
from PIL import Image
from scipy import ndimage

from jaxtex import images
from jaxtex.style.separation.colors import (
    RGB,
    Color,
    Map,
    Picture,
    ground_color,
    share_of_way,
)
from jaxtex.style.separation.grounds import (
    FLAT,
    Mask,
    Pixels,
    clean_plate,
    counters,
    largest,
    outer_ground,
    packed,
    smooth_parts,
    variation,
)
from jaxtex.style.separation.ink import Ink, nearest
from jaxtex.style.separation.panels import find_panel

# An image of no more pixels a side is taken apart as it is.
_NEAR = 1024
# Nearer to its ground than this a pixel is of the ground; ink differs by as much as that at least.
_SAME, _INK, _FLAT_INK = 6 / 255, 0.035, 0.06
# A pixel in the middle of a stroke differs from the ground by this share of the most around it.
_RIDGE = 0.9
# Colours of so many pixels, or so much of the ink, are the logo's own; a stroke's middle that is
# antialiased belongs to one of them if it is so near to it on the way from the ground.
_OWN_PIXELS, _OWN_SHARE, _MOST_OWN = 12, 0.01, 16
_ON_WAY, _MAYBE, _BESIDE_WAY = 0.75, 0.3, 0.03
# Antialiasing reaches so many pixels from the middle of a stroke.
_REACH = 3.0
# The ground is at least this much of an image, and the middles of ink that much; where more of it
# is inside of ink, a photograph has so much variation there.
_GROUND_SHARE, _INK_SHARE, _INSIDE, _PHOTOGRAPH = 0.04, 0.0015, 0.02, 0.08
# Compression leaves so many pixels beside strokes a little unlike the ground, and so many that rise
# again; what is there counts so many times.
_FAINT, _RIPPLES, _NOISE = 0.12, 0.002, 2.0
# What has no more pixels may be a ripple.
_SPECK = 12
# Colours of compressed ink are evened out over such a radius; it is off by so much.
_EVEN, _UNEVEN = 6.0, 0.3


def separate_at(picture: Picture, height: int, width: int, *, any_ink: bool = False) -> Ink | None:
    """`separate_content` at a size; a much larger image is brought near first.

    Whole squares of pixels are averaged for that, which leaves flat colours as they are.
    """
    step = max(picture.shape[:2]) // max(2 * max(height, width), _NEAR)
    if step > 1:
        picture = _reduced(picture, step)
    found = separate_content(picture, any_ink=any_ink)
    return None if found is None else found.resized(height, width)


def _reduced(picture: Picture, step: int) -> Picture:
    color, alpha = images.split(picture)
    planes = list(np.moveaxis(color if alpha is None else color * alpha[..., None], -1, 0))
    planes += [] if alpha is None else [alpha]
    small = np.dstack(
        [np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(step)) for plane in planes]
    )
    if alpha is not None:
        small[..., :3] /= np.maximum(small[..., 3:], 1e-4)
    return small.clip(0, 1)


def separate_content(picture: Picture, *, any_ink: bool = False) -> Ink | None:
    """Takes a logo apart; None if the image is none: a photograph, or of one colour.

    Args:
      picture: RGB, or RGB with straight alpha, 0 to 1.
      any_ink: whether what looks like a photograph shall be taken apart as well as can be.
    """
    color, alpha = images.split(picture)
    opacity = np.ones(color.shape[:2], np.float32) if alpha is None else alpha
    pixels = color
    if opacity.min() < 1:
        pixels = np.dstack([color * opacity[..., None], opacity])
    smooth = smooth_parts(pixels)
    ground = outer_ground(pixels, smooth)
    if ground is None:
        return None
    plate = clean_plate(pixels, ground)
    ground |= (smooth > 0) & (_distance(pixels, plate) <= _SAME)
    ground |= counters(pixels, smooth, ground)
    plate = clean_plate(pixels, ground)
    distance = _distance(pixels, plate)
    least = _least_ink(distance)
    panel = find_panel(pixels, smooth, ground, distance > _INK, least if least > _INK else 0.0)
    if panel is not None:
        ground |= panel
        plate = clean_plate(pixels, ground)
        distance = _distance(pixels, plate)
        least = _least_ink(distance)
    middles = _middles(pixels, distance, least, ground)
    if not middles.any() or not (any_ink or _is_logo(pixels, distance <= least, ground, middles)):
        return None
    return _assembled(color, opacity, pixels, plate, ground, middles, panel, distance, least)


def _distance(pixels: Pixels, plate: Pixels) -> Map:
    return largest(np.abs(pixels - plate))


def _middles(pixels: Pixels, distance: Map, least: float, ground: Mask) -> Mask:
    """The pixels that ink covers fully: flat ones, and the ridges of thin strokes.

    `distance` is that of each pixel to the ground, and ink's is `least` or more.
    """
    distance = np.where(ground, np.float32(0), distance)
    ridge = distance >= _RIDGE * ndimage.maximum_filter(distance, 3)
    flat = variation(pixels) <= FLAT
    # What is flat is no ripple.
    found = ((distance > least) & ridge) | ((distance > min(least, _FLAT_INK)) & flat)
    found &= ~ground
    if least > _INK:
        # A strong ripple, as in a counter, is a speck.
        labels, count = ndimage.label(found, np.ones((3, 3)))
        numbers = np.arange(count + 1)
        strong = ndimage.maximum(distance, labels, numbers) > 2 * least
        strong |= np.bincount(labels.ravel(), minlength=count + 1) > _SPECK
        found &= strong[labels]
    return found


def _least_ink(distance: Map) -> float:
    """How unlike the ground ink is at least: more where compression left ripples round strokes."""
    most = float(distance.max())
    strong = distance > 0.5 * most
    if not strong.any():
        return _INK
    away = ndimage.distance_transform_edt(~strong)
    beside = (away > 2) & (away < 7) & (distance <= 0.25 * most)
    if not beside.any():
        return _INK
    weak = distance[beside]
    faint = np.mean((weak > 1.2 / 255) & (weak < _INK))
    # Soft edges only fall; ripples rise again.
    rises = (distance > _INK) & (distance >= ndimage.maximum_filter(distance, 3))
    if faint < _FAINT or np.mean(rises[beside]) < _RIPPLES:
        return _INK
    return float(np.clip(_NOISE * np.quantile(weak, 0.98), _INK, 0.35 * most))


def _is_logo(pixels: Pixels, no_ink: Mask, ground: Mask, middles: Mask) -> bool:
    """Whether there is ground and ink enough, and no photograph inside of it.

    Where there is `no_ink`, as in ripples round strokes, it is as good as ground.
    """
    ground = ground | no_ink
    if ground.mean() < _GROUND_SHARE or middles.mean() < _INK_SHARE:
        return False
    inside = ndimage.distance_transform_edt(~ground) > _REACH + 2
    return bool(inside.mean() < _INSIDE or np.median(variation(pixels)[inside]) <= _PHOTOGRAPH)


def _assembled(
    color: RGB,
    opacity: Map,
    pixels: Pixels,
    plate: Pixels,
    ground: Mask,
    middles: Mask,
    panel: Mask | None,
    distance: Map,
    least: float,
) -> Ink:
    color, opacity, full = _own_colors(color, opacity, pixels, plate, ground, middles)
    if least > _INK:
        color = _evened(color, middles, distance)
        full = np.dstack([color * opacity[..., None], opacity][: full.shape[-1] - 2])
    away, (rows, columns) = ndimage.distance_transform_edt(~middles, return_indices=True)
    # An antialiased pixel between two inks that touch is what it is.
    between = ~middles & ~ground & (away <= _REACH)
    between &= ndimage.minimum_filter(distance, 5) > least
    full = full[rows, columns]
    between &= variation(full, 5) > least
    full = np.where(between[..., None], pixels, full)
    change = full - plate
    coverage = np.clip(share_of_way(pixels - plate, change), 0, 1)
    coverage[middles | between] = 1
    coverage[ground | (away > _REACH)] = 0
    behind = np.ones_like(opacity)
    if plate.shape[-1] == 4:
        behind = plate[..., 3]
    clean = plate[..., :3] / np.maximum(behind, 1e-4)[..., None]
    seen = between[..., None]
    outer = ground_color(pixels) if plate.shape[-1] == 3 else None
    return Ink(
        coverage=coverage.astype(np.float32),
        color=np.where(seen, color, color[rows, columns]),
        opacity=np.where(between, opacity, opacity[rows, columns]),
        ground=np.clip(clean, 0, 1).astype(np.float32),
        ground_alpha=behind.astype(np.float32),
        outer=outer,
        outer_alpha=None if outer is None else _outer_alpha(plate, outer, panel),
    )


def _evened(color: RGB, middles: Mask, distance: Map) -> RGB:
    """Colours without what compression did to them: means over those around in a part of the ink.

    What differs most from the ground counts most, for there the ink is whole; a pixel that is of
    another ink than those around keeps its colour.
    """
    labels = ndimage.label(middles, np.ones((3, 3)))[0]
    evened = color.copy()
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        part = labels[box] == number
        trust = part * (distance[box] / distance[box][part].max()) ** 8
        mean = ndimage.gaussian_filter(color[box] * trust[..., None], (_EVEN, _EVEN, 0))
        mean /= np.maximum(ndimage.gaussian_filter(trust, _EVEN), 1e-6)[..., None]
        near = part & (largest(np.abs(mean - color[box])) <= _UNEVEN)
        evened[box][near] = mean[near]
    return evened


def _outer_alpha(plate: RGB, outer: Color, panel: Mask | None) -> Map:
    """The alpha of what lies behind the ink, once a plain ground is taken out of it.

    A panel is opaque, and at its edge as much as it has its colour; of all else, such as a shadow,
    it is the least alpha that any colour can have there.
    """
    offset = plate - outer
    room = np.where(offset > 0, 1 - outer, outer)
    alpha = largest(np.abs(offset) / np.maximum(room, 1e-3))
    alpha[alpha < FLAT] = 0
    if panel is not None:
        inner = panel & (largest(np.abs(offset)) > _INK)
        full = nearest(offset, inner & ndimage.binary_erosion(inner, iterations=3))
        alpha = np.where(panel, np.clip(share_of_way(offset, full), 0, 1), alpha)
    return np.clip(alpha, 0, 1).astype(np.float32)


def _own_colors(
    color: RGB, opacity: Map, pixels: Pixels, plate: Pixels, ground: Mask, middles: Mask
) -> tuple[RGB, Map, Pixels]:
    """Colours, alpha and pixels, where the middles of antialiased strokes have the logo's own."""
    color, opacity, full = color.copy(), opacity.copy(), pixels.copy()
    distance = _distance(pixels, plate)
    whole = middles & (distance >= ndimage.maximum_filter(distance, 3))
    places = np.flatnonzero(whole)
    found = packed(pixels.reshape(-1, pixels.shape[-1])[places])
    _, first, counts = np.unique(found, return_index=True, return_counts=True)
    enough = counts >= max(_OWN_PIXELS, _OWN_SHARE * len(places))
    first = first[enough][np.argsort(-counts[enough], kind="stable")][:_MOST_OWN]
    left = np.flatnonzero(middles & (variation(pixels) > FLAT))
    seen, behind = (each.reshape(-1, pixels.shape[-1]) for each in (pixels, plate))
    parts = ndimage.label(~ground, np.ones((3, 3)))[0].ravel()
    # First what is nearly of a colour that its part has, then of another's, and at last what is so
    # little covered that it only may be of one that its part has.
    for least, within in ((_ON_WAY, True), (_ON_WAY, False), (_MAYBE, True)):
        for index in first:
            place = places[index]
            change = seen[place] - behind[left]
            offset = seen[left] - behind[left]
            share = share_of_way(offset, change)
            beside = np.abs(offset - share[:, None] * change).max(-1)
            of_it = (share >= least) & (share <= 1.02) & (beside <= _BESIDE_WAY)
            if within:
                same = places[found == found[index]]
                of_it &= np.isin(parts[left], np.unique(parts[same]))
            for values in (color, opacity, full):
                flat = values.reshape(len(seen), -1)
                flat[left[of_it]] = flat[place]
            left = left[~of_it]
    return color, opacity, full
