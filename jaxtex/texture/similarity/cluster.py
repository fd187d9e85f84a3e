"""Clusters of textures: k-means on their SSIM vectors, with a representative each (Satoh).

The representative of a cluster is the member nearest to its centroid. How good a grouping is tells
the mean MSSIM of two members of a cluster, next to that of any two textures.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Float32, Int, Key
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from jaxtex.errors import SettingsError
from jaxtex.texture.similarity.ssim import mssim

# MSSIM in float32 is known to about this many digits; vectors that differ by less are the same.
_DIGITS = 6
# Of images on each side of the pairs that are compared at once.
_BYTES_AT_ONCE = 16 << 20


@dataclass(frozen=True, eq=False)
class Clusters:
    """A grouping of n vectors into k clusters, the largest first."""

    labels: Int[np.ndarray, " n"]
    """Cluster of each vector, 0 to k − 1."""
    centroids: Float32[np.ndarray, "k m"]
    """Mean of each cluster's vectors."""
    representatives: Int[np.ndarray, " k"]
    """Index of the vector nearest to each centroid."""
    order: Int[np.ndarray, " n"]
    """Indices cluster by cluster, those nearest to the centroid first."""

    def members(self) -> list[Int[np.ndarray, " _"]]:
        """Indices of each cluster's vectors, the representative first."""
        return np.split(self.order, np.cumsum(np.bincount(self.labels))[:-1])


class Likeness(NamedTuple):
    """Mean MSSIM of pairs of different textures."""

    clusters: Float32[np.ndarray, " k"]
    """Of two members of each cluster; NaN where there is one member."""
    within: float
    """Of two members of a cluster, averaged over all textures that are not alone in theirs."""
    overall: float
    """Of any two textures."""


def cluster_vectors(vectors: Float[Array | np.ndarray, "n m"], k: int, seed: int) -> Clusters:
    """Groups SSIM vectors by k-means; fewer than k clusters where fewer vectors differ.

    The best of ten starts, or one start for 10,000 vectors and more. The same vectors and seed give
    the same clusters.

    Raises:
      SettingsError: k is not from 1 to n, the vectors are empty or not finite, or the seed is not
        from 0 to 2³² − 1.
    """
    points = np.asarray(vectors, np.float64)
    n, m = points.shape
    if not 1 <= k <= n:
        raise SettingsError(f"k: {k} clusters of {n} textures; there can be from 1 to {n}")
    if m == 0 or not np.isfinite(points).all():
        raise SettingsError("SSIM vectors: give one reference or more, and finite numbers")
    if not 0 <= seed < 2**32:
        raise SettingsError(f"seed: {seed} is not a whole number from 0 to {2**32 - 1}")
    rounded = points.round(_DIGITS)
    k = min(k, len(np.unique(rounded, axis=0)))
    means = KMeans(k, n_init=10 if n < 10_000 else 1, random_state=seed)
    with threadpool_limits(1, user_api="openmp"):  # the order of sums would vary with threads
        found = means.fit(rounded).labels_

    names, first, sizes = np.unique(found, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    labels = np.argsort(order)[np.searchsorted(names, found)]
    centroids = np.stack([points[labels == cluster].mean(0) for cluster in range(len(names))])
    distances = np.linalg.norm(points - centroids[labels], axis=1)
    nearest = np.lexsort((distances, labels))
    representatives = nearest[np.searchsorted(labels[nearest], np.arange(len(names)))]
    return Clusters(labels, centroids.astype(np.float32), representatives, nearest)


def likeness(
    key: Key[Array, ""],
    textures: Float[Array | np.ndarray, "n h w c"],
    labels: Int[np.ndarray, " n"],
    *,
    pairs: int = 256,
    luminance: bool = False,
) -> Likeness:
    """How alike textures in [0, 1] are within the clusters that `labels` names, and overall.

    Means over all pairs, or over `pairs` drawn ones where there are more.
    """
    counts = np.bincount(labels)
    groups = [np.flatnonzero(labels == cluster) for cluster in range(len(counts))]
    groups.append(np.arange(len(textures)))
    first, second, owner = [], [], []
    for number, members in enumerate(groups):
        left, right = _draw_pairs(jax.random.fold_in(key, number), len(members), pairs)
        first.append(members[left])
        second.append(members[right])
        owner.append(np.full(len(left), number))
    values = _mssim_of(textures, np.concatenate(first), np.concatenate(second), luminance)
    owners = np.concatenate(owner)
    drawn = np.bincount(owners, minlength=len(groups))
    sums = np.bincount(owners, values, minlength=len(groups))
    means = np.divide(sums, drawn, out=np.full(len(groups), np.nan), where=drawn > 0)
    clusters, weights = means[:-1], np.where(drawn[:-1] > 0, counts, 0)
    within = np.nansum(clusters * weights) / weights.sum() if weights.any() else np.nan
    return Likeness(clusters.astype(np.float32), float(within), float(means[-1]))


def _draw_pairs(
    key: Key[Array, ""], n: int, most: int
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
    """Indices of pairs of different members of n."""
    if n * (n - 1) // 2 <= most:
        return np.triu_indices(n, 1)
    first_key, second_key = jax.random.split(key)
    first = np.asarray(jax.random.randint(first_key, (most,), 0, n))
    steps = np.asarray(jax.random.randint(second_key, (most,), 1, n))
    return first, (first + steps) % n


_mssim = functools.partial(jax.jit, static_argnames="luminance")(mssim)


def _mssim_of(
    textures: Float[Array | np.ndarray, "n h w c"],
    first: Int[np.ndarray, " p"],
    second: Int[np.ndarray, " p"],
    luminance: bool,
) -> Float32[np.ndarray, " p"]:
    """MSSIM of pairs of textures, some at a time."""
    if len(first) == 0:
        return np.empty(0, np.float32)
    most = max(1, _BYTES_AT_ONCE // (4 * int(np.prod(textures.shape[1:]))))
    at_once = min(most, len(first))
    # Of one shape for one program; what is filled in is cut off.
    filled = -len(first) % at_once
    pairs = np.pad(np.stack([first, second]), ((0, 0), (0, filled)), mode="edge")
    found = [
        _mssim(textures[left], textures[right], luminance=luminance)
        for left, right in pairs.reshape(2, -1, at_once).swapaxes(0, 1)
    ]
    return np.concatenate(found)[: len(first)]
