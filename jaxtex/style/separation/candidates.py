"""Parts of an image that may be its lettering: what thresholds and clusters set apart."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from jaxtex.style.separation.colors import Map, border_pixels
from jaxtex.style.separation.lab import Lab

Mask = Bool[np.ndarray, "_ _"]

# Bins of a histogram that is split, clusters that k-means is asked for, pixels it is shown.
_BINS, _CLUSTERS, _SAMPLE = 64, (3, 5, 8), 8000
# How far in CIELAB something must lie from a plain ground to be seen on it.
VISIBLE = 10.0


def candidates(lab: Lab) -> Iterator[Mask]:
    """Masks, each of which may be the lettering; many are not.

    They come from the distance to the border's colour, from Otsu's thresholds (IEEE Trans. SMC 9,
    1979) on lightness, chroma, hues and principal components in two and three classes, and from
    k-means clusters of colours.
    """
    yield on_plain(lab)
    flat = lab.reshape(-1, 3)
    distance = np.linalg.norm(lab - np.median(border_pixels(lab), 0), axis=-1)
    centred = lab - flat.mean(0)
    axes = np.linalg.eigh(np.cov(flat, rowvar=False))[1].astype(np.float32)
    levels = [distance, *np.moveaxis(lab, -1, 0), np.hypot(lab[..., 1], lab[..., 2])]
    levels += [centred @ axes[:, 2], centred @ axes[:, 1]]
    for level in levels:
        for classes in (2, 3):
            edges = [-np.inf, *otsu(level, classes), np.inf]
            if len(edges) > 2:
                for low, high in pairwise(edges):
                    yield (level > low) & (level <= high)
    yield from _clusters(lab)


def on_plain(lab: Lab) -> Mask:
    """What differs from the border's colour by at least half of what its neighbourhood does."""
    distance = np.linalg.norm(lab - np.median(border_pixels(lab), 0), axis=-1)
    return (distance > 0.5 * ndimage.maximum_filter(distance, 5)) & (distance > VISIBLE)


def _clusters(lab: Lab) -> Iterator[Mask]:
    from sklearn.cluster import KMeans  # half a second

    flat = lab.reshape(-1, 3)
    sample = flat[:: max(1, len(flat) // _SAMPLE)]
    distinct = len(np.unique(np.rint(sample), axis=0))
    for count in _CLUSTERS:
        if count <= distinct:
            fit = KMeans(count, n_init=1, random_state=0).fit(sample)
            labels = fit.predict(flat).reshape(lab.shape[:2])
            for index in range(count):
                yield labels == index


def otsu(level: Map, classes: int) -> Float[np.ndarray, " n"]:
    """The `classes` − 1 thresholds of greatest variance between the classes; none where it is flat.

    `classes` is 2 or 3.
    """
    low, high = np.percentile(level, (0.2, 99.8))
    if high - low < 1:
        return np.empty(0)
    counts, edges = np.histogram(level, _BINS, (low, high))
    share = np.concatenate([[0], np.cumsum(counts / counts.sum())])
    middles = (edges[1:] + edges[:-1]) / 2
    moment = np.concatenate([[0], np.cumsum(counts / counts.sum() * middles)])
    # Of the bins from i to j: the squared mean times the share.
    weight = share[None] - share[:, None]
    spread = (moment[None] - moment[:, None]) ** 2 / np.where(weight > 0, weight, np.inf)
    if classes == 2:
        return edges[[np.argmax(spread[0] + spread[:, -1])]]
    total = spread[0][:, None] + spread + spread[:, -1][None]
    total[np.tril_indices(_BINS + 1)] = -np.inf
    first, second = np.unravel_index(np.argmax(total), total.shape)
    return edges[[first, second]]
