"""`jaxtex batch`: thousands of jobs as easily as one."""

import time
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, device_option, json_option
from jaxtex.cli._terminal import terminal
from jaxtex.jobs.batch import BatchRequest, parse_batch_size


class _BatchSize(click.ParamType):
    name = "auto|N"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | None:
        return parse_batch_size(value)


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
@device_option
@json_option
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
    request = BatchRequest(options)
    request.check()
    with terminal(quiet=options["as_json"]) as front:
        counts = request.run(front)
    seconds = time.perf_counter() - began
    if counts.whole and options["as_json"]:
        print_json(request.report(counts, seconds))
    elif counts.whole:
        click.echo(
            f"{options['output']}: {counts.jobs} jobs, {counts.run} of them run, "
            f"{counts.failed} failed, in {seconds:.0f} s",
            err=True,
        )
    request.conclude(counts)
