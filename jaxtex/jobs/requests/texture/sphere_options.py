"""Where to draw on the sphere, as a person says it in options: checked, and made vectors and κ.

JAX is imported only where something is drawn or solved for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import SettingsError
from jaxtex.options import whole
from jaxtex.texture import sphere

if TYPE_CHECKING:
    import jax

    from jaxtex.texture.dcgan import TextureModel

_FAR = ("kappa", "angle", "similarity", "closer")


def check_seed(seed: float | int) -> int:
    """The seed; refuses what is no key.

    Raises:
      SettingsError: it is not a whole number of 32 bits.
    """
    return whole("seed", seed, 0, 2**32 - 1)


def check(options: Mapping[str, Any]) -> None:
    """Refuses, before any model is loaded, what no model could make sense of.

    Raises:
      SettingsError: a value is out of range, or two say how far from the direction.
    """
    given = [name for name in _FAR if not (options.get(name) is None or options[name] is False)]
    if len(given) > 1:
        raise SettingsError(
            f"--{given[0]} and --{given[1]} both say how far from the direction; give one of them"
        )
    angle, radius, kappa = (options.get(name) for name in ("angle", "radius", "kappa"))
    if angle is not None and not 0 < angle <= 90:
        raise SettingsError(f"--angle: {angle:g} is not above 0° and at most 90°")
    if radius is not None and not 0 < radius < float("inf"):
        raise SettingsError(f"--radius: {radius:g} is not a number above 0")
    if kappa is not None and not 0 <= kappa <= 1e6:
        raise SettingsError(f"--kappa: {kappa:g} is not a number from 0 to 1e6")
    similarity = options.get("similarity")
    if similarity is not None and not -1 < similarity < 1:
        raise SettingsError(f"--similarity: {similarity:g} is not an MSSIM between -1 and 1")


def center(path: Path | None, model: "TextureModel") -> Float32[np.ndarray, " n"] | None:
    """The vector of --center.

    Raises:
      SettingsError: the file is missing, damaged, or holds anything but a vector of the model.
    """
    return None if path is None else _vector(path, model, "--center")


def direction_file(text: str | None) -> Path | None:
    """The file that a --direction names; None where it names none."""
    return None if text is None or text == "random" or text.startswith("axis:") else Path(text)


def direction(
    text: str | None, model: "TextureModel", key: "jax.Array"
) -> Float32[np.ndarray, " n"] | None:
    """The unit vector of --direction; `key` draws a random one.

    Raises:
      SettingsError: there is no such axis, or the file holds anything but a vector of the model.
    """
    if text == "random":
        import jax

        vector = np.asarray(jax.random.normal(key, (model.latent_size,)))
        return sphere.unit(vector, "--direction")
    return fixed_direction(text, model)


def fixed_direction(text: str | None, model: "TextureModel") -> Float32[np.ndarray, " n"] | None:
    """The unit vector of a --direction that is not random.

    Raises:
      SettingsError: as `direction`.
    """
    if text is None:
        return None
    path = direction_file(text)
    if path is not None:
        return sphere.unit(_vector(path, model, "--direction"), f"--direction: {text}")
    number = text.removeprefix("axis:")
    # Python makes no ints of thousands of digits.
    if not number.isdecimal() or len(number) > 9:
        raise SettingsError(f"--direction: {text!r} is not axis:N with a whole number N")
    return sphere.axis(int(number), model.latent_size)


def _vector(path: Path, model: "TextureModel", option: str) -> Float32[np.ndarray, " n"]:
    from jaxtex.texture.dcgan.latents import latent_of_image, read_vectors

    # As textures are exported.
    if path.suffix.lower() == ".png":
        latent = latent_of_image(path, model.latent_size, model.digest)
        if latent is None:
            raise SettingsError(f"{option}: {path} is an image without a latent; jaxtex wrote none")
        return latent
    vectors = read_vectors(path, model.latent_size, model.digest)
    if len(vectors) > 1:
        raise SettingsError(f"{option}: {path} holds {len(vectors)} vectors; one is needed")
    return vectors[0]


def kappa(
    options: Mapping[str, Any],
    model: "TextureModel",
    key: "jax.Array",
    place: tuple[np.ndarray, float, np.ndarray],
) -> tuple[float | None, float | None]:
    """κ by --kappa, --angle or --similarity, and the MSSIM measured for it; None where not given.

    `place` is centre, radius and direction of what will be sampled.

    Raises:
      SettingsError: the similarity cannot be had.
    """
    if options["angle"] is not None:
        from jaxtex.texture import vmf

        return float(vmf.kappa_for_angle(options["angle"], model.latent_size)), None
    if options["similarity"] is not None:
        from jaxtex.texture.sphere.concentration import kappa_for_similarity

        center, radius, mean = place
        return kappa_for_similarity(
            key, model.render, model.params, center, radius, mean, options["similarity"]
        )
    return options["kappa"], None
