"""The process that owns the device: it takes orders from its standard input until that ends.

Work of a lower rank gives turns to work of a higher one, between two evaluations. Where the server
ends, even by a kill, the input ends, and the process with it.
"""

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.jobs.front import Front, Status
from jaxtex.ui.device.pipe import Writer, messages
from jaxtex.ui.device.tasks import WARM_UP, Rank, find, find_task

# Behind the server, so that a page answers whatever the device does.
_NICENESS = 5
_GRACE = 1.5
"""Seconds that the first page has the processor for itself, unless work comes sooner."""


@dataclass(frozen=True)
class _Order:
    """Something to be done."""

    id: str
    task: str
    arguments: Mapping[str, Any]
    rank: Rank


class Turn:
    """What a task has of the worker: it tells of its progress, gives turns, hears a stop."""

    def __init__(self, worker: "Worker", order: _Order) -> None:
        self._worker, self._order = worker, order
        self.paused = 0.0
        """Seconds that other work has taken in this task's turns."""

    def tell(self, **event: Any) -> None:
        """Sends JSON values to whoever asked."""
        self._worker.writer.send({"id": self._order.id, "event": event})

    def stopped(self) -> bool:
        """Lets work of a higher rank be done, then says whether this task shall stop."""
        began = time.monotonic()
        self._worker.give_turns(self._order.rank)
        self.paused += time.monotonic() - began
        return self._worker.is_stopped(self._order.id)

    def front(self, show: Callable[[Status], None] = lambda status: None, **more: Any) -> Front:
        """The front for a request: its sentences are told as `said`."""
        return Front(say=lambda text: self.tell(said=text), show=show, stopped=self.stopped, **more)


class Worker:
    """Orders that wait, and the one that is being done."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._arrived: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._waiting: list[_Order] = []
        self._stopped: set[str] = set()

    def listen(self, stream: Any) -> None:
        """Takes messages in as they come; ends the process when they end."""
        with contextlib.suppress(OSError, ValueError):
            for message in messages(stream):
                if "stop" in message:
                    self._stopped.add(message["stop"])
                else:
                    self._arrived.put(message)
        os._exit(0)

    def work(self) -> None:
        """Does what is asked for, for ever; warms up while nothing is."""
        cold: Iterator[str] | None = _warm_up()
        with contextlib.suppress(queue.Empty):
            self._take_in(self._arrived.get(timeout=_GRACE))
        while True:
            order = self._next(-1)
            if order is not None:
                self._do(order)
            elif cold is not None:
                cold = self._warmer(cold)
            else:
                self._take_in(self._arrived.get())

    def _warmer(self, cold: Iterator[str]) -> Iterator[str] | None:
        """One piece of the warming up; what there is still to do."""
        try:
            said = next(cold, None)
        except JaxtexError as error:
            # Whoever asks for work gets the same sentence.
            print(f"jaxtex: {error}", file=sys.stderr)
            return None
        if said:
            self.writer.send({"ready": said})
        return None if said is None else cold

    def give_turns(self, rank: int) -> None:
        """Does all that waits and is of a higher rank."""
        while (order := self._next(rank)) is not None:
            self._do(order)

    def is_stopped(self, id: str) -> bool:
        """Whether this order shall stop."""
        return id in self._stopped

    def _take_in(self, message: Mapping[str, Any]) -> None:
        self._waiting.append(
            _Order(message["do"], message["task"], message["arguments"], Rank(message["rank"]))
        )

    def _next(self, rank: int) -> _Order | None:
        """The first of those of the highest rank above `rank` that wait."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._take_in(self._arrived.get_nowait())
        order = max(self._waiting, key=lambda each: each.rank, default=None)
        if order is None or order.rank <= rank:
            return None
        self._waiting.remove(order)
        return order

    def _do(self, order: _Order) -> None:
        answer: dict[str, Any]
        try:
            if self.is_stopped(order.id):
                raise Stopped("")
            answer = {"done": find_task(order.task)(order.arguments, Turn(self, order))}
        except Stopped as stopped:
            answer = {"failed": str(stopped), "kind": "stopped"}
        except JaxtexError as error:
            answer = {"failed": str(error), "kind": "refused"}
        except (RunError, OSError, MemoryError) as error:
            answer = {"failed": str(error) or type(error).__name__, "kind": "failed"}
        except Exception as error:
            traceback.print_exc()
            answer = {"failed": f"{type(error).__name__}: {error}", "kind": "failed"}
        self._stopped.discard(order.id)
        self.writer.send({"id": order.id, **answer})
        if order.rank == Rank.RUN:
            from jaxtex.runtime import forget_programs, trim_memory

            forget_programs()
            trim_memory()


def _warm_up() -> Iterator[str]:
    """Imports what the first job needs, piece by piece; says the device in the end."""
    from jaxtex.runtime import configure

    yield ""
    configure(os.environ.get("JAXTEX_UI_DEVICE"))
    yield ""
    import jax

    from jaxtex.style import load_network

    load_network()
    yield jax.devices()[0].device_kind
    for _ in find(WARM_UP)():
        yield ""


def main() -> None:
    """The program of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    # What anybody prints goes to the terminal, not between the messages.
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = Worker(Writer(stream))
    threading.Thread(target=worker.listen, args=(sys.stdin.buffer,), daemon=True).start()
    worker.work()


if __name__ == "__main__":
    main()
