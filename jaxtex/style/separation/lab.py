"""Colours as the eye tells them apart."""

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from jaxtex.style.separation.colors import RGB, Map

Lab = Float32[np.ndarray, "_ _ 3"]

_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float32
)
_WHITE = np.array([0.9505, 1.0, 1.089], np.float32)


def to_lab(image: RGB) -> Lab:
    """sRGB in [0, 1] as CIELAB under D65 (IEC 61966-2-1, CIE 15): L* is 0 to 100."""
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    xyz = linear @ (_TO_XYZ.T / _WHITE)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1).astype(np.float32)


def blur(array: Float32[np.ndarray, "h w *c"], sigma: float) -> Float32[np.ndarray, "h w *c"]:
    """A Gaussian blur of rows and columns, each channel by itself."""
    return ndimage.gaussian_filter(array, (sigma, sigma, *(0,) * (array.ndim - 2)), truncate=2.5)


def gradient_ranks(lab: Lab) -> Map:
    """The share of an image's pixels that have a smaller gradient than each one, 0 to 1."""
    squared = np.zeros(lab.shape[:2], np.float32)
    for channel in np.moveaxis(lab, -1, 0):
        squared += ndimage.gaussian_gradient_magnitude(channel, 1.0) ** 2
    order = squared.ravel().argsort(kind="stable")
    ranks = np.empty(squared.size, np.float32)
    ranks[order] = np.arange(squared.size, dtype=np.float32) / squared.size
    return ranks.reshape(squared.shape)
