"""`jaxtex texture sample`."""

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from jaxtex.cli import print_json
from jaxtex.cli.texture import _points
from jaxtex.errors import SettingsError
from jaxtex.files import check_folder, check_output, make_folder

if TYPE_CHECKING:
    from jaxtex.texture.model import TextureModel


@click.command(context_settings={"show_default": True})
@click.option("-n", "--count", type=int, default=64, help="How many textures.")
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
    about, points = _draw(options, model)
    textures = model.generate(points)
    paths = _write(options, model, about, points, textures)
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
            f"{options['output']}: {len(points)} textures, radius {about['radius']:.3g}, "
            f"κ {about['kappa']:.4g}{similar}, in {seconds:.1f} s",
            err=True,
        )


def _check(options: dict[str, Any]) -> None:
    from jaxtex.images import output_format

    if not 1 <= options["count"] <= 10_000:
        raise SettingsError(f"--count: {options['count']} is not a number from 1 to 10000")
    _points.check_seed(options["seed"])
    _points.check_sphere_options(options)
    output_format(check_output(options["output"], overwrite=options["overwrite"]))
    if options["points"] is not None:
        path = check_output(options["points"], overwrite=options["overwrite"])
        if path.suffix.lower() != ".npz":
            raise SettingsError(f"--points: {path} must end in .npz")
    if options["images"] is not None:
        check_folder(options["images"], overwrite=options["overwrite"])


def _draw(options: dict[str, Any], model: "TextureModel") -> tuple[dict[str, Any], np.ndarray]:
    """What is drawn, and the points."""
    import jax

    from jaxtex.texture import sphere

    size = model.latent_size
    key = jax.random.key(options["seed"])
    center = _points.center(options["center"], model)
    center = np.zeros(size, np.float32) if center is None else center
    radius = options["radius"] or sphere.default_radius(size)
    direction = _points.direction(options["direction"], model, jax.random.fold_in(key, 1))
    direction = sphere.axis(1, size) if direction is None else direction
    place = center, radius, direction
    kappa, reached = _points.kappa(options, model, jax.random.fold_in(key, 2), place)
    kappa = kappa or 0.0
    points = sphere.sample(key, *place, kappa, options["count"])
    about = {
        "count": len(points),
        "seed": options["seed"],
        "radius": radius,
        "kappa": kappa,
        "similarity": reached,
        "model": model.digest,
    }
    return about, sphere.check_latents(points, size, "the sphere")


def _write(
    options: dict[str, Any],
    model: "TextureModel",
    about: dict[str, Any],
    points: np.ndarray,
    textures: np.ndarray,
) -> list[Path]:
    """Writes the sheet, the latents and the textures; the paths of the textures."""
    from jaxtex import __version__, images
    from jaxtex.texture.latents import texture_metadata, write_points

    paths = []
    if options["images"] is not None:
        folder = make_folder(options["images"])
        told = {name: about[name] for name in ("seed", "radius", "kappa")}
        digits = len(str(len(points) - 1))
        for index, (point, texture) in enumerate(zip(points, textures, strict=True)):
            path = folder / f"{index:0{digits}d}.png"
            metadata = texture_metadata(point, model.digest, index=index, **told)
            images.save_image(path, texture, metadata=metadata)
            paths.append(path)
    if options["points"] is not None:
        write_points(options["points"], points, model.digest, seed=options["seed"])
    sheet = images.contact_sheet(
        list(textures),
        columns=math.ceil(math.sqrt(len(textures))),
        labels=[str(index) for index in range(len(textures))] if options["labels"] else None,
        gap=2,
    )
    images.save_image(options["output"], sheet, metadata={"version": __version__, **about})
    return paths
