"""Coarse to fine: at which scales a texture is made, by which features, and in how many bands."""

from typing import NamedTuple

from jaxtex.errors import SettingsError
from jaxtex.texture.extend.objective import Program
from jaxtex.texture.extend.settings import Settings

MEMORY = 10
"""Steps that L-BFGS knows its curvature from."""

_DEEP = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_3", "conv4_1")
_LAYERS = {1: _DEEP[:3], 2: _DEEP[:5]}
"""Features by how often the picture is reduced; `_DEEP` where it is not among these. Deeper ones at
full size take two thirds more time, and nothing is seen of it: coarser scales have them."""
_STEPS = {1: 5 / 12, 2: 2 / 3}
"""The share of the steps that a scale takes; 1 where it is not among these."""
_FACTORS = (8, 4, 2, 1)
_PART = 2
"""Sides of a part of the coarsest picture, in those of the source, at least."""
_SMALLEST = 16
"""Sides of a source and of a picture, in pixels, that a scale makes sense for."""
_EVALUATION = 2400
"""Bytes that an evaluation takes for each pixel of a band: features and their gradients, rounded
up. A picture of 2048×2048 stayed within a limit of 4 GiB by it (3.8 at its peak)."""
_IMAGES = 25 + 2 * MEMORY
"""Pictures of 12 bytes a pixel that are there besides."""


class Scale(NamedTuple):
    """A picture of one size, and how it is made."""

    factor: int
    """How often it is reduced."""
    height: int
    width: int
    steps: int
    program: Program


def plan_scales(
    settings: Settings, source: tuple[int, int], *, batch: int = 1, max_bytes: int | None = None
) -> list[Scale]:
    """The scales, coarse to fine, for `batch` sources of a size (height, width), zoomed.

    Where pictures would take more than `max_bytes`, features are seen in bands.

    Raises:
      SettingsError: not even the narrowest bands fit.
    """
    sides = settings.height, settings.width
    factors = [each for each in _FACTORS if min(*source, *sides) // each >= _SMALLEST] or [1]
    found = []
    for factor in factors:
        # Lags beyond half of the source are known from few pairs of its pixels.
        lags = max(1, min(source) // factor // 2 - 1)
        program = Program(_LAYERS.get(factor, _DEEP), settings.wrap, lags)
        height, width = (-(-side // (factor * program.step)) * program.step for side in sides)
        if factor == factors[0] > 1:
            program = program._replace(parts=_parts(program, (height, width), source, factor))
        program = _in_bands(program, height, width, batch, max_bytes)
        steps = max(1, round(settings.steps * _STEPS.get(factor, 1)))
        found.append(Scale(factor, height, width, steps, program))
    return found


def _parts(
    program: Program, sides: tuple[int, int], source: tuple[int, int], factor: int
) -> tuple[int, int]:
    """Into how many equal parts the coarsest picture is cut along y and x.

    Each is some times as large as the source, for what a source has once need not be in each piece
    of its size.
    """
    down, right = (
        max(
            count
            for count in range(1, side // program.step + 1)
            if side % (count * program.step) == 0 and (count == 1 or side // count >= least)
        )
        for side, least in zip(sides, (_PART * side // factor for side in source), strict=True)
    )
    return down, right


def fitting(settings: Settings, source: tuple[int, int], most: int, max_bytes: int) -> int:
    """How many textures, from 1 to `most`, take at most `max_bytes` together without bands."""
    for count in range(most, 1, -1):
        needs = [
            evaluation_bytes(each.height, each.width, each.program, count)
            for each in plan_scales(settings, source)
        ]
        if max(needs) <= max_bytes:
            return count
    return 1


def evaluation_bytes(height: int, width: int, program: Program, batch: int = 1) -> int:
    """About what evaluations take of the memory, the run's pictures among it."""
    rows = height // program.bands + 2 * program.halo
    band = rows * (width + 2 * program.halo) * _EVALUATION
    return batch * (band + height * width * 12 * _IMAGES)


def _in_bands(program: Program, height: int, width: int, batch: int, limit: int | None) -> Program:
    """The program in as few bands as fit into `limit` bytes."""
    if limit is None:
        return program
    need = 0
    # Bands would cut parts; there are none but where the picture is small.
    rows = height // program.step if program.parts == (1, 1) else 1
    for bands in (count for count in range(1, rows + 1) if rows % count == 0):
        banded = program._replace(bands=bands)
        need = evaluation_bytes(height, width, banded, batch)
        if need <= limit:
            return banded
    raise SettingsError(
        f"--max-memory: {limit / 2**30:.2g} GiB are too little for {width} × {height} pixels; "
        f"about {need / 2**30:.2g} are needed"
    )
