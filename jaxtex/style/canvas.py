"""From images to the canvas that is optimised, and back.

A canvas holds grey levels (0 to 255) in one of three forms. `ink`: how much of each pixel the
logo's ink covers, as black on white; the logo's own colours and ground are put back at the end, so
that coloured, inverted and transparent logos are all worked on as black ink on white paper, and
coloured specks cannot arise. `grey`: luminance. `rgb`: all channels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32
from scipy import ndimage

from jaxtex.style.settings import Canvas

# Of any size: one function may well take several of different sizes.
RGB = Float32[np.ndarray, "_ _ 3"]
Levels = Float32[np.ndarray, "_ _ _"]
Map = Float32[np.ndarray, "_ _"]

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# How far a grey pixel's channels may lie apart, how much of a border counts as plain, and how near
# (in the range 0 to 1) two colours are the same.
_GREY_TOLERANCE, _PLAIN_SHARE, _SAME_COLOR = 0.03, 0.7, 0.1
# A canvas is a logo's if this share of it is paper or full ink, antialiasing apart.
_FLAT_SHARE = 0.85


@dataclass(frozen=True, eq=False)
class Ink:
    """A logo taken apart: how much ink covers each pixel, the ink's colour there, the ground."""

    coverage: Map
    color: RGB
    ground: Float32[np.ndarray, "3"]

    def padded(self, margin: int) -> "Ink":
        """The same with a margin round it, in which its edges go on."""
        wide = ((margin, margin), (margin, margin))
        coverage = np.pad(self.coverage, wide, mode="edge")
        return Ink(coverage, np.pad(self.color, (*wide, (0, 0)), mode="edge"), self.ground)


def is_grey(image: RGB) -> bool:
    """Whether all but a few stray pixels have equal channels."""
    spread = image.max(-1) - image.min(-1)
    return bool(np.mean(spread > _GREY_TOLERANCE) < 0.002)


def luminance(image: RGB) -> Map:
    """Rec. 601 luma, 0 to 1."""
    return image @ LUMINANCE


def border_pixels(image: Float32[np.ndarray, "_ _ c"]) -> Float32[np.ndarray, "_ c"]:
    """The outermost rows and columns of an image."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def ground_color(image: RGB) -> Float32[np.ndarray, "3"] | None:
    """The colour of a plain border, or None where the border is not plain."""
    border = border_pixels(image)
    color = np.median(border, 0)
    near = np.abs(border - color).max(-1) < _SAME_COLOR
    return color.astype(np.float32) if near.mean() >= _PLAIN_SHARE else None


def separate_ink(
    image: RGB, alpha: Map | None = None, *, flat_share: float = _FLAT_SHARE
) -> Ink | None:
    """Takes a flat logo on a plain ground apart; None if the image is not such a logo.

    Flat is what has at least `flat_share` of its pixels all paper or all ink. With `alpha`, what is
    transparent is the ground and `alpha` the coverage.
    """
    ground = ground_color(image)
    if ground is None:
        return None
    distance = np.abs(image - ground).max(-1)
    if alpha is not None:
        coverage = alpha
        solid = alpha > 0.95
    else:
        solid = _solid(distance)
    if not solid.any():
        return None
    nearest = ndimage.distance_transform_edt(~solid, return_distances=False, return_indices=True)
    color = image[nearest[0], nearest[1]]
    if alpha is None:
        full = np.abs(color - ground).max(-1)
        coverage = np.clip(distance / np.maximum(full, 1e-3), 0, 1)
        coverage[solid] = 1
    if np.mean((coverage < 0.05) | (coverage > 0.95)) < flat_share:
        return None
    return Ink(coverage.astype(np.float32), color.astype(np.float32), ground)


def _solid(distance: Map) -> Bool[np.ndarray, "h w"]:
    """Pixels that are all ink: unlike the ground, and no less so than the pixels around them."""
    local = ndimage.maximum_filter(distance, 5)
    return (distance > 0.9 * local) & (distance > max(_SAME_COLOR, 0.25 * float(distance.max())))


def paint(ink: Ink, coverage: Map) -> RGB:
    """A logo of this coverage in the colours of `ink`, on its ground."""
    image = ink.ground + coverage[..., None] * (ink.color - ink.ground)
    return np.clip(image, 0, 1).astype(np.float32)


def choose_canvas(
    wanted: Canvas, content: RGB, alpha: Map | None, styles: Sequence[RGB]
) -> tuple[Canvas, Ink | None]:
    """The form to work in: `ink` for flat logos and grey styles, else `grey`, else `rgb`."""
    if wanted in ("grey", "rgb"):
        return wanted, None
    ink = separate_ink(content, alpha)
    grey_styles = all(is_grey(style) for style in styles)
    if ink is not None and (wanted == "ink" or grey_styles):
        return "ink", ink
    return ("grey" if grey_styles and is_grey(content) else "rgb"), None


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


def from_levels(canvas: Canvas, levels: Levels, ink: Ink | None) -> RGB:
    """The picture, 0 to 1, that a canvas shows; clipped to the displayable range."""
    clipped = np.clip(levels / 255, 0, 1).astype(np.float32)
    if ink is not None:
        return paint(ink, 1 - clipped[..., 0])
    return clipped if canvas == "rgb" else np.repeat(clipped, 3, -1)


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


def transparency(image: RGB, ink: Ink) -> Map:
    """How much ink covers each pixel of a picture painted in the colours of `ink`."""
    full = ink.color - ink.ground
    share = np.sum((image - ink.ground) * full, -1) / np.maximum(np.sum(full**2, -1), 1e-3)
    return np.clip(share, 0, 1).astype(np.float32)


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


def crop_to_ink(levels: Levels) -> Levels:
    """The part of an image that holds its ink; all of it where it holds none."""
    ink = ink_mask(levels)
    if not ink.any():
        return levels
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def silhouette_distance(
    levels: Levels, skeleton: float, canvas_width: int
) -> Float32[np.ndarray, "h w 1"]:
    """The silhouette's penalty D of every pixel.

    Outside the ink it grows as min(d/u, 4)², d the distance to the ink and u a 24th of the
    canvas's width (16 pixels of 384). To that comes `skeleton` times the squared depth of a pixel
    in its stroke, counter or gap: 0 at the edge, which the style may move, and 1 at the middle,
    which keeps a letter legible.
    """
    ink = ink_mask(levels)
    if not ink.any() or ink.all():
        return np.zeros((*ink.shape, 1), np.float32)
    far = np.minimum(ndimage.distance_transform_edt(~ink) / (canvas_width / 24), 4) ** 2
    return (far + skeleton * stroke_middles(ink))[..., None].astype(np.float32)


def stroke_middles(ink: Bool[np.ndarray, "h w"]) -> Map:
    """How far inside a stroke, counter or gap each pixel lies: 0 at an edge, 1 in the middle.

    It is the squared share of the greatest depth within a stroke's width about the pixel.
    """
    outside = ndimage.distance_transform_edt(~ink)
    inside = ndimage.distance_transform_edt(np.pad(ink, 1))[1:-1, 1:-1]
    reach = 2 * round(max(stroke_width(ink), 2)) + 1
    middle = _relative_depth(outside, reach) ** 2 + _relative_depth(inside, reach) ** 2
    return middle.astype(np.float32)


def _relative_depth(depth: np.ndarray, reach: int) -> np.ndarray:
    return depth / np.maximum(ndimage.maximum_filter(depth, reach), 1)


def scales_for(stroke: float, strength: float, most: int = 4) -> int:
    """How many sizes to go through so that strokes are just wide enough at the smallest.

    What deforms a letter is the smallest size: VGG's receptive field against the stroke's width.
    """
    narrowest = 8.0 * 4.0**-strength
    scales = 1
    while scales < most and stroke / 2**scales >= narrowest:
        scales += 1
    return scales
