"""What a texture to be extended is: how a person names it, and how it is found.

JAX is imported only where a model draws it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.jobs.requests.texture import places
from jaxtex.texture.extend.settings import Settings

if TYPE_CHECKING:
    from jaxtex.texture.dcgan import TextureModel


@dataclass(frozen=True, eq=False, kw_only=True)
class Source:
    """A texture that is to be extended."""

    picture: Float32[np.ndarray, "h w 3"]
    about: Mapping[str, Any]
    """What the result says of it."""
    notes: tuple[str, ...] = ()
    """What is said of its file."""

    @property
    def digest(self) -> str:
        """SHA-256 of the image's file, or of the model and the latent."""
        if "sha256" in self.about:
            return self.about["sha256"]
        named = json.dumps([self.about["model"], self.about["latent"]])
        return hashlib.sha256(named.encode()).hexdigest()


def image_file(text: str, option: str) -> Path | None:
    """The image that a texture is named by; None where it is a point of the latent space.

    Raises:
      SettingsError: a seed is none.
    """
    from jaxtex.texture.dcgan.latents import SUFFIXES

    kind, path, _ = places.parse(text, option)
    return Path(path) if kind == "file" and Path(path).suffix.lower() not in SUFFIXES else None


def find_source(text: str, option: str, load: Callable[[], "TextureModel"]) -> Source:
    """The texture of `seed:N`, SESSION:LABEL, a file of points (FILE:ROW), or an image.

    Raises:
      SettingsError, ImageError: it cannot be found, or does not fit the model.
    """
    path = image_file(text, option)
    if path is not None:
        image = images.load_image(path)
        about = {"name": image.path.name, "sha256": image.sha256}
        return Source(picture=image.rgb, about=about, notes=image.notes)
    model = load()
    place = places.place(text, option, model)
    about = {**place.about, "model": model.digest, "latent": place.latent.tolist()}
    return Source(picture=model.generate(place.latent[None])[0], about=about)


def prepared(source: Source, settings: Settings, name: str) -> Float32[np.ndarray, "_ _ 3"]:
    """The source as it is extended.

    Raises:
      ImageError: it is too small; the sentence begins with `name`.
    """
    from jaxtex.texture.extend import prepare_source

    return prepare_source(source.picture, settings.zoom, name)


def named(text: str) -> Path:
    """A file's name for what a texture is called by."""
    path = Path(text)
    return path if path.is_file() else Path(text.replace(":", "-"))
