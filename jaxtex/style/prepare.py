"""Jobs made ready: canvases, sizes and phases of a content and its styles, all on the host."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import Levels
from jaxtex.style.composition import changeable, composed, regions_of
from jaxtex.style.fill import make_fill
from jaxtex.style.job import Job, Phase, digest_of, phases_of, program_of
from jaxtex.style.objective import Program
from jaxtex.style.painting import Background, FillLook, Painting, recolored
from jaxtex.style.separation import (
    RGB,
    Ink,
    Map,
    Picture,
    StyleParts,
    is_grey,
    is_of_one_color,
    parts_of,
    separate_at,
)
from jaxtex.style.settings import Canvas, Settings

_NO_MASK = "composition: {!r} moves the letters, and a mask holds them; give only one of the two"


def make_job(
    settings: Settings,
    content: Picture,
    styles: Sequence[Picture],
    *,
    background: Background = "keep",
    style_weights: Sequence[float] | None = None,
    style_mask: Map | None = None,
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
    if settings.colors not in ("auto", "content", "style"):
        images.parse_color(settings.colors)
    layers = settings.style_layers if layers is None else tuple(layers)
    program = program_of(settings, layers, pixels=content[..., 0].size)
    _check_images(program, content, styles)
    opaque_styles = [images.on_contrasting_ground(style) for style in styles]
    height, width = content.shape[:2]
    if settings.size:
        height, width = images.fit(height, width, settings.size)
    ink, kept = None, "it is no logo" if settings.composed else None
    if settings.canvas in ("auto", "ink"):
        ink = separate_at(content, height, width)
    parts: tuple[StyleParts, ...] = ()
    if ink is not None:
        parts = parts_of(
            opaque_styles, settings.style_kind, style_mask, colors=settings.colors == "style"
        )
        if settings.composed:
            if mask is not None:
                raise SettingsError(_NO_MASK.format(settings.composition))
            share, longer = settings.composed, max(height, width)
            ink, kept = composed(ink, opaque_styles, parts, weights, share, longer)
            height, width = ink.coverage.shape
        ink = recolored(ink, settings.colors, parts)
    color, alpha = images.split(content)
    ground = images.contrasting_ground(content)
    if isinstance(background, tuple):
        ground = background
    color = images.over(color, alpha, ground)
    if ink is not None and settings.composed and kept is None:
        color = images.over(*images.split(ink.paint(ink.coverage)), ground)
    color = images.resize(color, height, width)
    # What lies behind ink can change without its run.
    seen = color if ink is None else None
    painting = Painting(
        content=color,
        ink=ink,
        alpha=None if alpha is None else images.resize(alpha, height, width),
        ground=ground,
        background=background,
        margin=round(width / 12) if settings.margin is None else settings.margin,
        keep_margin=settings.keep_margin,
        preserve_color=settings.preserve_color,
    )
    common = {
        "asked": settings,
        "style_weights": weights,
        "kept": kept,
        "styles_are": tuple(part.said for part in parts),
        "digest": digest_of(content, seen, style_mask, mask, init, *styles),
    }
    if parts and parts[0].kind == "texture":
        job = _filled_job(settings, painting, opaque_styles, mask, common)
    else:
        job = _shaped_job(settings, painting, opaque_styles, parts, mask, init, layers, common)
    if background == "transparent":
        job.picture(job.content)
    return job


def _shaped_job(
    settings: Settings,
    painting: Painting,
    styles: Sequence[RGB],
    parts: Sequence[StyleParts],
    mask: Map | None,
    init: RGB | None,
    layers: tuple[str, ...],
    common: Mapping[str, Any],
) -> Job:
    """Lettering that takes on the shapes of the styles, or all that is no logo."""
    color = painting.content
    canvas = _canvas(settings.canvas, color, painting.ink, styles)
    levels = canvases.content_levels(canvas, color, painting.ink)
    margin, house = painting.margin, settings.strength is not None
    coverages = [part.coverage for part in parts] or [None] * len(styles)
    style_canvases = tuple(
        canvases.style_canvas(
            canvas, style, coverage, levels, margin, size=settings.style_size, crop=house
        )
        for style, coverage in zip(styles, coverages, strict=True)
    )
    padded = canvases.pad(levels, margin, canvases.paper(canvas, levels))
    program = program_of(settings, layers, pixels=padded[..., 0].size)
    _check_canvas(program, settings.size, padded)
    regions, laid_out = None, False
    if canvas == "ink":
        regions = regions_of(padded, style_canvases, settings.ends, settings.mirror_ends)
        laid_out = bool(settings.composed) and common["kept"] is None
    if (regions is not None or laid_out) and not any(map(canvases.has_specks, style_canvases)):
        painting = replace(painting, strict=True)
    mask_levels = np.ones((*padded.shape[:2], 1), np.float32)
    if mask is not None:
        mask = images.resize(mask, *levels.shape[:2])
        mask_levels = canvases.pad(mask[..., None], margin, np.zeros(1))
    elif laid_out:
        mask_levels = changeable(1 - padded[..., 0] / 255)[..., None]
    return Job(
        settings=settings,
        canvas=canvas,
        content=padded,
        styles=style_canvases,
        mask=mask_levels,
        init=_start(settings, canvas, padded, style_canvases, init, margin),
        painting=painting,
        phases=phases_of(settings, program, padded, canvas),
        layers=layers,
        regions=regions,
        **common,
    )


def _filled_job(
    settings: Settings,
    painting: Painting,
    textures: Sequence[RGB],
    mask: Map | None,
    common: Mapping[str, Any],
) -> Job:
    """The content's letters, filled with textures."""
    assert painting.ink is not None
    # There is no margin in which letters could grow.
    ink = painting.ink.padded(painting.margin if painting.keep_margin else 0)
    if mask is not None:
        mask = images.resize(mask, *painting.content.shape[:2])
        mask = np.pad(mask, (ink.coverage.shape[0] - mask.shape[0]) // 2)
    fill = make_fill(settings, ink.coverage, textures)
    height, width = fill.canvas.shape[:2]
    strength = 0.5 if settings.strength is None else settings.strength
    own_colors = settings.colors in ("auto", "style")
    return Job(
        settings=fill.settings,
        canvas="fill",
        content=fill.canvas,
        styles=fill.textures,
        mask=np.ones((height, width, 1), np.float32),
        init=fill.canvas,
        painting=replace(
            painting,
            ink=ink,
            margin=fill.margin,
            fill=FillLook(strength, mask, colors_of_texture=own_colors),
        ),
        phases=(Phase(height, width, 1.0, fill.settings.steps, 0.0, False),),
        layers=fill.settings.style_layers,
        guide=fill.guide,
        **common,
    )


def _canvas(
    wanted: Canvas, content: RGB, ink: Ink | None, styles: Sequence[RGB]
) -> Literal["ink", "grey", "rgb"]:
    """The form to work in: `ink` for logos, else `grey` where all is grey, else `rgb`."""
    if wanted in ("grey", "rgb"):
        return wanted
    if ink is not None:
        return "ink"
    return "grey" if is_grey(content) and all(map(is_grey, styles)) else "rgb"


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
        if is_of_one_color(image):
            raise ImageError(f"{name}: the image has a single colour; there is nothing to work on")


def _check_canvas(program: Program, size: int | None, padded: Levels) -> None:
    height, width = padded.shape[:2]
    if min(height, width) < program.smallest_image:
        raise ImageError(
            f"content: {width}×{height} pixels, at size {size} with its margin, is too "
            f"small for layer {program.all_layers[-1]}, which needs at least "
            f"{program.smallest_image} a side"
        )


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
