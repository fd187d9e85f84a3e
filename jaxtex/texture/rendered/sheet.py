"""A sheet of some material while it is being made."""

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.rendered import fields


class Sheet:
    """A sheet while it is being made: its colour and its height."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng, self.size = rng, size
        self.colour = np.zeros((size, size, 3), np.float32)
        self.height = np.zeros((size, size), np.float32)

    def between(self, low: fields.Number, high: fields.Number) -> float:
        """A number between, even on a logarithmic scale."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, probability: fields.Number) -> bool:
        return bool(self.rng.uniform() < probability)

    def lay(self, colour: np.ndarray, cover: np.ndarray) -> None:
        """Covers the sheet with `colour` where `cover` is 1."""
        self.colour += (colour - self.colour) * cover[..., None]

    def blend(self, low: np.ndarray, high: np.ndarray, share: np.ndarray) -> None:
        """Colours the sheet from `low`, where `share` is 0, to `high`."""
        self.colour[:] = low
        self.lay(high, np.clip(share, 0, 1).astype(np.float32))

    def lit(
        self, relief: tuple[float, float], grain: tuple[float, float]
    ) -> Float32[np.ndarray, "size size 3"]:
        """The sheet under light from one side, with the grain of its surface.

        How strong either is is drawn from its range.
        """
        rng = self.rng
        light = rng.uniform(0, 2 * np.pi)
        rise, run = np.gradient(self.height * np.float32(self.size / fields.UNITS))
        shade = np.tanh(rise * np.sin(light) + run * np.cos(light))
        fine = fields.noise(rng, self.size, scale=2, octaves=3, gain=0.8)
        shaded = 1 + rng.uniform(*relief) * shade + rng.uniform(*grain) * fine
        return np.clip(self.colour * shaded[..., None].astype(np.float32), 0, 1)
