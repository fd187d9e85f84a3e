"""What the commands that move in the latent space share: options, and how a point is named."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from jaxtyping import Float32

from jaxtex.errors import SettingsError

if TYPE_CHECKING:
    import jax

    from jaxtex.texture.model import TextureModel

FILE = click.Path(path_type=Path)

_FAR = ("kappa", "angle", "similarity", "closer")


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--model and --device."""
    for option in (
        click.option(
            "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
        ),
        click.option(
            "--model", type=FILE, help="A .safetensors file or a training folder, not the shipped."
        ),
    ):
        command = option(command)
    return command


def sphere_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--center, --radius, --direction, and how far from the direction."""
    for option in (
        click.option("--similarity", type=float, help="The same as a mean MSSIM to its texture."),
        click.option("--angle", type=float, help="The same as a mean angle in degrees."),
        click.option("--kappa", type=float, help="How close to the direction; 0: everywhere."),
        click.option("--direction", help="A file of a vector, random, or axis:N from 0."),
        click.option("--radius", type=float, help="Of the sphere; 7.8 for 100 latent dimensions."),
        click.option("--center", type=FILE, help="File of the sphere's centre; default: origin."),
    ):
        command = option(command)
    return command


def load(model: Path | None, device: str | None) -> "TextureModel":
    """Sets JAX up and loads a model."""
    from jaxtex.runtime import configure

    configure(device)
    from jaxtex.texture.model import load_model

    return load_model(model)


def check_seed(seed: int) -> None:
    """Refuses a --seed that is no key."""
    if not 0 <= seed < 2**32:
        raise SettingsError(f"--seed: {seed} is not a whole number from 0 to 4294967295")


def check_sphere_options(options: dict[str, Any]) -> None:
    """Refuses, before any model is loaded, what no model could make sense of."""
    given = [name for name in _FAR if not (options.get(name) is None or options[name] is False)]
    if len(given) > 1:
        raise SettingsError(
            f"--{given[0]} and --{given[1]} both say how far from the direction; give one of them"
        )
    angle, radius, kappa = options["angle"], options["radius"], options["kappa"]
    if angle is not None and not 0 < angle <= 90:
        raise SettingsError(f"--angle: {angle:g} is not above 0° and at most 90°")
    if radius is not None and not 0 < radius < float("inf"):
        raise SettingsError(f"--radius: {radius:g} is not a number above 0")
    if kappa is not None and not 0 <= kappa <= 1e6:
        raise SettingsError(f"--kappa: {kappa:g} is not a number from 0 to 1e6")
    similarity = options["similarity"]
    if similarity is not None and not -1 < similarity < 1:
        raise SettingsError(f"--similarity: {similarity:g} is not an MSSIM between -1 and 1")


def center(path: Path | None, model: "TextureModel") -> Float32[np.ndarray, " n"] | None:
    """The vector of --center."""
    return None if path is None else _vector(path, model, "--center")


def direction(
    text: str | None, model: "TextureModel", key: "jax.Array"
) -> Float32[np.ndarray, " n"] | None:
    """The unit vector of --direction; `key` draws a random one."""
    from jaxtex.texture import sphere

    if text is None:
        return None
    if text == "random":
        import jax

        vector = np.asarray(jax.random.normal(key, (model.latent_size,)))
        return sphere.unit(vector, "--direction")
    kind, colon, number = text.partition(":")
    if kind == "axis" and colon:
        if not number.isdecimal():
            raise SettingsError(f"--direction: {text!r} is not axis:N with a whole number N")
        return sphere.axis(int(number), model.latent_size)
    return sphere.unit(_vector(Path(text), model, "--direction"), f"--direction: {text}")


def _vector(path: Path, model: "TextureModel", option: str) -> Float32[np.ndarray, " n"]:
    from jaxtex.texture.latents import read_vectors

    vectors = read_vectors(path, model.latent_size, model.digest)
    if len(vectors) > 1:
        raise SettingsError(f"{option}: {path} holds {len(vectors)} vectors; one is needed")
    return vectors[0]


def kappa(
    options: dict[str, Any],
    model: "TextureModel",
    key: "jax.Array",
    sphere: tuple[np.ndarray, float, np.ndarray],
) -> tuple[float | None, float | None]:
    """κ by --kappa, --angle or --similarity, and the MSSIM measured for it; None where not given.

    `sphere` is centre, radius and direction of what will be sampled.
    """
    if options["angle"] is not None:
        from jaxtex.texture import vmf

        return float(vmf.kappa_for_angle(options["angle"], model.latent_size)), None
    if options["similarity"] is not None:
        from jaxtex.texture.concentration import kappa_for_similarity

        center, radius, mean = sphere
        return kappa_for_similarity(
            key, model.render, model.params, center, radius, mean, options["similarity"]
        )
    return options["kappa"], None


@dataclass(frozen=True, eq=False)
class Place:
    """A point that was named on the command line, and what is known about it."""

    latent: Float32[np.ndarray, " n"]
    about: dict[str, Any]


def check_place(text: str, option: str) -> None:
    """Refuses, before a model is loaded, a point that names nothing."""
    kind, path, _ = _parse(text, option)
    if kind != "seed" and not Path(path).exists():
        raise SettingsError(
            f"{option}: {text!r} is no file; name a file of points or an image, "
            "SESSION:LABEL or seed:N"
        )


def place(text: str, option: str, model: "TextureModel") -> Place:
    """Finds the latent of `seed:N`, SESSION:LABEL, a file of points (FILE:ROW), or an image.

    A PNG of ours has its latent with it; any other image is inverted into the latent space.

    Raises:
      SettingsError, ImageError, CheckpointError: it cannot be found or does not fit the model.
    """
    import jax

    from jaxtex.texture import sphere
    from jaxtex.texture.latents import SUFFIXES, latent_of_image, read_points
    from jaxtex.texture.session import open_session

    kind, path, rest = _parse(text, option)
    if kind == "seed":
        return Place(sphere.seeded(int(rest), model.latent_size), {"seed": int(rest)})
    if kind == "session":
        session = open_session(path)
        session.check_digest(model.digest)
        return Place(session.points([rest])[0], {"session": path, "label": rest})
    if Path(path).suffix.lower() in SUFFIXES:
        points = read_points(path, model.latent_size, model.digest)
        if not rest and len(points) > 1:
            raise SettingsError(
                f"{option}: {path} holds {len(points)} points; name one, {path}:0 to "
                f"{path}:{len(points) - 1}"
            )
        row = int(rest or 0)
        if row >= len(points):
            raise SettingsError(f"{option}: {path} has no row {row}, its last is {len(points) - 1}")
        return Place(points[row], {"file": path, "row": row})
    latent = latent_of_image(path, model.latent_size, model.digest)
    if latent is not None:
        return Place(latent, {"file": path})
    return _inverted(path, model, jax.random.key(0))


def _inverted(path: str, model: "TextureModel", key: "jax.Array") -> Place:
    from jaxtex import images
    from jaxtex.texture.invert import invert

    square = images.square(images.load_image(path).rgb, model.size)
    found = invert(key, model.render, model.params, square, model.latent_size)
    return Place(
        found.latent,
        {"image": path, "mssim": round(found.mssim, 4), "rmse": round(found.rmse, 4)},
    )


def _parse(text: str, option: str) -> tuple[str, str, str]:
    """Kind (seed, session or file), path and the rest behind the last colon."""
    if Path(text).is_file():
        return "file", text, ""
    before, colon, rest = text.rpartition(":")
    if before == "seed":
        if not (rest.isdecimal() and int(rest) < 2**32):
            raise SettingsError(f"{option}: {text!r} is not seed:N with N from 0 to 4294967295")
        return "seed", "", rest
    if colon and Path(before).is_file() and rest.isdecimal():
        return "file", before, rest
    if colon and Path(before).is_dir():
        return "session", before, rest
    return "file", text, ""
