"""`jaxtex texture washi`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.jobs.requests.texture import WashiRequest


@click.command(context_settings={"show_default": True})
@click.option("-n", "--count", type=int, default=1000, help="How many papers.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for washi-00000.png, …")
@click.option("--size", type=int, default=256, help="Side of a paper in pixels.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@click.option(
    "--kind",
    help="Papers of one kind: dyed, suminagashi, laid, kozo, unryu, ungei, rakusui, chiri, "
    "momigami or kinpaku.  [default: all, mixed]",
)
@click.option("--sheet", type=FILE, help="Write a contact sheet of the first 100 as well.")
@click.option("--resume", is_flag=True, help="Keep the papers that an earlier run has written.")
@click.option("--overwrite", is_flag=True, help="Replace existing papers.")
@json_option
def washi(**options: Any) -> None:
    """Render Japanese paper, the default training set.

    Paper number i of a seed is always the same, and at another size it is the same paper with
    more or less detail.

    \b
    Examples:
      jaxtex texture washi -n 25 -o washi --sheet sheet.png
      jaxtex texture washi -n 20000 -o washi64 --size 64 --seed 1
      jaxtex texture washi -n 100 -o unryu --kind unryu
    """
    request = WashiRequest(options)
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
        f"{options['output']}: {new} papers rendered{was} in {seconds:.1f} s{beside}", err=True
    )
