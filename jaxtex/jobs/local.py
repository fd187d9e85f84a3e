"""The engine of one process: while a batch runs, the next is read and the last is written.

One thread reads images and makes jobs ready, another one encodes results and hands them over, so
that the device waits for neither.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxtex import images
from jaxtex.errors import JaxtexError, RunError, first_line
from jaxtex.jobs.batches import Batch, ImageCache, Prepared, assemble
from jaxtex.jobs.plan import PlannedJob
from jaxtex.jobs.results import Finished
from jaxtex.style import memory
from jaxtex.style.job import Job
from jaxtex.style.placement import Placement
from jaxtex.style.run import Hooks, Outcome, Progress, run_jobs
from jaxtex.style.stylize import make_result
from jaxtex.style.targets import SharedTargets
from jaxtex.vgg import VGG16

# The most jobs at once where no size is given and memory would allow more. On CPU larger batches
# gain nothing.
_MOST_ON_CPU, _MOST = 4, 64
# Batches that may wait for being written.
_BACKLOG = 2
# A trace of many batches is too large to be looked at.
_TRACED_BATCHES = 2


class State(NamedTuple):
    """How far a run has come."""

    done: int
    failed: int
    total: int
    seconds: float
    busy: float
    """The share of the time in which a batch was running."""
    size: int
    """Jobs of the batch that is running."""
    step: Progress | None
    """Where that batch stands."""


@dataclass(kw_only=True)
class LocalEngine:
    """Runs jobs on the devices of this process."""

    network: VGG16
    deliver: Callable[[Finished], None]
    """Gets what came of each job, in a thread of its own."""
    batch_size: int | None = None
    """The most jobs at once; None: as many as fit, on CPU four."""
    max_bytes: int | None = None
    """What an evaluation may take of each device; None: most of what is free at the start."""
    devices: Sequence[jax.Device] | None = None
    """What batches are shared out to; None: all devices of this process."""
    stopped: Callable[[], bool] = lambda: False
    """Asked between chunks of steps."""
    report: Callable[[State], None] = lambda state: None
    warn: Callable[[str], None] = lambda text: None
    profile: Path | None = None
    """Where to write a trace of the first batches."""
    done: int = field(init=False, default=0)
    failed: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        devices = jax.local_devices() if self.devices is None else self.devices
        self.placement = Placement(devices)
        self.shared = SharedTargets(self.network, self.placement)
        free = memory.available_bytes()
        if devices[0].platform == "cpu":
            # They have one memory.
            free //= len(devices)
        self.limit = self.max_bytes or int(0.8 * free)
        self._clock = _Clock(0)

    def run(self, jobs: Sequence[PlannedJob]) -> bool:
        """Runs the jobs and delivers what comes of each; False if it was stopped before the end.

        Raises:
          RunError: what came of a job cannot be delivered, or the device failed.
        """
        self._clock = clock = _Clock(len(jobs))
        batches = assemble(jobs, self._size_of, ImageCache())
        writes: deque[Future[None]] = deque()
        stopped = False
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
            coming = reader.submit(next, batches, None)
            while not stopped and (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                with self._traced(clock.batches), clock.running():
                    outcomes = self._run(batch)
                stopped = outcomes is None
                if outcomes is not None:
                    share = clock.last / max(1, len(batch.jobs))
                    writes.append(writer.submit(self._write, batch, outcomes, share))
                    self._tell(len(batch.jobs), None)
                # What cannot be written ends the run at once, what is slow to write holds it up.
                while writes and (writes[0].done() or len(writes) > _BACKLOG):
                    writes.popleft().result()
                stopped = stopped or self.stopped()
            for write in writes:
                write.result()
        self._tell(0, None)
        return self.done + self.failed == len(jobs)

    def _traced(self, number: int) -> AbstractContextManager[Any]:
        if self.profile is None or number >= _TRACED_BATCHES:
            return nullcontext()
        return jax.profiler.trace(self.profile)

    def _tell(self, size: int, step: Progress | None) -> None:
        clock = self._clock
        self.report(
            State(self.done, self.failed, clock.total, clock.seconds, clock.busy, size, step)
        )

    def _size_of(self, job: Job) -> int:
        """How many jobs like this one run at once: a multiple of the devices."""
        most = self.batch_size
        if most is None:
            most = _MOST_ON_CPU if jax.default_backend() == "cpu" else _MOST
        height, width = job.content.shape[:2]
        share = max(1, most // self.placement.count)
        fits = memory.fit_batch(job.program, share, height, width, self.limit)
        return fits * self.placement.count

    def _run(self, batch: Batch) -> list[Outcome | str] | None:
        """The outcomes of a batch's jobs, or why there are none; None if it was stopped."""
        if not batch.jobs:
            return []
        hooks = Hooks(
            progress=lambda progress: self._tell(len(batch.jobs), progress), stop=self.stopped
        )
        while True:
            jobs = batch.filled(self._size_of(batch.jobs[0].job), self.placement.count)
            try:
                outcomes = run_jobs(jobs, hooks=hooks, max_bytes=self.limit, shared=self.shared)
            except Exception as error:
                if not out_of_memory(error):
                    if isinstance(error, jax.errors.JaxRuntimeError):
                        raise RunError(f"the device failed ({first_line(error)})") from error
                    raise
                if not self._lower_limit(len(jobs), jobs[0]):
                    reason = f"not even a single job fits into memory ({first_line(error)})"
                    return [reason] * len(batch.jobs)
            else:
                if any(outcome.status == "interrupted" for outcome in outcomes):
                    return None
                return list(outcomes[: len(batch.jobs)])

    def _lower_limit(self, count: int, job: Job) -> bool:
        """Halves what a batch may take, for all batches to come; False where nothing is left."""
        height, width = job.content.shape[:2]
        one = memory.evaluation_bytes(job.program, 1, height, width)
        share = max(1, min(count // self.placement.count, self.limit // one))
        if share > 1:
            self.limit = one * (share // 2)
            at_once = share * self.placement.count
            self.warn(f"out of memory with {at_once} jobs at once: going on with half of them")
        elif self.limit >= one:
            # Too little for one job makes it compute its activations twice.
            self.limit = one - 1
            self.warn("out of memory with a single job: activations are computed twice")
        else:
            return False
        return True

    def _write(self, batch: Batch, outcomes: Sequence[Outcome | str], seconds: float) -> None:
        for failure in batch.failures:
            self.deliver(Finished(job=failure.planned, seconds=0.0, error=failure.reason))
            self.failed += 1
        for prepared, outcome in zip(batch.jobs, outcomes, strict=True):
            each = finished(prepared, outcome, seconds)
            self.deliver(each)
            if each.image is None:
                self.failed += 1
            else:
                self.done += 1


class _Clock:
    """How long a run has taken, and how much of it batches were running."""

    def __init__(self, total: int) -> None:
        self.total, self.batches, self.last = total, 0, 0.0
        self._began, self._busy = time.perf_counter(), 0.0
        self._since: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """The time of a batch."""
        self._since = time.perf_counter()
        try:
            yield
        finally:
            self.last = time.perf_counter() - self._since
            self._busy += self.last
            self._since = None
            self.batches += 1

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began

    @property
    def busy(self) -> float:
        """The share of the time in which a batch was running."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return min(1.0, (self._busy + running) / max(self.seconds, 1e-9))


def finished(prepared: Prepared, outcome: Outcome | str, seconds: float) -> Finished:
    """What came of a job, its image encoded."""
    planned = prepared.planned
    if isinstance(outcome, str):
        return Finished(job=planned, seconds=seconds, error=outcome)
    result = make_result(prepared.job, outcome, prepared.job.original)
    step = int(result.history.step[-1])
    loss = float(result.history.total[-1])
    facts = {
        "width": result.image.shape[1],
        "height": result.image.shape[0],
        "steps": step,
        "loss": loss if np.isfinite(loss) else None,
    }
    if outcome.status == "diverged":
        reason = f"the loss became non-finite after step {step}"
        return Finished(job=planned, seconds=seconds, error=reason, facts=facts)
    try:
        image, alpha = result.cut_out() if planned.files.transparent else (result.image, None)
        metadata = {**result.metadata, **prepared.images}
        encoded = images.encode_image(planned.output, image, alpha=alpha, metadata=metadata)
    except JaxtexError as error:
        return Finished(job=planned, seconds=seconds, error=str(error), facts=facts)
    return Finished(job=planned, seconds=seconds, image=encoded, facts=facts)


def out_of_memory(error: Exception) -> bool:
    """Whether the device, or the machine, had too little memory."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, jax.errors.JaxRuntimeError) and (
        "resource_exhausted" in text or "out of memory" in text
    )
