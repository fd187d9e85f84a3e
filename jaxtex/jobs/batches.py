"""Jobs made ready and put together: those of one shape and program fill a batch.

Nothing is padded in height or width: Gram matrices, silhouettes and the zeros round an image all
depend on its size, and a job shall be what it would be by itself. Along the batch a rest is filled
up with copies to a power of two, so that few programs are compiled.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jaxtex import images
from jaxtex.errors import ImageError, JaxtexError
from jaxtex.images import LoadedImage
from jaxtex.jobs.plan import PlannedJob
from jaxtex.jobs.request import load_inputs
from jaxtex.style.job import Job

# Bytes of images and of jobs made ready that are kept at most; the newest are kept in any case.
_IMAGE_BYTES, _WAITING_BYTES = 2**28, 2**29


class Prepared(NamedTuple):
    """A job whose images are read and made ready."""

    planned: PlannedJob
    job: Job
    images: dict[str, Any]
    """What its result says of its images."""


class Failure(NamedTuple):
    """A job that cannot be run."""

    planned: PlannedJob
    reason: str


class Batch(NamedTuple):
    """Jobs that run together, and those that were found to fail meanwhile."""

    jobs: list[Prepared]
    failures: list[Failure]

    def filled(self, most: int, multiple: int = 1) -> list[Job]:
        """Its jobs and copies of the last one: a power of two up to `most`, a multiple at least."""
        jobs = [each.job for each in self.jobs]
        count = min(most, 1 << (len(jobs) - 1).bit_length())
        count = -(-max(count, len(jobs)) // multiple) * multiple
        return jobs + jobs[-1:] * (count - len(jobs))


class ImageCache:
    """`images.load_image` that keeps what it read last."""

    def __init__(self, most_bytes: int = _IMAGE_BYTES) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Any, LoadedImage] = OrderedDict()
        self._bytes = 0

    def load(
        self, path: Path, *, background: str = "#ffffff", svg_size: int | None = None
    ) -> LoadedImage:
        """The image of `images.load_image`, perhaps from a former call."""
        key = path, background, svg_size
        if key not in self._kept:
            options = {} if svg_size is None else {"svg_size": svg_size}
            self._kept[key] = images.load_image(path, background=background, **options)
            self._bytes += _image_bytes(self._kept[key])
        self._kept.move_to_end(key)
        found = self._kept[key]
        while self._bytes > self.most_bytes and len(self._kept) > 1:
            self._bytes -= _image_bytes(self._kept.popitem(last=False)[1])
        return found


def assemble(
    planned: Sequence[PlannedJob], size_of: Callable[[Job], int], cache: ImageCache
) -> Iterator[Batch]:
    """Makes jobs ready one by one, and yields a batch as soon as it has `size_of` its jobs.

    When jobs that wait for others take too much memory, the largest group of them goes as it is.
    """
    waiting: dict[Any, list[Prepared]] = {}
    failures: list[Failure] = []
    held = 0
    for each in planned:
        try:
            prepared = _prepare(each, cache)
        except JaxtexError as error:
            failures.append(Failure(each, str(error)))
            continue
        key = prepared.job.group
        waiting.setdefault(key, []).append(prepared)
        held += _job_bytes(prepared.job)
        if len(waiting[key]) < size_of(prepared.job):
            if held <= _WAITING_BYTES:
                continue
            key = max(waiting, key=lambda group: len(waiting[group]))
        jobs = waiting.pop(key)
        held -= sum(_job_bytes(each.job) for each in jobs)
        yield Batch(jobs, failures)
        failures = []
    for jobs in waiting.values():
        yield Batch(jobs, failures)
        failures = []
    if failures:
        yield Batch([], failures)


def _prepare(planned: PlannedJob, cache: ImageCache) -> Prepared:
    inputs = load_inputs(planned.files, cache.load)
    read = (inputs.content, *inputs.styles, inputs.mask, inputs.init)
    found = [image for image in read if image is not None]
    for image, digest in zip(found, planned.digests, strict=True):
        if image.sha256 != digest:
            raise ImageError(f"{image.path}: has changed since it was checked")
    job = inputs.make_job(planned.settings, planned.style_weights)
    return Prepared(planned, job, inputs.metadata())


def _image_bytes(image: LoadedImage) -> int:
    return image.rgb.nbytes + (0 if image.alpha is None else image.alpha.nbytes)


def _job_bytes(job: Job) -> int:
    arrays = [job.content, *job.styles, job.mask, job.init, job.original]
    if job.ink is not None:
        arrays += [job.ink.coverage, job.ink.color]
    return sum(array.nbytes for array in arrays)
