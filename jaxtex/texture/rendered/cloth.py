"""Woven cloth: plain, basket, twill, herringbone and satin weaves, denim, linen, checks.

A weave is a table that says whether the warp or the weft lies on top where they cross. Each yarn is
a round strand of its own width and tone that bends over and under; light falls from one side.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex.texture.rendered import fields
from jaxtex.texture.rendered.dyes import DyedSheet
from jaxtex.texture.rendered.family import Family


class _Weave(NamedTuple):
    """How a kind is woven.

    Attributes:
      share: how often it is drawn.
      tables: the weaves that it may have, 1 where the warp is on top, [weft, warp].
      spacing: of yarns, in units.
      uneven: how much yarns differ in width and wander.
      contrast: how much weft and warp differ in colour, from 0, the same, to 1, any two dyes.
      striped: how often yarns' colours come in stripes.
    """

    share: float
    tables: tuple[np.ndarray, ...]
    spacing: tuple[float, float] = (1.7, 4.0)
    uneven: tuple[float, float] = (0.02, 0.12)
    contrast: float = 0.4
    striped: float = 0.1


def _twill(over: int, under: int) -> np.ndarray:
    period = over + under
    row = np.arange(period) < over
    return np.stack([np.roll(row, shift) for shift in range(period)])


_PLAIN = np.array([[1, 0], [0, 1]], bool)
_BASKET = np.kron(_PLAIN, np.ones((2, 2), bool))
_TWILL = _twill(2, 2)
_HERRINGBONE = np.concatenate([np.tile(_TWILL, (1, 2)), np.tile(_TWILL[:, ::-1], (1, 2))], 1)
_SATIN = np.stack([np.roll(np.arange(5) > 0, 2 * shift) for shift in range(5)])

_WEAVES = {
    "plain": _Weave(1.5, (_PLAIN,)),
    "basket": _Weave(1.0, (_BASKET, np.kron(_PLAIN, np.ones((3, 3), bool))), (1.5, 3.0)),
    "twill": _Weave(1.5, (_TWILL, _twill(3, 1), _twill(1, 2))),
    "herringbone": _Weave(1.0, (_HERRINGBONE,), (1.4, 2.8), contrast=0.7),
    "satin": _Weave(0.7, (_SATIN, ~_SATIN), (1.2, 2.2), (0.0, 0.05)),
    "denim": _Weave(1.0, (_twill(3, 1), _twill(2, 1)), (1.5, 3.2), (0.06, 0.2)),
    "linen": _Weave(1.3, (_PLAIN,), (1.8, 4.0), (0.15, 0.4), contrast=0.15, striped=0.02),
    "check": _Weave(1.3, (_PLAIN, _TWILL), (1.3, 2.8), contrast=1.0, striped=1.0),
}


class _Yarns(NamedTuple):
    """Of each pixel the number of its yarn, the place across it in [−1, 1] and the yarns' tones."""

    number: Float32[np.ndarray, "size size"]
    across: Float32[np.ndarray, "size size"]
    colours: Float32[np.ndarray, "n 3"]


def _yarns(
    sheet: DyedSheet, at: np.ndarray, spacing: float, uneven: float, colours: np.ndarray
) -> _Yarns:
    """Yarns along one direction of the cloth, `at` their other coordinate in units."""
    rng = sheet.rng
    count = int(3 * fields.UNITS / spacing)
    widths = spacing * np.exp(rng.normal(0, uneven, count))
    # Whichever way the cloth is turned, within 1.4 sides of the corner.
    edges = np.cumsum(widths) - widths.sum() / 2
    number = np.searchsorted(edges, at).clip(1, count - 1)
    low, high = edges[number - 1], edges[number]
    across = 2 * (at - low) / (high - low) - 1
    tones = np.exp(rng.normal(0, 0.06 + 0.3 * uneven, (count, 1)))
    return _Yarns(number, across.astype(np.float32), (colours[:count] * tones).astype(np.float32))


def _stripes(sheet: DyedSheet, base: np.ndarray, dyes: np.ndarray, striped: bool) -> np.ndarray:
    """A colour for each yarn: the base, or bands of the dyes that repeat."""
    count = 200
    if not striped:
        return np.tile(base, (count, 1))
    widths = sheet.rng.integers(2, 12, 2 * len(dyes))
    band = np.repeat(np.arange(len(widths)) % len(dyes), widths)
    return dyes[np.resize(band, count)]


def _fray(sheet: DyedSheet, colour: np.ndarray, amount: float) -> None:
    """Fine hairs that stand off the yarns."""
    hairs = fields.fibres(
        sheet.rng,
        sheet.size,
        count=int(amount * 500) + 1,
        length=sheet.between(2, 6),
        width=0.18,
        depth=0.5,
        curl=1.2,
    )
    sheet.lay(np.minimum(colour * 1.15 + 0.05, 1), 1 - np.exp(-hairs))


def _draw(rng: np.random.Generator, size: int, kind: str) -> Float32[np.ndarray, "{size} {size} 3"]:
    sheet, weave = DyedSheet(rng, size), _WEAVES[kind]
    table = weave.tables[rng.integers(len(weave.tables))]
    spacing, uneven = sheet.between(*weave.spacing), rng.uniform(*weave.uneven)
    turn = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.04)
    centre = fields.centres(size)
    wander = [
        spacing * (0.15 + uneven) * fields.noise(rng, size, scale=12, octaves=2) for _ in range(2)
    ]
    u = centre * np.cos(turn) + centre[:, None] * np.sin(turn) + wander[0]
    v = centre[:, None] * np.cos(turn) - centre * np.sin(turn) + wander[1]
    if kind == "denim":
        warp, weft = np.array([[0.16, 0.22, 0.36], [0.80, 0.79, 0.74]]) * sheet.between(0.7, 1.3)
    else:
        warp = sheet.dye(light=sheet.chance(0.4))
        weft = warp + weave.contrast * rng.uniform(0, 1) * (sheet.dye() - warp)
    dyes = np.stack([warp, weft, sheet.dye()])
    striped = sheet.chance(weave.striped)
    warps = _yarns(sheet, u, spacing, uneven, _stripes(sheet, warp, dyes, striped))
    crossed = striped and sheet.chance(0.75)
    wefts = _yarns(
        sheet, v, spacing * sheet.between(0.85, 1.2), uneven, _stripes(sheet, weft, dyes, crossed)
    )
    _weave(sheet, table, warps, wefts, spacing)
    _fray(sheet, sheet.colour.mean((0, 1)), rng.uniform(0.1, 1) * (2 if kind == "linen" else 1))
    if kind == "denim":
        worn = fields.noise(rng, size, scale=sheet.between(10, 30), octaves=3)
        sheet.colour *= 1 + 0.12 * worn[..., None]
    return sheet.lit(relief=(0.08, 0.25), grain=(0.01, 0.03))


def _weave(
    sheet: DyedSheet, table: np.ndarray, warps: _Yarns, wefts: _Yarns, spacing: float
) -> None:
    """Lays the yarns over and under one another."""

    def level(
        along: np.ndarray, own: np.ndarray, other: np.ndarray, transposed: bool
    ) -> np.ndarray:
        """How high a yarn runs: bent smoothly from crossing to crossing."""
        before = other + np.where(along < 0, -1, 1)
        rows, columns = (own, other) if transposed else (other, own)
        last = (own, before) if transposed else (before, own)
        here = table[rows % table.shape[0], columns % table.shape[1]]
        there = table[last[0] % table.shape[0], last[1] % table.shape[1]]
        share = np.float32(0.5) - 0.5 * np.cos(np.pi * np.abs(along))
        return here + 0.5 * share * (there.astype(np.float32) - here)

    up = level(wefts.across, warps.number, wefts.number, False)
    down = 1 - level(warps.across, wefts.number, warps.number, True)
    heights = [
        1.3 * lift + np.sqrt(np.maximum(1 - np.square(0.96 * yarns.across), 0))
        for lift, yarns in ((up, warps), (down, wefts))
    ]
    on_top = fields.smoothstep(0.5 + 4 * (heights[0] - heights[1]))
    strand = [
        0.09 * np.sin(2 * np.pi * (1.5 * across + 0.7 * along / spacing))
        for across, along in ((warps.across, wefts.across), (wefts.across, warps.across))
    ]
    tone = [
        (0.62 + 0.38 * np.sqrt(np.maximum(1 - np.square(yarns.across), 0)) + twist)[..., None]
        for yarns, twist in zip((warps, wefts), strand, strict=True)
    ]
    sheet.colour[:] = wefts.colours[wefts.number] * tone[1]
    sheet.lay(warps.colours[warps.number] * tone[0], on_top)
    sheet.height += 0.3 * np.float32(spacing) * np.maximum(*heights)


CLOTH = Family("cloth", {name: weave.share for name, weave in _WEAVES.items()}, _draw)
