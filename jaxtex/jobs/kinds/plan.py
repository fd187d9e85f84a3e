"""From rows to jobs: every row is checked, and each job has an identity, before work starts."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from jaxtex.errors import JaxtexError, SettingsError
from jaxtex.jobs.caches import Models
from jaxtex.jobs.kinds.planning import Planning
from jaxtex.jobs.kinds.table import KINDS
from jaxtex.jobs.kinds.work import PlannedJob
from jaxtex.jobs.manifests import BadRow, Manifest

T = TypeVar("T")


def plan(
    manifest: Manifest, folder: Path, *, weights: str | None = None, models: Models | None = None
) -> tuple[list[PlannedJob], list[BadRow]]:
    """Checks every row; returns the jobs, and all rows that cannot be run in the file's order.

    A row is bad if an option is outside its range, a file is not there, a model cannot be used, or
    its output would be outside `folder` or that of another row. Images are decoded later: one that
    is damaged fails its own job. `weights` is the digest of other VGG16 weights; with `models`,
    models are shared with an engine.
    """
    planning = Planning(manifest.folder, folder, weights, models or Models())
    jobs: list[PlannedJob] = []
    bad = list(manifest.bad)
    for row in manifest.rows:
        try:
            jobs.append(KINDS[row.kind].plan(row, planning))
        except JaxtexError as error:
            bad.append(BadRow(row.line, str(error)))
    obstacle = _obstacles(jobs, folder)
    kept = []
    for job in jobs:
        reason = obstacle(job.output)
        if reason is None:
            kept.append(job)
        else:
            bad.append(BadRow(job.line, f"output: {job.output!r} {reason}"))
    return kept, sorted(bad)


def _obstacles(jobs: Sequence[PlannedJob], folder: Path) -> Callable[[str], str | None]:
    """What says why an output cannot be written beside the others and the inputs of all jobs."""
    folders = {str(parent) for job in jobs for parent in PurePosixPath(job.output).parents}
    place = folder.resolve()
    read = {path.resolve() for path in {path for job in jobs for path in job.inputs()}}
    # Inputs are mostly elsewhere, and there is nothing to look at.
    near = {path for path in read if path.is_relative_to(place)}

    def obstacle(output: str) -> str | None:
        if output in folders:
            return "is the folder of another row's"
        if near and (folder / output).resolve() in near:
            return "is an input, and would be overwritten; name another"
        return None

    return obstacle


def describe(bad: Sequence[BadRow], name: str, total: int) -> str:
    """All bad rows with their lines and reasons, as the message of an error."""
    head = f"{name}: {len(bad)} of {total} rows cannot be run; none was (--skip-bad runs the rest)"
    return "\n".join([head, *(f"  line {row.line}: {row.reason}" for row in bad)])


def parse_shard(text: str) -> tuple[int, int]:
    """The number of a share and how many there are, of `0/8`.

    Raises:
      SettingsError: it looks otherwise, or there is no such share.
    """
    found = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise SettingsError(f"--shard: {text!r} must look like 0/8, from 0/8 to 7/8")
    return int(found[1]), int(found[2])


def shard(jobs: Sequence[T], number: int, count: int) -> Sequence[T]:
    """Share `number` of `count`, in one piece: neighbours in a manifest tend to share images."""
    return jobs[len(jobs) * number // count : len(jobs) * (number + 1) // count]
