"""The compiled objective of each size of a run, with its targets."""

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import Levels
from jaxtex.style.devices import fit_program, has_room
from jaxtex.style.job import Job, Phase
from jaxtex.style.objective import Coefficients, Losses, window_rows
from jaxtex.style.optimise import OptimiserState, compiled_chunk, run_chunk, start
from jaxtex.style.targets import SharedTargets, at_scale, coefficients_of


class Problem:
    """The compiled objective of one size with its targets."""

    def __init__(
        self, jobs: Sequence[Job], phase: Phase, shared: SharedTargets, max_bytes: int | None
    ) -> None:
        self.jobs, self.placement = jobs, shared.placement
        count = -(-len(jobs) // self.placement.count)
        self.program = fit_program(jobs[0], count, phase[:2], max_bytes)
        self.targets = shared.of(self.program, jobs, phase)
        channels = jobs[0].content.shape[-1]
        rows = window_rows(self.program, phase.height)
        self.convs = shared.convs(self.program, rows, phase.width, channels)
        self.coming: Future[None] | None = None
        """Done when another thread has compiled its program; None: the first call compiles it."""

    def start(self, levels: Sequence[Levels], phase: Phase) -> OptimiserState:
        """The optimiser's first state of a phase, from images of any size."""
        starts = []
        for job, level in zip(self.jobs, levels, strict=True):
            image = at_scale(level, phase)
            if job.settings.box == "soft" and phase == job.phases[0]:
                # Off the bounds, where the soft box has no slope yet.
                image = 0.96 * image + 0.02 * 255
            if phase.sharpen:
                image = canvases.sharpen(image, 2.0)
            starts.append(image)
        state = _start(self.jobs, jax.device_put(np.stack(starts)))
        return self.placement.share(state, len(self.jobs))

    def coefficients(self, phase: Phase) -> Coefficients:
        """The weights of all terms in a phase."""
        return self.placement.share(coefficients_of(self.jobs, phase), len(self.jobs))

    def advance(
        self, state: OptimiserState, coefficients: Coefficients, count: int
    ) -> tuple[OptimiserState, Losses]:
        """Makes `count` steps."""
        if self.coming is not None:
            self.coming.result()
        return run_chunk(
            self.program, self.convs, self.targets, coefficients, state, np.int32(count)
        )

    def compile(self, phase: Phase, device: Any) -> None:
        """Compiles what `advance` will call, and find in JAX's cache."""
        with jax.default_device(device):
            state = abstract_state(self.jobs, phase)
            coefficients, count = self.coefficients(phase), jax.ShapeDtypeStruct((), jnp.int32)
            chunk = compiled_chunk(self.program)
            arguments = self.convs, self.targets, coefficients, state, count
            chunk.lower(self.program, *arguments).compile()


class Problems:
    """The problems of a run's phases, in the order of the phases.

    Where memory is plenty, all are made at once, and while one runs, the next are compiled. Else
    each is made when it is asked for, and then the only one there is. `ready` gets height and width
    before the first step of a size.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        phases: Sequence[Phase],
        shared: SharedTargets,
        max_bytes: int | None,
        ready: Callable[[int, int], None] | None = None,
    ) -> None:
        self._ready = ready
        self._told: tuple[int, int] | None = None
        self._tell(phases[0])
        self._make = functools.partial(Problem, jobs, shared=shared, max_bytes=max_bytes)
        self._made: dict[tuple[int, int], Problem] = {}
        self._compiler: ThreadPoolExecutor | None = None
        firsts = {_size(phase): phase for phase in reversed(phases)}
        roomy = all(has_room(jobs[0].program, len(jobs), size, max_bytes) for size in firsts)
        if len(firsts) > 1 and roomy and shared.placement.count == 1:
            self._compiler = ThreadPoolExecutor(1, "compiler")
            for size, phase in reversed(firsts.items()):
                self._made[size] = problem = self._make(phase)
                device = jax.default_device.value
                problem.coming = self._compiler.submit(problem.compile, phase, device)

    def __enter__(self) -> "Problems":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._compiler is not None:
            self._compiler.shutdown(wait=False, cancel_futures=True)

    def of(self, phase: Phase) -> Problem:
        """The problem of a phase; those of other sizes that came before it are let go."""
        self._tell(phase)
        size = _size(phase)
        while self._made and next(iter(self._made)) != size:
            del self._made[next(iter(self._made))]
        if size not in self._made:
            self._made[size] = self._make(phase)
        return self._made[size]

    def _tell(self, phase: Phase) -> None:
        if self._ready is not None and self._told != _size(phase):
            self._ready(*_size(phase))
        self._told = _size(phase)


def _size(phase: Phase) -> tuple[int, int]:
    return phase.height, phase.width


def abstract_state(jobs: Sequence[Job], phase: Phase) -> Any:
    """The shapes of the optimiser's state in a phase."""
    shape = len(jobs), phase.height, phase.width, jobs[0].content.shape[-1]
    image = jax.ShapeDtypeStruct(shape, jnp.float32)
    return jax.eval_shape(functools.partial(_start, jobs), image)


def _start(jobs: Sequence[Job], image: Array) -> OptimiserState:
    settings, batch = jobs[0].settings, image.shape[0]
    learning_rate = np.full(batch, settings.learning_rate, np.float32)
    project = np.full(batch, settings.box == "project")
    return start(settings.optimizer, image, *jax.device_put((learning_rate, project)))
