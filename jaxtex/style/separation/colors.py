"""Colours as all that takes images apart sees them: grey or not, and the colour of a border."""

import numpy as np
from jaxtyping import Float32, Shaped

# Of any size: one function may well take several of different sizes.
RGB = Float32[np.ndarray, "_ _ 3"]
Color = Float32[np.ndarray, "3"]
Map = Float32[np.ndarray, "_ _"]
# RGB, or RGB with straight alpha.
Picture = Float32[np.ndarray, "_ _ _"]

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# How far a grey pixel's channels may lie apart, how much of a border counts as plain, and how near
# (in the range 0 to 1) two colours are the same.
_GREY_TOLERANCE, _PLAIN_SHARE, _SAME_COLOR = 0.03, 0.7, 0.1


def is_grey(image: RGB) -> bool:
    """Whether all but a few stray pixels have equal channels."""
    spread = image.max(-1) - image.min(-1)
    return bool(np.mean(spread > _GREY_TOLERANCE) < 0.002)


def luminance(image: RGB) -> Map:
    """Rec. 601 luma, 0 to 1."""
    return image @ LUMINANCE


def border_pixels(image: Shaped[np.ndarray, "h w ..."]) -> Shaped[np.ndarray, "n ..."]:
    """The outermost rows and columns of an image."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def ground_color(image: Float32[np.ndarray, "_ _ c"]) -> Float32[np.ndarray, " c"] | None:
    """The colour of a plain border, or None where the border is not plain."""
    border = border_pixels(image)
    color = np.median(border, 0)
    near = np.abs(border - color).max(-1) < _SAME_COLOR
    return color.astype(np.float32) if near.mean() >= _PLAIN_SHARE else None
