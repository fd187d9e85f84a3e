"""`jaxtex texture sample`."""

import time
from pathlib import Path
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli.texture import _points
from jaxtex.errors import SettingsError
from jaxtex.files import check_folder, check_output, make_folder, write_bytes
from jaxtex.jobs.requests.texture import sample as requests


@click.command(context_settings={"show_default": True})
@click.option("-n", "--count", type=int, default=requests.COUNT, help="How many textures.")
@_points.sphere_options
@click.option("--seed", type=int, default=0, help="Of the draws.")
@_points.model_options
@click.option("-o", "--output", type=_points.FILE, required=True, help="The contact sheet.")
@click.option("--labels", is_flag=True, help="Number the textures on the sheet, from 0.")
@click.option("--points", type=_points.FILE, help="Write the latents as .npz.")
@click.option("--images", type=_points.FILE, help="Folder for every texture as a PNG.")
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
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
    _check(options)
    began = time.perf_counter()
    model = _points.load(options["model"], options["device"])
    drawn = requests.sample(requests.make_draw(options, model), model)
    paths, about = _write(options, drawn), drawn.about
    seconds = time.perf_counter() - began
    if options["as_json"]:
        outputs = {
            "output": str(options["output"]),
            "points": None if options["points"] is None else str(options["points"]),
            "images": [str(path) for path in paths],
        }
        print_json({**outputs, **about, "seconds": round(seconds, 3)})
    else:
        reached = about["similarity"]
        similar = "" if reached is None else f", mean MSSIM to the direction's {reached:.2f}"
        click.echo(
            f"{options['output']}: {len(drawn.points)} textures, radius {about['radius']:.3g}, "
            f"κ {about['kappa']:.4g}{similar}, in {seconds:.1f} s",
            err=True,
        )


def _check(options: dict[str, Any]) -> None:
    from jaxtex.images import output_format

    requests.check(options)
    output_format(check_output(options["output"], overwrite=options["overwrite"]))
    if options["points"] is not None:
        path = check_output(options["points"], overwrite=options["overwrite"])
        if path.suffix.lower() != ".npz":
            raise SettingsError(f"--points: {path} must end in .npz")
    if options["images"] is not None:
        check_folder(options["images"], overwrite=options["overwrite"])


def _write(options: dict[str, Any], drawn: requests.Sample) -> list[Path]:
    """Writes the sheet, the latents and the textures; the paths of the textures."""
    from jaxtex import images
    from jaxtex.texture.dcgan.latents import texture_metadata, write_points

    paths = []
    model = drawn.about["model"]
    if options["images"] is not None:
        folder = make_folder(options["images"])
        told = {name: drawn.about[name] for name in ("seed", "radius", "kappa")}
        digits = len(str(len(drawn.points) - 1))
        pairs = zip(drawn.points, drawn.textures, strict=True)
        for index, (point, texture) in enumerate(pairs):
            path = folder / f"{index:0{digits}d}.png"
            metadata = texture_metadata(point, model, index=index, **told)
            images.save_image(path, texture, metadata=metadata)
            paths.append(path)
    if options["points"] is not None:
        write_points(options["points"], drawn.points, model, seed=options["seed"])
    sheet = requests.encode_sheet(options["output"], drawn, labels=options["labels"])
    write_bytes(options["output"], sheet)
    return paths
