"""Contact sheets: many images in equal cells, with labels and edges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image, ImageDraw, ImageFont

from jaxtex.errors import SettingsError
from jaxtex.images.arrays import parse_color
from jaxtex.images.transparency import on_checkerboard


def contact_sheet(
    images: Sequence[Float[np.ndarray, "_ _ _"]],
    *,
    columns: int,
    labels: Sequence[str] | None = None,
    edges: Sequence[str | None] | None = None,
    background: str = "#ffffff",
    gap: int = 8,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the images, in [0, 1], centred in equal cells, `columns` a row, labels below.

    What is transparent in one with straight alpha is a checkerboard.

    `edges` are colours of lines round the images, drawn in the gap; None leaves one without.
    """
    for name, values in (("labels", labels), ("edges", edges)):
        if not images or columns < 1 or (values is not None and len(values) != len(images)):
            count = "no" if values is None else len(values)
            raise SettingsError(
                f"a contact sheet needs images, columns and as many {name} as images; "
                f"it has {len(images)} images, {columns} columns, {count} {name}"
            )
    colour = parse_color(background)
    font = ImageFont.load_default(size=14)
    label_height = 0 if labels is None else 20
    columns = min(columns, len(images))
    height = max(image.shape[0] for image in images)
    width = max(image.shape[1] for image in images)
    step_y, step_x = height + label_height + gap, width + gap
    rows = -(-len(images) // columns)
    sheet = np.full((rows * step_y + gap, columns * step_x + gap, 3), colour, np.float32)
    texts = Image.new("L", (sheet.shape[1], sheet.shape[0]))
    draw = ImageDraw.Draw(texts)
    for index, image in enumerate(images):
        top = gap + index // columns * step_y
        left = gap + index % columns * step_x
        y, x = top + (height - image.shape[0]) // 2, left + (width - image.shape[1]) // 2
        sheet[y : y + image.shape[0], x : x + image.shape[1]] = on_checkerboard(image)
        if labels is not None:
            label = _shorten(labels[index], width, font)
            middle = (left + width / 2, top + height + label_height / 2)
            draw.text(middle, label, fill=255, font=font, anchor="mm")
        if edges is not None and (edge := edges[index]) is not None:
            _draw_edge(sheet, (y, x, *image.shape[:2]), parse_color(edge), gap)
    ink = 0.0 if sum(colour) > 1.5 else 1.0
    coverage = np.asarray(texts, np.float32)[..., None] / 255
    return sheet + (ink - sheet) * coverage


def _draw_edge(
    sheet: Float32[np.ndarray, "h w 3"],
    box: tuple[int, int, int, int],
    colour: tuple[float, float, float],
    gap: int,
) -> None:
    wide = min(-(-gap // 3), 4)  # so that the edges of neighbours stay apart
    y, x, height, width = box
    outer = np.s_[y - wide : y + height + wide, x - wide : x + width + wide]
    inside = sheet[y : y + height, x : x + width].copy()
    sheet[outer] = colour
    sheet[y : y + height, x : x + width] = inside


def _shorten(text: str, width: int, font: Any) -> str:
    text = shown = " ".join(text.split())
    while shown and font.getlength(shown) > width:
        text = text[:-1]
        shown = text and text + "…"
    return shown
