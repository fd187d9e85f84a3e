"""How much ink covers each pixel, at full size, and the ink's colours."""

import numpy as np
from scipy import ndimage

from jaxtex import images
from jaxtex.style.separation.candidates import Mask
from jaxtex.style.separation.colors import RGB, Map, share_of_way
from jaxtex.style.separation.ink import nearest, smooth_resize
from jaxtex.style.separation.lab import blur

# How far a mask's outline may be off, in its pixels.
_REACH = 1.5
# Ground that looks a little like ink is none, ink that looks a little like ground is whole; at most
# so much of the way from one to the other is taken for that.
_MOST_NOISE = 0.3
_SOLID = 0.95
# Parts of fewer pixels have no colour of their own.
_SPECK = 8
# What is so near to the ground's colour is a hole too small to be seen as one, if it is so little.
_SAME, _FEW = 0.1, 0.05
# The middle of a thin stroke is antialiased where it differs from the ground by less than this
# share of what it does within so many pixels.
_BRIGHT, _ALONG = 0.9, 7
# A pixel of a smaller image has the colours of the full ones in it, if they are as much of it.
_PART = 0.05


def soft_coverage(image: RGB, mask: Mask) -> Map:
    """The coverage with antialiased edges of a mask, which may be smaller than the image.

    Near the mask's outline a pixel's colour is projected on the line from the ground's colour about
    it to the ink's; elsewhere it is 0 or 1.
    """
    small = images.resize(image, *mask.shape)
    inside = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    outside = ndimage.distance_transform_edt(np.pad(~mask, 1, mode="edge"))[1:-1, 1:-1]
    # A stroke that is thinner than that keeps its middle.
    middle = mask & (inside >= ndimage.maximum_filter(inside, 3))
    ink, ground = (inside > _REACH) | middle, outside > _REACH
    if not (ink.any() and ground.any()):
        return images.resize(mask.astype(np.float32), *image.shape[:2])
    size = image.shape[:2]
    first, second = spread_colors(small, ink), spread_colors(small, ground)
    share = share_of_way(small - second, first - second)
    low = np.percentile(share[ground & (outside < _REACH + 4)], 80) if ground.any() else 0.0
    high = np.percentile(share[ink & (inside < _REACH + 4)], 20)
    low, high = np.clip(low, 0, _MOST_NOISE), np.clip(high, 1 - _MOST_NOISE, 1)
    if size != mask.shape:
        first, second = (images.resize(each, *size) for each in (first, second))
        share = share_of_way(image - second, first - second)
    band = (mask & (inside <= _REACH)) | (~mask & ~ground)
    whole = images.resize(mask.astype(np.float32), *size) > 0.5
    near = images.resize(band.astype(np.float32), *size) > 0.1
    return np.where(near, np.clip((share - low) / (high - low), 0, 1), whole).astype(np.float32)


def ink_colors(image: RGB, coverage: Map, size: tuple[int, int]) -> RGB:
    """The colours of fully covered pixels; beyond them those of the nearest, found at `size`."""
    full = min(_SOLID, 0.99 * float(coverage.max()))
    # The outermost pixels may be antialiased; parts without others have their middle instead.
    core = ndimage.minimum_filter(coverage, 3) > full
    apart = _from_ground(image, coverage)
    pinholes = core & ndimage.binary_dilation(apart < _SAME, np.ones((3, 3), bool))
    if pinholes.sum() < _FEW * core.sum():
        core &= ~pinholes
    labels, count = ndimage.label(coverage > 0.5 * full)
    thin = np.bincount(labels[core], minlength=count + 1) == 0
    if core.any():
        thin &= np.bincount(labels.ravel()) >= _SPECK
    thin[0] = False
    core |= thin[labels] & _fullest(apart, coverage)
    # Of these pixels alone: resampled with what lies around them they would be none of the image's.
    part = smooth_resize(core.astype(np.float32), *size)
    small = smooth_resize(image * core[..., None], *size) / np.maximum(part, 1e-6)[..., None]
    spread = spread_colors(small, part > min(_PART, 0.5 * part.max()))
    beyond = smooth_resize(spread, *image.shape[:2])
    return np.where(core[..., None], image, beyond).astype(np.float32)


def _from_ground(image: RGB, coverage: Map) -> Map:
    """How far each colour lies from the ground's median."""
    ground = coverage < 1 - _SOLID
    color = np.median(image[ground], 0) if ground.any() else np.zeros(3, np.float32)
    return np.linalg.norm(image - color, axis=-1).astype(np.float32)


def _fullest(apart: Map, coverage: Map) -> Mask:
    """Of the middles of strokes those that stand out most from the ground: least antialiased."""
    middle = coverage >= ndimage.maximum_filter(coverage, 3)
    apart = np.where(middle, apart, 0)
    return middle & (apart >= _BRIGHT * ndimage.maximum_filter(apart, 2 * _ALONG + 1))


def spread_colors(image: RGB, part: Mask) -> RGB:
    """An image beyond a part of it filled with that part's nearest colours, a little smoothed."""
    weight = blur(part.astype(np.float32), 1.0)[..., None]
    smooth = blur(image * part[..., None], 1.0) / np.maximum(weight, 1e-6)
    return nearest(smooth, part)
