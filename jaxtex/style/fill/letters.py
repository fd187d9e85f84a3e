"""Letters filled with a texture, set off from the ground that they stand on."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from jaxtex.style.canvas import stroke_width
from jaxtex.style.fill.edges import roughen, signed_distance
from jaxtex.style.separation import LUMINANCE, RGB, Ink, Map, luminance

# How far from the ground's the luminance of the letters shall be, within and at their rims.
_INSIDE, _RIM = 0.25, 0.5
# The largest share of the way there, and into how many levels a texture's colours are sorted.
_SHADE, _BINS = 0.85, 32


def fill_letters(ink: Ink, fill: RGB, strength: float) -> Ink:
    """Letters of a texture: their edges roughened by it, their rims set off from the ground.

    Args:
      ink: the content's letters, on their ground.
      fill: the texture that fills them, of the same size: what comes of `make_fill`'s canvas.
      strength: how far their edges may move, 0 (not at all) to 1.
    """
    stroke = stroke_width(ink.coverage > 0.5)
    rough = roughen(ink.coverage, fill, stroke, strength)
    color = fill
    if ink.opaque:
        around = ndimage.binary_dilation(ink.coverage > 0.5, iterations=3)
        color = _set_off(fill, rough, np.median(ink.ground[around], 0), stroke)
    return replace(ink, coverage=rough, color=color)


def _set_off(fill: RGB, coverage: Map, ground: Float[np.ndarray, "3"], stroke: float) -> RGB:
    """The fill with the letters shaded, at their rims above all, where they are like the ground.

    White clouds on white paper have a contour then; what stands out already is left alone. How much
    a place is shaded goes by its mean luminance, so that detail stays; its colours move along those
    that the texture itself has at each luminance.
    """
    inside = coverage > 0.5
    if not inside.any() or inside.all():
        return fill
    level, paper = luminance(fill), float(ground @ LUMINANCE)
    # Away from the ground, to the side where the texture has more.
    side = 1.0 if float(np.mean(level[inside])) > paper else -1.0
    away = side * (level - paper)
    best = paper + side * float(np.quantile(away[inside], 0.9))
    farthest = np.clip(paper + side * max(_RIM, side * (best - paper)), best / 2, 2 * best)
    most = side * (min(float(farthest), 1.0) - paper)
    rim = np.exp(-((np.maximum(signed_distance(coverage), 0) / max(stroke / 6, 1.0)) ** 2))
    wanted = np.minimum(_INSIDE + (_RIM - _INSIDE) * rim, most)
    around = ndimage.gaussian_filter(away, max(stroke / 6, 1.0))
    share = np.clip((wanted - around) / np.maximum(most - around, 1e-3), 0, _SHADE)
    shaded = level + side * share * np.maximum(most - away, 0)
    colors = _colors_by_level(fill, level)
    return np.clip(fill + colors(shaded) - colors(level), 0, 1).astype(np.float32)


def _colors_by_level(fill: RGB, level: Map) -> Callable[[Map], RGB]:
    """The mean colour that a texture has at each luminance; beyond its range it is scaled."""
    edges = np.quantile(level, np.linspace(0, 1, _BINS + 1))
    place = np.clip(np.searchsorted(edges, level, "right") - 1, 0, _BINS - 1).ravel()
    count = np.bincount(place, minlength=_BINS)
    sums = np.stack([np.bincount(place, c, _BINS) for c in fill.reshape(-1, 3).T], -1)
    means = sums[count > 0] / count[count > 0, None]
    ramp = np.concatenate([np.zeros((1, 3)), means, np.minimum(2 * means[-1:], 1)])
    levels = ramp @ LUMINANCE

    def colors(level: Map) -> RGB:
        return np.stack([np.interp(level, levels, c) for c in ramp.T], -1).astype(np.float32)

    return colors
