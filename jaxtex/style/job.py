"""`Job`: a content and its styles on canvases, and what is done with them."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images, platforms
from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import Levels
from jaxtex.style.composition import Regions
from jaxtex.style.objective import Program
from jaxtex.style.painting import Painting, Shapes
from jaxtex.style.separation import Map, Picture
from jaxtex.style.settings import Canvas, Settings

# The least longer side, in pixels, of a canvas at the first of automatic scales: on less, a large
# mark loses its parts.
_COARSEST = 120


class Phase(NamedTuple):
    """Some steps at one size; a job is a sequence of phases, coarse to fine."""

    height: int
    width: int
    factor: float
    steps: int
    ink: float
    """The ink term's weight."""
    sharpen: bool
    """Whether it starts by pushing grey pixels towards black and white."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Job:
    """A content and its styles on canvases in grey levels, margins included."""

    settings: Settings
    """Those that decide its run: the settings that were asked for, but of a fill its own."""
    asked: Settings
    canvas: Canvas | Literal["fill"]
    """`fill` is RGB that fills the content's letters with a texture."""
    content: Levels
    styles: tuple[Levels, ...]
    style_weights: tuple[float, ...]
    mask: Float32[np.ndarray, "h w 1"]
    init: Levels
    painting: Painting
    """What makes a picture of its canvas."""
    styles_are: tuple[str, ...]
    """What the style images were taken for, in words; empty where they were not taken apart."""
    kept: str | None
    """Why the content keeps its layout although it should be composed, in words."""
    phases: tuple[Phase, ...]
    digest: str
    """SHA-256 of all images, as a checkpoint's proof that it belongs to this job."""
    layers: tuple[str, ...]
    """The style layers of its program; those of coefficient 0 may be among them."""
    regions: Regions | None = None
    """The ends and the middle of content and styles, whose Gram matrices are compared apart; None:
    all as one."""
    guide: Map | None = None
    """How much each pixel of the canvas counts in the Gram matrices, 0 to 1; None: all alike."""

    @property
    def program(self) -> Program:
        """What its compiled objective depends on."""
        return program_of(self.settings, self.layers, pixels=self.content[..., 0].size)

    @property
    def group(self) -> tuple[Any, ...]:
        """Jobs with equal groups can run as one batch."""
        settings = self.settings
        optimiser = (settings.optimizer, settings.learning_rate, settings.box)
        guided = self.guide is not None
        shape, count = self.content.shape, len(self.styles)
        return self.program, self.phases, shape, count, optimiser, guided, self.regions is not None

    def picture(self, levels: Levels) -> Picture:
        """What a canvas of any size shows at full size, 0 to 1; with alpha where it has any."""
        return self.painting.picture(self._finished(levels))

    def shapes(self, levels: Levels) -> Shapes:
        """What a canvas `ink` of any size shows, as shapes."""
        return self.painting.shapes(self._finished(levels))

    def _finished(self, levels: Levels) -> Levels:
        """A canvas of any size at full size: the content outside the mask, crisp ink inside."""
        if levels.shape != self.content.shape:
            height, width = self.content.shape[:2]
            levels = images.resize(np.clip(levels / 255, 0, 1), height, width) * 255
        levels = self.content + self.mask * (levels - self.content)
        contrast = self.settings.contrast
        return canvases.sharpen(levels, contrast) if self.canvas == "ink" and contrast else levels


def program_of(settings: Settings, layers: tuple[str, ...], *, pixels: int) -> Program:
    """What the compiled objective of these settings depends on, for canvases of so many pixels."""
    return Program(
        layers,
        settings.content_layer,
        settings.normalization,
        settings.features,
        settings.pool,
        platforms.fastest_precision(pixels) if settings.precision == "auto" else settings.precision,
    )


def phases_of(
    settings: Settings, program: Program, content: Levels, canvas: Canvas
) -> tuple[Phase, ...]:
    """The phases of a canvas with its margins: its sizes, coarse to fine, then the ink term's."""
    scales = settings.scales
    if scales is None:
        stroke = canvases.stroke_width(canvases.ink_mask(content))
        scales = canvases.scales_for(
            stroke, 0.5 if settings.strength is None else settings.strength
        )
        while scales > 1 and max(content.shape[:2]) / 2 ** (scales - 1) < _COARSEST:
            scales -= 1
    height, width = content.shape[:2]
    least = program.smallest_image
    while scales > 1 and min(height, width) / 2 ** (scales - 1) < 2 * least:
        scales -= 1
    factors = [0.5**power for power in reversed(range(scales))]
    total, finish_steps = settings.steps, settings.finish_steps
    # The full size costs most and has least left to do.
    shares = np.ones(scales)
    if canvas == "ink" and finish_steps:
        # Edges get sharp in the ink phase anyway.
        shares[-2:] = (1.4, 0.1)[-scales:]
    else:
        shares[-1] = 0.7
    if settings.draft:
        total, finish_steps = math.ceil(total / 6), math.ceil(finish_steps / 6)
        if min(height, width) / 2 >= least:
            factors = factors[:-1] or [0.5]
            shares = shares[: len(factors)]
            shares[-1] = 0.5
    steps = np.diff(np.rint(total * np.cumsum(shares) / shares.sum()), prepend=0)
    phases = [
        Phase(round(height * f), round(width * f), f, int(count), 0.0, False)
        for f, count in zip(factors, steps, strict=True)
    ]
    if finish_steps:
        last, sharpen = phases[-1], canvas == "ink"
        phases.append(last._replace(steps=finish_steps, ink=settings.ink, sharpen=sharpen))
    elif settings.ink:
        phases = [phase._replace(ink=settings.ink) for phase in phases]
    return tuple(phase for phase in phases if phase.steps)


def digest_of(*arrays: np.ndarray | None) -> str:
    """SHA-256 of arrays and their shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
        else:
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
