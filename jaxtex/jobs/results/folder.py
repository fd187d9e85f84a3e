"""The folder of a batch: images, and `results.jsonl` with one line for each finished job.

An image is there before its line, and both are there whole or not at all, whenever the process is
killed; what a kill leaves of a last line is cut off when the folder is opened again. Shares of a
batch (`--shard`) write lines of their own, which the next run of the whole gathers.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jaxtex.errors import CheckpointError, OutputError, RunError
from jaxtex.files import check_folder, make_folder, write_bytes
from jaxtex.jobs.kinds import PlannedJob
from jaxtex.jobs.kinds.planning import is_inside
from jaxtex.training import differences

RESULTS = "results.jsonl"
SUMMARY = "summary.html"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Finished:
    """What came of a job: an encoded image, or the reason why there is none."""

    job: PlannedJob
    seconds: float
    """Its share of its batch's time."""
    image: bytes | None = None
    error: str | None = None
    facts: dict[str, Any] | None = None
    """More for its line, such as width and loss."""

    def record(self) -> dict[str, Any]:
        """Its line of `results.jsonl`."""
        return {
            "output": self.job.output,
            "status": "failed" if self.image is None else "done",
            "error": self.error,
            "seconds": round(self.seconds, 4),
            **(self.facts or {}),
            "bytes": None if self.image is None else len(self.image),
            "identity": self.job.identity(),
            "settings": self.job.facts(),
        }


class _Line(NamedTuple):
    text: bytes
    record: dict[str, Any]


class ResultFolder:
    """Where the results of a batch lie, or of one share of it."""

    def __init__(self, path: Path, share: tuple[int, int] | None = None) -> None:
        self.path, self.share = path, share
        name = "" if share is None else f".{share[0]}-of-{share[1]}"
        self.results = path / RESULTS.replace(".jsonl", f"{name}.jsonl")
        self._own_lock = None if share is None else path / f"{_LOCK}{name}"

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Says before any work whether the folder can take results.

        Raises:
          OutputError: it cannot be written, or holds files and neither is given.
        """
        free = resume or overwrite
        if not free and self.results.exists():
            raise OutputError(
                f"{self.path}: holds the results of a batch; --resume goes on with it, --overwrite "
                "begins anew"
            )
        locks = self.path.is_dir() and all(
            each.name.startswith(_LOCK) for each in self.path.iterdir()
        )
        check_folder(self.path, overwrite=free or locks or self.share is not None)

    @contextmanager
    def opened(
        self, jobs: Sequence[PlannedJob], *, resume: bool, overwrite: bool
    ) -> Iterator[list[PlannedJob]]:
        """Keeps other processes out, and yields the jobs whose results are not there.

        With `resume` these are the ones that were not finished, that failed, or whose image is
        gone; with `overwrite` also those that were done with other settings or images.

        Raises:
          OutputError: another process is at work there, or `results.jsonl` is damaged.
          CheckpointError: a job was done with other settings or images, without `overwrite`.
        """
        make_folder(self.path)
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._locked(self.path / _LOCK, shared=self.share is not None))
            if self._own_lock is not None:
                stack.enter_context(self._locked(self._own_lock, shared=False))
            else:
                self._remove_leftovers(jobs)
            yield self._missing(jobs, overwrite) if resume else self._emptied(jobs)

    @contextmanager
    def _locked(self, path: Path, *, shared: bool) -> Iterator[None]:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise OutputError(f"{path}: cannot be opened ({error.strerror})") from None
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise OutputError(
                f"{self.path}: another process is at work there; wait for its end"
            ) from None
        finally:
            os.close(handle)

    def _remove_leftovers(self, jobs: Sequence[PlannedJob]) -> None:
        """Removes temporary files that a killed process left."""
        for folder in {(self.path / job.output).parent for job in jobs} | {self.path}:
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".jaxtex-"):
                        Path(entry.path).unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """All files with results: of the whole first."""
        shares = sorted(self.path.glob(RESULTS.replace(".jsonl", ".*-of-*.jsonl")))
        return [path for path in (self.path / RESULTS, *shares) if path.exists()]

    def _emptied(self, jobs: Sequence[PlannedJob]) -> list[PlannedJob]:
        for path in self._files() if self.share is None else [self.results]:
            path.unlink(missing_ok=True)
        return list(jobs)

    def _missing(self, jobs: Sequence[PlannedJob], overwrite: bool) -> list[PlannedJob]:
        files = self._files()
        found = {path: list(_read(path)) for path in files}
        last = {line.record["output"]: line for lines in found.values() for line in lines}
        missing = []
        for job in jobs:
            record = last[job.output].record if job.output in last else None
            if record is None or not self._is_done(job, record, overwrite):
                missing.append(job)
        again = {job.output for job in missing}
        kept = [
            line
            for path, lines in found.items()
            if self.share is None or path == self.results
            for line in lines
            if line is last[line.record["output"]] and line.record["output"] not in again
        ]
        self._rewrite(b"".join(line.text for line in kept))
        if self.share is None:
            for path in files:
                if path != self.results:
                    path.unlink()
        return missing

    def _is_done(self, job: PlannedJob, record: dict[str, Any], overwrite: bool) -> bool:
        if record["status"] != "done":
            return False
        path = self.path / job.output
        if record["identity"] != job.identity():
            if overwrite:
                return False
            raise CheckpointError(
                f"{path}: belongs to another job, which differs in "
                f"{differences(record['settings'], job.facts())}; name another folder, or give "
                "--overwrite too"
            )
        return path.is_file() and path.stat().st_size == record["bytes"]

    def _rewrite(self, text: bytes) -> None:
        if not self.results.exists() or self.results.read_bytes() != text:
            write_bytes(self.results, text)

    def write(self, finished: Finished) -> None:
        """Writes the image, if there is one, and then the line.

        Raises:
          RunError: the disk is full or fails, or the place lies outside the folder by now.
        """
        path = self.path / finished.job.output
        if finished.image is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunError(f"{path.parent}: cannot be made ({error.strerror})") from error
            if not is_inside(path.parent, self.path):
                raise RunError(f"{path}: leads out of {self.path} by a link")
            write_bytes(path, finished.image)
        self._append(json.dumps(finished.record(), allow_nan=False).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        try:
            handle = os.open(self.results, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                if os.write(handle, line) != len(line):
                    raise OSError(None, "the disk is full")
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise RunError(f"{self.results}: cannot be written ({error.strerror})") from error

    def records(self) -> Iterator[dict[str, Any]]:
        """The lines of all files with results, a share's other shares' among them."""
        for path in self._files():
            for line in _read(path):
                yield line.record


def _read(path: Path) -> Iterator[_Line]:
    """The lines that are whole.

    Raises:
      OutputError: a line is not a result.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                record = json.loads(line)
                fields = record["output"], record["status"], record["identity"]
                whole = all(isinstance(each, str) for each in fields)
                whole = whole and isinstance(record["settings"], dict) and "bytes" in record
            except (ValueError, TypeError, KeyError, RecursionError):
                whole = False
            if not whole:
                raise OutputError(
                    f"{path}: line {number} is not a result; remove it, or give --overwrite"
                )
            yield _Line(line, record)
