"""The run of a batch of jobs: phases, chunks of steps, progress, frames, stop and resume."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from jaxtex import weights
from jaxtex.style.canvas import Levels
from jaxtex.style.checkpoint import CheckpointStore, Position
from jaxtex.style.devices import filled, fit_batch, next_limit, out_of_memory
from jaxtex.style.history import History
from jaxtex.style.job import Job, Phase
from jaxtex.style.objective import Losses
from jaxtex.style.optimise import CHUNK, OptimiserState
from jaxtex.style.problem import Problem, Problems, abstract_state
from jaxtex.style.targets import SharedTargets
from jaxtex.vgg import VGG16

Status = Literal["done", "interrupted", "diverged"]

# A chunk takes about this long: progress, frames, Ctrl-C and checkpoints wait for its end.
_CHUNK_SECONDS = 1.0


class Progress(NamedTuple):
    """Where a run stands."""

    step: int
    steps: int
    loss: float
    """The total loss, the mean of a batch."""
    seconds: float
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What a run calls between its chunks of steps."""

    progress: Callable[[Progress], None] | None = None
    ready: Callable[[int, int], None] | None = None
    """Gets height and width before the first step of a size, whose programs may be compiled."""
    frame: Callable[[int, list[np.ndarray]], None] | None = None
    """Gets the step and every job's picture, each `frame_every` steps."""
    frame_every: int = 0
    stop: Callable[[], bool] | None = None
    """Asked after each chunk; when it says True, the run ends with what it has."""
    checkpoint: CheckpointStore | None = None


class Outcome(NamedTuple):
    """What a run leaves of one job."""

    levels: Levels
    history: History
    status: Status


def load_network(path: Any = None) -> VGG16:
    """VGG16 with the weights that ship, or those of a safetensors file."""
    found = weights.load_vgg16(path)
    return VGG16(found.params, found.mean)


def run_jobs(
    jobs: Sequence[Job],
    *,
    network: VGG16 | None = None,
    hooks: Hooks | None = None,
    max_bytes: int | None = None,
    shared: SharedTargets | None = None,
) -> list[Outcome]:
    """Runs jobs, those of equal shape and program in batches; outcomes in the jobs' order.

    An evaluation takes at most `max_bytes` (by default most of the free memory): where a batch
    would take more it is split, and where a single job would, activations are computed twice
    instead of kept, or band by band. So they are where a device turns out to have less than the
    default. With `shared`, targets are shared with other calls; it has the network, and the devices
    to share batches out to: `max_bytes` is then of each, and a batch that is no multiple of them is
    filled up with copies of its last job.
    """
    shared = shared or SharedTargets(network or load_network())
    outcomes: dict[int, Outcome] = {}
    devices = shared.placement.count
    waiting = batches(jobs, max_bytes=max_bytes, devices=devices)
    limit = max_bytes
    while waiting:
        members = waiting.pop(0)
        batch = _Batch([jobs[index] for index in members], shared, hooks or Hooks(), limit)
        try:
            outcomes |= dict(zip(members, batch.run(), strict=True))
        except Exception as error:
            if max_bytes is not None or not out_of_memory(error):
                raise
            share = -(-len(members) // devices)
            if share == 1:
                less = next_limit(jobs[members[0]], limit)
                if less is None:
                    raise
                limit = less
            half = max(1, share // 2) * devices
            parts = [members[start : start + half] for start in range(0, len(members), half)]
            waiting = parts + waiting
    return [outcomes[index] for index in range(len(jobs))]


def batches(
    jobs: Sequence[Job],
    *,
    max_bytes: int | None = None,
    most: int | None = None,
    devices: int = 1,
) -> list[list[int]]:
    """The jobs' indices, grouped by what can run together, as many (up to `most`) as fit.

    A full batch is a multiple of the devices, even where these are more than `most`.
    """
    groups: dict[Any, list[int]] = {}
    for index, job in enumerate(jobs):
        groups.setdefault(job.group, []).append(index)
    split = []
    for members in groups.values():
        job = jobs[members[0]]
        count = max(1, most // devices) if most else -(-len(members) // devices)
        size = fit_batch(job, count, max_bytes) * devices
        split += [members[start : start + size] for start in range(0, len(members), size)]
    return split


class _Batch:
    """Jobs that share every evaluation, and how far they have come."""

    def __init__(
        self, jobs: Sequence[Job], shared: SharedTargets, hooks: Hooks, max_bytes: int | None
    ) -> None:
        self.jobs = filled(jobs, len(jobs), shared.placement.count)
        self.asked = len(jobs)
        """The first so many of the jobs; the others are copies."""
        self.shared, self.hooks, self.max_bytes = shared, hooks, max_bytes
        self.phases = jobs[0].phases
        # The first evaluation, of the initial image, is step 0 and comes on top.
        self.counts = [phase.steps + (index == 0) for index, phase in enumerate(self.phases)]
        self.rows: list[Float32[np.ndarray, "n terms b"]] = []
        self.seconds: list[float] = []
        self.last_seconds = 0.0
        self.failed = np.zeros(len(self.jobs), bool)
        self.last_time: float | None = None
        self.pace = 0.0

    def run(self) -> list[Outcome]:
        position, state = self._resume()
        levels = self._levels(state) if state is not None else [job.init for job in self.jobs]
        status: Status = "done"
        left, ready = self.phases[position.phase :], self.hooks.ready
        with Problems(self.jobs, left, self.shared, self.max_bytes, ready) as problems:
            for index, phase in enumerate(left, position.phase):
                problem = problems.of(phase)
                if state is None:
                    state = problem.start(levels, phase)
                done = position.done if index == position.phase else 0
                state, status = self._run_phase(index, problem, state, done)
                levels = self._levels(state)
                state = None
                if status != "done":
                    break
        return self._outcomes(levels, status)

    def _resume(self) -> tuple[Position, OptimiserState | None]:
        store = self.hooks.checkpoint
        found = None
        if store is not None:
            found = store.load(lambda phase: abstract_state(self.jobs, self.phases[phase]))
        if found is None:
            return Position(0, 0), None
        self.rows = [found.rows] if len(found.rows) else []
        self.seconds = found.seconds.tolist()
        self.last_seconds = self.seconds[-1] if self.seconds else 0.0
        # As arrays of this process, which the compiled program need not be compiled again for.
        return found.position, jax.tree.map(lambda leaf: jnp.array(np.asarray(leaf)), found.state)

    def _run_phase(
        self, index: int, problem: Problem, state: OptimiserState, done: int
    ) -> tuple[OptimiserState, Status]:
        phase, total = self.phases[index], self.counts[index]
        coefficients = problem.coefficients(phase)
        # The first call of a size compiles; it says nothing of the pace.
        self.pace, compiled = 0.0, False
        while done < total:
            before = time.perf_counter()
            count = self._chunk(total - done)
            state, losses = problem.advance(state, coefficients, count)
            self.failed |= np.asarray(state.failed)
            taken = time.perf_counter() - before
            if compiled:
                self.pace = taken / count
            compiled = True
            done += count
            self._record(losses, count)
            self._report(phase, state, Position(index, done))
            if self.failed.all():
                return state, "diverged"
            if self.hooks.stop is not None and self.hooks.stop():
                self._save(state, Position(index, done), last=True)
                return state, "interrupted"
        return state, "done"

    def _chunk(self, left: int) -> int:
        """How many steps to make next: one first, then as many as fit into the time."""
        count = int(np.clip(_CHUNK_SECONDS / self.pace, 1, CHUNK)) if self.pace else 1
        every = self.hooks.frame_every
        if every:
            count = min(count, every - (len(self.seconds) - 1) % every)
        return min(count, left)

    def _record(self, losses: Losses, count: int) -> None:
        now = time.perf_counter()
        rows = np.stack([np.asarray(term)[:count] for term in losses], 1)
        if self.last_time is None:
            # The clock starts when the first step of this process is done.
            moments = np.full(count, self.last_seconds)
        else:
            moments = self.last_seconds + (now - self.last_time) * np.arange(1, count + 1) / count
        self.last_time, self.last_seconds = now, float(moments[-1])
        self.rows.append(rows)
        self.seconds += moments.tolist()

    def _report(self, phase: Phase, state: OptimiserState, position: Position) -> None:
        step = len(self.seconds) - 1
        hooks = self.hooks
        if hooks.frame is not None and hooks.frame_every and step % hooks.frame_every == 0:
            hooks.frame(step, self.pictures(self._levels(state)))
        if hooks.progress is not None:
            loss = float(np.mean(self.rows[-1][-1, 0, : self.asked]))
            steps = sum(self.counts) - 1
            hooks.progress(Progress(step, steps, loss, self.seconds[-1], phase.height, phase.width))
        self._save(state, position)

    def _save(self, state: OptimiserState, position: Position, *, last: bool = False) -> None:
        store = self.hooks.checkpoint
        if store is not None and (last or store.due()):
            store.save(state, position, np.concatenate(self.rows), np.asarray(self.seconds))

    def pictures(self, levels: Sequence[Levels]) -> list[np.ndarray]:
        """What the jobs that were asked for look like, at full size."""
        jobs = self.jobs[: self.asked]
        return [job.picture(level) for job, level in zip(jobs, levels, strict=False)]

    @staticmethod
    def _levels(state: OptimiserState) -> list[Levels]:
        return list(np.asarray(state.best))

    def _outcomes(self, levels: Sequence[Levels], status: Status) -> list[Outcome]:
        rows = np.concatenate(self.rows)
        outcomes = []
        for index, level in enumerate(levels[: self.asked]):
            losses = Losses(*rows[:, :, index].T)
            own: Status = "diverged" if self.failed[index] else status
            outcomes.append(Outcome(level, History(losses, np.asarray(self.seconds)), own))
        return outcomes
