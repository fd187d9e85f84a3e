"""`jaxtex stylize` and `jaxtex presets`."""

import time
from pathlib import Path
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._stylize_plan import Plan
from jaxtex.cli._terminal import interruptible
from jaxtex.errors import RunError

FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True})
@click.argument("content", type=FILE)
@click.argument("style", type=FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, required=True, help="The image to write.")
@click.option("--preset", default="steel", help="A name of `jaxtex presets`, or a TOML file.")
@click.option("--strength", type=float, help="How far the style may go, 0 to 1 (steel: 0.5).")
@click.option("--size", type=int, help="Longer side of the result in pixels.  [default: 512]")
@click.option("--style-size", type=int, help="Longer side of the style images in pixels.")
@click.option("--style-weight", type=float, multiple=True, help="Weight of each style, in order.")
@click.option(
    "--layer",
    multiple=True,
    metavar="NAME=C",
    help="Style layer and coefficient; given once or more it replaces the preset's layers.",
)
@click.option("--content-layer", help="Layer that keeps the content.")
@click.option("--content-weight", type=float, help="Weight of the content term.")
@click.option("--normalization", help="relative, paper, gatys or reference.")
@click.option("--features", help="conv (before the ReLU) or relu.")
@click.option("--pool", help="max or avg.")
@click.option("--optimizer", help="adam or lbfgs.")
@click.option("--learning-rate", type=float, help="In grey levels.")
@click.option("--steps", type=int, help="Evaluations of the objective, all scales together.")
@click.option("--finish-steps", type=int, help="Further evaluations with the ink term.")
@click.option("--scales", type=int, help="How many sizes to go through, coarse to fine.")
@click.option("--silhouette", type=float, help="Weight of ink far from the content's.")
@click.option("--skeleton", type=float, help="Weight of the middles of strokes and gaps.")
@click.option("--ink", type=float, help="Weight of colours that are not the content's.")
@click.option("--contrast", type=float, help="Steepness of the last levels curve on ink; 0: none.")
@click.option("--tv", type=float, help="Weight of total variation.")
@click.option("--l2", type=float, help="Weight of the squared pixels.")
@click.option("--box", help="soft, end or project: how pixels stay displayable.")
@click.option("--margin", type=int, help="Background round the images while at work, in pixels.")
@click.option("--keep-margin", is_flag=True, help="Leave the margin in the result.")
@click.option("--canvas", help="ink, grey, rgb or auto: what is optimised.")
@click.option("--preserve-color", is_flag=True, help="Keep the content's colours.")
@click.option("--init", help="content, noise, style or a file.")
@click.option("--mask", type=FILE, help="White where the image may change, black where not.")
@click.option(
    "--background",
    default="keep",
    help="keep, transparent, or a colour such as '#ffffff' to put a transparent content on.",
)
@click.option("--seed", type=int, help="For --init noise.")
@click.option("--precision", help="float32 or bfloat16 convolutions.")
@click.option("--max-memory", type=float, help="GiB; beyond, activations are computed twice.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option("--history", type=FILE, help="Write the losses as .csv or .png.")
@click.option("--save-every", type=int, help="Write OUTPUT-00010.png … every N steps.")
@click.option("--animate", type=FILE, help="Write the run as an animated .gif or as .mp4.")
@click.option("--svg", type=FILE, help="Write a flat logo's result as paths too, as .svg.")
@click.option("--checkpoint", type=FILE, help="Folder for checkpoints.")
@click.option(
    "--checkpoint-every", type=float, default=10.0, help="Seconds between two checkpoints."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def stylize(**options: Any) -> None:
    """Give the logo CONTENT the style of the image STYLE (or of several).

    \b
    Examples:
      jaxtex stylize logo.png band.png -o out.png
      jaxtex stylize logo.png band.png -o out.png --strength 0.8 --background transparent
      jaxtex stylize logo.svg band.png -o out.png --svg out.svg --animate run.mp4
      jaxtex stylize logo.png band.png -o out.png --preset network-of-steel --steps 200
    """
    plan = Plan(options)
    plan.check()
    began = time.perf_counter()
    with interruptible() as stopped:
        result = plan.run(stopped)
    plan.write(result)
    seconds = time.perf_counter() - began
    if options["as_json"]:
        print_json(plan.report(result, seconds))
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
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
