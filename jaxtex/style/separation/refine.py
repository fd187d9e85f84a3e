"""A rough mask of lettering becomes a good one: colours of ink and ground, near and overall."""

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from jaxtex.style.separation.candidates import Mask
from jaxtex.style.separation.colors import Map
from jaxtex.style.separation.lab import Lab
from jaxtex.style.separation.likeness import stroke

_ROUNDS, _SWEEPS = 2, 8
# Bins of the colour histogram along each axis, and how much a neighbour of the same kind counts.
_BINS, _NEIGHBOUR = 24, 1.0
_LEAST_DENSITY = -14.0


class Refiner:
    """Makes rough masks of one image's lettering better.

    Ink and ground are told apart by their colours as the mask has them, over and over, as GrabCut
    (Rother, Kolmogorov, Blake 2004) does, with two models of colour: histograms of all
    ink and all ground, and normal distributions about each place. Neighbours that look alike are
    drawn to one side by mean-field steps on a contrast-sensitive Potts model.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab, self._links, self._bins = lab, _links(lab), _color_bins(lab)

    def __call__(self, mask: Mask) -> Mask:
        """The mask after a few rounds; itself where it has hardly any ink or ground."""
        for _ in range(_ROUNDS):
            ink = ndimage.binary_erosion(mask, border_value=1)
            ground = ~ndimage.binary_dilation(mask)
            if ink.sum() < 0.25 * mask.sum():
                ink = mask
            if ink.sum() < 20 or ground.sum() < 20:
                return mask
            sigma = float(np.clip(1.5 * stroke(mask), 4, 32))
            overall = _overall(self._bins, ink, ground)
            near = _normal(self._lab, ink, sigma) - _normal(self._lab, ground, sigma)
            evidence = np.clip(overall, -2.5, 2.5) + np.clip(0.5 * near, -5, 5)
            belief = np.tanh(evidence / 2)
            for _ in range(_SWEEPS):
                belief = np.tanh((evidence + _NEIGHBOUR * _drawn(belief, self._links)) / 2)
            changed = np.mean((belief > 0) != mask)
            mask = belief > 0
            if changed < 5e-4:
                break
        return mask


def _overall(bins: np.ndarray, ink: Mask, ground: Mask) -> Map:
    """The logarithm of how much more of the ink than of the ground has each pixel's colour."""
    shares = []
    for part in (ink, ground):
        counts = np.bincount(bins[part], minlength=_BINS**3).astype(np.float32)
        smooth = ndimage.gaussian_filter(counts.reshape(3 * (_BINS,)), 0.8, mode="constant")
        shares.append(smooth / smooth.sum() + 1e-5)
    return np.log(shares[0] / shares[1]).ravel()[bins]


def _color_bins(lab: Lab) -> np.ndarray:
    """Which bin of a histogram of colours each pixel falls in."""
    low, high = np.percentile(lab, (0.1, 99.9), axis=(0, 1))
    # No finer than the eye.
    step = np.maximum((high - low) / _BINS, 2.5)
    places = np.clip((lab - (low + high) / 2) / step + _BINS / 2, 0, _BINS - 1).astype(int)
    return (places[..., 0] * _BINS + places[..., 1]) * _BINS + places[..., 2]


def _normal(lab: Lab, part: Mask, sigma: float) -> Map:
    """The log-density of each pixel's colour among those of a part about it."""
    colors = lab[part]
    mean, variance = colors.mean(0), float(colors.var(0).sum())
    weight = part.astype(np.float32)
    far = 0.02
    stacked = np.dstack([lab, (lab**2).sum(-1), np.ones_like(weight)]) * weight[..., None]
    # Boxes, twice: as good as a Gaussian and far quicker.
    size = (round(2 * sigma), round(2 * sigma), 1)
    found = ndimage.uniform_filter(ndimage.uniform_filter(stacked, size), size)
    total = found[..., 4:] + far
    about = (found[..., :3] + far * mean) / total
    squares = (found[..., 3] + far * (float(mean @ mean) + variance)) / total[..., 0]
    spread = np.maximum((squares - (about**2).sum(-1)) / 3, 0) + 8
    density = -((lab - about) ** 2).sum(-1) / (2 * spread) - 1.5 * np.log(spread)
    # A colour far from all that is about it says nothing.
    return np.maximum(density, _LEAST_DENSITY)


def _links(lab: Lab) -> list[tuple[int, int, Map]]:
    """How alike each pixel and its neighbour are, 0 to 1, for four of the eight directions."""
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    apart = [
        np.square(_shifted(lab, down, across) - lab).sum(-1).astype(np.float32)
        for down, across in steps
    ]
    scale = 2 * float(np.mean([each.mean() for each in apart])) + 2
    links = []
    for (down, across), each in zip(steps, apart, strict=True):
        alike = np.exp(-each / scale) / np.hypot(down, across)
        if down:
            alike[-1] = 0
        if across:
            alike[:, -1 if across > 0 else 0] = 0
        links.append((down, across, alike.astype(np.float32)))
    return links


def _drawn(belief: Map, links: list[tuple[int, int, Map]]) -> Map:
    """Which way the neighbours draw each pixel."""
    drawn = np.zeros_like(belief)
    for down, across, alike in links:
        drawn += alike * _shifted(belief, down, across)
        drawn += _shifted(alike * belief, -down, -across)
    return drawn


def _shifted(array: Float32[np.ndarray, "h w *c"], down: int, across: int) -> np.ndarray:
    return np.roll(array, (-down, -across), (0, 1))
