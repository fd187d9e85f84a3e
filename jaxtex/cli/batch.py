"""`jaxtex batch`: thousands of jobs as easily as one."""

import functools
import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import interruptible, status_line
from jaxtex.errors import ManifestError, RunError, SettingsError
from jaxtex.jobs.requests.common import max_bytes, weights_digest

if TYPE_CHECKING:
    from jaxtex.jobs import Models
    from jaxtex.jobs.engines import State
    from jaxtex.jobs.kinds import PlannedJob
    from jaxtex.jobs.manifests import BadRow, Manifest
    from jaxtex.jobs.results import ResultFolder
    from jaxtex.vgg import VGG16

FILE = click.Path(path_type=Path)


class _BatchSize(click.ParamType):
    name = "auto|N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | None:
        if value is None or value == "auto":
            return None
        if not str(value).isdecimal() or not 1 <= int(value) <= 65_536:
            raise SettingsError(f"--batch-size: {value!r} is not auto or a whole number from 1")
        return int(value)


@click.command(context_settings={"show_default": True})
@click.argument("manifest", type=FILE, required=False)
@click.option("-o", "--output", type=FILE, required=True, help="The folder to write into.")
@click.option("--contents", type=FILE, help="Instead of a manifest: a folder of contents …")
@click.option("--styles", type=FILE, help="… each of which gets the style of each of these.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A column for all rows that have it and do not say it; repeatable.",
)
@click.option("--skip-bad", is_flag=True, help="Run the other rows where some cannot be run.")
@click.option(
    "--batch-size",
    type=_BatchSize(),
    help="The most jobs at once.  [default: auto, as many as fit, on CPU 4]",
)
@click.option("--max-memory", type=float, help="GiB that a batch may take.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="This process, or a Ray cluster.",
)
@click.option("--address", help="With --engine ray: the cluster.  [default: this machine]")
@click.option("--workers", type=int, help="With --engine ray.  [default: one an accelerator]")
@click.option("--shard", metavar="I/N", help="Run share I of N, from 0/N on.")
@click.option("--resume", is_flag=True, help="Run only the jobs whose results are not there.")
@click.option("--overwrite", is_flag=True, help="Replace what is in the folder.")
@click.option("--profile", type=FILE, help="Write a JAX profiler trace of the first two batches.")
@click.option("--score/--no-score", default=True, help="Whether summary.html shows metrics.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def batch(**options: Any) -> None:
    """Run every row of MANIFEST (.csv, .jsonl or .toml) as a command of its own would.

    The column job says which: stylize (the default), msgnet for `jaxtex msgnet apply`, or texture
    for `jaxtex texture sample`. Further columns are content, style, output and the names of that
    command's options. All rows are checked before work starts. The folder gets the images,
    results.jsonl with a line for each job, and summary.html. It can be stopped, or killed, at any
    moment: --resume does what is missing.

    \b
    Examples:
      jaxtex batch jobs.csv -o out
      jaxtex batch jobs.csv -o out --resume
      jaxtex batch -o out --contents logos --styles bands --set size=384 --set strength=0.7
      jaxtex batch -o out --contents logos --styles bands --set job=msgnet
      jaxtex batch jobs.jsonl -o out --shard $SLURM_ARRAY_TASK_ID/100
    """
    began = time.perf_counter()
    _check_numbers(options)
    manifest = _manifest(options)

    from jaxtex.runtime import configure

    configure(options["device"])
    from jaxtex.jobs import Models
    from jaxtex.jobs.kinds import describe, parse_shard, shard
    from jaxtex.jobs.kinds.plan import plan
    from jaxtex.jobs.results import ResultFolder, write_summary
    from jaxtex.style import load_network

    share = None if options["shard"] is None else parse_shard(options["shard"])
    folder = ResultFolder(options["output"], share)
    folder.check(resume=options["resume"], overwrite=options["overwrite"])
    network = functools.cache(functools.partial(load_network, options["weights"]))
    models = Models()
    jobs, bad = plan(manifest, options["output"], weights=weights_digest(options), models=models)
    if bad and not (options["skip_bad"] and jobs):
        raise ManifestError(describe(bad, manifest.name, len(bad) + len(jobs)))
    own = jobs if share is None else shard(jobs, *share)
    scored = options["score"] and share is None
    if any(job.needs_network or (scored and job.compared()) for job in own):
        # Weights that cannot be used are refused before work starts.
        network()
    for row in bad:
        click.echo(f"skipped line {row.line}: {row.reason}", err=True)
    with folder.opened(
        own, resume=options["resume"], overwrite=options["overwrite"]
    ) as missing, interruptible() as stopped:  # fmt: skip
        done, failed = _run(missing, folder, network, models, stopped, options)
        whole = done + failed == len(missing)
        if whole and share is None:
            write_summary(folder, own, network=network if scored else None, stopped=stopped)
    seconds = time.perf_counter() - began
    _say(options, {"jobs": len(own), "run": len(missing), "done": done, "failed": failed}, bad,
         seconds, whole=whole)  # fmt: skip


def _check_numbers(options: Mapping[str, Any]) -> None:
    max_bytes(options)
    workers = options["workers"]
    if workers is not None and workers < 1:
        raise SettingsError(f"--workers: {workers} is not a whole number of 1 or more")
    if options["engine"] != "ray" and (options["address"] or workers):
        raise SettingsError("--address and --workers: go with --engine ray")
    if options["engine"] == "ray":
        if options["profile"] is not None:
            raise SettingsError("--profile: goes with --engine local")
        if importlib.util.find_spec("ray") is None:
            raise SettingsError("--engine ray: needs Ray; install jaxtex[ray]")


def _manifest(options: Mapping[str, Any]) -> "Manifest":
    from jaxtex.jobs.manifests import parse_settings, product, read_manifest

    contents, styles = options["contents"], options["styles"]
    folders = contents is not None and styles is not None
    if (options["manifest"] is None) != folders or (contents is None) != (styles is None):
        raise SettingsError("name what to run: a manifest, or --contents DIR and --styles DIR")
    defaults = parse_settings(options["settings"])
    if folders:
        return product(contents, styles, defaults)
    return read_manifest(options["manifest"], defaults)


def _run(
    missing: "Sequence[PlannedJob]",
    folder: "ResultFolder",
    network: "Callable[[], VGG16]",
    models: "Models",
    stopped: Callable[[], bool],
    options: Mapping[str, Any],
) -> tuple[int, int]:
    """Runs the jobs; returns how many are done, and how many failed."""
    from jaxtex.jobs.engines import LocalEngine, RayEngine

    with status_line(quiet=options["as_json"]) as write:
        shared: dict[str, Any] = {
            "deliver": folder.write,
            "batch_size": options["batch_size"],
            "max_bytes": max_bytes(options),
            "stopped": stopped,
            "report": lambda state: write(_progress(state)),
            "warn": lambda text: click.echo(text, err=True),
        }
        engine: LocalEngine | RayEngine
        if options["engine"] == "ray":
            names = ("address", "workers", "weights", "device")
            engine = RayEngine(**shared, **{name: options[name] for name in names})
        else:
            engine = LocalEngine(
                network=network, models=models, profile=options["profile"], **shared
            )
        engine.run(missing)
    return engine.done, engine.failed


def _progress(state: "State") -> str:
    over = state.done + state.failed
    parts = [f"{over}/{state.total} jobs"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    if over:
        rate = over / state.seconds
        parts.append(f"{rate:.2f}/s" if rate >= 0.1 else f"{rate * 60:.2f}/min")
        if over < state.total:
            parts.append(f"about {(state.total - over) / rate:.0f} s left")
    parts.append(f"device busy {state.busy:.0%}")
    step = state.step
    if step is not None:
        parts.append(
            f"{state.size} at {step.width}×{step.height}, step {step.step}/{step.steps}, "
            f"loss {step.loss:.4g}"
        )
    return "  ".join(parts)


def _say(
    options: Mapping[str, Any],
    counts: Mapping[str, int],
    bad: "Sequence[BadRow]",
    seconds: float,
    *,
    whole: bool,
) -> None:
    """Tells what was done, and ends with the exit code that it means."""
    output = options["output"]
    gathered = whole and options["shard"] is None
    if options["as_json"] and whole:
        print_json(
            {
                "output": str(output),
                "summary": str(output / "summary.html") if gathered else None,
                **counts,
                "skipped": [{"line": row.line, "reason": row.reason} for row in bad],
                "seconds": round(seconds, 3),
            }
        )
    elif whole:
        click.echo(
            f"{output}: {counts['jobs']} jobs, {counts['run']} of them run, "
            f"{counts['failed']} failed, in {seconds:.0f} s",
            err=True,
        )
    if not whole:
        there = counts["jobs"] - counts["run"] + counts["done"]
        click.echo(f"{there} of {counts['jobs']} jobs are done; --resume goes on", err=True)
        raise KeyboardInterrupt
    if counts["failed"]:
        raise RunError(
            f"{counts['failed']} of {counts['run']} jobs failed; results.jsonl in {output} says why"
        )
