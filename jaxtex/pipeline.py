"""Host and device at work at the same time: values made ahead, results fetched behind."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_END: Any = object()


@contextmanager
def made_ahead(values: Iterable[T], count: int = 2) -> Iterator[Iterator[T]]:
    """`values`, of which a thread of its own makes up to `count` before they are asked for.

    What goes wrong there is raised where the value is taken. When the block is left, in whatever
    way, the thread ends with the value that it is making.
    """
    coming = iter(values)
    waiting: deque[Future[T]] = deque()

    def taken() -> Iterator[T]:
        while (value := waiting.popleft().result()) is not _END:
            waiting.append(maker.submit(next, coming, _END))
            yield value

    maker = ThreadPoolExecutor(1, thread_name_prefix="made-ahead")
    try:
        waiting.extend(maker.submit(next, coming, _END) for _ in range(count))
        yield taken()
    finally:
        maker.shutdown(cancel_futures=True)


def fetched_behind(results: Iterable[T], count: int = 1) -> Iterator[T]:
    """`results`, trees of arrays, on the host: each is waited for when `count` more are under way.

    The device need not wait for the host, and holds no more than `count` + 1 of them.
    """
    import jax

    waiting: deque[T] = deque()
    for each in results:
        waiting.append(each)
        if len(waiting) > count:
            yield jax.device_get(waiting.popleft())
    while waiting:
        yield jax.device_get(waiting.popleft())
