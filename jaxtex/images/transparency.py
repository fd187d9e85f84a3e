"""Pictures with alpha: a ground on which they stand out, to work on or to look at them."""

import numpy as np
from jaxtyping import Bool, Float32
from PIL import Image, ImageFilter

from jaxtex.images.arrays import over, split

# How near (in the range 0 to 1) a colour is to a ground on which it cannot be made out, and the
# share of an edge that may be so.
_NEAR, _FEW = 0.2, 0.02
# Sampled pixels lie at most this far from what is transparent.
_EDGE = 2
# The two colours of a checkerboard, by the ground that they stand for.
_CHECKS = {1.0: (1.0, 0.88), 0.0: (0.08, 0.2), 0.5: (0.44, 0.56)}
_SQUARE = 8


def contrasting_ground(picture: Float32[np.ndarray, "h w c"]) -> tuple[float, float, float]:
    """A colour on which a picture with alpha can be seen: white, black or mid grey.

    White unless some of the picture would vanish on it, then black, or mid grey where there is what
    vanishes on black, too. What counts are the colours beside what is transparent, so that white
    lettering on a badge stays as it is. The picture is RGB, or RGB with straight alpha, in [0, 1].
    """
    color, alpha = split(picture)
    if alpha is None:
        return 1.0, 1.0, 1.0
    edge = color[_edge(alpha)]
    lost = {
        level: float(np.mean(np.abs(edge - level).max(-1) < _NEAR)) if len(edge) else 0.0
        for level in _CHECKS
    }
    level = next((each for each in lost if lost[each] <= _FEW), min(lost, key=lost.__getitem__))
    return level, level, level


def on_contrasting_ground(picture: Float32[np.ndarray, "h w c"]) -> Float32[np.ndarray, "h w 3"]:
    """A picture with straight alpha on its `contrasting_ground`; one without, as it is."""
    return over(*split(picture), contrasting_ground(picture))


def on_checkerboard(picture: Float32[np.ndarray, "h w c"]) -> Float32[np.ndarray, "h w 3"]:
    """A picture with straight alpha on squares of 8 pixels, light, grey or dark.

    They stand for transparency, and are about as light as its `contrasting_ground`. One without
    alpha is returned as it is.
    """
    color, alpha = split(picture)
    if alpha is None:
        return color
    height, width = alpha.shape
    rows, columns = np.ogrid[:height, :width]
    odd = (rows // _SQUARE + columns // _SQUARE) % 2
    levels = np.asarray(_CHECKS[contrasting_ground(picture)[0]], np.float32)
    return over(color, alpha, levels[odd][..., None])


def without_ground(
    image: Float32[np.ndarray, "h w 3"],
    alpha: Float32[np.ndarray, "h w"],
    ground: tuple[float, float, float],
) -> Float32[np.ndarray, "h w 3"]:
    """The straight colours of a picture with alpha that lies on a ground.

    As near as colours in [0, 1] come to it; the ground's colour where all is transparent.

    Args:
      image: in [0, 1], composited on `ground`.
      alpha: 0 for transparent, 1 for opaque.
      ground: RGB in [0, 1].
    """
    behind = np.asarray(ground, np.float32)
    cover = alpha[..., None]
    straight = behind + (image - behind) / np.where(cover > 0, cover, 1)
    return np.where(cover > 0, straight, behind).clip(0, 1)


def _edge(alpha: Float32[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """What can be seen beside what is transparent; all that can be where nothing is."""
    solid = alpha >= 0.5 * alpha.max()
    clear = Image.fromarray(np.uint8(255) * (alpha < 0.1 * alpha.max()))
    near = np.asarray(clear.filter(ImageFilter.MaxFilter(2 * _EDGE + 1))) > 0
    edge = solid & near
    return edge if edge.any() else solid
