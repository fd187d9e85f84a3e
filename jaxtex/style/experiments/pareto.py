"""Pareto fronts: what no other one beats."""

import numpy as np
from jaxtyping import Bool, Float


def front(figures: Float[np.ndarray, "n k"]) -> Bool[np.ndarray, " n"]:
    """Which rows no other one beats: as good in all figures and better in one. More is better.

    Of equal rows none beats the other.
    """
    at_least = np.all(figures[:, None] >= figures[None], -1)
    better = np.any(figures[:, None] > figures[None], -1)
    return ~np.any(at_least & better, 0)
