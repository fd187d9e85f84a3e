"""One job made ready: canvases, sizes and phases of a content and its styles, all on the host."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import Levels
from jaxtex.style.objective import Program
from jaxtex.style.painting import Background, Painting, Shapes
from jaxtex.style.separation import RGB, Ink, Map, Picture, is_grey, separate_at
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
    canvas: Canvas
    content: Levels
    styles: tuple[Levels, ...]
    style_weights: tuple[float, ...]
    mask: Float32[np.ndarray, "h w 1"]
    init: Levels
    painting: Painting
    """What makes a picture of its canvas."""
    phases: tuple[Phase, ...]
    digest: str
    """SHA-256 of all images, as a checkpoint's proof that it belongs to this job."""
    layers: tuple[str, ...]
    """The style layers of its program; those of coefficient 0 may be among them."""
    guide: Map | None = None
    """How much each pixel of the canvas counts in the Gram matrices, 0 to 1; None: all alike."""
    style_guides: tuple[Map | None, ...] | None = None
    """The same of each style image."""

    @property
    def program(self) -> Program:
        """What its compiled objective depends on."""
        return _program(self.settings, self.layers)

    @property
    def group(self) -> tuple[Any, ...]:
        """Jobs with equal groups can run as one batch."""
        settings = self.settings
        optimiser = (settings.optimizer, settings.learning_rate, settings.box)
        guided = self.guide is not None
        shape, count = self.content.shape, len(self.styles)
        return self.program, self.phases, shape, count, optimiser, guided

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


def make_job(
    settings: Settings,
    content: Picture,
    styles: Sequence[Picture],
    *,
    background: Background = "keep",
    style_weights: Sequence[float] | None = None,
    mask: Map | None = None,
    init: RGB | None = None,
    layers: Sequence[str] | None = None,
) -> Job:
    """Resizes, takes apart, crops and pads the images of one job; all of them 0 to 1.

    Content and styles are RGB, or RGB with straight alpha. `layers` are those of its program, by
    default the style layers whose coefficient is not 0: jobs that shall share a program name all
    the layers that any of them has.

    Raises:
      ImageError: an image is too small for the layers, or of a single colour; the background is to
        be transparent, and the content's ground is not plain.
      SettingsError: the style weights do not fit the styles, or `init` lacks its image.
    """
    weights = _style_weights(style_weights, len(styles))
    layers = settings.style_layers if layers is None else tuple(layers)
    program = _program(settings, layers)
    _check_images(program, content, styles)
    digest = _digest(content, mask, init, *styles)
    opaque_styles = [images.on_contrasting_ground(style) for style in styles]
    height, width = content.shape[:2]
    if settings.size:
        height, width = images.fit(height, width, settings.size)
    ink = None
    if settings.canvas in ("auto", "ink"):
        ink = separate_at(content, height, width)
    color, alpha = images.split(content)
    ground = images.contrasting_ground(content)
    if isinstance(background, tuple):
        ground = background
    color = images.resize(images.over(color, alpha, ground), height, width)
    alpha = None if alpha is None else images.resize(alpha, height, width)
    canvas = _canvas(settings.canvas, color, ink, opaque_styles)
    levels = canvases.content_levels(canvas, color, ink)
    margin = round(width / 12) if settings.margin is None else settings.margin

    house = settings.strength is not None
    style_canvases = tuple(
        _style_canvas(settings, canvas, style, levels, margin, crop=house)
        for style in opaque_styles
    )
    padded = canvases.pad(levels, margin, canvases.paper(canvas, levels))
    _check_canvas(program, settings.size, padded)
    painting = Painting(
        content=color,
        ink=None if ink is None else ink.padded(margin),
        alpha=alpha,
        ground=ground,
        background=background,
        margin=0 if settings.keep_margin else margin,
        preserve_color=settings.preserve_color,
    )
    if background == "transparent":
        painting.picture(padded)
    mask_levels = np.ones((*padded.shape[:2], 1), np.float32)
    if mask is not None:
        mask_levels = canvases.pad(
            images.resize(mask, height, width)[..., None], margin, np.zeros(1)
        )
    return Job(
        settings=settings,
        canvas=canvas,
        content=padded,
        styles=style_canvases,
        style_weights=weights,
        mask=mask_levels,
        init=_start(settings, canvas, padded, style_canvases, init, margin),
        painting=painting,
        phases=_phases(settings, program, padded, canvas),
        digest=digest,
        layers=layers,
    )


def _canvas(wanted: Canvas, content: RGB, ink: Ink | None, styles: Sequence[RGB]) -> Canvas:
    """The form to work in: `ink` for logos, else `grey` where all is grey, else `rgb`."""
    if wanted in ("grey", "rgb"):
        return wanted
    if ink is not None:
        return "ink"
    return "grey" if is_grey(content) and all(map(is_grey, styles)) else "rgb"


def _program(settings: Settings, layers: tuple[str, ...]) -> Program:
    return Program(
        layers,
        settings.content_layer,
        settings.normalization,
        settings.features,
        settings.pool,
        settings.precision,
    )


def _style_weights(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    if weights is None:
        return (1 / count,) * count
    if len(weights) != count:
        raise SettingsError(f"style-weight: {len(weights)} given for {count} style images")
    if not all(np.isfinite(weights)) or min(weights) < 0 or sum(weights) <= 0:
        raise SettingsError(f"style-weight: {list(weights)} must be 0 or more, one of them above 0")
    return tuple(float(weight) / sum(weights) for weight in weights)


def _check_images(program: Program, content: Picture, styles: Sequence[Picture]) -> None:
    least = program.smallest_image
    named = [("content", content), *((f"style {i + 1}", s) for i, s in enumerate(styles))]
    for name, image in named:
        height, width = image.shape[:2]
        if min(height, width) < least:
            raise ImageError(
                f"{name}: {width}×{height} pixels is too small for layer {program.all_layers[-1]}, "
                f"which needs at least {least} a side"
            )
        # White ink on a transparent ground is of one colour, but its alpha has a shape.
        if float(np.ptp(image.reshape(-1, image.shape[-1]), axis=0).max()) < 1 / 512:
            raise ImageError(f"{name}: the image has a single colour; there is nothing to work on")


def _check_canvas(program: Program, size: int | None, padded: Levels) -> None:
    height, width = padded.shape[:2]
    if min(height, width) < program.smallest_image:
        raise ImageError(
            f"content: {width}×{height} pixels, at size {size} with its margin, is too "
            f"small for layer {program.all_layers[-1]}, which needs at least "
            f"{program.smallest_image} a side"
        )


def _style_canvas(
    settings: Settings, canvas: Canvas, style: RGB, content: Levels, margin: int, *, crop: bool
) -> Levels:
    """A style image as the content's canvas sees it; cropped to its ink for the house preset."""
    levels = canvases.style_levels(canvas, style)
    paper = canvases.paper(canvas, levels)
    longer = settings.style_size or max(content.shape[:2])
    if crop:
        levels = canvases.crop_to_ink(levels)
        # As much larger than the content's ink as the canvas is than the content.
        if not settings.style_size:
            longer = max(canvases.crop_to_ink(content).shape[:2])
    height, width = images.fit(levels.shape[0], levels.shape[1], longer)
    levels = images.resize(levels / 255, height, width) * 255
    return canvases.pad(levels.astype(np.float32), margin, paper)


def _start(
    settings: Settings,
    canvas: Canvas,
    content: Levels,
    styles: Sequence[Levels],
    init: RGB | None,
    margin: int,
) -> Levels:
    if settings.init == "content":
        return content
    if settings.init == "noise":
        import jax

        key = jax.random.key(settings.seed)
        return np.asarray(jax.random.uniform(key, content.shape, maxval=255.0))
    if settings.init == "style":
        return images.resize(styles[0] / 255, *content.shape[:2]) * 255
    if init is None:
        raise SettingsError("init: 'file' needs the start image")
    levels = canvases.style_levels("grey" if canvas == "ink" else canvas, init)
    inner = [side - 2 * margin for side in content.shape[:2]]
    levels = images.resize(levels / 255, *inner) * 255
    return canvases.pad(levels, margin, canvases.paper(canvas, content))


def _phases(
    settings: Settings, program: Program, content: Levels, canvas: Canvas
) -> tuple[Phase, ...]:
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
    # The full size costs most and has least left to do.
    shares = np.full(scales, 1.0)
    shares[-1] = 0.7
    steps = np.diff(np.rint(settings.steps * np.cumsum(shares) / shares.sum()), prepend=0)
    factors = [0.5**power for power in reversed(range(scales))]
    phases = [
        Phase(round(height * f), round(width * f), f, int(count), 0.0, False)
        for f, count in zip(factors, steps, strict=True)
        if count
    ]
    if settings.finish_steps:
        sharpen = canvas == "ink"
        phases.append(Phase(height, width, 1.0, settings.finish_steps, settings.ink, sharpen))
    elif settings.ink:
        phases = [phase._replace(ink=settings.ink) for phase in phases]
    return tuple(phases)


def _digest(*arrays: np.ndarray | None) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
        else:
            digest.update(str(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
