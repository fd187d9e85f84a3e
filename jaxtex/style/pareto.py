"""Pareto fronts: what no other one beats, and the order in which to keep what is there.

Non-dominated sorting and crowding distance are those of NSGA-II (Deb, Pratap, Agarwal and
Meyarivan, IEEE Transactions on Evolutionary Computation 6, 2002), with its constrained domination.
"""

import numpy as np
from jaxtyping import Bool, Float, Int


def front(figures: Float[np.ndarray, "n k"]) -> Bool[np.ndarray, " n"]:
    """Which rows no other one beats: as good in all figures and better in one. More is better.

    Equal rows beat each other not.
    """
    at_least = np.all(figures[:, None] >= figures[None], -1)
    better = np.any(figures[:, None] > figures[None], -1)
    return ~np.any(at_least & better, 0)


def ranks(figures: Float[np.ndarray, "n k"]) -> Int[np.ndarray, " n"]:
    """0 for the front, 1 for the front of the others, and so on."""
    found = np.full(len(figures), -1)
    rank = 0
    while (left := np.flatnonzero(found < 0)).size:
        found[left[front(figures[left])]] = rank
        rank += 1
    return found


def crowding(figures: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """How far each row's neighbours are apart, summed over the figures; infinite for the extremes.

    Each figure counts in shares of its range.
    """
    distances = np.zeros(len(figures))
    for values in figures.T:
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        width = ordered[-1] - ordered[0]
        if width > 0:
            distances[order[1:-1]] += (ordered[2:] - ordered[:-2]) / width
        distances[order[[0, -1]]] = np.inf
    return distances


def best_first(
    figures: Float[np.ndarray, "n k"], violations: Float[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """The rows' indices, best first: those without violation by front and spread, then the others.

    Of a front those come first that lie in the emptiest places, of these those with more of the
    last figure. Those that violate a constraint come by how much they do.
    """
    allowed = np.flatnonzero(violations <= 0)
    found: list[int] = []
    rank = ranks(figures[allowed])
    for number in range(rank.max(initial=-1) + 1):
        members = allowed[rank == number]
        members = members[np.argsort(-figures[members, -1], kind="stable")]
        found += members[np.argsort(-crowding(figures[members]), kind="stable")].tolist()
    beyond = np.flatnonzero(violations > 0)
    found += beyond[np.argsort(violations[beyond], kind="stable")].tolist()
    return np.array(found, int)
