"""`jaxtex score`: how readable, clean and stylised results are."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, device_option, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.jobs.requests import Scored, ScoreRequest
from jaxtex.jobs.requests.score import report

if TYPE_CHECKING:
    from jaxtex.style.metrics import Score


@click.command(context_settings={"show_default": True})
@click.argument("outputs", type=FILE, nargs=-1, required=True, metavar="OUT…")
@click.option("--content", type=FILE, help="The plain logo; by default what OUT's settings name.")
@click.option("--style", type=FILE, help="The style image; by default what OUT's settings name.")
@click.option(
    "--size",
    type=int,
    help="Longer side in pixels at which all is measured; by default the result's, at most 512.",
)
@click.option(
    "--background",
    help="The colour that transparent images are put on.  [default: one that shows the content]",
)
@click.option("--ocr/--no-ocr", default=True, help="Let tesseract read them, where installed.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option("--csv", "table", type=FILE, help="Write the figures of all results as .csv.")
@device_option
@click.option("--overwrite", is_flag=True, help="Replace an existing table.")
@json_option
def score(**options: Any) -> None:
    """Measure stylised images, from jaxtex or from any other tool.

    readability is 1 where every letter is as in the content, artefacts is the share of the
    background that is spoiled, style is 0 for the content itself and 1 for the style itself,
    composition 0 for the content's layout of letters and 1 for the style's, and weakest_letter is
    the readability of the least readable letter.

    \b
    Examples:
      jaxtex score out.png --content logo.png --style band.png
      jaxtex score a.png b.png c.png --content logo.png --style band.png --csv scores.csv
    """
    request = ScoreRequest(options)
    request.check()
    with at_once() as front:
        scored = request.run(front)
    if options["as_json"]:
        print_json(report(scored))
    elif len(scored) == 1:
        _print_one(scored[0].score)
    else:
        _print_table(scored)


def _print_one(found: "Score") -> None:
    readable, spoiled = found.readability, found.artefacts
    read = ""
    if found.reading is not None:
        read = f", read as {found.reading.result!r} ({found.reading.agreement:.2f})"
    blocks = "  ".join(f"{value:.2f}" for value in found.blocks)
    click.echo(
        f"readability    {readable.readability:.3f}  overlap {readable.overlap:.2f}, "
        f"edges {readable.edges:.2f}, contrast {readable.contrast:.2f}{read}\n"
        f"artefacts      {spoiled.artefacts:.3f}  coloured {spoiled.coloured:.3f}, "
        f"specks {spoiled.specks:.3f}, haze {spoiled.haze:.3f}\n"
        f"style          {found.style:.3f}  blocks 1 to 5: {blocks}"
    )
    for name, figures in found.figures.items():
        if name != "artefacts":
            first, *others = figures._asdict().items()
            parts = ", ".join(f"{part} {_shown(value)}" for part, value in others)
            click.echo(f"{name:14} {_shown(first[1])}  {parts}".rstrip())


def _shown(value: float) -> str:
    """A figure; a dash for one that cannot be had, as the layout of a symbol."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def _print_table(scored: Sequence[Scored]) -> None:
    rows = [each.row() for each in scored]
    columns = ("readability", "artefacts", "style")
    width = max(len(row["output"]) for row in rows)
    click.echo(f"{'':{width}}  " + "  ".join(columns))
    for row in rows:
        cells = "  ".join(_cell(row[name], len(name)) for name in columns)
        click.echo(f"{row['output']:{width}}  {cells}")


def _cell(value: float | None, width: int) -> str:
    """A figure; a dash for one that cannot be had, as block 5's of a very low picture."""
    return f"{'–':>{width}}" if value is None else f"{value:{width}.3f}"
