"""Wood: boards of several species, sawn flat (arches), at a quarter (stripes and rays) or as burl.

Rings are shells round a pith that wanders; a board is a plane through them. Early wood passes into
late wood, which ends at a sharp edge; pores, rays and fibres run along the grain.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.rendered import fields
from jaxtex.texture.rendered.family import Family
from jaxtex.texture.rendered.sheet import Sheet


class _Species(NamedTuple):
    """Colours of early and late wood, sRGB, how deep pores are, and how many rays there are."""

    early: tuple[float, float, float]
    late: tuple[float, float, float]
    pores: float
    rays: float


_SPECIES = (
    _Species((0.87, 0.72, 0.50), (0.68, 0.47, 0.26), 0.0, 0.0),  # pine
    _Species((0.76, 0.60, 0.42), (0.58, 0.41, 0.25), 1.0, 0.8),  # oak
    _Species((0.47, 0.33, 0.23), (0.29, 0.19, 0.13), 0.7, 0.1),  # walnut
    _Species((0.66, 0.36, 0.22), (0.50, 0.24, 0.14), 0.4, 0.2),  # cherry
    _Species((0.90, 0.81, 0.66), (0.78, 0.66, 0.49), 0.1, 0.5),  # maple
    _Species((0.55, 0.30, 0.16), (0.22, 0.11, 0.07), 0.3, 0.0),  # rosewood
    _Species((0.82, 0.66, 0.52), (0.66, 0.42, 0.32), 0.0, 0.0),  # cedar
    _Species((0.70, 0.68, 0.64), (0.46, 0.44, 0.41), 0.3, 0.1),  # weathered
)
_SHARES = {"quarter": 1.5, "flat": 1.5, "wavy": 1.0, "knotty": 1.0, "burl": 0.7}


def _rings(sheet: Sheet, kind: str, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The age of the wood in years, at places in units along and across the grain."""
    rng, size = sheet.rng, sheet.size
    spacing = sheet.between(1.6, 6.0)
    if kind == "burl":
        eyes = sum(
            fields.noise(rng, size, scale=scale, octaves=2) * scale
            for scale in (sheet.between(12, 24), sheet.between(5, 9))
        )
        return np.asarray(eyes) * rng.uniform(0.35, 0.8) / spacing + 50
    wander = fields.noise(rng, size, scale=sheet.between(18, 40), octaves=3, gain=0.4)
    off = across - fields.UNITS * rng.uniform(0.2, 0.8)
    if kind == "flat":
        # The pith lies below the board and rises along it: arches.
        rise = rng.uniform(0.1, 0.35) * (along - fields.UNITS * rng.uniform(-0.5, 1.5))
        squeeze = rng.uniform(0.25, 0.6)
        return np.hypot(squeeze * off + 1.2 * wander, 4 + rise) / (0.4 * spacing) + 50
    place = off + along * rng.normal(0, 0.05)
    if kind == "wavy":
        place = place + sheet.between(1.5, 5) * fields.noise(
            rng, size, scale=sheet.between(8, 18), octaves=2, gain=0.3
        )
    if kind == "knotty":
        for _ in range(1 + rng.integers(2)):
            y, x = rng.uniform(0, fields.UNITS, 2)
            reach = sheet.between(3, 9)
            far = np.hypot((along - y) / 1.6, across - x)
            place = place + np.tanh(2 * (across - x) / reach) * reach * np.exp(-far / reach)
            # Rings of its own within.
            inside = fields.smoothstep(1.4 - far / (0.6 * reach))
            place = place * (1 - inside) + inside * (far * 1.4 + y)
    return (place + 1.5 * wander) / spacing + 50


def _marks(
    sheet: Sheet,
    direction: float,
    colour: np.ndarray,
    *,
    depth: float,
    count: int,
    length: float,
    width: float,
) -> None:
    """Short straight marks, sunk into the wood."""
    marks = fields.fibres(
        sheet.rng,
        sheet.size,
        count=count,
        length=length,
        width=width,
        depth=depth,
        curl=0.1,
        direction=direction,
        spread=0.06,
    )
    sheet.lay(colour.astype(np.float32), 1 - np.exp(-marks))
    sheet.height -= 0.15 * np.minimum(marks, 2)


def _draw(rng: np.random.Generator, size: int, kind: str) -> Float32[np.ndarray, "{size} {size} 3"]:
    sheet = Sheet(rng, size)
    species = _SPECIES[rng.integers(len(_SPECIES))]
    upright = sheet.chance(0.5)
    places = np.broadcast_arrays(fields.centres(size)[:, None], fields.centres(size))
    along, across = places if upright else places[::-1]
    tint = np.exp(rng.normal(0, 0.025, 3)) * sheet.between(0.85, 1.15)
    early, late = (np.clip(np.array(colour) * tint, 0, 1) for colour in species[:2])
    rings = _rings(sheet, kind, along, across)
    ring = rings - np.floor(rings)
    # Each year has its own depth of late wood.
    depth = 0.6 + 0.4 * np.sin(np.floor(rings) * 12.9898 + rng.uniform(0, 6))
    late_wood = ring ** rng.uniform(1.2, 3.5) * fields.smoothstep((1 - ring) * 8) * depth
    stretch = (6.0, 0.3) if upright else (0.3, 6.0)
    streaks = fields.noise(
        rng, size, scale=sheet.between(4, 9), octaves=3, gain=0.8, stretch=stretch
    )
    mottled = fields.noise(rng, size, scale=sheet.between(12, 30), octaves=3)
    share = rng.uniform(0.6, 1.1) * late_wood + 0.15 * streaks + 0.1 * mottled + 0.12
    sheet.blend(early.astype(np.float32), late.astype(np.float32), share)
    direction = np.pi / 2 if upright else 0.0
    pores = species.pores * rng.uniform(0.4, 1.2)
    if pores > 0 and kind != "burl":
        _marks(
            sheet, direction, late * 0.45, depth=pores,
            count=int(sheet.between(400, 1100)), length=sheet.between(1.5, 5), width=0.25,
        )  # fmt: skip
    if kind in ("quarter", "wavy"):
        rays = species.rays * rng.uniform(0.3, 1.2)
        _marks(
            sheet, direction + np.pi / 2, np.minimum(early * 1.15, 1), depth=0.8,
            count=int(120 * rays) + 1, length=sheet.between(2, 7), width=sheet.between(0.4, 1.0),
        )  # fmt: skip
    sheet.height += 0.12 * streaks - 0.3 * late_wood.astype(np.float32)
    return sheet.lit(relief=(0.03, 0.14), grain=(0.008, 0.025))


WOOD = Family("wood", _SHARES, _draw)
