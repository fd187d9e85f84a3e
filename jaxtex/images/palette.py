"""The few flat colours of a picture, as a palette of fixed size."""

import numpy as np
from jaxtyping import Float32

PALETTE_SIZE = 8
"""Colours in every palette of RGB; unused places hold a colour that nothing is near to."""

# How near (in the range 0 to 1) two colours are the same.
_SAME_COLOR = 0.1
_NOWHERE = 1e3


def palette_of(levels: Float32[np.ndarray, "_ _ c"]) -> Float32[np.ndarray, "n c"]:
    """The content's own colours, 0 to 1: by k-means, padded to `PALETTE_SIZE`, for RGB.

    Black and white for ink and grey.
    """
    channels = levels.shape[-1]
    if channels == 1:
        return np.array([[0.0], [1.0]], np.float32)
    found = np.full((PALETTE_SIZE, channels), _NOWHERE, np.float32)
    colors = _flat_colors(levels.reshape(-1, channels) / 255)
    found[: len(colors)] = colors
    return found


def _flat_colors(pixels: Float32[np.ndarray, "n c"]) -> Float32[np.ndarray, "k c"]:
    from sklearn.cluster import KMeans  # half a second, needed for colour only

    step = max(1, len(pixels) // 20_000)
    sample = pixels[::step]
    distinct = len(np.unique(np.rint(sample * 255), axis=0))
    fit = KMeans(min(PALETTE_SIZE, distinct), n_init=1, random_state=0).fit(sample)
    counts = np.bincount(fit.labels_, minlength=len(fit.cluster_centers_))
    order = np.argsort(-counts, kind="stable")
    kept: list[np.ndarray] = []
    for index in order:
        color = fit.cluster_centers_[index]
        if all(np.abs(color - other).max() > _SAME_COLOR for other in kept):
            kept.append(color)
    if len(kept) < 2:
        kept.append(1 - kept[0])
    return np.asarray(kept, np.float32)
