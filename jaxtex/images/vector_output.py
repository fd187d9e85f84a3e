"""Flat pictures as SVG text: one path of cubic Béziers for each colour of ink, on its ground.

The outline is where coverage is one half, between the pixels (marching squares), and is drawn by
few curves that keep within a stated tolerance of it (`jaxtex.images.bezier`).
"""

import base64
import json
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from jaxtyping import Float32, Float64, Int
from scipy import ndimage

from jaxtex.images.arrays import format_color
from jaxtex.images.bezier import fit_closed
from jaxtex.images.palette import palette_of
from jaxtex.images.writing import encode_image

TOLERANCE = 0.4
"""How far, in pixels, a curve may pass from the outline."""

# Ink whose colours all lie so near to their median is of one colour.
_ONE_COLOR = 0.05
# Smaller than this, in square pixels, is a speck or a pinhole, not a shape.
_SMALLEST = 1.0
# How soft, and how far under the next colour, in pixels, the border of two colours is drawn: smooth
# steps, and no seam where both edges are antialiased.
_SOFTNESS, _OVERLAP = 1.0, 1.5
# Coordinates are written in hundredths of a pixel.
_UNITS = 100


def to_svg(
    coverage: Float32[np.ndarray, "h w"],
    color: Float32[np.ndarray, "h w 3"],
    ground: Float32[np.ndarray, "..."] | None,
    *,
    opacity: Float32[np.ndarray, "h w"] | None = None,
    tolerance: float = TOLERANCE,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """Returns an SVG document, a user unit to the pixel, that draws ink on its ground.

    Args:
      coverage: how much of each pixel is ink, 0 to 1.
      color: the ink's colour at each pixel, 0 to 1; gradients become bands of up to 8 colours.
      ground: what is behind the ink: one colour, or a picture, which is put in as such; with
        straight alpha or without. None leaves it transparent.
      opacity: the ink's alpha at each pixel, of which a colour gets the median; opaque by default.
      tolerance: how far a curve may pass from the outline, in pixels.
      metadata: what the document says of itself, as JSON in its `metadata` element.
    """
    height, width = coverage.shape
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
    ]
    if metadata is not None:
        text = json.dumps({"jaxtex": metadata}, default=str)
        lines.append(f"<metadata>{escape(text)}</metadata>")
    size = f'width="{width}" height="{height}"'
    if ground is not None and ground.ndim == 1:
        seen = _opacity(float(ground[3]) if len(ground) == 4 else 1.0)
        lines.append(f'<rect {size} fill="{format_color(ground[:3])}"{seen}/>')
    elif ground is not None:
        data = base64.b64encode(encode_image("ground.png", ground)).decode()
        lines.append(f'<image {size} href="data:image/png;base64,{data}"/>')
    for fill, field in color_regions(coverage, color):
        path = "".join(_path(fit_closed(loop, tolerance)) for loop in outlines(field))
        if path:
            fill_color = format_color(fill)
            seen = "" if opacity is None else _opacity(float(np.median(opacity[field >= 0.5])))
            lines.append(f'<path fill="{fill_color}"{seen} fill-rule="evenodd" d="{path}"/>')
    return "\n".join([*lines, "</svg>", ""])


def color_regions(
    coverage: Float32[np.ndarray, "h w"], color: Float32[np.ndarray, "h w 3"]
) -> list[tuple[Float32[np.ndarray, "3"], Float32[np.ndarray, "h w"]]]:
    """Splits ink into its colours, largest first, each with the coverage of what it paints.

    A colour reaches a little under those that come after it where they touch.
    """
    ink = coverage >= 0.5
    if not ink.any():
        return []
    middle = np.median(color[ink], 0).astype(np.float32)
    if np.abs(color[ink] - middle).max() < _ONE_COLOR:
        return [(middle, coverage)]
    found = palette_of(color[ink][None] * 255)
    counts = np.bincount(_nearest(color[ink], found), minlength=len(found))
    found = found[np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]]
    rank = _nearest(color, found)
    regions = []
    for index in range(len(found)):
        own = rank == index
        reach = ndimage.gaussian_filter(own.astype(np.float32), _SOFTNESS)
        under = (rank > index) & (ndimage.distance_transform_edt(~own) <= _OVERLAP)
        field = np.minimum(coverage, np.maximum(reach, under))
        regions.append((np.median(color[own & ink], 0).astype(np.float32), field))
    return regions


def _nearest(
    color: Float32[np.ndarray, "*shape 3"], candidates: Float32[np.ndarray, "n 3"]
) -> Int[np.ndarray, "*shape"]:
    return np.argmin([np.abs(color - one).max(-1) for one in candidates], 0)


def outlines(field: Float32[np.ndarray, "h w"]) -> list[Float64[np.ndarray, "_ 2"]]:
    """Returns the closed polylines (x, y) where a coverage is one half; pixel centres are at ½.

    What touches the border of the picture is closed along it. Specks are left out.
    """
    from contourpy import contour_generator

    height, width = field.shape
    generator = contour_generator(
        np.arange(-1, width + 1) + 0.5, np.arange(-1, height + 1) + 0.5, np.pad(field, 1)
    )
    found = []
    for line in generator.lines(0.5):
        loop = np.asarray(line, np.float64)[:-1]
        loop = loop[np.any(loop != np.roll(loop, 1, axis=0), axis=1)]
        x, y = loop.T
        area = np.abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
        if area >= _SMALLEST:
            found.append(loop)
    return found


def _path(cubics: Float64[np.ndarray, "m 4 2"]) -> str:
    """SVG path data of one closed curve, in relative coordinates of whole hundredths."""
    grid = np.rint(cubics * _UNITS).astype(int)
    parts = ["M" + _numbers(grid[0, 0])]
    for cubic, (first, *inner, last) in zip(cubics, grid, strict=True):
        if np.allclose(cubic, cubic[0] + np.arange(4)[:, None] / 3 * (cubic[3] - cubic[0])):
            parts.append("l" + _numbers(last - first))
        else:
            parts.append("c" + _numbers(np.concatenate([*inner, last]) - np.tile(first, 3)))
    return "".join([*parts, "z"])


def _numbers(units: np.ndarray) -> str:
    text = ""
    for unit in units.tolist():
        number = f"{unit / _UNITS:g}"
        text += number if number.startswith("-") or not text else " " + number
    return text


def _opacity(alpha: float) -> str:
    return "" if alpha > 1 - 1 / 510 else f' fill-opacity="{alpha:.4g}"'
