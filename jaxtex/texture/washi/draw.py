"""Rendered Japanese paper (washi): the default training set of the texture model.

Paper `index` of a seed is one of `KINDS` with parameters drawn at random, and may have something of
other kinds: unryu (cloud dragon: long swirling fibres), ungei (thick ones), kozo (plain mulberry
pulp), chiri (flecks of bark), rakusui (lace made by drops of water), momigami (crumpled), dyed
(bands, blots and gradients), suminagashi (ink floated on water), laid (lines of the mould) and
kinpaku (gold and silver leaf).
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import SettingsError
from jaxtex.texture.washi import paper
from jaxtex.texture.washi.kinds import LAYERS, Sheet

MIN_SIZE, MAX_SIZE = 8, 4096
_NUMBERS = 2**32  # as one word each: longer seeds would run into the index
KINDS = tuple(LAYERS)


def kind_of(seed: int, index: int) -> str:
    """Returns the kind that paper `index` of `seed` is of."""
    return _kind(_generator(seed, index))


def check_request(seed: int, size: int, kind: str | None = None) -> None:
    """Refuses what `render` cannot make.

    Raises:
      SettingsError: `size` is not from 8 to 4096, the seed is not below 2³², or an unknown kind.
    """
    if not 0 <= seed < _NUMBERS:
        raise SettingsError(f"seed is {seed}; it must be a whole number from 0 to {_NUMBERS - 1}")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise SettingsError(f"size is {size}; it must be from {MIN_SIZE} to {MAX_SIZE} pixels")
    if kind is not None and kind not in KINDS:
        raise SettingsError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}")


def render(
    seed: int, indices: Sequence[int] | np.ndarray, size: int, kind: str | None = None
) -> Float32[np.ndarray, "n {size} {size} 3"]:
    """Returns papers number `indices` of `seed`, RGB in [0, 1].

    A paper depends on nothing but its seed, index, size and `kind` (None: drawn as `kind_of` says);
    at another size it is the same paper with more or less detail.

    Raises:
      SettingsError: `size` is not from 8 to 4096, a seed or index is not
        below 2³², or an unknown kind.
    """
    check_request(seed, size, kind)
    numbers = [int(index) for index in indices]
    for number in numbers:
        if not 0 <= number < _NUMBERS:
            raise SettingsError(f"index is {number}; papers have numbers from 0 to {_NUMBERS - 1}")
    sheets = np.empty((len(numbers), size, size, 3), np.float32)
    for sheet, number in zip(sheets, numbers, strict=True):
        sheet[:] = _paper(seed, number, size, kind)
    return sheets


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, index]))


def _kind(rng: np.random.Generator) -> str:
    shares = np.array([share for _, share, _ in LAYERS.values()])
    return KINDS[rng.choice(len(KINDS), p=shares / shares.sum())]


def _paper(
    seed: int, index: int, size: int, kind: str | None
) -> Float32[np.ndarray, "{size} {size} 3"]:
    rng = _generator(seed, index)
    drawn = _kind(rng)
    kind = kind or drawn
    sheet = Sheet(rng, size)
    _pulp(sheet)
    for name, (layer, _, share) in LAYERS.items():
        if name == kind:
            layer(sheet, 1.0)
        elif sheet.chance(share):
            layer(sheet, rng.uniform(0.25, 0.7))
    return _finish(sheet)


def _pulp(sheet: Sheet) -> None:
    """The ground: clouds where the pulp settled unevenly, and its own short fibres."""
    rng = sheet.rng
    ground = sheet.dye(light=sheet.chance(0.6))
    sheet.colour[:] = ground
    other = ground * rng.uniform(0.55, 0.9) if sheet.chance(0.6) else sheet.dye()
    clouds = paper.noise(
        rng,
        sheet.size,
        scale=sheet.between(7, 30),
        octaves=5,
        gain=rng.uniform(0.45, 0.8),
        stretch=(1.0, sheet.between(0.5, 2)),
    )
    sheet.lay(other, paper.smoothstep(0.5 + clouds * 0.3) * np.float32(rng.uniform(0.1, 0.6)))
    sheet.height += 0.15 * clouds
    mesh = paper.fibres(
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


def _finish(sheet: Sheet) -> Float32[np.ndarray, "size size 3"]:
    """Light from one side, grain of the surface."""
    rng = sheet.rng
    light = rng.uniform(0, 2 * np.pi)
    rise, run = np.gradient(sheet.height * np.float32(sheet.size / paper.UNITS))
    shade = np.tanh(rise * np.sin(light) + run * np.cos(light))
    grain = paper.noise(rng, sheet.size, scale=2, octaves=3, gain=0.8)
    relief = 1 + rng.uniform(0.05, 0.22) * shade + rng.uniform(0.01, 0.035) * grain
    return np.clip(sheet.colour * relief[..., None].astype(np.float32), 0, 1)
