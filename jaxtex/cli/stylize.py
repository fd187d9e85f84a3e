"""`jaxtex stylize` and `jaxtex presets`."""

import time
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, GroupedCommand, json_option, table_options
from jaxtex.cli._terminal import terminal
from jaxtex.errors import RunError
from jaxtex.jobs.requests import OPTIONS
from jaxtex.jobs.requests.stylize_options import DEFAULTS


@click.command(cls=GroupedCommand)
@click.argument("content", type=FILE)
@click.argument("style", type=FILE, nargs=-1, required=True)
@table_options(OPTIONS.values(), DEFAULTS)
@json_option
def stylize(**options: Any) -> None:
    """Give the logo CONTENT the style of the image STYLE (or of several).

    \b
    Examples:
      jaxtex stylize logo.png band.png -o out.png
      jaxtex stylize logo.png band.png -o out.png --strength 0.8 --background transparent
      jaxtex stylize logo.svg band.png -o out.png --svg out.svg --animate run.mp4
      jaxtex stylize logo.png band.png -o out.png --preset network-of-steel --steps 200
    """
    from jaxtex.jobs.requests import StylizeRequest

    as_json = options.pop("as_json")
    request = StylizeRequest(options)
    request.check()
    began = time.perf_counter()
    with terminal(quiet=as_json) as front:
        result = request.run(front)
    request.write(result)
    seconds = time.perf_counter() - began
    if as_json:
        print_json(request.report(result, seconds))
    else:
        height, width = result.image.shape[:2]
        click.echo(f"{options['output']}: {width}×{height} pixels in {seconds:.1f} s", err=True)
    if result.status == "diverged":
        raise RunError(
            f"the loss became non-finite after step {int(result.history.step[-1])}; "
            f"{options['output']} is the last good image"
        )
    if result.status == "interrupted":
        raise KeyboardInterrupt


@click.command()
@json_option
def presets(as_json: bool) -> None:
    """List the presets with their coefficients.

    \b
    Example:
      jaxtex presets
    """
    from jaxtex.style import DESCRIPTIONS, PRESETS

    if as_json:
        print_json({name: settings.to_dict() for name, settings in PRESETS.items()})
        return
    for name, settings in PRESETS.items():
        layers = "  ".join(f"{layer}={c:g}" for layer, c in settings.layers.items())
        click.echo(f"{name}: {DESCRIPTIONS[name]}")
        click.echo(f"  {layers}")
        click.echo(
            f"  {settings.content_layer} × {settings.content_weight:g}, "
            f"{settings.normalization} on {settings.features} features, "
            f"{settings.optimizer}, {settings.steps} + {settings.finish_steps} steps, "
            f"tv {settings.tv:g}"
        )
