"""Latents in files: points as .npz, .npy or .json, and the latent that our PNGs carry.

What is read has to fit the model: its number of dimensions, its prior's shell, and, where the file
says which model it is of, its digest.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import SettingsError, first_line
from jaxtex.files import write
from jaxtex.texture import sphere
from jaxtex.texture.dcgan.shipped import shipped_name
from jaxtex.version import __version__

SUFFIXES = (".npz", ".npy", ".json")
"""The files of points."""

_MAX_BYTES = 2**28


def read_points(
    path: str | os.PathLike[str], latent_size: int, digest: str
) -> Float32[np.ndarray, "m {latent_size}"]:
    """Returns the points, all on the prior's shell, of a file that `read_vectors` reads.

    Raises:
      SettingsError: as there, or a point is off the shell.
    """
    vectors = read_vectors(path, latent_size, digest)
    return sphere.check_latents(vectors, latent_size, str(path))


def read_vectors(
    path: str | os.PathLike[str], latent_size: int, digest: str
) -> Float32[np.ndarray, "m {latent_size}"]:
    """Returns the vectors of a .npz (array `points`, or its only one), .npy or .json file.

    JSON is a list of numbers, a list of such lists, or an object with `points` or `latent`.

    Raises:
      SettingsError: the file is missing or damaged, of another model, or holds vectors of another
        size.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SettingsError(f"{path}: a file of points is {', '.join(SUFFIXES)}")
    try:
        if not path.is_file():
            raise SettingsError(f"{path}: no such file of points")
        if path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path}: is larger than 256 MiB")
        values, model = _read_json(path) if suffix == ".json" else _read_numpy(path)
    except SettingsError:
        raise
    except Exception as error:
        raise SettingsError(f"{path}: cannot be read as points ({first_line(error)})") from None
    check_model(model, digest, path)
    return sphere.check_vectors(values, latent_size, str(path))


def _read_json(path: Path) -> tuple[np.ndarray, Any]:
    content = json.loads(path.read_bytes())
    model = None
    if isinstance(content, dict):
        model = content.get("model")
        content = content["points"] if "points" in content else content["latent"]
    return np.asarray(content, np.float64), model


def _read_numpy(path: Path) -> tuple[np.ndarray, Any]:
    with path.open("rb") as file:  # NumPy itself leaves a damaged file open
        content = np.load(file, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content, None
        model = str(content["model"]) if "model" in content else None
        if "points" in content:
            return content["points"], model
        if len(content.files) != 1:
            raise SettingsError(
                f"{path}: has the arrays {', '.join(content.files) or 'none'}; one named points "
                "is needed"
            )
        return content[content.files[0]], model


def write_points(
    path: str | os.PathLike[str],
    points: Float32[np.ndarray, "m n"],
    digest: str,
    **about: Any,
) -> None:
    """Writes points as .npz with the model's digest and what else is told about them.

    Raises:
      RunError: the disk is full or fails.
    """

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, points=points, model=np.str_(digest), **about)

    write(path, save)


def texture_metadata(latent: Float32[np.ndarray, " n"], digest: str, **about: Any) -> dict:
    """What the PNG of a single texture says of itself: enough to draw it again and to go on."""
    return {"version": __version__, "model": digest, **about, "latent": latent.tolist()}


def latent_of_image(
    path: str | os.PathLike[str], latent_size: int, digest: str
) -> Float32[np.ndarray, " {latent_size}"] | None:
    """Returns the latent that an image written by jaxtex carries; None for any other image.

    Raises:
      ImageError: the file cannot be read.
      SettingsError: it is a texture of another model, or its latent does not fit.
    """
    metadata = images.read_metadata(path)
    if "latent" not in metadata:
        return None
    check_model(metadata.get("model"), digest, path)
    try:
        values = np.asarray(metadata["latent"], np.float64)
    except (TypeError, ValueError):
        raise SettingsError(f"{path}: the latent in its metadata is damaged") from None
    return sphere.check_latents(values, latent_size, str(path))[0]


def check_model(model: Any, digest: str, path: str | os.PathLike[str]) -> None:
    """Raises SettingsError where `model`, a digest or None for unknown, is another model's."""
    if model is not None and model != digest:
        name = shipped_name(model)
        other = "name the other with --model" if name is None else f"the other is --model {name}"
        raise SettingsError(
            f"{path}: belongs to the model {str(model)[:12]}…; this one is {digest[:12]}…, {other}"
        )
