"""Japanese paper (washi): the default training set of the texture model.

The kinds are unryu (cloud dragon: long swirling fibres), ungei (thick ones), kozo (plain mulberry
pulp), chiri (flecks of bark), rakusui (lace made by drops of water), momigami (crumpled), dyed
(bands, blots and gradients), suminagashi (ink floated on water), laid (lines of the mould) and
kinpaku (gold and silver leaf). A paper of one kind may have something of others.
"""

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.rendered import fields
from jaxtex.texture.rendered.dyes import DyedSheet
from jaxtex.texture.rendered.family import Family, Layer

_METALS = np.array([(0.86, 0.68, 0.30), (0.80, 0.80, 0.80), (0.80, 0.58, 0.42)], np.float32)


def _strokes(sheet: DyedSheet, colour: np.ndarray, **options: fields.Number) -> None:
    depth = fields.fibres(sheet.rng, sheet.size, **options)  # type: ignore[arg-type]
    sheet.lay(colour, 1 - np.exp(-depth))
    sheet.height += 0.2 * np.minimum(depth, 2)


def _kozo(sheet: DyedSheet, strength: float) -> None:
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


def _unryu(sheet: DyedSheet, strength: float) -> None:
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


def _ungei(sheet: DyedSheet, strength: float) -> None:
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


def _chiri(sheet: DyedSheet, strength: float) -> None:
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
    cover, tone = fields.flecks(
        rng,
        sheet.size,
        count=int(strength * sheet.between(20, 120)) + 1,
        radius=rng.uniform(0.6, 1.2),
        aspect=4,
        sides=5,
    )
    sheet.lay(bark * (1 + 0.35 * tone[..., None]), cover * np.float32(rng.uniform(0.6, 1)))
    sheet.height += 0.3 * cover


def _rakusui(sheet: DyedSheet, strength: float) -> None:
    rng = sheet.rng
    count = int(sheet.between(16, 160))
    edge = fields.drops(
        rng,
        sheet.size,
        count=count,
        radius=fields.UNITS / np.sqrt(count) * rng.uniform(0.4, 0.7),
        jitter=rng.uniform(0.15, 0.9),
        ragged=rng.uniform(0.3, 1.1),
    )
    below = sheet.dye()
    hole = fields.smoothstep(0.5 - edge / np.float32(rng.uniform(0.8, 2)))
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


def _momigami(sheet: DyedSheet, strength: float) -> None:
    rng = sheet.rng
    colour = sheet.fibre(0.15)
    shade, wear = strength * rng.uniform(0.05, 0.14), strength * rng.uniform(0.1, 0.9)
    slope, crease = fields.folds(
        rng, sheet.size, count=int(sheet.between(90, 480)), reach=sheet.between(3.5, 13)
    )
    sheet.colour *= 1 + np.float32(shade) * np.tanh(slope / 2)[..., None] * 2
    worn = fields.smoothstep(0.7 + 0.5 * fields.noise(rng, sheet.size, scale=10, octaves=3))
    sheet.lay(colour, crease * worn * np.float32(wear))
    sheet.height += 0.3 * crease


def _dyed(sheet: DyedSheet, strength: float) -> None:
    rng, size = sheet.rng, sheet.size
    for _ in range(1 + rng.integers(2)):
        at = fields.centres(size) / fields.UNITS
        angle = rng.choice([0, np.pi / 2]) if sheet.chance(0.5) else rng.uniform(0, np.pi)
        along = at[:, None] * np.cos(angle) + at * np.sin(angle)
        bleed = fields.noise(rng, size, scale=sheet.between(6, 20), octaves=4, gain=0.6)
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
        cover = fields.smoothstep(0.5 + 0.5 * mask.astype(np.float32))
        sheet.lay(sheet.dye(), cover * np.float32(strength * rng.uniform(0.5, 0.95)))


def _suminagashi(sheet: DyedSheet, strength: float) -> None:
    rng, size = sheet.rng, sheet.size
    field = fields.noise(rng, size, scale=sheet.between(14, 36), octaves=3, gain=0.25)
    rings = field * np.float32(sheet.between(0.8, 2.5))
    slope = np.hypot(*np.gradient(rings))
    # Where rings are closer than three pixels they melt into grey.
    seen = np.exp(-((3 * slope) ** 2))
    wave = np.cos(2 * np.pi * rings) * seen
    sharp = np.float32(rng.uniform(0.7, 3))
    cover = fields.smoothstep(0.5 + sharp * (wave - np.float32(rng.uniform(-0.3, 0.7))))
    ink = sheet.dye() if sheet.chance(0.5) else sheet.fibre(0)
    fade = fields.smoothstep(0.8 + 0.5 * fields.noise(rng, size, scale=25))
    sheet.lay(ink, cover * fade * np.float32(strength * rng.uniform(0.4, 0.9)))


def _laid(sheet: DyedSheet, strength: float) -> None:
    rng = sheet.rng
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.03)
    close = fields.lines(
        rng, sheet.size, spacing=sheet.between(2.2, 4), angle=angle, wobble=rng.uniform(0, 0.12)
    )
    wide = fields.lines(
        rng, sheet.size, spacing=sheet.between(14, 30), angle=angle + np.pi / 2, wobble=0.02
    )
    chain = np.maximum(wide - 0.9, 0) * 10
    patch = fields.smoothstep(0.7 + 0.4 * fields.noise(rng, sheet.size, scale=16, octaves=2))
    depth = np.float32(strength * rng.uniform(0.03, 0.12))
    line = (close * patch - chain) * depth
    sheet.colour *= 1 + line[..., None]
    sheet.height += 2 * line


def _kinpaku(sheet: DyedSheet, strength: float) -> None:
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
        cover, tone = fields.flecks(
            rng,
            sheet.size,
            count=int(strength * sheet.between(*amount)) + 1,
            radius=radius,
            aspect=aspect,
            sides=sides,
        )
        wear = 1 - 0.35 * fields.smoothstep(fields.noise(rng, sheet.size, scale=3, octaves=3))
        sheet.lay(np.clip(metal * (1 + 0.16 * tone[..., None]), 0, 1), cover * wear)
        sheet.height += 0.25 * cover


def _pulp(sheet: DyedSheet) -> None:
    """The ground: clouds where the pulp settled unevenly, and its own short fibres."""
    rng = sheet.rng
    ground = sheet.dye(light=sheet.chance(0.6))
    sheet.colour[:] = ground
    other = ground * rng.uniform(0.55, 0.9) if sheet.chance(0.6) else sheet.dye()
    clouds = fields.noise(
        rng,
        sheet.size,
        scale=sheet.between(7, 30),
        octaves=5,
        gain=rng.uniform(0.45, 0.8),
        stretch=(1.0, sheet.between(0.5, 2)),
    )
    sheet.lay(other, fields.smoothstep(0.5 + clouds * 0.3) * np.float32(rng.uniform(0.1, 0.6)))
    sheet.height += 0.15 * clouds
    mesh = fields.fibres(
        rng,
        sheet.size,
        count=600,
        length=sheet.between(8, 24),
        width=0.2,
        depth=rng.uniform(0.25, 0.8),
        curl=rng.uniform(0.3, 1),
    )
    sheet.lay(np.minimum(ground * 1.15 + 0.05, 1), 1 - np.exp(-mesh))
    sheet.height += 0.15 * mesh


def _draw(rng: np.random.Generator, size: int, kind: str) -> Float32[np.ndarray, "{size} {size} 3"]:
    sheet = DyedSheet(rng, size)
    _pulp(sheet)
    for name, (layer, _, share) in _LAYERS.items():
        if name == kind:
            layer(sheet, 1.0)
        elif sheet.chance(share):
            layer(sheet, rng.uniform(0.25, 0.7))
    return sheet.lit(relief=(0.05, 0.22), grain=(0.01, 0.035))


# In the order of their making: what one does lies over what those before it did. The numbers: how
# often a paper is of the kind, in shares, and how often one of another kind has something of it:
# there is more paper than ornament.
_LAYERS: dict[str, Layer[DyedSheet]] = {
    "dyed": Layer(_dyed, 1.0, 0.14),
    "suminagashi": Layer(_suminagashi, 0.5, 0.02),
    "laid": Layer(_laid, 1.0, 0.1),
    "kozo": Layer(_kozo, 2.0, 0.35),
    "unryu": Layer(_unryu, 2.0, 0.15),
    "ungei": Layer(_ungei, 0.8, 0.03),
    "rakusui": Layer(_rakusui, 0.7, 0.02),
    "chiri": Layer(_chiri, 1.2, 0.12),
    "momigami": Layer(_momigami, 1.2, 0.1),
    "kinpaku": Layer(_kinpaku, 0.8, 0.06),
}

WASHI = Family("washi", {name: layer.share for name, layer in _LAYERS.items()}, _draw)
