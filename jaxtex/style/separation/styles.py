"""A style image taken apart: what is lettering, its colours, and the ground it stands on."""

from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style.separation.colors import RGB, Map
from jaxtex.style.separation.coverage import ink_colors, soft_coverage
from jaxtex.style.separation.lettering import behind, find_lettering, is_plain

StyleKind = Literal["plain", "busy", "texture"]
"""Lettering on a plain ground, lettering on a busy one, or a texture without lettering."""

# Lettering is looked for at this size; its edges are those of the full one.
_SIZE = 512


@dataclass(frozen=True, eq=False)
class StyleParts:
    """A style image taken apart.

    `coverage` is how much ink covers each pixel, 0 to 1, with antialiased edges; `color` has the
    ink's colours and, beyond the ink, those of the nearest ink. Both are None for a texture, and
    where they were not asked for.
    `ground` is the median colour of what is not ink.
    """

    kind: StyleKind
    coverage: Map | None
    color: RGB | None
    ground: Float32[np.ndarray, "3"]
    sure: bool = True
    """Whether its lettering, if it has some, would have been found without being told of it."""

    @property
    def nbytes(self) -> int:
        """The bytes of its arrays."""
        return sum(each.nbytes for each in (self.coverage, self.color) if each is not None)

    @property
    def said(self) -> str:
        """What the image was taken for, in words."""
        if self.kind == "texture":
            return "a texture"
        doubt = "" if self.sure else ", as --style-kind says, though it looks like a texture"
        return f"lettering on a {self.kind} ground{doubt}"


def separate_style(image: Any, *, kind: str | None = None, mask: Any | None = None) -> StyleParts:
    """Takes a style image apart: lettering of any colours on any ground, or a texture.

    Args:
      image: [h, w, 3] in [0, 1], RGB, or what else `images.validate_array` takes.
      kind: what the image is, a `StyleKind`; None finds out.
      mask: [h, w], how much lettering covers each pixel, 0 to 1; None finds the lettering.

    Raises:
      ImageError: no image; a mask of another shape, out of range or without lettering; or no
        lettering can be found although `kind` says that there is some.
      SettingsError: an unknown kind, or a texture with a mask.
    """
    picture = images.validate_array(image, "the style image")
    if kind is not None and kind not in get_args(StyleKind):
        raise SettingsError(f"kind: {kind!r} is unknown; allowed are plain, busy, texture")
    sure = True
    if mask is not None:
        if kind == "texture":
            raise SettingsError("kind: a texture has no lettering; give no mask with it")
        coverage: Map | None = _checked(mask, picture)
    elif kind == "texture":
        coverage = None
    else:
        coverage, sure = _found(picture, kind)
    if coverage is None:
        return StyleParts("texture", None, None, _median(picture.reshape(-1, 3)))
    size = _working_size(picture)
    small, ink = images.resize(picture, *size), images.resize(coverage, *size)
    ground = behind(ink > 0.05)
    if kind is None:
        kind = "plain" if is_plain(small, ground) else "busy"
    color = ink_colors(picture, coverage, size)
    return StyleParts(cast(StyleKind, kind), coverage, color, _median(small[ground]), sure)


def _found(picture: RGB, kind: str | None) -> tuple[Map | None, bool]:
    """The coverage of the lettering in an image, None for a texture, and whether that is sure."""
    found = find_lettering(images.resize(picture, *_working_size(picture)), kind)
    if found is not None:
        return soft_coverage(picture, found.mask), found.sure
    if kind is not None:
        raise ImageError(f"the style image: no lettering on a {kind} ground can be found in it")
    return None, True


def _working_size(picture: RGB) -> tuple[int, int]:
    height, width = picture.shape[:2]
    return images.fit(height, width, min(_SIZE, max(height, width)))


def _checked(mask: Any, picture: RGB) -> Map:
    """A mask given by hand as coverage."""
    try:
        coverage = np.asarray(mask, np.float32)
    except (TypeError, ValueError):
        raise ImageError("the mask: is not an array of numbers") from None
    if coverage.shape != picture.shape[:2]:
        raise ImageError(
            f"the mask: has the shape {coverage.shape}; that of its image is {picture.shape[:2]}"
        )
    if not (np.isfinite(coverage).all() and coverage.min() >= 0 and coverage.max() <= 1):
        raise ImageError("the mask: has values that are not between 0 and 1")
    if coverage.max() <= 0.5:
        raise ImageError("the mask: holds no lettering; it must be above 0.5 somewhere")
    if coverage.min() > 0.05:
        raise ImageError("the mask: leaves no ground; it must be 0 where there is no lettering")
    return coverage


def _median(colors: Float32[np.ndarray, "n 3"]) -> Float32[np.ndarray, "3"]:
    return np.median(colors, 0).astype(np.float32)
