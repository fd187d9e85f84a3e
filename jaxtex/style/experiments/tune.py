"""Tuning: coefficients for one content and style, found by themselves.

Network of Steel (Ter-Sarkisov, ICPRAM 2020) names this as future work. Candidates are drawn about a
preset and halved round by round at a small size while the steps double (after Jamieson and
Talwalkar, *Non-stochastic best arm identification*, AISTATS 2016); children of the best join them,
moved to where the preset's readability is expected. The best few and the preset itself run at full
size. All here is numbers: the caller runs and scores the candidates.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from jaxtex.errors import SettingsError
from jaxtex.style.experiments import pareto
from jaxtex.style.experiments.tune_space import Candidate, Space, breed, draw
from jaxtex.style.metrics import Score
from jaxtex.style.settings import Settings

# A share of the background that nobody misses: less than a single speck takes.
CLEAN = 0.002
# What a point of readability is worth in style, as measured on wordmarks (docs/tune.md).
_EXCHANGE = 2.0
# Candidates that are less readable than wanted by more than this go last.
_WINDOW = 0.05
# Children aim this much above what is wanted.
_MARGIN = 0.003


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
class Round:
    """How many candidates run, how large and how long."""

    number: int
    count: int
    size: int
    share: float
    """Of the preset's steps."""

    @property
    def full(self) -> bool:
        """Whether it is at full size with all steps."""
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
"""Runs and scores candidates: figures by number, at small size perhaps of the first ones only."""


def plan(candidates: int, finalists: int, small: int, size: int) -> list[Round]:
    """Rounds of half as many candidates and twice the steps each, then two at full size.

    The last is for children of the finalists, half as many.

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
    for count in (finalists, finalists // 2):
        rounds.append(Round(number=len(rounds) + 1, count=count, size=size, share=1.0))
    return rounds


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
    least = _wanted(default, give_up)
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


def gain(figures: Figures, default: Figures) -> float:
    """How much better than the preset itself, wherever on the front it lies, in points of style."""
    style, readability = figures.style - default.style, figures.readability - default.readability
    return style + _EXCHANGE * readability


def survivors(figures: Sequence[Figures], count: int, give_up: float = 0.0) -> list[int]:
    """The indices of those that go on: the preset itself (index 0) and the `count` − 1 best others.

    Those come by `gain`; after them those that are not clean, or much less readable than wanted.
    """
    default = figures[0]
    allowed, least = allowed_artefacts(default), _wanted(default, give_up) - _WINDOW

    def place(index: int) -> tuple[float, float]:
        own = figures[index]
        violation = max(0.0, own.artefacts - allowed) + max(0.0, least - own.readability)
        return violation, -gain(own, default)

    return [0, *sorted(range(1, len(figures)), key=place)[: count - 1]]


def _wanted(default: Figures, give_up: float) -> float:
    return default.readability - give_up


class Tuned(NamedTuple):
    """All that ran at full size, the preset itself first."""

    candidates: list[Candidate]
    figures: list[Figures]
    rounds: list[Round]
    """In which each candidate ran."""
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
    """Draws candidates and runs them through all rounds of a `plan`.

    Where `evaluate` gives the figures of some candidates only, those go to full size at once. The
    preset itself must always be among them.
    """
    *searching, finals, last = rounds
    drawn = draw(jax.random.fold_in(key, 0), space, rounds[0].count - 1)
    candidates = space.candidates(np.concatenate([space.preset[None], drawn]), 0)
    total = len(candidates)
    for this, following in itertools.pairwise([*searching, finals]):
        found = evaluate(this, candidates)
        out_of_time = len(found) < len(candidates)
        measured = [each for each in candidates if each.number in found]
        figures = [found[each.number] for each in measured]
        if out_of_time or following.full:
            kept = survivors(figures, finals.count, give_up)
            candidates = [measured[index] for index in kept]
            break
        # Half of the next round is bred, but what was never measured is no finalist.
        kept = survivors(figures, (following.count + 1) // 2, give_up)
        candidates = [measured[index] for index in kept]
        count = following.count - len(kept)
        of_children = jax.random.fold_in(key, this.number)
        parents = list(itertools.islice(itertools.cycle(kept[1:]), count))
        points, missing = _parents(measured, figures, parents, give_up)
        candidates += space.candidates(breed(space, points, missing, key=of_children), total)
        total += count
    found = evaluate(finals, candidates)
    figures = [found[each.number] for each in candidates]
    # The best finalists are moved to where the preset's readability is expected of them.
    best = survivors(figures, len(figures), give_up)[1:]
    points, missing = _parents(candidates, figures, best, give_up)
    moved = np.abs(missing) > _MARGIN
    children = space.candidates(breed(space, points[moved], missing[moved]), total)[: last.count]
    if children:
        found = evaluate(last, children)
        figures += [found[each.number] for each in children]
    ran = [finals] * len(candidates) + [last] * len(children)
    return Tuned(candidates + children, figures, ran, give_up)


def _parents(
    candidates: Sequence[Candidate],
    figures: Sequence[Figures],
    indices: Sequence[int],
    give_up: float,
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, " n"]]:
    """The points of some candidates, and the readability that each lacks."""
    aim = _wanted(figures[0], give_up) + _MARGIN
    points = np.array([candidates[index].point for index in indices])
    missing = np.array([aim - figures[index].readability for index in indices])
    return points.reshape(len(indices), len(candidates[0].point)), missing
