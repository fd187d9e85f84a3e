"""`jaxtex texture sample`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.cli.texture._options import model_options, sphere_options
from jaxtex.jobs.requests.texture import SampleRequest
from jaxtex.jobs.requests.texture.sample import COUNT


@click.command(context_settings={"show_default": True})
@click.option("-n", "--count", type=int, default=COUNT, help="How many textures.")
@sphere_options
@click.option("--seed", type=int, default=0, help="Of the draws.")
@model_options
@click.option("-o", "--output", type=FILE, required=True, help="The contact sheet.")
@click.option("--labels", is_flag=True, help="Number the textures on the sheet, from 0.")
@click.option("--points", type=FILE, help="Write the latents as .npz.")
@click.option("--images", type=FILE, help="Folder for every texture as a PNG.")
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@json_option
def sample(**options: Any) -> None:
    """Draw textures from a sphere in the latent space.

    Points are p = r·v + c with v from a von Mises-Fisher distribution about a direction; without
    --kappa, --angle or --similarity they come from all over the sphere. The seed N alone gives
    the texture that `interpolate` calls seed:N.

    \b
    Examples:
      jaxtex texture sample -n 64 -o sheet.png
      jaxtex texture sample -n 64 --direction random --angle 50 --seed 3 -o sheet.png
      jaxtex texture sample -n 16 --points points.npz --images textures -o sheet.png
    """
    request = SampleRequest(options)
    request.check()
    with at_once() as front:
        done = request.run(front)
    if options["as_json"]:
        print_json(request.report(done))
        return
    about = done.drawn.about
    reached = about["similarity"]
    similar = "" if reached is None else f", mean MSSIM to the direction's {reached:.2f}"
    click.echo(
        f"{options['output']}: {about['count']} textures, radius {about['radius']:.3g}, "
        f"κ {about['kappa']:.4g}{similar}, in {done.seconds:.1f} s",
        err=True,
    )
