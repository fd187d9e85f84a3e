"""Letters whose edges are eaten by the relief of a texture."""

import numpy as np
from jaxtyping import Bool, Float32
from scipy import ndimage

from jaxtex.style.separation import RGB, Map, luminance
from jaxtex.style.separation.ink import loose_parts, nearest

# An edge moves by at most this share of its stroke's width, outwards by half as much.
_SHARE, _OUTWARDS = 1 / 6, 0.5
# The finest and coarsest relief that moves an edge, as shares of the stroke's width.
_FINEST, _COARSEST = 1 / 30, 2 / 3
# Coverage within this of 0 or 1 is what resampling leaves beside an edge.
_RIPPLE = 0.05


def roughen(coverage: Map, texture: RGB, stroke: float, strength: float) -> Map:
    """Moves the letters' edges by the texture's relief: its dark parts eat into them.

    An edge is displaced by strength · width / 6 times the band-passed luminance beside it, half as
    far outwards as inwards; the width is the local stroke's, at most `stroke`, so that thin strokes
    stay. At strength 0 the coverage is what it was.

    Args:
      coverage: how much of each pixel the letters cover, 0 to 1.
      texture: what fills the letters, of the same size.
      stroke: the typical width of the strokes, in pixels.
      strength: 0 to 1.

    Returns:
      The new coverage, 0 to 1.
    """
    ink = coverage > 0.5
    if strength <= 0 or not ink.any() or ink.all():
        return coverage
    relief = _relief(luminance(texture), max(stroke, 2.0))
    reach = strength * _SHARE * np.minimum(_local_width(ink), stroke)
    reach = np.minimum(reach, ndimage.gaussian_filter(reach, stroke / 4))
    moved = signed_distance(coverage) + reach * np.clip(relief, -1, _OUTWARDS)
    rough = np.clip(moved + 0.5, 0, 1)
    # Within the letters, what is not quite covered is no edge.
    rough = np.where(_within(coverage), rough * coverage, rough)
    return np.where(loose_parts(rough, coverage), 0, rough).astype(np.float32)


def signed_distance(coverage: Map) -> Float32[np.ndarray, "h w"]:
    """Distance to the letters' edge in pixels, positive inside; exact where it cuts a pixel.

    Both letters and ground need to be there.
    """
    distance = coverage - 0.5
    for sign, plain in ((1, _within(coverage)), (-1, coverage < _RIPPLE)):
        far, (rows, columns) = ndimage.distance_transform_edt(plain, return_indices=True)
        beyond = coverage[rows, columns] - 0.5
        distance = np.where(plain, sign * far + beyond, distance)
    return distance.astype(np.float32)


def _within(coverage: Map) -> Bool[np.ndarray, "h w"]:
    """Pixels that are fully covered, or have letters all round them."""
    wide = ndimage.minimum_filter(coverage, 3, mode="nearest") > 0.5
    return wide | (coverage > 1 - _RIPPLE)


def _local_width(ink: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """The width of the stroke that is nearest to each pixel."""
    depth = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    ridge = ink & (depth == ndimage.maximum_filter(depth, 3))
    return nearest((2 * depth).astype(np.float32), ridge)


def _relief(level: Map, stroke: float) -> Float32[np.ndarray, "h w"]:
    """The band-passed luminance in units of twice its standard deviation."""
    fine = ndimage.gaussian_filter(level, max(_FINEST * stroke, 0.5))
    band = fine - ndimage.gaussian_filter(level, _COARSEST * stroke)
    return band / max(2 * float(band.std()), 1e-4)
