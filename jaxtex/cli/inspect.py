"""`jaxtex inspect`: what an image is taken for, before anything is stylised."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option, table_options
from jaxtex.cli._terminal import at_once
from jaxtex.jobs.requests import InspectRequest
from jaxtex.jobs.requests.inspect import DEFAULTS, OPTIONS


@click.command()
@click.argument("images", type=FILE, nargs=-1, required=True, metavar="IMAGE…")
@table_options(OPTIONS, DEFAULTS)
@json_option
def inspect(**options: Any) -> None:
    """Show what `jaxtex stylize` takes each IMAGE for: which of it is ink, on which ground.

    \b
    Examples:
      jaxtex inspect logo.png band.png
      jaxtex inspect logo.png --as content -o parts.png
      jaxtex inspect cover.jpg --as style --style-kind busy -o parts.png
    """
    request = InspectRequest(options)
    request.check()
    with at_once() as front:
        found = request.run(front)
    if options["as_json"]:
        print_json(request.report(found))
    else:
        click.echo("\n".join(line for each in found for line in each.said))
