"""Colours of dyed paper and yarn."""

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.rendered import fields
from jaxtex.texture.rendered.sheet import Sheet

# Dyes and pulps, sRGB.
_PALETTE = {
    "white": (0.95, 0.94, 0.91),
    "natural": (0.89, 0.83, 0.71),
    "kozo": (0.79, 0.69, 0.52),
    "indigo": (0.11, 0.19, 0.36),
    "pale indigo": (0.42, 0.56, 0.68),
    "persimmon": (0.80, 0.40, 0.18),
    "madder": (0.66, 0.15, 0.17),
    "moss": (0.38, 0.44, 0.20),
    "celadon": (0.62, 0.72, 0.58),
    "sumi": (0.13, 0.13, 0.14),
    "ash": (0.55, 0.54, 0.52),
    "turmeric": (0.90, 0.70, 0.22),
    "cherry": (0.92, 0.70, 0.70),
    "gromwell": (0.40, 0.25, 0.44),
    "walnut": (0.40, 0.27, 0.18),
    "teal": (0.10, 0.40, 0.42),
}
_COLOURS = np.array(list(_PALETTE.values()), np.float32)
_LIGHT = [list(_PALETTE).index(name) for name in ("white", "natural", "kozo", "cherry", "celadon")]


class DyedSheet(Sheet):
    """A sheet whose colours are dyes'."""

    def dye(self, light: bool = False) -> Float32[np.ndarray, "3"]:
        """A colour near one of the palette."""
        one = self.rng.choice(_LIGHT) if light else self.rng.integers(len(_COLOURS))
        other = self.rng.integers(len(_COLOURS))
        share = self.rng.uniform(0, 0.25)
        mixed = (1 - share) * _COLOURS[one] + share * _COLOURS[other]
        return np.clip(mixed * self.between(0.85, 1.12), 0.03, 0.98).astype(np.float32)

    def fibre(self, dyed: fields.Number = 0.25) -> Float32[np.ndarray, "3"]:
        """A colour for fibres that shows on the sheet: bleached, unbleached, or `dyed` so often."""
        ground = self.colour.mean(axis=(0, 1))
        if self.chance(dyed):
            return self.dye()
        if self.chance(0.15 if ground.mean() > 0.72 else 0.85):
            return (1 - (1 - ground) * self.rng.uniform(0.2, 0.65)).astype(np.float32)
        return (ground * self.rng.uniform(0.5, 0.88)).astype(np.float32)
