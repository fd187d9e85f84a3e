"""From images to the canvas that is optimised, and what is measured on it.

A canvas holds grey levels (0 to 255) in one of three forms. `ink`: how much of each pixel the
logo's ink covers, as black on white; `Painting` puts the logo's own colours and what lies behind it
back at the end, so that coloured, inverted and transparent logos are all worked on as black ink on
white paper, and coloured specks cannot arise. `grey`: luminance. `rgb`: all channels.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy import ndimage

from jaxtex import images
from jaxtex.style.separation import (
    LUMINANCE,
    RGB,
    Ink,
    Map,
    border_pixels,
    ground_color,
    luminance,
)
from jaxtex.style.settings import Canvas

# How much more the middles of the thinnest strokes and gaps count.
_THIN = 4
# How much less what is far from the ink of a guided end costs, and how much more its middles count.
_ROOM, _FIRM = 0.5, 2.0
# Specks are a manner where they are this share of the ink.
_SPECKED = 1e-3

# Of any size: one function may well take several of different sizes.
Levels = Float32[np.ndarray, "_ _ _"]


def style_levels(canvas: Canvas, style: RGB) -> Levels:
    """A style image in grey levels, in the form of the canvas; as black on white for `ink`."""
    if canvas == "rgb":
        return style * 255
    level = luminance(style)
    if canvas == "ink":
        ground = ground_color(style)
        dark = float(ground @ LUMINANCE) < 0.5 if ground is not None else level.mean() < 0.5
        if dark:
            level = 1 - level
    return level[..., None] * 255


def content_levels(canvas: Canvas, content: RGB, ink: Ink | None) -> Levels:
    """The content image in grey levels, in the form of the canvas."""
    if ink is not None:
        return (1 - ink.coverage[..., None]) * 255
    return content * 255 if canvas == "rgb" else luminance(content)[..., None] * 255


def style_canvas(
    canvas: Canvas,
    style: RGB,
    coverage: Map | None,
    content: Levels,
    margin: int,
    *,
    size: int | None,
    crop: bool,
) -> Levels:
    """A style image as the content's canvas sees it, with a margin.

    Args:
      coverage: of its lettering, which is seen instead of its colours; None for these.
      content: the content's canvas without margin.
      size: the longer side; None for that of the content, or of its ink where it is cropped.
      crop: whether only the part with the ink is seen.
    """
    levels = style_levels(canvas, style) if coverage is None else (1 - coverage[..., None]) * 255
    ground = paper(canvas, levels)
    longer = size or max(content.shape[:2])
    if crop:
        levels = crop_to_ink(levels)
        # As much larger than the content's ink as the canvas is than the content.
        if not size:
            longer = max(crop_to_ink(content).shape[:2])
    height, width = images.fit(levels.shape[0], levels.shape[1], longer)
    levels = images.resize(levels / 255, height, width) * 255
    return pad(levels.astype(np.float32), margin, ground)


def from_levels(levels: Levels) -> RGB:
    """The picture, 0 to 1, that a grey or RGB canvas shows; clipped to the displayable range."""
    clipped = np.clip(levels / 255, 0, 1).astype(np.float32)
    return np.repeat(clipped, 3 // clipped.shape[-1], -1)


def sharpen(levels: Levels, steepness: float) -> Levels:
    """A smooth step about mid-grey, `steepness` times as steep as the plain one.

    What is nearly paper or nearly ink becomes so: pale strokes vanish, edges stay antialiased.
    """
    step = np.clip((levels / 255 - 0.5) * steepness + 0.5, 0, 1)
    return (step * step * (3 - 2 * step) * 255).astype(np.float32)


def with_chroma(image: RGB, colors: RGB) -> RGB:
    """The luminance of `image` with the chroma of `colors`."""
    difference = (luminance(image) - luminance(colors))[..., None]
    return np.clip(colors + difference, 0, 1).astype(np.float32)


def paper(canvas: Canvas, levels: Levels) -> Float32[np.ndarray, " c"]:
    """The level of a canvas's ground."""
    if canvas == "ink":
        return np.full(1, 255, np.float32)
    return np.median(border_pixels(levels), 0).astype(np.float32)


def pad(levels: Levels, margin: int, value: Float[np.ndarray, " c"]) -> Levels:
    """An image with a margin of `value` round it."""
    height, width, channels = levels.shape
    padded = np.empty((height + 2 * margin, width + 2 * margin, channels), np.float32)
    padded[:] = value
    padded[margin : margin + height, margin : margin + width] = levels
    return padded


def unpad(image: Float32[np.ndarray, "..."], margin: int) -> Float32[np.ndarray, "..."]:
    """An image without the margin round it."""
    return image[margin : image.shape[0] - margin, margin : image.shape[1] - margin]


def ink_mask(levels: Levels) -> Bool[np.ndarray, "h w"]:
    """Where there is ink: further from the ground than half of the farthest colour."""
    rgb = np.broadcast_to(levels / 255, (*levels.shape[:2], 3)).astype(np.float32)
    ground = ground_color(rgb)
    if ground is None:
        ground = np.ones(3, np.float32)
    distance = np.abs(rgb - ground).max(-1)
    return distance > 0.5 * max(float(distance.max()), 1e-6)


def stroke_width(ink: Bool[np.ndarray, "h w"]) -> float:
    """The median width of the strokes in pixels; 0 without ink."""
    depth = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    ridge = ink & (depth == ndimage.maximum_filter(depth, 3))
    return float(2 * np.median(depth[ridge])) if ridge.any() else 0.0


def has_specks(levels: Levels) -> bool:
    """Whether drops and splashes, smaller than a stroke is wide, are an image's manner."""
    ink = ink_mask(levels)
    parts, _ = ndimage.label(ink, np.ones((3, 3)))
    areas = np.bincount(parts.ravel())[1:]
    return bool(areas[areas <= stroke_width(ink) ** 2].sum() > _SPECKED * areas.sum())


def crop_to_ink(levels: Levels) -> Levels:
    """The part of an image that holds its ink; all of it where it holds none."""
    ink = ink_mask(levels)
    if not ink.any():
        return levels
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def silhouette_distance(
    levels: Levels,
    skeleton: float,
    canvas_width: int,
    ends: Float32[np.ndarray, " w"] | None = None,
) -> Float32[np.ndarray, "h w 1"]:
    """The silhouette's penalty D of every pixel.

    Outside the ink it grows as min(d/u, 4)², d the distance to the ink and u a 24th of the
    canvas's width (16 pixels of 384). To that comes `skeleton` times the squared depth of a pixel
    in its stroke, counter or gap: 0 at the edge, which the style may move, and 1 at the middle,
    which keeps a letter legible. Strokes and gaps of one or two pixels count four times as much:
    they have nothing but their middles, and a small picture of little ink nothing else to lose.

    `ends` says how much, 0 to 1, each column is of an end that is guided: its spikes have room, and
    the middles of its strokes, on which all the more is laid, count more.
    """
    ink = ink_mask(levels)
    if not ink.any() or ink.all():
        return np.zeros((*ink.shape, 1), np.float32)
    far = np.minimum(ndimage.distance_transform_edt(~ink) / (canvas_width / 24), 4) ** 2
    depth, deepest = _depths(ink)
    thin = 1 + (_THIN - 1) * np.clip(2 - deepest, 0, 1)
    middles = skeleton * thin * (depth / deepest) ** 2
    if ends is not None:
        far, middles = far * (1 - _ROOM * ends), middles * (1 + _FIRM * ends)
    return (far + middles)[..., None].astype(np.float32)


def stroke_middles(ink: Bool[np.ndarray, "h w"]) -> Map:
    """How far inside a stroke, counter or gap each pixel lies: 0 at an edge, 1 in the middle.

    It is the squared share of the greatest depth within a stroke's width about the pixel.
    """
    depth, deepest = _depths(ink)
    return ((depth / deepest) ** 2).astype(np.float32)


def _depths(
    ink: Bool[np.ndarray, "h w"],
) -> tuple[Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]]:
    """Each pixel's depth in its stroke or gap, and the greatest within a stroke's width, ≥ 1."""
    outside = ndimage.distance_transform_edt(~ink)
    inside = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    reach = 2 * round(max(stroke_width(ink), 2)) + 1
    deepest = [ndimage.maximum_filter(depth, reach) for depth in (inside, outside)]
    return inside + outside, np.maximum(np.where(ink, *deepest), 1)


def scales_for(stroke: float, strength: float, most: int = 4) -> int:
    """How many sizes to go through so that strokes are just wide enough at the smallest.

    What deforms a letter is the smallest size: VGG's receptive field against the stroke's width.
    """
    narrowest = 8.0 * 4.0**-strength
    scales = 1
    while scales < most and stroke / 2**scales >= narrowest:
        scales += 1
    return scales
