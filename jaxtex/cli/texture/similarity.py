"""`jaxtex texture similarity`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.cli.texture._options import set_options
from jaxtex.jobs.requests.texture import SimilarityRequest


@click.command(context_settings={"show_default": True})
@set_options
@click.option("-o", "--output", type=FILE, required=True, help="The table, a .csv file.")
@click.option("--overwrite", is_flag=True, help="Replace an existing table.")
@json_option
def similarity(**options: Any) -> None:
    """Write the SSIM vectors of textures as a table.

    A row is a texture, a column a reference, and a number their MSSIM: 1 where they are equal,
    about 0 where they have nothing in common. IMAGES are files and folders. All are of one size
    in pixels, or are made so by --size.

    \b
    Examples:
      jaxtex texture similarity papers -o vectors.csv
      jaxtex texture similarity a.png b.png --references papers --size 64 -o vectors.csv
    """
    request = SimilarityRequest(options)
    request.check()
    with at_once() as front:
        report = request.report(request.run(front))
    if options["as_json"]:
        print_json(report)
        return
    mean = "" if report["mean"] is None else f", MSSIM {report['mean']:.3f} on average,"
    click.echo(
        f"{report['output']}: {report['textures']} textures × {report['references']} references"
        f"{mean} in {report['seconds']} s",
        err=True,
    )
