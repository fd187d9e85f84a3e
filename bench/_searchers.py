"""A simulated person who searches for a hidden texture, and the ways to search that it tries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from _descriptors import Describe
from dcgan_quality import pyramid

from jaxtex.texture import sphere
from jaxtex.texture.search import moves
from jaxtex.texture.similarity.cluster import cluster_vectors

SLIP = 0.2
"""How often the second nearest is taken for the nearest."""
CLUSTERS = 8
SHOWN = CLUSTERS + 1
"""Representatives, and a texture from far away."""
_COUNT, _SPARE = 50, 8
_PATCH, _SLICES, _QUANTILES, _BATCH = 7, 32, 32, 100
_COMPONENTS, _TOGETHER, _SAMPLES = 16, SHOWN // 2, 1000


class Measure:
    """How far textures are apart: sliced Wasserstein distances of Laplacian pyramids' patches.

    For each level, what is coarser among them, the patches' values along random directions have
    a distribution, whose quantiles are a part of a vector; distances are of the L1 norm, in
    units of each level's mean distance among `textures`. It knows neither SSIM nor VGG16, and not
    where in a texture something lies.
    """

    def __init__(self, textures: np.ndarray) -> None:
        directions = np.random.default_rng(1).normal(size=(_PATCH, _PATCH, 3, _SLICES))
        directions /= np.linalg.norm(directions.reshape(-1, _SLICES), axis=0)
        self._directions = directions.astype(np.float32)
        self._scales: list[float] = []
        parts = self._parts(textures)
        half = len(textures) // 2
        self._scales = [
            float(np.abs(part[:half] - part[half : 2 * half]).sum(1).mean()) * len(parts)
            for part in parts
        ]

    def vectors(self, textures: np.ndarray) -> np.ndarray:
        """Vectors whose L1 distances are the textures', 1 on average."""
        parts = zip(self._parts(textures), self._scales, strict=True)
        return np.concatenate([part / scale for part, scale in parts], 1)

    def _parts(self, textures: np.ndarray) -> list[np.ndarray]:
        chunks = [
            [_quantiles(self._directions, level) for level in pyramid(textures[first:][:_BATCH])]
            for first in range(0, len(textures), _BATCH)
        ]
        return [np.concatenate(parts) for parts in zip(*chunks, strict=True)]


def _quantiles(directions: np.ndarray, level: np.ndarray) -> np.ndarray:
    along = np.asarray(_along(directions, level)).reshape(len(level), _SLICES, -1)
    ordered = np.sort(along, 2)  # XLA on CPU takes many times as long
    places = np.linspace(0, along.shape[2] - 1, _QUANTILES).round().astype(int)
    return ordered[:, :, places].reshape(len(level), -1)


@jax.jit
def _along(directions: Any, level: Any) -> Any:
    """Values of patches, every other one of the finer levels."""
    layout = ("NHWC", "HWIO", "NCHW")
    stride = 2 if level.shape[1] >= 4 * _PATCH else 1
    return jax.lax.conv_general_dilated(
        level, directions, (stride, stride), "VALID", dimension_numbers=layout
    )


class Person:
    """Someone who knows a target when seeing it."""

    def __init__(self, measure: Measure, target: np.ndarray, rng: np.random.Generator) -> None:
        self._measure, self._rng = measure, rng
        self._target = measure.vectors(target[None])[0]

    def distances(self, textures: np.ndarray) -> np.ndarray:
        """From the target."""
        return distances(self._measure.vectors(textures), self._target)

    def choose(self, far: np.ndarray) -> int:
        """The nearest by these distances, or by mistake the second nearest."""
        order = np.argsort(far, kind="stable")
        return int(order[int(self._rng.random() < SLIP)])


def distances(vectors: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Of each vector from one."""
    return np.abs(vectors - target).sum(1)


def percentile(known: np.ndarray, found: float) -> float:
    """How many of the known distances are below what was found, in per cent."""
    return 100 * float(np.mean(known < found))


class Shown(NamedTuple):
    """What a person sees in a round."""

    points: np.ndarray
    textures: np.ndarray


@dataclass(frozen=True)
class Way:
    """Algorithm 1 (Satoh) with the moves of the product, or a search that differs from it.

    Attributes:
      name: as tables have it.
      describe: what the candidates are clustered by; None: as many are drawn as are shown.
      kappa: of the n-th round after the first, and of all later than the last one here.
      from_best: goes on from the best pick so far, rather than from the last one.
      shown: textures a round where nothing is clustered.
    """

    name: str
    describe: Describe | None = None
    kappa: tuple[float, ...] = (moves.PICKED_KAPPA,)
    from_best: bool = False
    shown: int = SHOWN

    def start(self, model: Any, seed: int) -> "Algorithm":
        """A search that begins."""
        return Algorithm(self, model, seed)


class Algorithm:
    """A search by a `Way`."""

    def __init__(self, way: Way, model: Any, seed: int) -> None:
        self._way, self._model = way, model
        self._history = moves.new(model.latent_size, seed=seed)
        self._best: tuple[float, np.ndarray] | None = None

    def show(self) -> Shown:
        """The representatives, and the spare texture that is least like one of them."""
        state, way = self._history[-1], self._way
        near = way.shown - 1 if way.describe is None else _COUNT - 1
        spare = 1 if way.describe is None else _SPARE
        points = _points(state, near, spare)
        textures = self._model.generate(points)
        if way.describe is None:
            return Shown(points, textures)
        vectors = way.describe(textures)
        groups = cluster_vectors(vectors[:near], CLUSTERS, state.seed)
        shown = vectors[groups.representatives]
        apart = np.linalg.norm(vectors[near:, None] - shown, axis=2).min(1)
        chosen = [*groups.representatives, near + int(np.argmax(apart))]
        return Shown(points[chosen], textures[chosen])

    def take(self, point: np.ndarray, distance: float) -> None:
        """Goes on from a point."""
        if self._best is None or distance < self._best[0] or not self._way.from_best:
            self._best = distance, point
        after = self._history[-1].iteration
        kappa = self._way.kappa[min(after, len(self._way.kappa) - 1)]
        self._history = moves.step(self._history, self._best[1][None], kappa=kappa)


def _points(state: moves.State, near: int, spare: int) -> np.ndarray:
    from jaxtex.texture.sphere import vmf

    key = jax.random.fold_in(jax.random.key(state.seed), state.iteration)
    kappas = np.repeat(np.array([state.kappa, 0], np.float32), [near, spare])
    return sphere.on_sphere(
        np.asarray(vmf.sample(key, state.direction, kappas)), state.radius, state.center
    )


class Components:
    """Steps along principal directions of the generator's first layer (GANSpace, Härkönen 2020).

    A random look round; then the current point, and steps from it both ways along four components,
    the next four in the next round, half as far once all have had their turn.
    """

    def __init__(self, directions: np.ndarray, model: Any, seed: int) -> None:
        self._model, self._directions, self._iteration = model, directions, 0
        self._radius = sphere.default_radius(model.latent_size)
        self._random = _points(moves.new(model.latent_size, seed=seed)[-1], SHOWN, 0)

    def show(self) -> Shown:
        """Nine textures."""
        points = self._random
        if self._iteration:
            turns, group = divmod(self._iteration - 1, _COMPONENTS // _TOGETHER)
            chosen = self._directions[group * _TOGETHER :][:_TOGETHER]
            steps = self._radius / 2 / 2**turns * chosen
            points = self._point + np.concatenate([np.zeros_like(steps[:1]), steps, -steps])
            points *= self._radius / np.linalg.norm(points, axis=1, keepdims=True)
        points = points.astype(np.float32)
        return Shown(points, self._model.generate(points))

    def take(self, point: np.ndarray, distance: float) -> None:
        """Goes on from a point."""
        self._point = point
        self._iteration += 1


def principal(model: Any) -> np.ndarray:
    """Unit latents that move the first layer's activations along their principal components."""
    latents = np.random.default_rng(0).normal(size=(_SAMPLES, model.latent_size))
    project = np.asarray(model.params.project, np.float64)
    values = np.tensordot(latents, project, 1) + np.asarray(model.params.biases[0])
    active = np.maximum(values, 0).reshape(len(latents), -1)
    active -= active.mean(0)
    # The components of fewer samples than activations: by the smaller matrix, largest last.
    spread, axes = np.linalg.eigh(active @ active.T)
    along = (axes * np.sqrt(spread.clip(0)))[:, : -_COMPONENTS - 1 : -1]
    directions = np.linalg.lstsq(along, latents, rcond=None)[0]
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


Start = Callable[[Any, int], Any]
"""Begins a search, with a model and a seed."""


def search(start: Start, model: Any, person: Person, seed: int, rounds: int) -> list[float]:
    """The distance of the best pick so far after each round."""
    searcher = start(model, seed)
    best: list[float] = []
    for _ in range(rounds):
        shown = searcher.show()
        far = person.distances(shown.textures)
        choice = person.choose(far)
        best.append(min([float(far[choice]), *best[-1:]]))
        searcher.take(shown.points[choice], float(far[choice]))
    return best
