"""How a point of the latent space is named, and how it is found."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import SettingsError

if TYPE_CHECKING:
    import jax

    from jaxtex.texture.dcgan import TextureModel


def load(model: Path | str | None, device: str | None) -> "TextureModel":
    """Sets JAX up and loads a model."""
    from jaxtex.runtime import configure

    configure(device)
    from jaxtex.texture.dcgan import load_model

    return load_model(model)


@dataclass(frozen=True, eq=False)
class Place:
    """A point that was named, and what is known about it."""

    latent: Float32[np.ndarray, " n"]
    about: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What is said of its file."""


def check_place(text: str, option: str) -> None:
    """Refuses, before a model is loaded, a point that names nothing."""
    kind, path, _ = parse(text, option)
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
    from jaxtex.texture.dcgan.latents import SUFFIXES, latent_of_image, read_points
    from jaxtex.texture.search import open_session

    kind, path, rest = parse(text, option)
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
    from jaxtex.texture.dcgan.invert import invert

    image = images.load_image(path)
    square = images.square(image.rgb, model.size)
    found = invert(key, model.render, model.params, square, model.latent_size)
    return Place(
        found.latent,
        {"image": path, "mssim": round(found.mssim, 4), "rmse": round(found.rmse, 4)},
        image.notes,
    )


def parse(text: str, option: str) -> tuple[str, str, str]:
    """Kind (seed, session or file), path and the rest behind the last colon.

    Raises:
      SettingsError: a seed is none.
    """
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
