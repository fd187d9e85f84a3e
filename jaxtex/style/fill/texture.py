"""The texture that fills the letters.

A texture has no lettering whose shapes could be taken; here it fills the content's letters. The
canvas is all texture, cropped or extended from the texture itself, and guided Gram matrices (Gatys
et al. 2017, Controlling perceptual factors, section 4) bring what lies within the letters, and that
alone, to the statistics of the whole texture. Ground and letters are put together at the end, so
that nothing of the texture shows outside. After text effects such as those of Yang et al. 2017
(Awesome typography).
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style.canvas import Levels, stroke_width
from jaxtex.style.separation import RGB, Map
from jaxtex.style.settings import Settings
from jaxtex.vgg import minimum_size

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1")
"""The layers whose guided Gram matrices a fill is made by, alike in weight."""

# The share of a stylisation's evaluations that a fill needs: it starts from the texture.
_STEPS = 1 / 6
# How much larger than the canvas the texture is at most, and how much it is enlarged.
_MOST = 2.0
# Along how many positions a side the best part of a larger texture is looked for.
_OFFSETS = 5


class Fill(NamedTuple):
    """What is optimised for a fill: a canvas that is all texture, margin included."""

    settings: Settings
    canvas: Levels
    textures: tuple[Levels, ...]
    guide: Map
    margin: int


def make_fill(settings: Settings, coverage: Map, textures: Sequence[RGB]) -> Fill:
    """Makes ready what becomes the texture that fills the letters.

    Of the settings it takes a sixth of the steps, the optimiser, the size of the style, precision
    and pool; layers and weights are its own.

    Args:
      settings: those of the stylisation, of the preset `steel`.
      coverage: how much of each pixel the letters cover, 0 to 1.
      textures: the style images, of any size, 0 to 1; the canvas starts from the first.

    Raises:
      ImageError: nothing is covered, or an image is too small for the layers.
    """
    if not (coverage > 0.5).any():
        raise ImageError("content: it has no ink that a texture could fill")
    least = minimum_size(LAYERS)
    margin = max(2 * least, round(_reach(coverage)) + 2)
    height, width = (side + 2 * margin for side in coverage.shape)
    guide = _guide(np.pad(coverage, margin))
    scaled = [_at_scale(each, height, width, settings.style_size) for each in textures]
    for number, texture in enumerate(scaled, 1):
        if min(texture.shape[:2]) < least:
            raise ImageError(
                f"style {number}: {texture.shape[1]}×{texture.shape[0]} pixels is too small; "
                f"a texture needs at least {least} a side"
            )
    canvas = _best_part(_extended(scaled[0], height, width), guide) * 255
    levels = tuple(texture * 255 for texture in scaled)
    return Fill(_settings(settings), canvas, levels, guide, margin)


def _settings(settings: Settings) -> Settings:
    """What of a stylisation's settings goes for its fill."""
    return dataclasses.replace(
        settings,
        layers=dict.fromkeys(LAYERS, 1.0),
        content_layer=LAYERS[-1],
        content_weight=0.0,
        normalization="relative",
        features="conv",
        tv=0.0,
        l2=0.0,
        silhouette=0.0,
        skeleton=0.0,
        ink=0.0,
        contrast=0.0,
        box="end",
        steps=max(1, round(settings.steps * _STEPS)),
        finish_steps=0,
        scales=1,
        keep_margin=False,
        preserve_color=False,
        canvas="rgb",
    )


def _reach(coverage: Map) -> float:
    """How far outside the letters the fill may show, in pixels."""
    return stroke_width(coverage > 0.5) / 6 + 1


def _guide(coverage: Map) -> Map:
    """The letters, and as much round them as their roughened edges may need."""
    distance = ndimage.distance_transform_edt(coverage <= 0.5)
    return (distance <= _reach(coverage)).astype(np.float32)


def _at_scale(texture: RGB, height: int, width: int, size: int | None) -> RGB:
    """The texture at its natural scale: pixel for pixel, unless that is far from the canvas's.

    Where it does not cover the canvas it is enlarged, at most twofold; where it is more than twice
    as large it is reduced to twice. `size` is the longer side by wish.
    """
    rows, columns = texture.shape[:2]
    if size:
        return images.resize(texture, *images.fit(rows, columns, size))
    covering = max(height / rows, width / columns)
    factor = min(max(1.0, covering), _MOST) if covering > 1 / _MOST else _MOST * covering
    return images.resize(texture, max(1, round(rows * factor)), max(1, round(columns * factor)))


def _extended(texture: RGB, height: int, width: int) -> RGB:
    """The texture, mirrored at its sides until it has at least this size."""
    rows, columns = texture.shape[:2]
    more = (0, max(0, height - rows)), (0, max(0, width - columns))
    return np.pad(texture, (*more, (0, 0)), mode="symmetric")


def _best_part(texture: RGB, guide: Map) -> RGB:
    """The part of the guide's size that shows, within the guide, most nearly the whole texture."""
    height, width = guide.shape
    weight = guide / guide.sum()

    def moments(image: RGB, weight: Map) -> Float32[np.ndarray, "12"]:
        mean = np.einsum("hw,hwc->c", weight, image)
        second = np.einsum("hw,hwc,hwd->cd", weight, image - mean, image - mean, optimize=True)
        return np.concatenate([mean, np.sqrt(np.abs(second)).ravel()])

    whole = moments(texture, np.full(texture.shape[:2], 1 / texture[..., 0].size, np.float32))
    parts = []
    for top in np.unique(np.linspace(0, texture.shape[0] - height, _OFFSETS).astype(int)):
        for left in np.unique(np.linspace(0, texture.shape[1] - width, _OFFSETS).astype(int)):
            part = texture[top : top + height, left : left + width]
            parts.append((float(np.abs(moments(part, weight) - whole).sum()), top, left))
    _, top, left = min(parts)
    return np.ascontiguousarray(texture[top : top + height, left : left + width])
