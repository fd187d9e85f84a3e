"""How much a mask is like lettering: its strokes, its outline, its place."""

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from jaxtex.style.separation.candidates import Mask
from jaxtex.style.separation.colors import Map
from jaxtex.style.separation.lab import Lab, blur

FEATURES = (
    "area", "border", "step", "worst step", "edge", "strokes", "width", "large", "homogeneous",
)  # fmt: skip
# Of a logistic regression on 2,143 masks of 66 pictures with lettering (as `bench/_lettering.py`
# draws it, other names, on drawn grounds and on photographs) and of 66 textures: has a mask an
# intersection over union with the lettering of 0.7 or more? The last three are of squares.
_WEIGHTS = np.array(
    [1.546, -2.724, 0.317, 4.24, 9.427, 0.501, 0.881, 3.901, 0.787, -0.176, -0.521, -0.048]
)
_SQUARED, _OFFSET = ("area", "width", "strokes"), -17.146
# A side is run off where it holds this share of the ink that any row holds.
_BLEED = 0.35
# Pixels from the outline at which colours are compared, and how many pixels of it are.
_REACH, _SAMPLE = (1.6, 2.5, 3.4), 2500
# Lettering covers at least and at most this share of a picture.
SMALLEST, LARGEST = 0.003, 0.6


def likeness(lab: Lab, ranks: Map, mask: Mask) -> float:
    """The log-odds that a mask is lettering: above 0 it is more likely than not.

    `ranks` are the image's `gradient_ranks`. A mask that cannot be has −∞.
    """
    found = features(lab, ranks, mask)
    if found is None:
        return -np.inf
    squares = found[[FEATURES.index(name) for name in _SQUARED]] ** 2
    return float(np.concatenate([found, squares]) @ _WEIGHTS + _OFFSET)


def outline(mask: Mask) -> Mask:
    """The pixels of a mask that have a neighbour outside it."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return mask & ~inner


def stroke(mask: Mask) -> float:
    """The mean width of strokes in pixels: twice the area by the outline's length."""
    steps = np.sum(mask[1:] != mask[:-1]) + np.sum(mask[:, 1:] != mask[:, :-1])
    return float(2 * mask.sum() / max(np.pi / 4 * steps, 1))


def elongation(mask: Mask) -> float:
    """How many times as long as wide the strokes of a mask's parts are, by the median of its area.

    A part's is P² / 4A with the length P of its outline and its area A: about 3 for a disc, 5 for a
    pebble, 8 for a heavy capital I, and more for other letters.
    """
    labels, count = ndimage.label(mask)
    area = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    length = np.bincount(labels[outline(mask)], minlength=count + 1)[1:]
    found = length**2 / (4 * area)
    order = np.argsort(found)
    return float(found[order][np.searchsorted(np.cumsum(area[order]), area.sum() / 2)])


def features(lab: Lab, ranks: Map, mask: Mask) -> Float[np.ndarray, " n"] | None:
    """The figures of `FEATURES`; None where a mask is far too small or large, or on the border."""
    area = float(mask.mean())
    sides = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    border = float(np.concatenate(sides).mean()) / max(area, 1e-9)
    # A word runs off two sides at most, textures off more.
    bleeding = sum(bool(side.mean() > _BLEED * area) for side in sides)
    if not SMALLEST < area < LARGEST or border > 1 or bleeding > 2:
        return None
    edge = outline(mask)
    # Half of all pixels have a greater gradient than these: no outline at all.
    if ranks[edge].mean() < 0.55:
        return None
    steps = _steps(lab, mask, edge)
    if steps is None:
        return None
    contrast, relative = steps
    width = stroke(mask)
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    large = sizes[sizes >= max(width**2, 6)].sum() / sizes.sum()
    inside = lab[mask]
    spread = float(np.sqrt(inside.var(0).sum()))
    middle, low = np.percentile(relative, (50, 20))
    return np.array([
        np.log(area), border, np.log(middle + 0.1), np.log(low + 0.1), ranks[edge].mean(),
        np.log(mask.sum() / width**2), np.log(width), large,
        np.log(np.median(contrast) / (spread + 3)),
    ])  # fmt: skip


def _steps(
    lab: Lab, mask: Mask, edge: Mask
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]] | None:
    """How far the colours on both sides of the outline differ, and that by how much they vary."""
    rows, columns = np.nonzero(edge)
    every = max(1, len(rows) // _SAMPLE)
    rows, columns = rows[::every], columns[::every]
    soft = blur(mask.astype(np.float32), 1.5)
    below, right = (
        np.minimum(i + 1, n - 1) for i, n in zip((rows, columns), mask.shape, strict=True)
    )
    above, left = np.maximum(rows - 1, 0), np.maximum(columns - 1, 0)
    slope = np.stack([
        soft[below, columns] - soft[above, columns], soft[rows, right] - soft[rows, left]
    ])  # fmt: skip
    length = np.hypot(*slope)
    towards = slope / np.maximum(length, 1e-6)
    sides = []
    valid = length > 1e-3
    for way in (1, -1):
        reach = way * np.array(_REACH)[:, None]
        # The outline lies half a pixel outside the mask's last pixel.
        y = np.rint(rows + (reach - 0.5) * towards[0]).astype(int)
        x = np.rint(columns + (reach - 0.5) * towards[1]).astype(int)
        y, x = np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)
        there = mask[y, x] == (way > 0)
        valid &= there[0]
        sides.append((lab[y, x], there / np.maximum(there.sum(0), 1)))
    if valid.sum() < 20:
        return None
    sides = [(colors[:, valid], share[:, valid]) for colors, share in sides]
    contrast, relative = _apart(sides)
    # The same along the one direction in which ink and ground differ most (Fisher's).
    within = sum(np.cov(colors.reshape(-1, 3), rowvar=False) for colors, _ in sides)
    first, second = (colors.mean((0, 1)) for colors, _ in sides)
    axis = np.linalg.solve(within + np.eye(3), first - second)
    axis /= max(float(np.linalg.norm(axis)), 1e-9)
    along = _apart([((colors @ axis)[..., None], share) for colors, share in sides])[1]
    return contrast, np.maximum(relative, along)


def _apart(sides: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """How far the means of two sides differ, and that in standard deviations."""
    means = [(colors * share[..., None]).sum(0) for colors, share in sides]
    spread = sum(
        ((colors - mean) ** 2 * share[..., None]).sum((0, 2))
        for (colors, share), mean in zip(sides, means, strict=True)
    )
    contrast = np.linalg.norm(means[0] - means[1], axis=-1)
    return contrast, contrast / np.sqrt(spread + 4)
