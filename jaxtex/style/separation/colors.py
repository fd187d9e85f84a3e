"""Colours as all that takes images apart sees them: grey or not, and the colour of a border."""

import numpy as np
from jaxtyping import Float32, Shaped

# Of any size: one function may well take several of different sizes.
RGB = Float32[np.ndarray, "_ _ 3"]
Color = Float32[np.ndarray, "3"]
Map = Float32[np.ndarray, "_ _"]
# RGB, or RGB with straight alpha.
Picture = Float32[np.ndarray, "_ _ _"]

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
# How far a grey pixel's channels may lie apart, how much of a border counts as plain, and how near
# (in the range 0 to 1) two colours are the same.
_GREY_TOLERANCE, _PLAIN_SHARE, _SAME_COLOR = 0.03, 0.7, 0.1
# Main colours: what is so near counts with one, so much has it at least; so many there are at most,
# and so many are tried.
_NEAR_MAIN, _MAIN_SHARE, _MOST_MAIN, _TRIED = 6, 0.01, 8, 32
# The square of a distance between colours that cannot be told apart: a hundredth.
_NO_WAY = 1e-4


def is_grey(image: RGB) -> bool:
    """Whether all but a few stray pixels have equal channels."""
    spread = image.max(-1) - image.min(-1)
    return bool(np.mean(spread > _GREY_TOLERANCE) < 0.002)


def is_of_one_color(picture: Picture) -> bool:
    """Whether nothing can be made out; white ink on transparency is of one, but its alpha not."""
    return float(np.ptp(picture.reshape(-1, picture.shape[-1]), axis=0).max()) < 1 / 512


def main_colors(colors: Float32[np.ndarray, "n 3"]) -> list[tuple[Color, float]]:
    """The colours, 0 to 1, that 1 % or more are or hardly differ from, with their shares.

    At most 8, the commonest first; none where all differ.
    """
    found, counts = np.unique(np.rint(colors * 255).astype(int), axis=0, return_counts=True)
    main: list[tuple[Color, float]] = []
    for _ in range(_TRIED):
        if not len(found):
            break
        color = found[np.argmax(counts)]
        near = np.abs(found - color).max(-1) <= _NEAR_MAIN
        share = float(counts[near].sum() / len(colors))
        if share >= _MAIN_SHARE:
            main.append((color.astype(np.float32) / np.float32(255), share))
        found, counts = found[~near], counts[~near]
    return sorted(main, key=lambda each: -each[1])[:_MOST_MAIN]


def luminance(image: RGB) -> Map:
    """Rec. 601 luma, 0 to 1."""
    return image @ LUMINANCE


def share_of_way(
    offset: Float32[np.ndarray, "*shape c"], change: Float32[np.ndarray, "*shape c"]
) -> Float32[np.ndarray, "*shape"]:
    """How far an offset from one colour goes on the way to another, which is a change from it.

    Projected on it: 0 at the first colour, 1 at the second, less or more beyond; near 0 where both
    are the same.
    """
    return np.sum(offset * change, -1) / np.maximum(np.sum(change**2, -1), _NO_WAY)


def border_pixels(image: Shaped[np.ndarray, "h w ..."]) -> Shaped[np.ndarray, "n ..."]:
    """The outermost rows and columns of an image."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def ground_color(image: Float32[np.ndarray, "_ _ c"]) -> Float32[np.ndarray, " c"] | None:
    """The colour of a plain border, or None where the border is not plain."""
    border = border_pixels(image)
    color = np.median(border, 0)
    near = np.abs(border - color).max(-1) < _SAME_COLOR
    return color.astype(np.float32) if near.mean() >= _PLAIN_SHARE else None
