"""`jaxtex msgnet apply`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, device_option, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.jobs.requests.msgnet import ApplyRequest


@click.command()
@click.argument("content", type=FILE, nargs=-1, required=True)
@click.argument("style", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, help="The image; a folder for several contents."
)
@click.option("--model", type=FILE, help="Model file or training folder.  [default: the shipped]")
@click.option("--size", type=int, help="Longer side of the results in pixels.  [default: as is]")
@click.option(
    "--style-size", type=int, help="Longer side of the style.  [default: that of the results]"
)
@device_option
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@json_option
def apply(**options: Any) -> None:
    """Give CONTENT (files or folders) the style of the image STYLE in one pass of MSG-Net.

    With several contents OUTPUT is a folder, which gets a PNG of each one's name, with its
    folder's where two have the same; folders are searched with all folders in them. Contents of one
    size are computed together. How large letters are, next to those that the model was trained on,
    decides what is drawn: try a few --size and --style-size. Transparency is kept by formats that
    have it.

    \b
    Examples:
      jaxtex msgnet apply logo.png band.png -o out.png
      jaxtex msgnet apply logos band.png -o stylised --size 512
      jaxtex msgnet apply logo.png band.png -o out.png --model net
    """
    request = ApplyRequest(options)
    request.check()
    with at_once() as front:
        report = request.run(front)
    if options["as_json"]:
        print_json(report)
    else:
        images = len(report["outputs"])
        count = f"{images} image{'' if images == 1 else 's'}"
        took = f"{report['seconds']:.1f} s, {report['network_seconds']:.2f} s in the network"
        click.echo(f"{options['output']}: {count} in {took}", err=True)
