"""The queue before the device: what is being done, what waits and at which place, who is told.

All of it runs in the server's event loop; a thread reads what the worker says.
"""

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import text
from jaxtex.ui.device.pipe import Writer, messages
from jaxtex.ui.device.tasks import Rank

COMMAND = [sys.executable, "-m", "jaxtex.ui.device.worker"]
"""What is started as the worker."""

# How long the end of the server waits for a run to keep what it has.
_PATIENCE = 8.0

Listener = Callable[[dict[str, Any]], None]


@dataclass(eq=False)
class Job:
    """Work that was asked for."""

    id: str
    task: str
    arguments: Mapping[str, Any]
    rank: Rank
    about: str
    """What it is, in words, for the queue that all see."""
    answer: "asyncio.Future[Any]"
    heard: Listener
    state: Literal["waiting", "working"] = "waiting"
    last: dict[str, Any] = field(default_factory=dict)
    """All that it has told, the newest of each."""


class Device:
    """The worker process with its queue; made and used in the server's event loop."""

    def __init__(self, *, device: str | None = None) -> None:
        self.device = device
        self.ready: str | None = None
        """What it computes on; None while it warms up."""
        self.version = 0
        """Grows with every change of the queue."""
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def jobs(self) -> list[Job]:
        """Runs and previews, those at work first, then in their order."""
        long = [job for job in self._jobs.values() if job.rank < Rank.CLICK]
        return sorted(long, key=lambda job: (job.state != "working", -job.rank))

    def place(self, job: Job) -> int:
        """How many jobs of its kind are before it."""
        alike = [each for each in self._jobs.values() if each.rank == job.rank]
        return alike.index(job) if job in alike else 0

    def submit(
        self,
        task: str,
        arguments: Mapping[str, Any],
        *,
        rank: Rank = Rank.RUN,
        about: str = "",
        heard: Listener = lambda event: None,
    ) -> Job:
        """Puts work at the end of the queue of its rank; `heard` gets all that it tells.

        `job.answer` is a future of what the task returns; see `ask` for what it raises.
        """
        id = f"{next(self._numbers)}"
        answer: asyncio.Future[Any] = self._loop.create_future()
        # Who does not wait for the answer has heard of a failure by other ways.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        job = Job(id, task, arguments, rank, about, answer, heard)
        self._jobs[id] = job
        self._go_on()
        return job

    async def ask(
        self,
        task: str,
        arguments: Mapping[str, Any],
        *,
        rank: Rank = Rank.CLICK,
        about: str = "",
        heard: Listener = lambda event: None,
    ) -> Any:
        """Has short work done between two evaluations of what runs, and waits for its answer.

        Raises:
          JaxtexError: it is refused, in the command line's sentence.
          RunError: it failed.
          Stopped: it was dropped.
        """
        return await self.submit(task, arguments, rank=rank, about=about, heard=heard).answer

    def drop(self, job: Job) -> None:
        """Takes a job out of the queue; one at work stops at its next turn."""
        if job.id not in self._jobs:
            return
        if job.state == "waiting":
            self._finish(job, {"failed": "", "kind": "stopped"})
        else:
            self._send({"stop": job.id})

    async def close(self) -> None:
        """Lets runs keep what they have, and ends the worker."""
        self._closed = True
        for job in list(self._jobs.values()):
            self.drop(job)
        waited = [job.answer for job in self._jobs.values() if job.state == "working"]
        if waited:
            await asyncio.wait(waited, timeout=_PATIENCE)
        if self._process is not None:
            self._process.kill()
            self._end(self._process)

    def _start(self) -> None:
        environment = {**os.environ, **({"JAXTEX_UI_DEVICE": self.device} if self.device else {})}
        self._process = process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        assert process.stdin is not None
        self._writer = Writer(process.stdin)
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        # Where the loop has ended nobody listens.
        with process.stdout, contextlib.suppress(RuntimeError, ValueError):
            for message in messages(process.stdout):
                self._loop.call_soon_threadsafe(self._hear, message)
            self._loop.call_soon_threadsafe(self._lost)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Waits for a process that has ended, or is about to, and closes what led to it."""
        process.wait()
        self._reader.join()
        with contextlib.suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]

    def _hear(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.ready = message["ready"]
            self.version += 1
            return
        job = self._jobs.get(message["id"])
        if job is None:
            return
        if "event" in message:
            job.last |= message["event"]
            job.heard(message["event"])
        else:
            self._finish(job, message)

    def _finish(self, job: Job, message: Mapping[str, Any]) -> None:
        del self._jobs[job.id]
        if job.answer.done():
            pass
        elif "done" in message:
            job.answer.set_result(message["done"])
        else:
            kinds = {"stopped": Stopped, "refused": JaxtexError}
            job.answer.set_exception(kinds.get(message["kind"], RunError)(message["failed"]))
        self._go_on()

    def _go_on(self) -> None:
        """Sends what may be sent: clicks at once, of runs and of previews one each."""
        self.version += 1
        if self._closed:
            return
        busy = {job.rank for job in self._jobs.values() if job.state == "working"}
        for job in self._jobs.values():
            if job.state == "waiting" and (job.rank == Rank.CLICK or job.rank not in busy):
                if self._process is None:
                    self._start()
                busy.add(job.rank)
                job.state = "working"
                job.heard({"working": True})
                order = {"do": job.id, "task": job.task, "rank": int(job.rank)}
                self._send({**order, "arguments": job.arguments})

    def _send(self, message: Mapping[str, Any]) -> None:
        # Where the worker has just ended, `_lost` sees to its jobs.
        with contextlib.suppress(OSError):
            self._writer.send(message)

    def _lost(self) -> None:
        """The worker ended by itself: its jobs fail, and the next ones get another."""
        if self._process is None or self._closed:
            return
        self._end(self._process)
        self._process, self.ready = None, None
        for job in [each for each in self._jobs.values() if each.state == "working"]:
            self._finish(job, {"failed": text.WORKER_LOST, "kind": "failed"})
