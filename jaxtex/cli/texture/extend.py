"""`jaxtex texture extend`."""

from typing import Any, get_args

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import terminal
from jaxtex.cli.texture._options import model_options
from jaxtex.jobs.requests.texture import ExtendRequest
from jaxtex.texture.extend.settings import Seamless, Settings

_DEFAULTS = Settings()


@click.command(context_settings={"show_default": True})
@click.argument("textures", metavar="P...", nargs=-1, required=True)
@click.option("--size", default="512", metavar="N|WxH", help="Of the result, in pixels.")
@click.option(
    "--seamless",
    type=click.Choice(get_args(Seamless)),
    default=_DEFAULTS.seamless,
    help="Along which axes it repeats.",
)
@click.option(
    "--zoom", type=float, default=_DEFAULTS.zoom, help="How much larger things become, 0.25 to 8."
)
@click.option("--steps", type=int, default=_DEFAULTS.steps, help="At the coarsest scale.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@model_options
@click.option("--weights", type=FILE, help="A .safetensors file of VGG16, not the shipped.")
@click.option("--max-memory", type=float, help="GiB; beyond, features are seen in bands.")
@click.option("--checkpoint", type=FILE, help="Folder for what is begun, to go on from.")
@click.option(
    "--checkpoint-every", type=float, default=10.0, help="Seconds between two checkpoints."
)
@click.option("--resume", is_flag=True, help="Go on with the checkpoint, and keep what is there.")
@click.option(
    "-o", "--output", type=FILE, required=True, help="An image, or a folder for several textures."
)
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@json_option
def extend(**options: Any) -> None:
    """Make textures larger, as pictures that repeat without a seam.

    P is seed:N, SESSION:LABEL of a search, a file of points (.npz, .npy, .json; FILE:ROW where it
    holds several), or any image. The result has the source's scale, colours and statistics
    (texture synthesis of Gatys, Ecker and Bethge 2015): it is more of the same paper.

    \b
    Examples:
      jaxtex texture extend seed:5 -o paper.png
      jaxtex texture extend s:0b1 s:1a2 --size 1920x1080 --seamless x -o papers
      jaxtex texture extend photo.jpg --size 2048 --max-memory 4 -o wall.png
    """
    request = ExtendRequest(options)
    request.check()
    with terminal(quiet=options["as_json"]) as front:
        done = request.run(front)
    if options["as_json"]:
        print_json(request.report(done))
        return
    for made in done.made:
        about, ratio = made.about, made.about["seam_ratio"]
        seams = f"gradient across the seams {ratio['x']:.2f} and {ratio['y']:.2f} of that within"
        click.echo(f"{made.output}: {about['width']}×{about['height']} pixels, {seams}", err=True)
    click.echo(f"in {done.seconds:.1f} s", err=True)
