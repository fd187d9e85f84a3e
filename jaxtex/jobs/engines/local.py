"""The engine of one process: while a batch runs, the next is read and the last is written.

One thread reads files and makes jobs ready, another one encodes results and hands them over, so
that the device waits for neither. What is done with a job is up to the work of its kind.
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

from jaxtex.errors import JaxtexError, RunError, first_line
from jaxtex.jobs.caches import ImageCache, Models
from jaxtex.jobs.engines.batches import Batch, assemble
from jaxtex.jobs.kinds import KINDS, Encoded, PlannedJob, Prepared, Resources, Work
from jaxtex.jobs.results import Finished
from jaxtex.runtime import forget_programs, trim_memory
from jaxtex.style import Hooks, Placement, Progress, available_bytes, load_network
from jaxtex.style.devices import out_of_memory
from jaxtex.vgg import VGG16

# The most jobs at once where no size is given and memory would allow more. On CPU larger batches
# gain nothing.
_MOST_ON_CPU, _MOST = 4, 64
# Batches that may wait for being written.
_BACKLOG = 2
# Batches between two looks at how many programs there are.
_LOOK_EVERY = 4
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

    deliver: Callable[[Finished], None]
    """Gets what came of each job, in a thread of its own."""
    network: Callable[[], VGG16] = load_network
    """Loads VGG16; called once, when the first job that needs it runs."""
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
    models: Models = field(default_factory=Models)
    """Models that are loaded already may be among them."""
    profile: Path | None = None
    """Where to write a trace of the first batches."""
    done: int = field(init=False, default=0)
    failed: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        devices = jax.local_devices() if self.devices is None else self.devices
        on_cpu = devices[0].platform == "cpu"
        resources = Resources(
            network=self.network,
            placement=Placement(devices),
            images=ImageCache(),
            models=self.models,
            most=self.batch_size or (_MOST_ON_CPU if on_cpu else _MOST),
            limit=self.max_bytes or int(0.8 * available_bytes()),
        )
        self._works = {name: kind.work(resources) for name, kind in KINDS.items()}
        self._clock = _Clock(0)

    def run(self, jobs: Sequence[PlannedJob]) -> bool:
        """Runs the jobs and delivers what comes of each; False if it was stopped before the end.

        Raises:
          RunError: what came of a job cannot be delivered, or the device failed.
        """
        self._clock = clock = _Clock(len(jobs))
        batches = assemble(
            jobs,
            lambda job: self._work(job).prepare(job),
            lambda prepared: self._work(prepared.planned).size(prepared),
        )
        writes: deque[Future[None]] = deque()
        stopped = False
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
            coming = reader.submit(next, batches, None)
            while not stopped and (batch := coming.result()) is not None:
                if clock.batches % _LOOK_EVERY == 0:
                    # While the reader rests, which uses JAX for some jobs.
                    forget_programs()
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

    def _work(self, job: PlannedJob) -> Work:
        return self._works[job.kind]

    def _run(self, batch: Batch) -> list[Any] | None:
        """What comes of a batch's jobs, or why nothing does; None if it was stopped."""
        jobs = batch.jobs
        if not jobs:
            return []
        work = self._work(jobs[0].planned)
        hooks = Hooks(progress=lambda progress: self._tell(len(jobs), progress), stop=self.stopped)
        while True:
            try:
                return work.run(jobs, hooks)
            except JaxtexError as error:
                return [_Reason(str(error))] * len(jobs)
            except Exception as error:
                if not out_of_memory(error):
                    if isinstance(error, jax.errors.JaxRuntimeError):
                        raise RunError(f"the device failed ({first_line(error)})") from error
                    raise
                lowered = work.lower(jobs)
                if lowered is None:
                    reason = f"not even a single job fits into memory ({first_line(error)})"
                    return [_Reason(reason)] * len(jobs)
                self.warn(lowered)

    def _write(self, batch: Batch, outcomes: Sequence[Any], seconds: float) -> None:
        for failure in batch.failures:
            self._deliver(failure.planned, 0.0, Encoded(None, {}, failure.reason))
        for prepared, outcome in zip(batch.jobs, outcomes, strict=True):
            self._deliver(prepared.planned, seconds, self._encode(prepared, outcome))
        trim_memory()

    def _encode(self, prepared: Prepared, outcome: Any) -> Encoded:
        if isinstance(outcome, _Reason):
            return Encoded(None, {}, outcome.text)
        return self._work(prepared.planned).encode(prepared, outcome)

    def _deliver(self, job: PlannedJob, seconds: float, encoded: Encoded) -> None:
        image, facts, error = encoded
        self.deliver(Finished(job=job, seconds=seconds, image=image, error=error, facts=facts))
        if image is None:
            self.failed += 1
        else:
            self.done += 1


class _Reason(NamedTuple):
    """Why nothing comes of a job that was to run."""

    text: str


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
