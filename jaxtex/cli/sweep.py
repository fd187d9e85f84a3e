"""`jaxtex sweep`: tables of Network of Steel, or any grid of settings, on a pair of images."""

import sys
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, background_option, device_option, json_option
from jaxtex.cli._terminal import terminal
from jaxtex.jobs.requests import SweepRequest


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
@background_option
@click.option("--batch-size", type=int, help="Cells that run at once.  [default: as many as fit]")
@click.option("--max-memory", type=float, help="GiB that a batch may take.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@device_option
@click.option("--resume", is_flag=True, help="Run only the cells that are not in the folder yet.")
@click.option("--overwrite", is_flag=True, help="Replace what is in the folder.")
@click.option("--yes", is_flag=True, help="Do not ask before hundreds of cells are run.")
@json_option
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
    request = SweepRequest(options)
    request.check()
    if request.needs_consent and sys.stdin.isatty():
        click.confirm(
            f"The grid has {len(request.cells)} cells. Run them all?", abort=True, err=True
        )
        request.consented = True
    request.prepare()
    with terminal(quiet=options["as_json"]) as front:
        request.run(front)
    report = request.finish()
    if options["as_json"]:
        print_json(report)
    else:
        click.echo(
            f"{report['report']}: {len(report['cells'])} cells, {report['run']} of them "
            f"run, in {report['seconds']:.0f} s",
            err=True,
        )
