"""`jaxtex sweep`: tables of Network of Steel, or any grid of settings, on a pair of images."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import interruptible, status_line
from jaxtex.errors import SettingsError, named
from jaxtex.files import check_folder
from jaxtex.jobs.requests.common import check_batch_size, finite, max_bytes, weights_digest

if TYPE_CHECKING:
    from jaxtex.style import Progress
    from jaxtex.style.experiments import Cell, Grid, Sweep, SweepFolder
    from jaxtex.vgg import VGG16

FILE = click.Path(path_type=Path)

_SIZE = 256  # where neither --size nor the grid says it
# All of the paper's tables have 111 cells.
_MANY = 200


@click.command(context_settings={"show_default": True})
@click.argument("content", type=FILE)
@click.argument("style", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="The folder to write into.")
@click.option("--table", "table", type=int, multiple=True, help="A table of the paper, 1 to 10.")
@click.option("--tables", metavar="RANGE", help="Several of them, such as 1-10 or 2,4,9.")
@click.option("--grid", type=FILE, help="A TOML file with grids of any settings.")
@click.option("--preset", help="What --table starts from.  [default: as in the paper]")
@click.option("--size", type=int, help="Longer side of the results in pixels.  [default: 256]")
@click.option("--steps", type=int, help="Evaluations of the objective, for each cell.")
@click.option("--background", default="#ffffff", help="What transparent images are put on.")
@click.option("--batch-size", type=int, help="Cells that run at once.  [default: as many as fit]")
@click.option("--max-memory", type=float, help="GiB that a batch may take.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--resume", is_flag=True, help="Run only the cells that are not in the folder yet.")
@click.option("--overwrite", is_flag=True, help="Replace what is in the folder.")
@click.option("--yes", is_flag=True, help="Do not ask before hundreds of cells are run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def sweep(**options: Any) -> None:
    """Stylise CONTENT with STYLE once for every cell of a grid of settings.

    The folder gets a picture and a history for each cell, a sheet for each table, metrics.csv,
    curves.png (matplotlib) and report.html, a page that holds all of it and can be sent on.

    A file for --grid has fields of presets (`jaxtex presets --json`) for all cells, and grids:

    \b
      steps = 100
      [[grid]]
      name = "edges"
      rows = { layers = ["conv1_1", "conv1_2"], values = [0, 20, 2000] }
      columns = { option = "content_weight", values = [0.1, 1, 10] }

    \b
    Examples:
      jaxtex sweep logo.png band.png -o out --table 9 --steps 100
      jaxtex sweep logo.png band.png -o out --tables 1-10 --resume
      jaxtex sweep logo.png band.png -o out --grid mine.toml
    """
    began = time.perf_counter()
    cells = _cells(options)
    _check_numbers(options)
    if len(cells) > _MANY and not options["yes"]:
        _ask(len(cells))

    from jaxtex import images

    background = options["background"]
    content = images.load_image(options["content"], background=background)
    style = images.load_image(options["style"], background=background)
    check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])

    from jaxtex.runtime import configure

    configure(options["device"])
    from jaxtex.style import load_network
    from jaxtex.style.experiments import Sweep, SweepFolder
    from jaxtex.style.metrics import Reference

    network = load_network(options["weights"])
    with named({"content": content.path, "style 1": style.path, "style": style.path}):
        # Before the long work, for what cannot be scored is not worth it.
        reference = Reference(content.rgb, style.rgb, alpha=content.alpha, network=network)
        jobs = Sweep(
            cells,
            content.rgb,
            style.rgb,
            alpha=content.alpha,
            batch_size=options["batch_size"],
            max_bytes=max_bytes(options),
        )
    weights = weights_digest(options)
    folder = SweepFolder(options["output"], cells, content, style, background, weights)
    missing = folder.missing() if options["resume"] else list(range(len(cells)))
    with interruptible() as stopped:
        done = _run(jobs, folder, missing, network, stopped, quiet=options["as_json"])
    if done < len(missing):
        there = len(cells) - len(missing) + done
        click.echo(f"{there} of {len(cells)} cells are done; --resume goes on", err=True)
        raise KeyboardInterrupt
    rows = folder.finish(reference)
    seconds = time.perf_counter() - began
    if options["as_json"]:
        print_json(
            {
                "output": str(options["output"]),
                "report": str(options["output"] / "report.html"),
                "cells": [finite(row) for row in rows],
                "run": len(missing),
                "seconds": round(seconds, 3),
            }
        )
    else:
        click.echo(
            f"{options['output'] / 'report.html'}: {len(cells)} cells, {len(missing)} of them "
            f"run, in {seconds:.0f} s",
            err=True,
        )


def _cells(options: Mapping[str, Any]) -> "list[Cell]":
    """The cells of all grids that were asked for."""
    from jaxtex.style import find_preset
    from jaxtex.style.experiments import tables

    numbers = dict.fromkeys(options["table"])
    if options["tables"] is not None:
        numbers |= dict.fromkeys(tables.parse_tables(options["tables"]))
    if (options["grid"] is None) == (not numbers):
        raise SettingsError("name what to run: --table or --tables, or --grid FILE")
    if options["grid"] is not None and options["preset"] is not None:
        raise SettingsError("--preset: goes with --table; a grid's file names its own preset")
    chosen = {name: options[name] for name in ("size", "steps") if options[name] is not None}
    if options["grid"] is not None:
        grids = tables.read_grids(options["grid"], **chosen)
    else:
        base = None if options["preset"] is None else find_preset(options["preset"])
        grids = [tables.table(number, base, **chosen) for number in numbers]
    return [cell for grid in grids for cell in tables.cells(_sized(grid))]


def _sized(grid: "Grid") -> "Grid":
    """The grid at the default size, where nothing else says it."""
    if grid.base.size is not None:
        return grid
    return replace(grid, base=grid.base.with_options(size=_SIZE))


def _check_numbers(options: Mapping[str, Any]) -> None:
    check_batch_size(options)
    max_bytes(options)


def _ask(count: int) -> None:
    """Lets a person at a terminal confirm a large grid."""
    if not sys.stdin.isatty():
        raise SettingsError(f"the grid has {count} cells; give --yes to run so many")
    click.confirm(f"The grid has {count} cells. Run them all?", abort=True, err=True)


def _run(
    jobs: "Sweep",
    folder: "SweepFolder",
    missing: Sequence[int],
    network: "VGG16",
    stopped: Callable[[], bool],
    *,
    quiet: bool,
) -> int:
    """Runs the missing cells and writes each as its batch is done; returns how many are."""
    from jaxtex.style import Hooks

    done = 0
    with status_line(quiet=quiet) as write:

        def hooks(members: Sequence[int]) -> Hooks:
            count = len(set(members) & set(missing))

            def show(progress: "Progress") -> None:
                write(
                    f"cells {done + 1} to {done + count} of {len(missing)}  "
                    f"step {progress.step}/{progress.steps}  {progress.width}×{progress.height}  "
                    f"loss {progress.loss:.4g}  {progress.seconds:.0f} s"
                )

            return Hooks(progress=show, stop=stopped)

        for index, result in jobs.run(missing, network=network, hooks=hooks):
            folder.write(index, result)
            done += 1
    return done
