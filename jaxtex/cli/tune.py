"""`jaxtex tune`: coefficients for a content and a style, found by themselves."""

from collections.abc import Mapping
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, background_option, device_option, json_option
from jaxtex.cli._terminal import terminal
from jaxtex.jobs.requests import TuneRequest


@click.command(context_settings={"show_default": True})
@click.argument("content", type=FILE)
@click.argument("style", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="The folder to write into.")
@click.option("--preset", default="steel", help="What is tuned: a preset, or a TOML file.")
@click.option("--strength", type=float, help="How far the style may go, 0 to 1 (steel: 0.5).")
@click.option("--candidates", type=int, default=16, help="How many are tried, at small size.")
@click.option("--finalists", type=int, default=4, help="How many run at full size.")
@click.option("--size", type=int, default=256, help="Longer side at full size, in pixels.")
@click.option("--small-size", type=int, help="Longer side at first.  [default: half of --size]")
@click.option(
    "--give-up",
    type=float,
    default=0.0,
    help="Readability that the preset may lose for style; negative: that it must gain.",
)
@click.option("--minutes", type=float, help="The finalists run when so much time is gone.")
@click.option("--seed", type=int, default=0, help="Which candidates are drawn.")
@background_option
@click.option("--batch-size", type=int, help="Candidates at once.  [default: as many as fit]")
@click.option("--max-memory", type=float, help="GiB that a batch may take.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@device_option
@click.option("--resume", is_flag=True, help="Run only what is not in the folder yet.")
@click.option("--overwrite", is_flag=True, help="Replace what is in the folder.")
@json_option
def tune(**options: Any) -> None:
    """Find coefficients for CONTENT in the style of STYLE.

    Many candidates run at a small size, fewer and fewer with more and more steps; the best few and
    the preset itself run at full size. preset.toml is the one with the most style that is as
    readable as the preset itself and no less clean; front.png shows those that no other one beats
    in readability and style.

    \b
    Examples:
      jaxtex tune logo.png band.png -o tuned
      jaxtex stylize logo.png band.png -o out.png --preset tuned/preset.toml
      jaxtex tune logo.png band.png -o bolder --give-up 0.05 --minutes 10
    """
    request = TuneRequest(options)
    request.check()
    request.prepare()
    with terminal(quiet=options["as_json"]) as front:
        request.run(front)
    report = request.finish()
    if options["as_json"]:
        print_json(report)
    else:
        _say(report)


def _say(report: Mapping[str, Any]) -> None:
    for row in report["finalists"]:
        notes = ["the preset itself"] * (row["candidate"] == 0) + ["chosen"] * row["chosen"]
        line = (
            f"candidate {row['candidate']:3}  readability {row['readability']:.3f}  "
            f"artefacts {row['artefacts']:.3f}  style {row['style']:.3f}  {', '.join(notes)}"
        )
        click.echo(line.rstrip(), err=True)
    click.echo(f"{report['preset']}: found in {report['seconds']:.0f} s", err=True)
