"""`Ink`: a logo taken apart, and how it is put together again."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Real
from PIL import Image
from scipy import ndimage

from jaxtex import images
from jaxtex.style.separation.colors import RGB, Color, Map, Picture, share_of_way

# Coverage that is no less than this share of the most around it is the middle of its stroke.
_RIDGE = 0.9
# Less coverage than this is no stroke, however thin.
_LEAST = 0.08
# Less coverage is none in 8 bits; resampling leaves as much as the second beside an edge.
_NONE, _RIPPLE = 0.5 / 255, 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class Ink:
    """A logo taken apart: how much ink covers each pixel, its colours, and what lies behind.

    Colours are straight, not multiplied by their alpha; all values are 0 to 1.
    """

    coverage: Map
    """How much ink covers each pixel: 1 in the middle of every part, however pale or thin."""
    color: RGB
    """The ink's colour at each pixel; beyond the ink, that of the ink nearest to it."""
    opacity: Map
    """The alpha of full ink at each pixel, likewise."""
    ground: RGB
    """What lies behind the ink, clean."""
    ground_alpha: Map
    """The alpha of what lies behind: 0 where it is transparent."""

    outer: Color | None = None
    """The colour of a plain opaque ground; None where it is transparent or not plain."""
    outer_alpha: Map | None = None
    """With `outer`, the alpha of what lies behind the ink once the plain ground is taken out."""

    @property
    def opaque(self) -> bool:
        """Whether no pixel lets anything through."""
        return bool(self.ground_alpha.min() == 1 and self.opacity.min() == 1)

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        arrays = self.coverage, self.color, self.opacity, self.ground, self.ground_alpha
        return sum(each.nbytes for each in arrays)

    def resized(self, height: int, width: int) -> "Ink":
        """The same at another size: no colour but those that were there, and thin strokes full."""
        if self.coverage.shape == (height, width):
            return self
        coverage = full_strokes(images.resize(self.coverage, height, width))
        ground, ground_alpha = resize_premultiplied(self.ground, self.ground_alpha, height, width)
        same = self._mapped(lambda values: smooth_resize(values, height, width))
        return replace(same, coverage=coverage, ground=ground, ground_alpha=ground_alpha)

    def padded(self, margin: int) -> "Ink":
        """The same with a margin round it, in which its edges go on."""
        wide = ((margin, margin), (margin, margin))
        return self._mapped(
            lambda values: np.pad(values, wide + ((0, 0),) * (values.ndim - 2), mode="edge")
        )

    def _mapped(self, change: Callable[[np.ndarray], np.ndarray]) -> "Ink":
        return Ink(
            coverage=change(self.coverage),
            color=change(self.color),
            opacity=change(self.opacity),
            ground=change(self.ground),
            ground_alpha=change(self.ground_alpha),
            outer=self.outer,
            outer_alpha=None if self.outer_alpha is None else change(self.outer_alpha),
        )

    def without_ground(self) -> "Ink | None":
        """The same with a plain ground taken out; None where the ground is opaque and not plain."""
        if self.ground_alpha.min() < 1:
            return self
        if self.outer is None or self.outer_alpha is None:
            return None
        # The colours that give what was there when they are put on the plain ground.
        cover = np.maximum(self.outer_alpha[..., None], 1e-3)
        ground = np.clip(self.outer + (self.ground - self.outer) / cover, 0, 1)
        return replace(
            self, ground=ground, ground_alpha=self.outer_alpha, outer=None, outer_alpha=None
        )

    def coverage_of(self, image: RGB) -> Map:
        """How much ink covers each pixel of a picture in these colours on this ground."""
        share = share_of_way(image - self.ground, self.color - self.ground)
        return np.clip(share, 0, 1).astype(np.float32)

    def paint(self, coverage: Map) -> Picture:
        """A logo of this coverage on the ground; with straight alpha unless it is opaque."""
        cover = coverage[..., None]
        if self.opaque:
            painted = self.ground + cover * (self.color - self.ground)
            return np.clip(painted, 0, 1).astype(np.float32)
        alpha = self.ground_alpha + coverage * (self.opacity - self.ground_alpha)
        behind = self.ground * self.ground_alpha[..., None]
        mixed = behind + cover * (self.color * self.opacity[..., None] - behind)
        # Where nothing lies behind, the ink's colour: scaled pictures have no fringe then.
        pure = (self.ground_alpha == 0)[..., None] | (alpha[..., None] <= 1e-4)
        straight = np.where(pure, self.color, mixed / np.maximum(alpha[..., None], 1e-4))
        return np.clip(np.dstack([straight, alpha]), 0, 1).astype(np.float32)


def full_strokes(coverage: Map) -> Map:
    """Coverage scaled so that every stroke has full coverage in its middle, thin ones too."""
    ridge = coverage >= np.maximum(_RIDGE * ndimage.maximum_filter(coverage, 5), _LEAST)
    if not ridge.any():
        return coverage
    full = nearest(coverage, ridge)
    scaled = np.clip(coverage / full, 0, 1)
    scaled[ridge] = 1
    return scaled.astype(np.float32)


def loose_parts(
    coverage: Map, logo: Map, largest: float = math.inf, seen: float = _NONE
) -> Bool[np.ndarray, "h w"]:
    """Where a coverage has parts, of an area up to `largest`, that lie wholly outside of a logo's.

    `logo` is the logo's own coverage, of the same size; areas are in fully covered pixels. What is
    covered by no more than `seen` joins no parts, and goes with the nearest one.
    """
    parts, count = ndimage.label(coverage > seen, np.ones((3, 3)))
    most = np.asarray(ndimage.maximum(logo, parts, np.arange(count + 1)))
    area = np.bincount(parts.ravel(), coverage.ravel())
    loose = (most < _RIPPLE) & (area <= largest)
    loose[0] = False
    if seen > _NONE and loose.any():
        parts = np.where(coverage > _NONE, nearest(parts, parts > 0), 0)
    return loose[parts]


def nearest(
    values: Real[np.ndarray, "h w *c"], where: Bool[np.ndarray, "h w"]
) -> Real[np.ndarray, "h w *c"]:
    """At each pixel the value of the nearest pixel of `where`, of which there must be one."""
    rows, columns = ndimage.distance_transform_edt(
        ~where, return_distances=False, return_indices=True
    )
    return values[rows, columns]


def smooth_resize(
    values: Float32[np.ndarray, "h w *c"], height: int, width: int
) -> Float32[np.ndarray, "{height} {width} *c"]:
    """Resamples by a triangle, antialiased when shrinking: never past the values around."""
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(plane)).resize(
                (width, height), Image.Resampling.BILINEAR
            )
        )
        for plane in np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)
    ]
    return np.stack(planes, axis=-1).clip(0, 1).reshape(height, width, *values.shape[2:])


def resize_premultiplied(color: RGB, alpha: Map, height: int, width: int) -> tuple[RGB, Map]:
    """Straight colours and alpha resampled, antialiased, as what one sees of them."""
    small = smooth_resize(alpha, height, width)
    if alpha.min() == 1:
        return smooth_resize(color, height, width), small
    seen = smooth_resize(color * alpha[..., None], height, width)
    straight = seen / np.maximum(small[..., None], 1e-4)
    return np.clip(straight, 0, 1).astype(np.float32), small
