"""Artefacts: colour, specks and haze in what is background in both content and style.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) judges results by such artefacts, but by eye. Here each
is a share of the background, from 0 to 1; docs/metrics.md has the formulas and why they are so.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

from jaxtex.style import canvas as canvases
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.metrics.metric import Metric
from jaxtex.style.separation import LUMINANCE, RGB, Map, ground_color, is_grey, parts_of

# Levels (0 to 1) below which a difference is not seen, and chroma at which a colour is plain.
_UNSEEN, _UNSEEN_CHROMA, _PLAIN_CHROMA = 0.02, 0.03, 0.1
# Ink from here; marks reach as far as this level, and have ink in them.
_INK, _MARK = 0.5, 0.25
# A mark spoils what is nearer than this share of a stroke's width; antialiasing goes this far.
_AROUND, _ANTIALIASING = 0.25, 2.0
# Ink wider than so many strokes is no stroke but a ground of another colour.
_WIDEST = 3.0
_HUES = 24


class Artefacts(NamedTuple):
    """What spoils a result's background: each a share of it, 0 (nothing) to 1."""

    artefacts: float
    """1 − (1 − coloured)(1 − specks)(1 − haze)."""
    coloured: float
    specks: float
    haze: float


class Background:
    """What counts as background of a content and a style, and what either has of its own."""

    def __init__(self, lettering: Lettering, style: RGB) -> None:
        content = lettering.content
        self.lettering = lettering
        of_style = ground_color(style)
        if of_style is None and not is_grey(style):
            (parts,) = parts_of([style])
            of_style = parts.ground if parts.kind == "busy" else None
        self._grounds = [_luma(lettering.ground)]
        if of_style is not None:
            self._grounds.append(_luma(of_style[None, None]))
        contrast = np.median((_luma(content) - self._grounds[0])[lettering.ink])
        self._full = max(abs(float(contrast)), 0.25)
        self._chroma = np.maximum(_chroma_by_hue(content), _chroma_by_hue(style))
        self._where = lettering.distance > max(_ANTIALIASING, _AROUND * lettering.stroke)
        self._own_specks = self._specks_of_style(style)

    def artefacts(self, image: RGB) -> Artefacts:
        """Measures a result that lies on the content pixel by pixel."""
        level = self._level(image)
        marks = self._marks(level, self.lettering.ink, self._where)
        around = _within(marks, self._around)
        specks = _share(around, self._where)
        specks = max(0.0, specks - self._own_specks) / max(1 - self._own_specks, 1e-9)
        haze = self._haze(level, self._where & ~around)
        coloured = self._coloured(image)
        total = 1 - (1 - coloured) * (1 - specks) * (1 - haze)
        return Artefacts(total, coloured, specks, haze)

    @property
    def _around(self) -> float:
        return max(2.0, _AROUND * self.lettering.stroke)

    def _level(self, image: RGB) -> Map:
        """How far a pixel's luminance is from the nearest ground's: 1 as far as the ink's."""
        luma = _luma(image)
        nearest = np.min([np.abs(luma - ground) for ground in self._grounds], 0)
        return np.clip(nearest / self._full, 0, 1).astype(np.float32)

    def _marks(
        self, level: Map, ink: Bool[np.ndarray, "h w"], where: Bool[np.ndarray, "h w"]
    ) -> Bool[np.ndarray, "h w"]:
        """Marks with ink in them that hang together with none of the lettering."""
        labels, count = ndimage.label(level > _MARK, np.ones((3, 3)))
        stray = np.ones(count + 1, bool)
        stray[np.unique(labels[~where])] = False
        stray[np.asarray(ndimage.maximum(level, labels, np.arange(count + 1))) <= _INK] = False
        stray[0] = False
        return stray[labels] & ~ink

    def _specks_of_style(self, style: RGB) -> float:
        """The share of a style's own background that its specks spoil.

        Its specks are the marks smaller than a stroke's width squared.
        """
        ink = canvases.ink_mask(style * 255)
        stroke = canvases.stroke_width(ink)
        labels, count = ndimage.label(ink, np.ones((3, 3)))
        small = np.bincount(labels.ravel(), minlength=count + 1) <= stroke**2
        small[0] = False
        specks = small[labels]
        ground = ~_within(ink & ~specks, max(_ANTIALIASING, _AROUND * stroke))
        return _share(_within(specks, max(2.0, _AROUND * stroke)), ground)

    def _haze(self, level: Map, where: Bool[np.ndarray, "h w"]) -> float:
        """The mean level of what is neither ink, nor a mark, nor the edge of either."""
        ink = level > _INK
        letters = self.lettering.ink
        widest = _WIDEST / 2 * self.lettering.stroke
        depth = ndimage.distance_transform_edt(np.pad(ink | letters, 1, mode="edge"))[1:-1, 1:-1]
        wide = _within((depth > widest) & ink & ~letters, widest)
        strokes = (ink & ~wide) | letters
        where = where & ~_within(strokes, _ANTIALIASING)
        if not where.any():
            return 0.0
        return float(np.mean(np.maximum(level[where] - _UNSEEN, 0))) / (1 - _UNSEEN)

    def _coloured(self, image: RGB) -> float:
        """The share of the background with chroma that neither image has at that hue."""
        chroma = _chroma(image)
        more = np.hypot(chroma[..., 0], chroma[..., 1]) - self._chroma[_hue(chroma)]
        seen = np.clip((more - _UNSEEN_CHROMA) / (_PLAIN_CHROMA - _UNSEEN_CHROMA), 0, 1)
        return float(np.mean(seen[self._where])) if self._where.any() else 0.0


METRIC = Metric("artefacts", lambda lettering, style: Background(lettering, style).artefacts)


def _luma(image: Float[np.ndarray, "*shape 3"]) -> Float[np.ndarray, "*shape"]:
    return image @ LUMINANCE


def _within(mask: Bool[np.ndarray, "h w"], distance: float) -> Bool[np.ndarray, "h w"]:
    """What is at most so many pixels from the mask."""
    return ndimage.distance_transform_edt(~mask) <= distance if mask.any() else mask


def _share(part: Bool[np.ndarray, "h w"], whole: Bool[np.ndarray, "h w"]) -> float:
    return float(np.mean(part[whole])) if whole.any() else 0.0


def _chroma(image: RGB) -> Float[np.ndarray, "h w 2"]:
    """Cb and Cr of Rec. 601, about −0.5 to 0.5."""
    luma = _luma(image)
    return np.stack([(image[..., 2] - luma) * 0.564, (image[..., 0] - luma) * 0.713], -1)


def _hue(chroma: Float[np.ndarray, "*shape 2"]) -> Int[np.ndarray, "*shape"]:
    angle = np.arctan2(chroma[..., 1], chroma[..., 0])
    return np.floor((angle / (2 * np.pi) + 0.5) * _HUES).astype(int) % _HUES


def _chroma_by_hue(image: RGB) -> Float[np.ndarray, " hues"]:
    """The most chroma that an image has at each hue or beside it, a few stray pixels apart."""
    chroma = _chroma(image).reshape(-1, 2)
    size, hue = np.hypot(chroma[:, 0], chroma[:, 1]), _hue(chroma)
    most = np.zeros(_HUES)
    for index in range(_HUES):
        found = size[hue == index]
        if len(found) >= 0.0005 * len(size):
            most[index] = np.quantile(found, 0.99)
    return np.maximum.reduce([most, np.roll(most, 1), np.roll(most, -1)])
