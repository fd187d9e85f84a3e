"""`jaxtex batch` as a function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from jaxtex.api.desk import File, is_file, path_of
from jaxtex.jobs import Front
from jaxtex.jobs.batch import BatchRequest, parse_batch_size


@dataclass(frozen=True)
class Batch:
    """Many jobs in their folder."""

    folder: Path
    """With the images, results.jsonl and summary.html."""
    rows: list[dict[str, Any]]
    """What results.jsonl says of each job: `output`, `status`, `error`, `seconds`, `settings`."""
    run: int
    """How many jobs were run; the results of the others were there."""

    @property
    def images(self) -> list[Path]:
        """The files of the jobs that are done."""
        return [self.folder / row["output"] for row in self.rows if row["status"] == "done"]


def batch(
    manifest: "File | Sequence[Mapping[str, Any]] | None" = None,
    *,
    output: "File",
    contents: "File | None" = None,
    styles: "File | None" = None,
    settings: Mapping[str, Any] | None = None,
    skip_bad: bool = False,
    batch_size: int | Literal["auto"] = "auto",
    max_memory: float | int | None = None,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    workers: int | None = None,
    shard: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    profile: "File | None" = None,
    score: bool = True,
    weights: "File | None" = None,
    device: str | None = None,
    front: Front | None = None,
) -> Batch:
    """Runs every row of a manifest as a command of its own would.

    Args:
      manifest: a .csv, .jsonl or .toml, or the rows themselves: a mapping of columns for each job,
        `{"content": …, "style": …, "output": …}` and names of options. Rows name their files
        relative to the working folder, those of a file relative to it. What is None or NaN is
        left out, so that `frame.to_dict("records")` will do.
      output: the folder to write into.
      contents: instead of a manifest a folder of contents …
      styles: … each of which gets the style of each image in this one.
      settings: columns for all rows that have them and do not say them.
      skip_bad: runs the other rows where some cannot be run.
      batch_size: the most jobs at once.
      max_memory: GiB that a batch may take.
      engine: this process, or a Ray cluster.
      address: with Ray the cluster; by default this machine.
      workers: with Ray how many; by default one an accelerator.
      shard: runs share I of N, `"I/N"`, from 0 on.
      resume: runs only the jobs whose results are not there.
      overwrite: replaces what is in the folder.
      profile: writes a JAX profiler trace of the first two batches into this folder.
      score: whether summary.html shows metrics.
      weights: other VGG16 weights (safetensors).
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      front: where words and progress go, and whom to ask whether to stop.

    Raises:
      JaxtexError: an option, the folder or the manifest cannot be used.
      Stopped: the front asked for it; `resume` does what is missing.
      RunError: jobs failed, and results.jsonl says why.
    """
    request = BatchRequest(
        {
            "manifest": path_of(manifest) if is_file(manifest) else manifest,
            "output": Path(output),
            "contents": path_of(contents),
            "styles": path_of(styles),
            "settings": [f"{name}={value}" for name, value in (settings or {}).items()],
            "skip_bad": skip_bad,
            "batch_size": parse_batch_size(batch_size),
            "max_memory": max_memory,
            "engine": engine,
            "address": address,
            "workers": workers,
            "shard": shard,
            "resume": resume,
            "overwrite": overwrite,
            "profile": path_of(profile),
            "score": score,
            "weights": path_of(weights),
            "device": device,
        }
    )
    request.check()
    counts = request.run(front or Front())
    request.conclude(counts)
    return Batch(Path(output), list(request.folder.records()), counts.run)
