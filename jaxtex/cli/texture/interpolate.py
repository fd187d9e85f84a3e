"""`jaxtex texture interpolate`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.cli.texture._options import model_options
from jaxtex.jobs.requests.texture import InterpolateRequest


@click.command(context_settings={"show_default": True})
@click.option("--from", "start", required=True, metavar="P", help="The first texture.")
@click.option("--to", "end", required=True, metavar="P", help="The last texture.")
@click.option("--via", multiple=True, metavar="P", help="A texture in between; repeatable.")
@click.option("-n", "--count", type=int, default=8, help="Textures between two ends.")
@click.option(
    "--even",
    type=click.Choice(["first", "neighbours"]),
    default="first",
    help="Steps of MSSIM to the first texture, or to the one before.",
)
@click.option(
    "--path", type=click.Choice(["linear", "circle"]), default="linear", help="Through the latents."
)
@click.option("--center", type=FILE, help="File of the circle's centre; default: origin.")
@click.option(
    "--tolerance", type=float, default=0.5, help="Width of an interval as a share of a step."
)
@model_options
@click.option("-o", "--output", type=FILE, required=True, help="Folder for the results.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds files.")
@json_option
def interpolate(**options: Any) -> None:
    """Textures between two others, in even steps of similarity (MSSIM).

    P is seed:N, SESSION:LABEL of a search, a file of points (.npz, .npy, .json; FILE:ROW where it
    holds several), a PNG that jaxtex wrote, or any image: the nearest texture to it is looked for.
    Writes strip.png, the textures, interpolation.csv, interpolation.json and plot.png.

    \b
    Examples:
      jaxtex texture interpolate --from seed:1 --to seed:2 -o between
      jaxtex texture interpolate --from s:0b1 --to photo.jpg --via s:1a2 -n 4 -o between
    """
    request = InterpolateRequest(options)
    request.check()
    with at_once() as front:
        done = request.run(front)
    if options["as_json"]:
        print_json(request.report(done))
        return
    for number, part in enumerate(done.parts, 1):
        which = f"part {number}: " if len(done.parts) > 1 else ""
        click.echo(
            f"{which}{part.inside.sum()} of {len(part.t)} textures inside their interval, "
            f"largest step {part.largest_step:.2f} of an even one",
            err=True,
        )
    if done.about["plot"] is None:
        click.echo("plot.png is left out: it needs matplotlib, install jaxtex[plots]", err=True)
    click.echo(f"{options['output']}: in {done.seconds:.1f} s", err=True)
