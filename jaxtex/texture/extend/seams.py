"""Seams: how a tile's opposite edges meet, as a number."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32


class SeamRatio(NamedTuple):
    """The gradient across a tile's seam over the mean of those within; 1 where none can be seen."""

    x: float
    """Between its right and its left edge."""
    y: float
    """Between its lower and its upper edge."""


def seam_ratio(image: Float[np.ndarray, "h w c"]) -> SeamRatio:
    """How much more than within neighbours differ where an image meets itself."""
    vertical, horizontal = (_gradients(image, axis) for axis in (0, 1))
    return SeamRatio(_ratio(horizontal), _ratio(vertical))


def _gradients(image: Float[np.ndarray, "h w c"], axis: int) -> np.ndarray:
    """The mean difference of each line to the one before, the first's to the last."""
    values = image.astype(np.float64)
    other = tuple({0, 1, 2} - {axis})
    return np.abs(values - np.roll(values, 1, axis)).mean(other)


def _ratio(gradients: np.ndarray) -> float:
    within = gradients[1:].mean()
    return float(gradients[0] / within) if within else 1.0


def at_a_usual_place(
    image: Float32[np.ndarray, "h w c"], wrap: tuple[bool, bool]
) -> Float32[np.ndarray, "h w c"]:
    """A tile moved round so that its seam lies between two lines that differ as most do.

    Of a picture that repeats, any line may be the first. Where lines are ruled or woven, one thread
    differs from the next far more, or less, than the mean.
    """
    for axis, round_ in enumerate(wrap):
        if round_:
            gradients = _gradients(image, axis)
            usual = np.argmin(np.abs(gradients - gradients.mean()))
            image = np.roll(image, -int(usual), axis)
    return image
