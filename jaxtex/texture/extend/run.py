"""Textures extended: from sources to pictures of any size, coarse to fine, a batch at a time."""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, RunError
from jaxtex.lbfgs import LBFGSState
from jaxtex.texture.extend import objective
from jaxtex.texture.extend.colors import match_colors
from jaxtex.texture.extend.noise import random_phase, resample
from jaxtex.texture.extend.scales import MEMORY, Scale, plan_scales
from jaxtex.texture.extend.seams import at_a_usual_place
from jaxtex.texture.extend.settings import Settings
from jaxtex.training.checkpoint import CheckpointStore
from jaxtex.vgg import VGG16, prepare_kernels

_SOURCE = (16, 512)
"""Sides of a source, in pixels: of a larger one the middle is seen."""
_CHUNK_SECONDS = 1.0
"""About how long progress, a wish to stop and checkpoints wait."""
_MOST_STEPS = 64


class Progress(NamedTuple):
    """Where a run stands."""

    step: int
    steps: int
    loss: float
    """The mean of a batch, at this scale."""
    seconds: float
    height: int
    width: int


def prepare_source(
    picture: Float32[np.ndarray, "h w 3"], zoom: float | int = 1.0, name: str = "source"
) -> Float32[np.ndarray, "_ _ 3"]:
    """A source as it is extended: zoomed, and of a large one the middle.

    Raises:
      ImageError: it is too small; the sentence begins with `name`.
    """
    height, width = (round(side * zoom) for side in picture.shape[:2])
    if min(height, width) < _SOURCE[0]:
        raise ImageError(
            f"{name}: is {width} × {height} pixels with the zoom; {_SOURCE[0]} or more are needed"
        )
    picture = images.resize(picture, height, width)
    top, left = (max(0, side - _SOURCE[1]) // 2 for side in (height, width))
    return np.ascontiguousarray(picture[top : top + _SOURCE[1], left : left + _SOURCE[1]])


def extend(
    sources: Sequence[Float32[np.ndarray, "a b 3"]],
    settings: Settings,
    seeds: Sequence[int],
    *,
    network: VGG16,
    max_bytes: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
    stopped: Callable[[], bool] = lambda: False,
    store: CheckpointStore | None = None,
) -> list[Float32[np.ndarray, "h w 3"]] | None:
    """Pictures that have the statistics of their sources, images in [0, 1] of one shape.

    The sources come from `prepare_source`. None where it was `stopped`; a `store` then has what is
    done, and a run with it goes on from there to the same bytes. At most about `max_bytes` of
    memory are taken.

    Raises:
      SettingsError: they are too little.
      RunError: a loss is no longer finite, or a checkpoint cannot be written.
    """
    shape = sources[0].shape
    plan = plan_scales(settings, shape[:2], batch=len(sources), max_bytes=max_bytes)
    batch = _Batch(sources, settings, seeds, plan, network)
    return batch.run(progress, stopped, store)


class _Batch:
    """Textures that share every evaluation."""

    def __init__(
        self,
        sources: Sequence[np.ndarray],
        settings: Settings,
        seeds: Sequence[int],
        plan: Sequence[Scale],
        network: VGG16,
    ) -> None:
        self.sources, self.settings, self.seeds = sources, settings, seeds
        self.plan, self.network = plan, network
        self.steps = sum(scale.steps for scale in plan)
        self.began = time.perf_counter()

    def run(
        self,
        progress: Callable[[Progress], None],
        stopped: Callable[[], bool],
        store: CheckpointStore | None,
    ) -> list[np.ndarray] | None:
        saved = None if store is None else store.read(self._abstract_state)
        first = 0 if saved is None else saved.facts["scale"]
        made = sum(scale.steps for scale in self.plan[:first])
        pictures: list[np.ndarray] = []
        for index, scale in enumerate(self.plan[first:], first):
            if saved is not None and index == first:
                begun = saved.facts["done"]
                # As arrays of this process, which the program need not be compiled again for.
                initial = jax.tree.map(lambda leaf: jnp.array(np.asarray(leaf)), saved.state)
            else:
                begun = 0
                initial = objective.start(jnp.asarray(self._start(index, pictures)), MEMORY)
            state = initial
            for state, done in self._steps(scale, initial, begun):
                loss = float(np.mean(state.losses.total))
                seconds = time.perf_counter() - self.began
                place = made + done, self.steps, loss, seconds, scale.height, scale.width
                progress(Progress(*place))
                wish = made + done < self.steps and stopped()
                if store is not None and (wish or store.due()):
                    facts = {"scale": index, "done": done}
                    store.write(made + done, state, {"loss": np.array([loss])}, facts)
                if wish:
                    return None
            made += scale.steps
            pictures = list(np.asarray(state.best))
        parts = zip(pictures, self.sources, self.seeds, strict=True)
        return [self._finish(*each) for each in parts]

    def _steps(
        self, scale: Scale, state: LBFGSState, done: int
    ) -> Iterator[tuple[LBFGSState, int]]:
        """Makes the steps of a scale, chunk by chunk; the state and how many are done then."""
        program, pace = scale.program, 0.0
        targets = self._targets(scale)
        rows, halo = scale.height // program.bands, 2 * program.halo
        shape = rows + halo, scale.width + halo, 3
        kernels = prepare_kernels(self.network, program.layers, *shape)
        first = done
        while done < scale.steps:
            count = int(np.clip(_CHUNK_SECONDS / pace, 1, _MOST_STEPS)) if pace else 1
            count = min(count, scale.steps - done)
            before = time.perf_counter()
            state = objective.run_chunk(program, kernels, targets, state, np.int32(count))
            if np.any(state.failed):
                raise RunError("the loss became non-finite; another --seed may help")
            # The first call of a size compiles; it says nothing of the pace.
            pace = (time.perf_counter() - before) / count if done > first else 0.0
            done += count
            yield state, done

    def _abstract_state(self, facts: Any) -> LBFGSState:
        scale = self.plan[facts["scale"]]
        shape = (len(self.sources), scale.height, scale.width, 3)
        image = jax.ShapeDtypeStruct(shape, jnp.float32)
        return jax.eval_shape(functools.partial(objective.start, memory=MEMORY), image)

    def _at_scale(self, source: np.ndarray, factor: int) -> np.ndarray:
        """The source in grey levels, reduced."""
        height, width = source.shape[:2]
        return 255 * images.resize(source, height // factor, width // factor)

    def _start(self, index: int, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Where a scale begins: noise of the source's spectrum, or the coarser result with it."""
        scale, starts = self.plan[index], []
        for number, (source, seed) in enumerate(zip(self.sources, self.seeds, strict=True)):
            rng = np.random.default_rng([seed, 0])
            finest = self.plan[-1]
            noise = random_phase(rng, 255 * source, finest.height, finest.width)
            # All sizes of it repeat, whatever the result does.
            picture = resample(noise, scale.height, scale.width, (True, True))
            if index:
                last, wrap = self.plan[index - 1], self.settings.wrap
                coarse = resample(picture, last.height, last.width, (True, True))
                coarse = resample(coarse, scale.height, scale.width, (True, True))
                made = resample(pictures[number], scale.height, scale.width, wrap)
                picture = made + picture - coarse
            rng = np.random.default_rng([seed, 1, index])
            starts.append(match_colors(rng, picture, self._at_scale(source, scale.factor)))
        return np.stack(starts)

    def _targets(self, scale: Scale) -> objective.Targets:
        sources, axes = [], []
        step = scale.program.step
        for source in self.sources:
            reduced = self._at_scale(source, scale.factor)
            height, width = (side // step * step for side in reduced.shape[:2])
            sources.append(reduced[:height, :width])
            centred = (reduced - reduced.mean((0, 1))).reshape(-1, 3).astype(np.float64)
            axes.append(np.linalg.eigh(centred.T @ centred)[1].astype(np.float32))
        return objective.find_targets(
            scale.program, self.network, np.stack(sources), np.stack(axes)
        )

    def _finish(
        self, picture: np.ndarray, source: np.ndarray, seed: int
    ) -> Float32[np.ndarray, "h w 3"]:
        """The size that was asked for, and the source's colours."""
        height, width = self.settings.height, self.settings.width
        wrap = self.settings.wrap
        # What does not repeat may be cut.
        cut = picture[: picture.shape[0] if wrap[0] else height]
        cut = cut[:, : picture.shape[1] if wrap[1] else width]
        fitted = resample(cut, height, width, wrap)
        matched = match_colors(np.random.default_rng([seed, 2]), fitted, 255 * source)
        return at_a_usual_place(np.clip(matched / 255, 0, 1), wrap)
