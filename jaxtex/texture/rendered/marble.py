"""Marble: veined, clouded, brecciated and banded stone.

Fields of noise move one another's coordinates, as flow does in the rock; veins lie where a field
passes through zero, some with finer ones beside them.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32
from scipy import ndimage, spatial

from jaxtex.texture.rendered import fields
from jaxtex.texture.rendered.family import Family
from jaxtex.texture.rendered.sheet import Sheet


class _Stone(NamedTuple):
    """Colours of ground, clouds and veins, sRGB."""

    ground: tuple[float, float, float]
    cloud: tuple[float, float, float]
    vein: tuple[float, float, float]


_STONES = (
    _Stone((0.93, 0.93, 0.92), (0.78, 0.79, 0.81), (0.48, 0.50, 0.53)),  # white, grey veins
    _Stone((0.94, 0.92, 0.88), (0.84, 0.80, 0.74), (0.66, 0.54, 0.36)),  # white, gold veins
    _Stone((0.08, 0.08, 0.09), (0.17, 0.17, 0.18), (0.90, 0.89, 0.86)),  # black, white veins
    _Stone((0.13, 0.26, 0.20), (0.22, 0.38, 0.29), (0.75, 0.83, 0.76)),  # green
    _Stone((0.50, 0.20, 0.16), (0.62, 0.32, 0.25), (0.92, 0.85, 0.79)),  # red
    _Stone((0.32, 0.22, 0.16), (0.43, 0.31, 0.23), (0.82, 0.71, 0.57)),  # brown
    _Stone((0.88, 0.80, 0.68), (0.80, 0.68, 0.53), (0.64, 0.43, 0.28)),  # cream
    _Stone((0.84, 0.68, 0.64), (0.75, 0.56, 0.53), (0.95, 0.91, 0.88)),  # rose
    _Stone((0.55, 0.58, 0.62), (0.66, 0.69, 0.72), (0.90, 0.91, 0.92)),  # grey blue
)
_SHARES = {"veined": 2.0, "clouded": 1.0, "breccia": 1.0, "network": 1.2, "onyx": 1.0}


def _flow(sheet: Sheet, scale: float, octaves: int, gain: float = 0.5) -> fields.Map:
    """Noise drawn out in some direction and moved about by other noise."""
    rng, size = sheet.rng, sheet.size
    long = sheet.between(1.0, 2.2)
    noise = fields.noise(
        rng, size, scale=scale, octaves=octaves, gain=gain, stretch=(long, 1 / long)
    )
    moved = [0.35 * scale * fields.noise(rng, size, scale=scale, octaves=3) for _ in range(2)]
    angle = rng.uniform(0, np.pi)
    at = fields.centres(size) - fields.UNITS / 2
    y = at[:, None] * np.cos(angle) + at * np.sin(angle) + moved[0]
    x = at * np.cos(angle) - at[:, None] * np.sin(angle) + moved[1]
    places = (np.stack([y, x]) / fields.UNITS + 0.5) * size - 0.5
    return ndimage.map_coordinates(noise, places, order=1, mode="mirror").astype(np.float32)


def _vein(field: np.ndarray, width: float, size: int) -> np.ndarray:
    """1 along the field's zeros, `width` units across whatever its slope."""
    slope = np.hypot(*np.gradient(field)) * (size / fields.UNITS) + 0.02
    return np.exp(-np.square(field / (slope * np.float32(width))))


def _veins(sheet: Sheet, colour: np.ndarray, strength: float) -> None:
    """Veins of falling width; each breaks off and swells along its way."""
    rng, size = sheet.rng, sheet.size
    scale = sheet.between(16, 36)
    for width, amount in ((rng.uniform(0.5, 1.5), 1.0), (0.4, 0.8), (0.22, 0.6)):
        field = _flow(sheet, scale, 5, rng.uniform(0.4, 0.6)) + rng.normal(0, 0.3)
        swell = fields.noise(rng, size, scale=scale / 2, octaves=3)
        there = fields.smoothstep(0.55 + 0.7 * swell)
        line = _vein(field, width * sheet.between(0.7, 1.4), size)
        halo = _vein(field, 5 * width, size)
        sheet.lay(colour, (amount * strength * there * line).astype(np.float32))
        sheet.lay(colour, (0.25 * amount * strength * there * halo).astype(np.float32))
        scale *= 0.6


def _cells(sheet: Sheet, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of about `count` sites, and how much farther the next one is, in units."""
    rng, size = sheet.rng, sheet.size
    sites = rng.uniform(-8, fields.UNITS + 8, (count, 2)).astype(np.float32)
    shift = [1.6 * fields.noise(rng, size, scale=6, octaves=4, gain=0.6) for _ in range(2)]
    y, x = fields.centres(size)[:, None] + shift[0], fields.centres(size) + shift[1]
    far, nearest = map(np.asarray, spatial.cKDTree(sites).query(np.stack([y, x], -1), k=2))
    return nearest[..., 0], (far[..., 1] - far[..., 0]).astype(np.float32)


def _breccia(sheet: Sheet, stone: np.ndarray) -> None:
    rng = sheet.rng
    count = int(sheet.between(18, 90))
    nearest, gap = _cells(sheet, count)
    tone = rng.uniform(0, 1, (count, 1)).astype(np.float32)
    pieces = stone[0] + tone * (stone[1] - stone[0])
    pieces = pieces * np.exp(rng.normal(0, 0.07, (count, 1))).astype(np.float32)
    sheet.lay(pieces[nearest], np.full(nearest.shape, rng.uniform(0.6, 0.95), np.float32))
    joint = np.exp(-np.square(gap / np.float32(rng.uniform(0.4, 1.6))))
    sheet.lay(stone[2], joint * np.float32(rng.uniform(0.4, 0.95)))


def _network(sheet: Sheet, stone: np.ndarray) -> None:
    for count, width in ((sheet.between(30, 60), 0.7), (sheet.between(100, 170), 0.35)):
        _, gap = _cells(sheet, int(count))
        fade = fields.smoothstep(
            0.5 + 0.7 * fields.noise(sheet.rng, sheet.size, scale=10, octaves=3)
        )
        line = np.exp(-np.square(gap / np.float32(width * sheet.between(0.7, 1.4))))
        sheet.lay(stone[2], line * fade * np.float32(sheet.rng.uniform(0.4, 0.9)))


def _bands(sheet: Sheet, stone: np.ndarray) -> None:
    rng, size = sheet.rng, sheet.size
    at = fields.centres(size) / fields.UNITS
    angle = rng.uniform(0, np.pi)
    across = at[:, None] * np.cos(angle) + at * np.sin(angle)
    field = across * sheet.between(4, 14) + sheet.between(0.5, 1.4) * _flow(sheet, 30.0, 4, 0.45)
    wave = sum(
        np.cos(2 * np.pi * (times * field + rng.uniform())) / times**0.7 for times in (1, 2.3, 5.1)
    )
    sheet.lay(stone[1], fields.smoothstep(0.5 + 0.5 * np.asarray(wave, np.float32)))
    sheet.lay(stone[2], fields.smoothstep(np.asarray(wave, np.float32) - 0.6) * np.float32(0.6))


def _draw(rng: np.random.Generator, size: int, kind: str) -> Float32[np.ndarray, "{size} {size} 3"]:
    sheet = Sheet(rng, size)
    stone = np.array(_STONES[rng.integers(len(_STONES))], np.float32)
    tint = np.exp(rng.normal(0, 0.02, 3)) * sheet.between(0.9, 1.08)
    stone = np.clip(stone * tint, 0, 1).astype(np.float32)
    clouds = _flow(sheet, sheet.between(14, 34), 6, rng.uniform(0.5, 0.75))
    depth = rng.uniform(0.25, 0.6) * (1.6 if kind == "clouded" else 1)
    sheet.blend(stone[0], stone[1], 0.35 + depth * clouds)
    if kind == "breccia":
        _breccia(sheet, stone)
    elif kind == "network":
        _network(sheet, stone)
    elif kind == "onyx":
        _bands(sheet, stone)
    strength = {"veined": 1.0, "breccia": 0.4}.get(kind, 0.3)
    _veins(sheet, stone[2], strength * rng.uniform(0.5, 1))
    crystals = fields.noise(rng, size, scale=1.4, octaves=2, gain=0.7)
    sheet.height += 0.1 * crystals
    return sheet.lit(relief=(0.01, 0.05), grain=(0.008, 0.025))


MARBLE = Family("marble", _SHARES, _draw)
