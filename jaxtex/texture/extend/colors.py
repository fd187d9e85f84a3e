"""The source's colours, exactly: distributions transported axis by axis."""

import numpy as np
from jaxtyping import Float32

_ROUNDS = 8
"""Rotations, after which the joint distribution is near; the last one is of red, green and blue."""


def match_colors(
    rng: np.random.Generator,
    image: Float32[np.ndarray, "h w c"],
    source: Float32[np.ndarray, "a b c"],
) -> Float32[np.ndarray, "h w c"]:
    """The image with the distribution of the source's colours; that of each channel is exact.

    Sliced optimal transport (Pitié, Kokaram and Dahyot 2007): along random axes pixel by pixel in
    order, which changes their order as little as can be.
    """
    channels = source.shape[-1]
    pixels, wanted = image.reshape(-1, channels), source.reshape(-1, channels)
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(rng.standard_normal((channels, channels)))[0].astype(np.float32)
        pixels = _transport(pixels @ axes, wanted @ axes) @ axes.T
    return _transport(pixels, wanted).reshape(image.shape)


def _transport(
    values: Float32[np.ndarray, "n c"], wanted: Float32[np.ndarray, "m c"]
) -> Float32[np.ndarray, "n c"]:
    """Each column with the quantiles of the other's."""
    count, quantiles = len(values), np.sort(wanted, 0)
    place = (np.arange(count) + 0.5) / count * len(wanted) - 0.5
    moved = np.empty_like(values)
    for column in range(values.shape[1]):
        order = np.argsort(values[:, column], kind="stable")
        moved[order, column] = np.interp(place, np.arange(len(wanted)), quantiles[:, column])
    return moved
