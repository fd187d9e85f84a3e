"""Jobs made ready and put together: those of one kind and group fill a batch.

Nothing is padded in height or width: Gram matrices, silhouettes and the zeros round an image all
depend on its size, and a job shall be what it would be by itself.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from jaxtex.errors import JaxtexError
from jaxtex.jobs.kinds import PlannedJob, Prepared

# Bytes of jobs made ready that are kept at most; the newest are kept in any case.
_WAITING_BYTES = 2**29


class Failure(NamedTuple):
    """A job that cannot be run."""

    planned: PlannedJob
    reason: str


class Batch(NamedTuple):
    """Jobs that run together, and those that were found to fail meanwhile."""

    jobs: list[Prepared]
    failures: list[Failure]


def assemble(
    planned: Sequence[PlannedJob],
    prepare: Callable[[PlannedJob], Prepared],
    size_of: Callable[[Prepared], int],
) -> Iterator[Batch]:
    """Makes jobs ready one by one, and yields a batch as soon as it has `size_of` its jobs.

    When jobs that wait for others take too much memory, the largest group of them goes as it is.
    """
    waiting: dict[Hashable, list[Prepared]] = {}
    failures: list[Failure] = []
    held = 0
    for each in planned:
        try:
            prepared = prepare(each)
        except JaxtexError as error:
            failures.append(Failure(each, str(error)))
            continue
        key: Hashable = (each.kind, prepared.group)
        waiting.setdefault(key, []).append(prepared)
        held += prepared.nbytes
        if len(waiting[key]) < size_of(prepared):
            if held <= _WAITING_BYTES:
                continue
            key = max(waiting, key=lambda group: len(waiting[group]))
        jobs = waiting.pop(key)
        held -= sum(job.nbytes for job in jobs)
        yield Batch(jobs, failures)
        failures = []
    for jobs in waiting.values():
        yield Batch(jobs, failures)
        failures = []
    if failures:
        yield Batch([], failures)
