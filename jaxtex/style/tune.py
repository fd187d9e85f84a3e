"""Tuning: coefficients for one content and style, found by themselves.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) names this as future work. Candidates are drawn about a
preset, halved round by round at a small size while the steps double (after Jamieson and Talwalkar,
*Non-stochastic best arm identification*, AISTATS 2016), and bred between rounds (BLX-α, Eshelman
and Schaffer, FOGA 1993); the best few and the preset itself run at full size. All here is numbers:
the caller runs and scores the candidates.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from scipy.stats import norm

from jaxtex.errors import SettingsError
from jaxtex.style import pareto
from jaxtex.style.metrics import Score
from jaxtex.style.settings import Settings
from jaxtex.vgg import depth

# Powers of two about the preset's own value: the standard deviation of what is drawn.
_WEIGHTS = {"content_weight": 1.0, "silhouette": 0.75, "skeleton": 1.0}
_BLOCK_SPREAD = 1.0
# Layers of blocks that the preset skips: the mean and deviation of their coefficients, in powers of
# two of the preset's mean coefficient. Below the last they are 0, as in the preset.
_FURTHER = {"conv2_1": -1.5, "conv3_1": -0.5}
_FURTHER_SPREAD, _OFF = 1.5, -4.0
_SIGNIFICANT = 4  # digits of a coefficient

# A share of the background that nobody misses: less than a single speck takes.
CLEAN = 0.002
# Candidates that are less readable, or have less style, than the preset by more than this are of
# no interest to who tunes.
_WINDOW = 0.1
# Children lie up to this share of their parents' distance beyond either of them.
_ALPHA = 0.5


class Figures(NamedTuple):
    """What is measured of a candidate (docs/metrics.md)."""

    readability: float
    style: float
    artefacts: float

    @classmethod
    def of(cls, score: Score) -> "Figures":
        """The three figures of a score."""
        return cls(score.readability.readability, score.style, score.artefacts.artefacts)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Coefficients to try; number 0 is the preset itself."""

    number: int
    point: tuple[float, ...]
    """Its place in the search space, in powers of two about the preset."""
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Round:
    """How many candidates run, how large and how long."""

    number: int
    count: int
    size: int
    share: float
    """Of the preset's steps."""

    @property
    def last(self) -> bool:
        """Whether it is the one at full size with all steps."""
        return self.share == 1.0

    def settings(self, candidate: Candidate) -> Settings:
        """What a candidate runs with in this round."""
        settings = candidate.settings
        steps, finish = (
            max(1, round(count * self.share)) if count else 0
            for count in (settings.steps, settings.finish_steps)
        )
        return settings.with_options(size=self.size, steps=steps, finish_steps=finish)


Evaluate = Callable[[Round, Sequence[Candidate]], Mapping[int, Figures]]
"""Runs and scores candidates: figures by number, of the first ones only where time runs out."""


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


def breed(key: Array, parents: Float[np.ndarray, "n k"], count: int) -> Float[np.ndarray, "m k"]:
    """Children of pairs of parents: uniform in the box of both, wider by half on each side."""
    of_pairs, within = jax.random.split(key)
    pairs = [
        np.asarray(jax.random.choice(each, len(parents), (2,), replace=len(parents) < 2))
        for each in jax.random.split(of_pairs, count)
    ]
    low = np.stack([parents[pair].min(0) for pair in pairs])
    high = np.stack([parents[pair].max(0) for pair in pairs])
    reach = _ALPHA * (high - low)
    places = np.asarray(jax.random.uniform(within, low.shape))
    return low - reach + places * (high - low + 2 * reach)


def plan(candidates: int, finalists: int, small: int, size: int) -> list[Round]:
    """Rounds of half as many candidates and twice the steps each; the last is at full size.

    Raises:
      SettingsError: fewer than 2 finalists, or fewer candidates than twice the finalists.
    """
    if finalists < 2:
        raise SettingsError(
            f"finalists: {finalists} is too few; at least 2, for the preset itself is one"
        )
    if candidates < 2 * finalists:
        raise SettingsError(
            f"candidates: {candidates} is too few; at least {2 * finalists}, twice the finalists"
        )
    if not small <= size:
        raise SettingsError(f"small-size: {small} must not be above size, {size}")
    counts = [candidates]
    while counts[-1] // 2 > finalists:
        counts.append(counts[-1] // 2)
    shares = [max(0.25, 0.5 ** (len(counts) - number)) for number in range(len(counts))]
    rounds = [
        Round(number=number + 1, count=count, size=small, share=share)
        for number, (count, share) in enumerate(zip(counts, shares, strict=True))
    ]
    return [*rounds, Round(number=len(counts) + 1, count=finalists, size=size, share=1.0)]


def allowed_artefacts(default: Figures) -> float:
    """The most artefacts that a candidate may have: the preset's own, or what nobody sees."""
    return max(CLEAN, default.artefacts)


def choose(figures: Sequence[Figures], give_up: float = 0.0) -> int:
    """The index of the most style that is clean and readable enough; index 0 is the preset itself.

    Enough is as readable as the preset less `give_up`. The preset itself always qualifies, unless
    `give_up` is negative: where nothing qualifies it is the most readable that is clean.
    """
    default = figures[0]
    clean = [i for i, each in enumerate(figures) if each.artefacts <= allowed_artefacts(default)]
    least = default.readability - give_up
    readable = [index for index in clean if figures[index].readability >= least]
    if not readable:
        return max(clean, key=lambda index: (figures[index].readability, figures[index].style))
    return max(readable, key=lambda index: (figures[index].style, figures[index].readability))


def front(figures: Sequence[Figures]) -> list[int]:
    """The clean candidates that no other one beats in readability and style, most readable first.

    Index 0 is the preset itself, whose artefacts are allowed.
    """
    clean = np.flatnonzero([f.artefacts <= allowed_artefacts(figures[0]) for f in figures])
    pairs = np.array([each[:2] for each in figures])[clean]
    members = clean[pareto.front(pairs)]
    return sorted(members.tolist(), key=lambda index: (-figures[index].readability, index))


def survivors(figures: Sequence[Figures], count: int, give_up: float = 0.0) -> list[int]:
    """The indices of those that go on: the preset itself (index 0) and `count` − 1 others.

    By turns it is what `choose` would take of those left, and what the front and its spread put
    first, within a window about the preset's figures.
    """
    default = figures[0]
    table = np.array([each[:2] for each in figures])
    window = np.array([default.readability - max(give_up, 0) - _WINDOW, default.style - _WINDOW])
    violations = np.maximum(0, [f.artefacts - allowed_artefacts(default) for f in figures])
    violations += np.maximum(0, window - table).sum(1)
    spread = [index for index in pareto.best_first(table, violations).tolist() if index]
    kept = [0]
    while len(kept) < min(count, len(figures)):
        left = [index for index in range(1, len(figures)) if index not in kept]
        turn = choose([default, *(figures[index] for index in left)], give_up)
        if len(kept) % 2 and turn:
            kept.append(left[turn - 1])
        else:
            kept.append(next(index for index in spread if index in left))
    return kept


class Tuned(NamedTuple):
    """The candidates of the last round, the preset itself first, and their figures."""

    candidates: list[Candidate]
    figures: list[Figures]
    give_up: float

    @property
    def chosen(self) -> int:
        """The index of the candidate that the preset is made of."""
        return choose(self.figures, self.give_up)

    @property
    def front(self) -> list[int]:
        """The indices of the Pareto front, most readable first."""
        return front(self.figures)


def search(
    key: Array, space: Space, rounds: Sequence[Round], evaluate: Evaluate, *, give_up: float = 0.0
) -> Tuned:
    """Draws candidates and runs them through all rounds.

    Where `evaluate` gives the figures of some candidates only, those go to the last round at once.
    The preset itself must always be among them.
    """
    drawn = draw(jax.random.fold_in(key, 0), space, rounds[0].count - 1)
    candidates = space.candidates(np.concatenate([space.preset[None], drawn]), 0)
    total = len(candidates)
    for this, following in itertools.pairwise(rounds):
        found = evaluate(this, candidates)
        goal = following if len(found) == len(candidates) else rounds[-1]
        # Half of the next round is bred, but what was never measured does not run at full size.
        keep = goal.count if goal.last else (goal.count + 1) // 2
        measured = [each for each in candidates if each.number in found]
        kept = survivors([found[each.number] for each in measured], keep, give_up)
        candidates = [measured[index] for index in kept]
        if goal.last:
            break
        parents = np.array([each.point for each in candidates])
        count = goal.count - len(candidates)
        children = breed(jax.random.fold_in(key, this.number), parents, count)
        candidates += space.candidates(children, total)
        total += count
    found = evaluate(rounds[-1], candidates)
    return Tuned(candidates, [found[each.number] for each in candidates], give_up)
