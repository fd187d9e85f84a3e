"""`jaxtex texture render`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.jobs.requests.texture import RenderRequest


@click.command(context_settings={"show_default": True})
@click.argument("family")
@click.option("-n", "--count", type=int, default=1000, help="How many pictures.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for washi-00000.png, …")
@click.option("--size", type=int, default=256, help="Side of a picture in pixels.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@click.option(
    "--kind",
    help="Pictures of one kind, as those listed above.  [default: all, mixed]",
)
@click.option("--sheet", type=FILE, help="Write a contact sheet of the first 100 as well.")
@click.option("--resume", is_flag=True, help="Keep the pictures that an earlier run has written.")
@click.option("--overwrite", is_flag=True, help="Replace existing pictures.")
@json_option
def render(**options: Any) -> None:
    """Render textures of a FAMILY, to train on or to use.

    Picture number i of a seed is always the same, and at another size it is the same one with more
    or less detail.

    \b
    Families and their kinds:
      washi   Japanese paper, the default training set: dyed, suminagashi, laid,
              kozo, unryu, ungei, rakusui, chiri, momigami, kinpaku
      cloth   plain, basket, twill, herringbone, satin, denim, linen, check
      wood    quarter, flat, wavy, knotty, burl
      marble  veined, clouded, breccia, network, onyx

    \b
    Examples:
      jaxtex texture render washi -n 25 -o washi --sheet sheet.png
      jaxtex texture render wood -n 20000 -o wood64 --size 64 --seed 1
      jaxtex texture render washi -n 100 -o unryu --kind unryu
    """
    request = RenderRequest(options)
    request.check()
    try:
        with at_once() as front:
            seconds = request.run(front)
    except KeyboardInterrupt:
        click.echo(f"\n{request.state()}", err=True)
        raise
    report = request.report(seconds)
    if options["as_json"]:
        print_json(report)
        return
    new, kept, others = report["count"] - report["kept"], report["kept"], report["others"]
    was = f", {kept} were there" if kept else ""
    beside = f"; {others} other files lie beside them" if others else ""
    click.echo(
        f"{options['output']}: {new} pictures rendered{was} in {seconds:.1f} s{beside}", err=True
    )
