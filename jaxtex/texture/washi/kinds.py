"""The kinds of washi: what each does to a sheet, at random strengths, sizes and colours."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.washi import paper

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
_METALS = np.array([(0.86, 0.68, 0.30), (0.80, 0.80, 0.80), (0.80, 0.58, 0.42)], np.float32)


class Sheet:
    """A sheet while it is being made: its colour and its height."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.rng, self.size = rng, size
        self.colour = np.zeros((size, size, 3), np.float32)
        self.height = np.zeros((size, size), np.float32)

    def between(self, low: paper.Number, high: paper.Number) -> float:
        """A number between, even on a logarithmic scale."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, probability: paper.Number) -> bool:
        return bool(self.rng.uniform() < probability)

    def dye(self, light: bool = False) -> Float32[np.ndarray, "3"]:
        """A colour near one of the palette."""
        one = self.rng.choice(_LIGHT) if light else self.rng.integers(len(_COLOURS))
        other = self.rng.integers(len(_COLOURS))
        share = self.rng.uniform(0, 0.25)
        mixed = (1 - share) * _COLOURS[one] + share * _COLOURS[other]
        return np.clip(mixed * self.between(0.85, 1.12), 0.03, 0.98).astype(np.float32)

    def lay(self, colour: np.ndarray, cover: np.ndarray) -> None:
        """Covers the sheet with `colour` where `cover` is 1."""
        self.colour += (colour - self.colour) * cover[..., None]

    def fibre(self, dyed: paper.Number = 0.25) -> Float32[np.ndarray, "3"]:
        """A colour for fibres that shows on the sheet: bleached, unbleached, or `dyed` so often."""
        ground = self.colour.mean(axis=(0, 1))
        if self.chance(dyed):
            return self.dye()
        if self.chance(0.15 if ground.mean() > 0.72 else 0.85):
            return (1 - (1 - ground) * self.rng.uniform(0.2, 0.65)).astype(np.float32)
        return (ground * self.rng.uniform(0.5, 0.88)).astype(np.float32)


def _strokes(sheet: Sheet, colour: np.ndarray, **options: paper.Number) -> None:
    depth = paper.fibres(sheet.rng, sheet.size, **options)  # type: ignore[arg-type]
    sheet.lay(colour, 1 - np.exp(-depth))
    sheet.height += 0.2 * np.minimum(depth, 2)


def _kozo(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    direction = rng.uniform(0, np.pi)
    spread = np.pi if sheet.chance(0.6) else rng.uniform(0.25, 0.8)
    colour = sheet.fibre(0.12)
    for width, share in ((sheet.between(0.2, 0.35), 2.0), (sheet.between(0.35, 0.65), 1.0)):
        _strokes(
            sheet,
            colour,
            count=int(strength * share * sheet.between(50, 170)),
            length=sheet.between(18, 60),
            width=width,
            depth=rng.uniform(0.35, 1.1),
            curl=rng.uniform(0.2, 1.0),
            direction=direction,
            spread=spread,
        )


def _unryu(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    direction, spread = rng.uniform(0, np.pi), rng.uniform(0.6, np.pi)
    colour = sheet.fibre(0.15)
    for width in (sheet.between(0.3, 0.5), sheet.between(0.5, 0.9), sheet.between(0.9, 1.7)):
        _strokes(
            sheet,
            colour,
            count=int(strength * sheet.between(10, 42) / width) + 1,
            length=sheet.between(50, 130),
            width=width,
            depth=rng.uniform(0.4, 1.5),
            curl=rng.uniform(0.7, 2.0),
            direction=direction,
            spread=spread,
            filaments=5,
        )


def _ungei(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    _strokes(
        sheet,
        sheet.fibre(0.1),
        count=int(strength * sheet.between(4, 14)) + 1,
        length=sheet.between(60, 150),
        width=sheet.between(1.8, 3.6),
        depth=rng.uniform(0.6, 1.8),
        curl=rng.uniform(0.7, 2.0),
        direction=rng.uniform(0, np.pi),
        spread=rng.uniform(0.3, np.pi),
        filaments=28,
    )
    _unryu(sheet, 0.4 * strength)


def _chiri(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    bark = np.array([0.30, 0.20, 0.12], np.float32) * np.float32(rng.uniform(0.5, 1.5))
    _strokes(
        sheet,
        bark,
        count=int(strength * sheet.between(15, 90)) + 1,
        length=sheet.between(1.5, 5),
        width=sheet.between(0.4, 1.0),
        depth=rng.uniform(1, 3),
        curl=rng.uniform(0.2, 0.8),
        filaments=3,
    )
    cover, tone = paper.flecks(
        rng,
        sheet.size,
        count=int(strength * sheet.between(20, 120)) + 1,
        radius=rng.uniform(0.6, 1.2),
        aspect=4,
        sides=5,
    )
    sheet.lay(bark * (1 + 0.35 * tone[..., None]), cover * np.float32(rng.uniform(0.6, 1)))
    sheet.height += 0.3 * cover


def _rakusui(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    count = int(sheet.between(16, 160))
    edge = paper.drops(
        rng,
        sheet.size,
        count=count,
        radius=paper.UNITS / np.sqrt(count) * rng.uniform(0.4, 0.7),
        jitter=rng.uniform(0.15, 0.9),
        ragged=rng.uniform(0.3, 1.1),
    )
    below = sheet.dye()
    hole = paper.smoothstep(0.5 - edge / np.float32(rng.uniform(0.8, 2)))
    sheet.lay(below, hole * np.float32(strength * rng.uniform(0.5, 0.95)))
    rim = np.exp(-(((edge - 0.9) / 0.9) ** 2))
    light = np.minimum(sheet.colour * 1.2 + 0.06, 1)
    sheet.lay(light, rim * np.float32(rng.uniform(0.2, 0.6)))
    sheet.height += 0.3 * rim - 0.3 * hole
    _strokes(
        sheet,
        light.reshape(-1, 3).max(axis=0),
        count=int(strength * sheet.between(30, 150)),
        length=sheet.between(12, 40),
        width=sheet.between(0.35, 0.7),
        depth=rng.uniform(0.5, 1.2),
        curl=rng.uniform(0.3, 1),
    )


def _momigami(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    colour = sheet.fibre(0.15)
    shade, wear = strength * rng.uniform(0.05, 0.14), strength * rng.uniform(0.1, 0.9)
    slope, crease = paper.folds(
        rng, sheet.size, count=int(sheet.between(90, 480)), reach=sheet.between(3.5, 13)
    )
    sheet.colour *= 1 + np.float32(shade) * np.tanh(slope / 2)[..., None] * 2
    worn = paper.smoothstep(0.7 + 0.5 * paper.noise(rng, sheet.size, scale=10, octaves=3))
    sheet.lay(colour, crease * worn * np.float32(wear))
    sheet.height += 0.3 * crease


def _dyed(sheet: Sheet, strength: float) -> None:
    rng, size = sheet.rng, sheet.size
    for _ in range(1 + rng.integers(2)):
        at = paper.centres(size) / paper.UNITS
        angle = rng.choice([0, np.pi / 2]) if sheet.chance(0.5) else rng.uniform(0, np.pi)
        along = at[:, None] * np.cos(angle) + at * np.sin(angle)
        bleed = paper.noise(rng, size, scale=sheet.between(6, 20), octaves=4, gain=0.6)
        manner = rng.choice(["bands", "blots", "gradient", "folded"])
        if manner == "bands":
            period = sheet.between(0.15, 0.7)
            wave = np.cos(2 * np.pi * (along / period + rng.uniform()))
            mask = (wave + rng.uniform(-0.5, 0.5) + 0.35 * bleed) / rng.uniform(0.3, 1.2)
        elif manner == "blots":
            mask = (bleed + rng.uniform(-0.8, 0.6)) / rng.uniform(0.15, 0.9)
        elif manner == "gradient":
            mask = (along - along.mean()) * rng.uniform(2, 6) + 0.25 * bleed
        else:
            period = sheet.between(0.18, 0.5)
            turn = rng.choice([0.0, np.pi / 4])
            u = at[:, None] * np.cos(turn) + at * np.sin(turn)
            v = at * np.cos(turn) - at[:, None] * np.sin(turn)
            lattice = np.cos(2 * np.pi * u / period), np.cos(2 * np.pi * v / period)
            mask = np.maximum(*lattice) if sheet.chance(0.5) else lattice[0] + lattice[1]
            mask = (mask - rng.uniform(0, 0.8) + 0.25 * bleed) / rng.uniform(0.2, 0.7)
        cover = paper.smoothstep(0.5 + 0.5 * mask.astype(np.float32))
        sheet.lay(sheet.dye(), cover * np.float32(strength * rng.uniform(0.5, 0.95)))


def _suminagashi(sheet: Sheet, strength: float) -> None:
    rng, size = sheet.rng, sheet.size
    field = paper.noise(rng, size, scale=sheet.between(14, 36), octaves=3, gain=0.25)
    rings = field * np.float32(sheet.between(0.8, 2.5))
    slope = np.hypot(*np.gradient(rings))
    # Where rings are closer than three pixels they melt into grey.
    seen = np.exp(-((3 * slope) ** 2))
    wave = np.cos(2 * np.pi * rings) * seen
    sharp = np.float32(rng.uniform(0.7, 3))
    cover = paper.smoothstep(0.5 + sharp * (wave - np.float32(rng.uniform(-0.3, 0.7))))
    ink = sheet.dye() if sheet.chance(0.5) else sheet.fibre(0)
    fade = paper.smoothstep(0.8 + 0.5 * paper.noise(rng, size, scale=25))
    sheet.lay(ink, cover * fade * np.float32(strength * rng.uniform(0.4, 0.9)))


def _laid(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.03)
    close = paper.lines(
        rng, sheet.size, spacing=sheet.between(2.2, 4), angle=angle, wobble=rng.uniform(0, 0.12)
    )
    wide = paper.lines(
        rng, sheet.size, spacing=sheet.between(14, 30), angle=angle + np.pi / 2, wobble=0.02
    )
    chain = np.maximum(wide - 0.9, 0) * 10
    patch = paper.smoothstep(0.7 + 0.4 * paper.noise(rng, sheet.size, scale=16, octaves=2))
    depth = np.float32(strength * rng.uniform(0.03, 0.12))
    line = (close * patch - chain) * depth
    sheet.colour *= 1 + line[..., None]
    sheet.height += 2 * line


def _kinpaku(sheet: Sheet, strength: float) -> None:
    rng = sheet.rng
    metal = _METALS[rng.integers(len(_METALS))]
    # Torn leaf, strips (noge) and dust (sunago): radius, aspect, sides, how many.
    layers = [
        (sheet.between(1.6, 4.5), 1.8, int(rng.choice([4, 5, 6])), (6, 45)),
        (sheet.between(1.2, 2.2), 14.0, 4, (30, 120)),
        (sheet.between(0.5, 1.1), 2.5, 4, (60, 350)),
    ]
    chosen = rng.permutation(3)[: 1 + rng.integers(2)]
    for radius, aspect, sides, amount in (layers[number] for number in chosen):
        cover, tone = paper.flecks(
            rng,
            sheet.size,
            count=int(strength * sheet.between(*amount)) + 1,
            radius=radius,
            aspect=aspect,
            sides=sides,
        )
        wear = 1 - 0.35 * paper.smoothstep(paper.noise(rng, sheet.size, scale=3, octaves=3))
        sheet.lay(np.clip(metal * (1 + 0.16 * tone[..., None]), 0, 1), cover * wear)
        sheet.height += 0.25 * cover


# In the order of their making: what one does lies over what those before it did. The numbers: how
# often a paper is of the kind, in shares, and how often one of another kind has something of it:
# there is more paper than ornament.
LAYERS: dict[str, tuple[Callable[[Sheet, float], None], float, float]] = {
    "dyed": (_dyed, 1.0, 0.14),
    "suminagashi": (_suminagashi, 0.5, 0.02),
    "laid": (_laid, 1.0, 0.1),
    "kozo": (_kozo, 2.0, 0.35),
    "unryu": (_unryu, 2.0, 0.15),
    "ungei": (_ungei, 0.8, 0.03),
    "rakusui": (_rakusui, 0.7, 0.02),
    "chiri": (_chiri, 1.2, 0.12),
    "momigami": (_momigami, 1.2, 0.1),
    "kinpaku": (_kinpaku, 0.8, 0.06),
}
