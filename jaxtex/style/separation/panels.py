"""Panels: what lettering stands on and is part of the logo, such as the pill of a badge."""

import numpy as np
from jaxtyping import Int
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from jaxtex.style.separation.colors import share_of_way
from jaxtex.style.separation.grounds import Mask, Pixels, largest

# A panel has so much of all that is not ground, of its own outline, and of that outline's hull.
_OF_INK, _OF_OUTLINE, _OF_HULL = 0.35, 0.35, 0.85
# So many of the largest parts may be one.
_TRIED = 3
# What stands on it is so much of the outline, and no holes that show the ground.
_ON_IT, _NO_HOLES = 0.003, 0.95
# A rim of it has nearly its colour.
_ALIKE = 6 / 255
# Antialiasing reaches so far, and the ripples of compression, which works on squares of 16 pixels.
_EDGE, _RIPPLES = 5, 18
# Colours are compressed at half the size, so that those of an edge are so far from between.
_FRINGE = 0.2


def find_panel(
    pixels: Pixels,
    smooth: Int[np.ndarray, "h w"],
    ground: Mask,
    unlike: Mask,
    ripples: float = 0.0,
) -> Mask | None:
    """The pixels of a panel with its edges; None if there is none.

    Args:
      pixels: the image.
      smooth: numbers of the parts that no edge divides; 0 at edges.
      ground: what lies behind the panel.
      unlike: where an image differs from its ground.
      ripples: how unlike their surroundings those are that compression left; 0: there are none.
    """
    areas = np.bincount(smooth[~ground], minlength=2)
    areas[0] = 0
    for number in np.argsort(-areas, kind="stable")[:_TRIED]:
        if areas[number] < max(_OF_INK * np.sum(unlike), 1):
            break
        part = smooth == number
        outline = ndimage.binary_fill_holes(ndimage.binary_dilation(part))
        if _is_panel(part, outline, unlike):
            part, outline = _with_rims(part, outline, pixels, smooth, ground)
            panel = _with_edge(part, outline, ground, _EDGE)
            if ripples:
                further = _with_edge(part, outline, ground, _RIPPLES)
                panel |= further & _is_between(pixels, part, ground, ripples)
            return panel
    return None


def _with_rims(
    part: Mask, outline: Mask, pixels: Pixels, smooth: Int[np.ndarray, "h w"], ground: Mask
) -> tuple[Mask, Mask]:
    """A panel and its outline with what an inner line of another ink divides from it."""
    color = np.median(pixels[part], 0)
    for number in np.unique(smooth[~outline & ~ground]):
        rim = smooth == number
        if number == 0 or np.abs(np.median(pixels[rim], 0) - color).max() > _ALIKE:
            continue
        around = ndimage.binary_fill_holes(ndimage.binary_dilation(rim))
        if around[outline].all():
            part, outline = part | rim, around | outline
    return part, outline


def _is_panel(part: Mask, outline: Mask, unlike: Mask) -> bool:
    things = ndimage.binary_erosion(outline & ~ndimage.binary_dilation(part))
    if things.sum() < max(_ON_IT * outline.sum(), 1) or np.mean(unlike[things]) < _NO_HOLES:
        return False
    whole = outline.sum()
    return bool(part.sum() >= _OF_OUTLINE * whole and whole >= _OF_HULL * _hull_area(outline))


def _with_edge(part: Mask, outline: Mask, ground: Mask, reach: int) -> Mask:
    """A panel and where it meets the ground: its edge is neither's alone."""
    square = np.ones((2 * reach + 1, 2 * reach + 1), bool)
    edge = ndimage.binary_dilation(part, square) & ndimage.binary_dilation(ground, square)
    inner = ndimage.binary_erosion(outline, iterations=reach + 1)
    return part | (edge & ~inner & ~ground)


def _is_between(pixels: Pixels, part: Mask, ground: Mask, ripples: float) -> Mask:
    """Where a pixel is as a panel is, or as the ground by it, or between the two."""
    color = np.median(pixels[part], 0)
    near = ndimage.binary_dilation(part, iterations=_RIPPLES) & ground
    change = np.median(pixels[near if near.any() else ground], 0) - color
    offset = pixels - color
    share = np.clip(share_of_way(offset, np.broadcast_to(change, offset.shape)), 0, 1)
    return largest(np.abs(offset - share[..., None] * change)) <= max(ripples, _FRINGE)


def _hull_area(mask: Mask) -> float:
    rows = np.flatnonzero(mask.any(1))
    first = mask[rows].argmax(1)
    last = mask.shape[1] - 1 - mask[rows][:, ::-1].argmax(1)
    # All corners of the outermost pixels of each row.
    corners = [
        np.stack([rows + down, columns], 1) for down in (0, 1) for columns in (first, last + 1)
    ]
    try:
        return float(ConvexHull(np.concatenate(corners)).volume)
    except QhullError:
        return float(mask.sum())
