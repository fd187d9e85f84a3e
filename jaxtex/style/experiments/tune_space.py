"""The space in which tuning searches: what of a preset is varied, and points of it.

A point has powers of two about the preset's own values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm

from jaxtex.errors import SettingsError
from jaxtex.style.settings import Settings
from jaxtex.vgg import depth

# Powers of two about the preset's own value: the standard deviation of what is drawn.
_WEIGHTS = {"content_weight": 1.0, "silhouette": 0.75, "skeleton": 1.0}
_BLOCK_SPREAD = 1.0
_FIRMNESS = {"skeleton": 1.0, "silhouette": 0.5}
# Layers of blocks that the preset skips: the mean and deviation of their coefficients, in powers of
# two of the preset's mean coefficient. Below the last they are 0, as in the preset.
_FURTHER = {"conv2_1": -1.5, "conv3_1": -0.5}
_FURTHER_SPREAD, _OFF = 1.5, -4.0
_SIGNIFICANT = 4  # digits of a coefficient

# What a power of two of firmness (skeleton, and half as much of silhouette) brings of readability,
# as measured on wordmarks (docs/tune.md), and how far at most a child is moved.
_PER_FIRMNESS, _FARTHEST = 0.025, 1.5
# Children differ from their parent in all knobs by this share of what is drawn.
_JITTER = 0.25


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Coefficients to try; number 0 is the preset itself."""

    number: int
    point: tuple[float, ...]
    """Its place in the search space, in powers of two about the preset."""
    settings: Settings


class Knob(NamedTuple):
    """A dimension of the search, in powers of two: the preset's place, and what is drawn."""

    name: str
    preset: float
    mean: float
    spread: float


class Space:
    """What is varied of a preset: its blocks' coefficients, those it has not, and its weights.

    A weight that is 0 in the preset stays 0. Only the ratios of weights matter, so that the
    deepest block keeps its coefficients.
    """

    def __init__(self, base: Settings) -> None:
        """Takes the knobs from the preset.

        Raises:
          SettingsError: the preset has nothing to vary.
        """
        self.base = base
        of_block: dict[int, list[float]] = {}
        for layer in base.style_layers:
            of_block.setdefault(depth(layer), []).append(base.layers[layer])
        deepest = max(of_block)
        self._blocks = {f"block{block + 1}": block for block in sorted(of_block)[:-1]}
        self._further = tuple(
            layer for layer in _FURTHER if depth(layer) < deepest and depth(layer) not in of_block
        )
        self._mean = float(np.mean([c for members in of_block.values() for c in members]))
        self._weights = tuple(name for name in _WEIGHTS if getattr(base, name))
        self.knobs = (
            *(Knob(name, 0.0, 0.0, _BLOCK_SPREAD) for name in self._blocks),
            *(Knob(name, _OFF, _FURTHER[name], _FURTHER_SPREAD) for name in self._further),
            *(Knob(name, 0.0, 0.0, _WEIGHTS[name]) for name in self._weights),
        )
        if not self.knobs:
            raise SettingsError("preset: nothing of it can be tuned; it has a single weight")

    @property
    def firmness(self) -> Float[np.ndarray, " k"]:
        """The direction in which lettering becomes more readable, and has less style."""
        weights = _FIRMNESS if "skeleton" in self._weights else {"content_weight": 1.0}
        return np.array([weights.get(knob.name, 0.0) for knob in self.knobs])

    @property
    def preset(self) -> Float[np.ndarray, " k"]:
        """The point of the preset itself."""
        return np.array([knob.preset for knob in self.knobs])

    def settings(self, point: Sequence[float]) -> Settings:
        """The preset with the coefficients of `point`; all have the same layers, some perhaps 0."""
        powers = dict(zip([knob.name for knob in self.knobs], point, strict=True))
        block_of = {block: name for name, block in self._blocks.items()}
        layers = {
            layer: coefficient * 2 ** powers.get(block_of.get(depth(layer), ""), 0.0)
            for layer, coefficient in self.base.layers.items()
        }
        for layer in self._further:
            layers[layer] = self._mean * 2 ** powers[layer] if powers[layer] > _OFF else 0.0
        weights = {
            name: _rounded(getattr(self.base, name) * 2 ** powers[name]) for name in self._weights
        }
        layers = {layer: _rounded(layers[layer]) for layer in sorted(layers)}
        return self.base.with_options(layers=layers, **weights)

    def candidates(self, points: Float[np.ndarray, "n k"], first: int) -> list[Candidate]:
        """A candidate for each row, numbered from `first`."""
        return [
            Candidate(number=first + row, point=tuple(point), settings=self.settings(point))
            for row, point in enumerate(points.tolist())
        ]


def _rounded(value: float) -> float:
    return float(f"{value:.{_SIGNIFICANT}g}")


def draw(key: Array, space: Space, count: int) -> Float[np.ndarray, "n k"]:
    """Points about the preset: a Latin hypercube of normal quantiles."""
    of_order, within = jax.random.split(key)
    orders = [
        jax.random.permutation(each, count) for each in jax.random.split(of_order, len(space.knobs))
    ]
    places = np.stack(orders, 1) + np.asarray(jax.random.uniform(within, (count, len(orders))))
    # No infinite quantile, however a place is rounded.
    quantiles = np.clip(places / count, 0.001, 0.999)
    means, spreads = ([getattr(knob, name) for knob in space.knobs] for name in ("mean", "spread"))
    return np.asarray(norm.ppf(quantiles, means, spreads))


def breed(
    space: Space,
    parents: Float[np.ndarray, "n k"],
    missing: Float[np.ndarray, " n"],
    *,
    key: Array | None = None,
) -> Float[np.ndarray, "n k"]:
    """A child of each parent, firmer where readability is `missing` and less so where it is spare.

    With `key` children differ in all other respects too, a little.
    """
    firmness = np.clip(missing / _PER_FIRMNESS, -_FARTHEST, _FARTHEST)
    children = parents + firmness[:, None] * space.firmness
    if key is not None:
        noise = np.asarray(jax.random.normal(key, children.shape))
        children = children + _JITTER * noise * [knob.spread for knob in space.knobs]
    return children
