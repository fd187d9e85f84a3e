"""The engine of a Ray cluster: a pool of actors, each a `LocalEngine` on its own accelerator.

The driver hands out pieces of the plan, retries those whose worker died, and alone writes images
and lines: a job that is run twice is written once. Images, weights and models lie where every node
can read them under the same path.
"""

import functools
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jaxtex.errors import RunError, SettingsError, first_line
from jaxtex.jobs.engines.local import LocalEngine, State
from jaxtex.jobs.kinds import PlannedJob
from jaxtex.jobs.results import Finished

# Jobs of a piece where no batch size is given: enough for a worker to read ahead, little to lose.
_PIECE = 16
# A job whose worker has died so often is taken for the cause; so many may die at their start.
_MOST_DEATHS = 3
# Seconds between two looks at whether the run shall stop.
_LOOK = 0.5


class Worker:
    """What an actor does; JAX is imported in its own process."""

    def __init__(self, options: dict[str, Any]) -> None:
        # Several processes may share a device's memory.
        os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        from jaxtex.runtime import configure

        configure(options["device"])
        from jaxtex.style import load_network

        self._finished: list[Finished] = []
        self._engine = LocalEngine(
            network=functools.partial(load_network, options["weights"]),
            deliver=self._finished.append,
            batch_size=options["batch_size"],
            max_bytes=options["max_bytes"],
        )

    def ready(self) -> int:
        """The number of its process, once it can work."""
        return os.getpid()

    def run(self, jobs: list[PlannedJob]) -> list[Finished]:
        """What came of each job."""
        self._finished.clear()
        self._engine.done = self._engine.failed = 0
        self._engine.run(jobs)
        return list(self._finished)


@dataclass(kw_only=True)
class RayEngine:
    """Runs jobs on the workers of a Ray cluster."""

    deliver: Callable[[Finished], None]
    address: str | None = None
    """Of the cluster's head; None: what `RAY_ADDRESS` says, or a cluster of this machine alone."""
    workers: int | None = None
    """How many; None: one for each accelerator, or for each node where there are none."""
    batch_size: int | None = None
    max_bytes: int | None = None
    weights: Path | None = None
    device: str | None = None
    stopped: Callable[[], bool] = lambda: False
    report: Callable[[State], None] = lambda state: None
    warn: Callable[[str], None] = lambda text: None
    done: int = field(init=False, default=0)
    failed: int = field(init=False, default=0)
    processes: list[int] = field(init=False, default_factory=list)
    """The numbers of the workers' processes, those of dead ones among them."""

    def run(self, jobs: Sequence[PlannedJob]) -> bool:
        """Runs the jobs and delivers what comes of each; False if it was stopped before the end.

        Raises:
          SettingsError: the cluster cannot be reached.
          RunError: a worker cannot start or raises, or what came of a job cannot be delivered.
        """
        if not jobs:
            return True
        ray = _start(self.address)
        try:
            return self._run(ray, jobs)
        except ray.exceptions.RayError as error:
            raise RunError(f"Ray: {first_line(error)}") from error
        finally:
            ray.shutdown()

    def _run(self, ray: Any, jobs: Sequence[PlannedJob]) -> bool:
        began = time.perf_counter()
        size = 2 * self.batch_size if self.batch_size else _PIECE
        count = self.workers or _accelerators(ray) or len(ray.nodes())
        # The last pieces shall not leave workers idle.
        size = max(1, min(size, -(-len(jobs) // (2 * count))))
        pieces = deque(list(jobs[start : start + size]) for start in range(0, len(jobs), size))
        deaths: dict[str, int] = {}
        make = self._maker(ray)
        idle: list[Any] = []
        starting = {actor.ready.remote(): actor for actor in (make() for _ in range(count))}
        running: dict[Any, tuple[Any, list[PlannedJob]]] = {}
        lost = 0
        while pieces or running:
            while idle and pieces:
                actor, piece = idle.pop(), pieces.popleft()
                running[actor.run.remote(piece)] = actor, piece
            waiting = [*starting, *running]
            for future in ray.wait(waiting, num_returns=1, timeout=_LOOK)[0]:
                if future in starting:
                    actor = starting.pop(future)
                    try:
                        self.processes.append(ray.get(future))
                        idle.append(actor)
                    except ray.exceptions.RayActorError:
                        lost += 1
                        if lost == _MOST_DEATHS:
                            raise
                        actor = make()
                        starting[actor.ready.remote()] = actor
                    continue
                actor, piece = running.pop(future)
                try:
                    finished = ray.get(future)
                except ray.exceptions.RayActorError:
                    self._bury(piece, pieces, deaths)
                    actor = make()
                    starting[actor.ready.remote()] = actor
                else:
                    self._deliver(finished)
                    idle.append(actor)
            seconds = time.perf_counter() - began
            busy = len(running) / count
            self.report(State(self.done, self.failed, len(jobs), seconds, busy, 0, None))
            if self.stopped():
                return False
        return True

    def _maker(self, ray: Any) -> Callable[[], Any]:
        options = {
            "device": self.device,
            "weights": None if self.weights is None else str(Path(self.weights).absolute()),
            "batch_size": self.batch_size,
            "max_bytes": self.max_bytes,
        }
        resources = {"num_gpus": 1} if _accelerators(ray) else {"num_cpus": 1}
        worker = ray.remote(**resources, scheduling_strategy="SPREAD")(Worker)
        return lambda: worker.remote(options)

    def _bury(
        self, piece: list[PlannedJob], pieces: deque[list[PlannedJob]], deaths: dict[str, int]
    ) -> None:
        """Puts the jobs of a dead worker back, one by one, but for those that kill every one."""
        self.warn(f"a worker died; {len(piece)} jobs are run again")
        for job in piece:
            deaths[job.output] = deaths.get(job.output, 0) + 1
            if deaths[job.output] < _MOST_DEATHS:
                pieces.append([job])
            else:
                reason = f"{_MOST_DEATHS} workers died while they had it"
                self._deliver([Finished(job=job, seconds=0.0, error=reason)])

    def _deliver(self, finished: Sequence[Finished]) -> None:
        for each in finished:
            self.deliver(each)
            if each.image is None:
                self.failed += 1
            else:
                self.done += 1


def _start(address: str | None) -> Any:
    """Ray, connected."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    dashboard = None if address else False
    try:
        ray.init(
            address=address,
            include_dashboard=dashboard,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise SettingsError(f"--address: no Ray cluster is there ({first_line(error)})") from None
    return ray


def _accelerators(ray: Any) -> int:
    return int(ray.cluster_resources().get("GPU", 0))
