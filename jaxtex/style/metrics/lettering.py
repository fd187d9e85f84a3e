"""Readability: how much of a content's lettering survives in a result.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) names such a measure as open. Ours asks three things:
are the strokes and the gaps where they were (`overlap`), are their edges (`edges`), and can one
see them (`contrast`)? docs/metrics.md has the formulas and why they are so.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import ndimage

from jaxtex.errors import ImageError
from jaxtex.style import canvas as canvases
from jaxtex.style.separation import RGB, Map, separate_content

# A letter is judged within this many strokes' widths, a word also by the worst tenth of its ink.
_WINDOW, _WORST = 1.0, 0.1
# Ground further than this from the ink, in strokes' widths, says nothing of the letters.
_NEIGHBOURHOOD = 1.5
# An edge may move by a third of a stroke's width; it is as sharp as at a tenth of it.
_TOLERANCE, _EDGE_SCALE = 1 / 3, 0.1
_DIRECTIONS = 16
_CUTS = np.linspace(0.15, 0.85, 15)
# A result may lie as far off as this share of its longer side.
_SHIFT = 0.01


class Readability(NamedTuple):
    """How readable a result is: each 0 to 1, and 1 for the content itself."""

    readability: float
    """contrast · √(overlap · edges)."""
    overlap: float
    """Strokes inked and gaps free, at the best threshold: halfway from the mean to the worst."""
    edges: float
    """Harmonic mean of the edges that survive and of those that are not new."""
    contrast: float
    """The lettering's contrast; 1 down to half of the content's own."""
    shift: tuple[int, int]
    """Pixels down and right by which the result lies off the content; undone in all measures."""


class Lettering:
    """A content image taken apart, once, for the results that it is compared with."""

    def __init__(self, content: RGB, plain: "Lettering | None" = None) -> None:
        """Takes the content apart, an opaque picture; `plain` is it before it was composed.

        Raises:
          ImageError: the content has a single colour.
        """
        self.content, self.plain = content, plain
        self.ink, self.ground, self._strength = _ink_of(content)
        for _ in range(2):
            if not self.ink.any() or self.ink.all():
                raise ImageError("content: no lettering can be told from its ground")
            # So that the content's presence is above a half on its ink and nowhere else.
            presence, self.contrast = self.presence(content)
            if self.contrast < 1e-3:
                raise ImageError("content: no lettering can be told from its ground")
            self.ink = presence > 0.5
        self.stroke = max(canvases.stroke_width(self.ink), 2.0)
        self.distance = ndimage.distance_transform_edt(~self.ink)
        """Of each pixel to the ink, in pixels."""
        self.near = self.distance <= _NEIGHBOURHOOD * self.stroke
        middles = canvases.stroke_middles(self.ink)
        self._strokes, self._gaps = middles * self.ink, middles * (self.near & ~self.ink)
        self._scale = max(0.7, _EDGE_SCALE * self.stroke)
        self._reach = 2 * round(max(1.5, _TOLERANCE * self.stroke)) + 1
        self._edges = _edges(presence, self._scale)
        self._edges_near = _strongest_near(self._edges, self._reach)

    def presence(self, image: RGB) -> tuple[Map, float]:
        """How unlike its ground each pixel is, 1 as the letters are, and how unlike those are.

        Ground and letters are the image's own colours where the content has its ground and ink, so
        that a recoloured or inverted result has the presence of the content. Where the content's
        ink is paler than the rest, less is enough.
        """
        # What lies behind, as light or dark as the image has it.
        ground = self.ground + np.median((image - self.ground)[~self.ink], 0)
        distance = np.sqrt(np.mean(np.square(image - ground), -1)) / self._strength
        full = float(np.median(distance[self.ink]))
        return np.clip(distance / max(full, 1e-3), 0, 1).astype(np.float32), full

    def readability(self, image: RGB) -> Readability:
        """Compares a result of the content's size with the content."""
        shift = self.shift_of(self.presence(image)[0])
        presence, contrast = self.presence(shifted(image, shift))
        overlap = self._overlap(presence)
        edges = self._edge_agreement(presence)
        visible = min(1.0, 2 * contrast / self.contrast)
        total = visible * float(np.sqrt(overlap * edges))
        return Readability(total, overlap, edges, visible, shift)

    def shift_of(self, presence: Map) -> tuple[int, int]:
        """The shift (down, right) under which a result's presence fits the ink best."""
        most = max(2, round(_SHIFT * max(presence.shape)))
        height, width = presence.shape
        padded = np.pad(presence, most, mode="edge")
        template = (self.ink - self.ink.mean()).astype(np.float32)
        offsets = range(-most, most + 1)

        def fit(shift: tuple[int, int]) -> tuple[float, int]:
            top, left = most + shift[0], most + shift[1]
            part = padded[top : top + height, left : left + width]
            # Of equal fits the nearest: a result without letters stays where it is.
            return round(float(np.vdot(part, template)), 3), -abs(shift[0]) - abs(shift[1])

        return max(((down, right) for down in offsets for right in offsets), key=fit)

    def _overlap(self, presence: Map) -> float:
        """Youden's J of strokes and gaps in a letter's window, over all ink and its worst tenth."""
        strokes, gaps = self._strokes, self._gaps
        inked = [float((strokes * (presence > cut)).sum()) for cut in _CUTS]
        filled = [float((gaps * (presence > cut)).sum()) for cut in _CUTS]
        agreement = np.array(inked) / strokes.sum() - np.array(filled) / max(gaps.sum(), 1e-9)
        found = presence > _CUTS[int(np.argmax(agreement))]
        local = self._share(strokes, found) + self._share(gaps, ~found) - 1
        ordered = np.sort(np.clip(local[self.ink], 0, 1))
        worst = ordered[: max(1, round(_WORST * len(ordered)))]
        return float(np.mean(ordered) + np.mean(worst)) / 2

    def _share(self, weights: Map, found: Bool[np.ndarray, "h w"]) -> Map:
        """How much of the weight round each pixel is found; 1 where there is none to find."""
        window = _WINDOW * self.stroke
        whole = ndimage.gaussian_filter(weights, window, truncate=2.5)
        part = ndimage.gaussian_filter(weights * found, window, truncate=2.5)
        some = whole > 1e-4
        return np.where(some, part / np.where(some, whole, 1), 1)

    def _edge_agreement(self, presence: Map) -> float:
        """F-measure of the edges of both, each compared with the other's nearby."""
        edges = _edges(presence, self._scale)
        kept = _explained(self._edges, _strongest_near(edges, self._reach), self.near)
        old = _explained(edges, self._edges_near, self.near)
        return 2 * kept * old / (kept + old) if kept + old > 0 else 0.0


def _ink_of(
    content: RGB,
) -> tuple[Bool[np.ndarray, "h w"], RGB, Float[np.ndarray, "..."]]:
    """The content's ink, what lies behind it, and how unlike that the ink is, 1 in the middle."""
    ink = separate_content(content, any_ink=True)
    if ink is None:
        where = canvases.ink_mask(content * 255)
        ground = np.median(content[~where], 0) if not where.all() else np.zeros(3)
        return where, np.broadcast_to(ground, content.shape).astype(np.float32), np.ones(())
    where = ink.coverage > 0.5
    strength = np.sqrt(np.mean(np.square(ink.color - ink.ground), -1))
    if not where.any() or not strength.any():
        return where, ink.ground, np.ones(())
    usual = max(float(np.median(strength[where])), 1e-3)
    return where, ink.ground, np.maximum(strength / usual, 0.1)


def shifted(image: RGB, shift: tuple[int, int]) -> RGB:
    """The image moved up and left by `shift`, its border continued."""
    if shift == (0, 0):
        return image
    most = max(map(abs, shift))
    padded = np.pad(image, ((most, most), (most, most), (0, 0)), mode="edge")
    top, left = most + shift[0], most + shift[1]
    return padded[top : top + image.shape[0], left : left + image.shape[1]]


def _edges(presence: Map, scale: float) -> Float[np.ndarray, "2 h w"]:
    """The gradient of the presence, blurred by `scale` pixels: rows, columns."""
    orders = ((1, 0), (0, 1))
    return np.stack(
        [ndimage.gaussian_filter(presence, scale, order=order, mode="nearest") for order in orders]
    )


def _strongest_near(
    edges: Float[np.ndarray, "2 h w"], reach: int
) -> Float[np.ndarray, "directions h w"]:
    """The strongest edge within reach of each pixel, in each direction."""
    found = []
    for angle in np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS):
        along = edges[0] * np.sin(angle) + edges[1] * np.cos(angle)
        found.append(ndimage.maximum_filter(np.maximum(along, 0), reach))
    return np.stack(found)


def _direction(edges: Float[np.ndarray, "2 h w"]) -> Int[np.ndarray, "h w"]:
    angle = np.arctan2(edges[0], edges[1])
    return np.rint(angle / (2 * np.pi / _DIRECTIONS)).astype(int) % _DIRECTIONS


def _explained(
    edges: Float[np.ndarray, "2 h w"],
    others: Float[np.ndarray, "directions h w"],
    where: Bool[np.ndarray, "h w"],
) -> float:
    """The share of the edges' strength that others nearby, of the same direction, have too."""
    strength = np.hypot(edges[0], edges[1]) * where
    nearby = np.take_along_axis(others, _direction(edges)[None], 0)[0]
    # Half a direction off, an edge shows less of itself.
    nearby = nearby / np.cos(np.pi / _DIRECTIONS)
    total = float(strength.sum())
    return float(np.minimum(strength, nearby).sum()) / total if total > 0 else 0.0
