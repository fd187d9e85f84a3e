"""One sheet of textures as a person asks for it, in options, made into latents and a picture.

`jaxtex texture sample` and `jaxtex batch` go through here, so that a sheet of a batch is the sheet
that a call of its own would write. JAX is imported only where something is drawn.
"""

import hashlib
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import SettingsError
from jaxtex.files import check_folder, check_output, make_folder, write_bytes
from jaxtex.jobs.front import Front
from jaxtex.jobs.requests.texture import places, sphere_options
from jaxtex.options import whole
from jaxtex.texture import sphere
from jaxtex.version import __version__

if TYPE_CHECKING:
    from jaxtex.texture.dcgan import TextureModel

COUNT = 64
"""How many textures where no option says it."""

_MOST = 10_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Draw:
    """What is drawn of a model: how many points, from which sphere, and how close to what."""

    count: int
    seed: int
    center: Float32[np.ndarray, " n"]
    radius: float
    direction: Float32[np.ndarray, " n"] | None
    """None: a random one, by the seed."""
    kappa: float | None
    angle: float | None
    similarity: float | None
    labels: bool

    def facts(self) -> dict[str, Any]:
        """All that decides the sheet besides the model, as JSON values."""
        far = (self.kappa, self.angle, self.similarity)
        return {
            "count": self.count,
            "seed": self.seed,
            "radius": self.radius,
            "kappa": 0.0 if far == (None, None, None) else self.kappa,
            "angle": self.angle,
            "similarity": self.similarity,
            "center_sha256": _digest(self.center) if self.center.any() else None,
            "direction": _said(self.direction),
            "labels": self.labels,
        }


class Sample(NamedTuple):
    """Textures with their latents, and what the files with them say."""

    points: Float32[np.ndarray, "m n"]
    textures: Float32[np.ndarray, "m s s 3"]
    about: dict[str, Any]


class Written(NamedTuple):
    """A sheet in its file, with the files of its textures."""

    drawn: Sample
    images: list[Path]
    seconds: float


class SampleRequest:
    """What `jaxtex texture sample` is asked for: checked, then drawn and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def check(self) -> None:
        """Refuses what can be refused before a model is loaded.

        Raises:
          SettingsError: as `check`, or the latents' file is no .npz.
          OutputError: something cannot be written where it should be.
        """
        options, overwrite = self.options, self.options["overwrite"]
        check(options)
        images.output_format(check_output(options["output"], overwrite=overwrite))
        if options["points"] is not None:
            path = check_output(options["points"], overwrite=overwrite)
            if path.suffix.lower() != ".npz":
                raise SettingsError(f"--points: {path} must end in .npz")
        if options["images"] is not None:
            check_folder(options["images"], overwrite=overwrite)

    def run(self, front: Front) -> Written:
        """Draws the textures and writes sheet, latents and textures.

        Raises:
          JaxtexError: the model cannot be used, or the options do not fit it.
          RunError: the disk is full or fails.
        """
        began = time.perf_counter()
        model = places.load(self.options["model"], self.options["device"])
        drawn = sample(make_draw(self.options, model), model)
        return Written(drawn, self._write(drawn), time.perf_counter() - began)

    def report(self, done: Written) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        points = self.options["points"]
        return {
            "output": str(self.options["output"]),
            "points": None if points is None else str(points),
            "images": [str(path) for path in done.images],
            **done.drawn.about,
            "seconds": round(done.seconds, 3),
        }

    def _write(self, drawn: Sample) -> list[Path]:
        """Writes the sheet, the latents and the textures; the paths of the textures."""
        from jaxtex.texture.dcgan.latents import write_points

        options, paths = self.options, []
        if options["images"] is not None:
            paths = _write_textures(make_folder(options["images"]), drawn)
        if options["points"] is not None:
            write_points(
                options["points"], drawn.points, drawn.about["model"], seed=options["seed"]
            )
        sheet = encode_sheet(options["output"], drawn, labels=options["labels"])
        write_bytes(options["output"], sheet)
        return paths


def check(options: Mapping[str, Any]) -> None:
    """Refuses, before a model is loaded, options that no model could make sense of.

    Raises:
      SettingsError: a value is out of range, or two say how far from the direction.
    """
    _count(options)
    sphere_options.check_seed(options.get("seed", 0))
    sphere_options.check(options)


def make_draw(options: Mapping[str, Any], model: "TextureModel") -> Draw:
    """The draw of checked options, by the names of `texture sample` with underscores.

    Raises:
      SettingsError: the centre or the direction does not fit the model.
    """
    size = model.latent_size
    center = sphere_options.center(options.get("center"), model)
    direction = None
    if options.get("direction") != "random":
        direction = sphere_options.fixed_direction(options.get("direction"), model)
        direction = sphere.axis(1, size) if direction is None else direction
    far = {name: options.get(name) for name in ("kappa", "angle", "similarity")}
    return Draw(
        count=_count(options),
        seed=sphere_options.check_seed(options.get("seed", 0)),
        center=np.zeros(size, np.float32) if center is None else center,
        radius=float(options.get("radius") or sphere.default_radius(size)),
        direction=direction,
        labels=bool(options.get("labels")),
        **{name: None if value is None else float(value) for name, value in far.items()},
    )


def sample(draw: Draw, model: "TextureModel") -> Sample:
    """Draws the points, and the textures there.

    Raises:
      SettingsError: the points lie off the prior's shell, or the similarity cannot be had.
    """
    import jax

    key = jax.random.key(draw.seed)
    direction = draw.direction
    if direction is None:
        direction = sphere_options.direction("random", model, jax.random.fold_in(key, 1))
        assert direction is not None
    place = draw.center, draw.radius, direction
    options = {"kappa": draw.kappa, "angle": draw.angle, "similarity": draw.similarity}
    kappa, reached = sphere_options.kappa(options, model, jax.random.fold_in(key, 2), place)
    kappa = kappa or 0.0
    points = sphere.sample(key, *place, kappa, draw.count)
    points = sphere.check_latents(points, model.latent_size, "the sphere")
    about = {
        "count": len(points),
        "seed": draw.seed,
        "radius": draw.radius,
        "kappa": kappa,
        "similarity": reached,
        "model": model.digest,
    }
    return Sample(points, model.generate(points), about)


def encode_sheet(path: str | os.PathLike[str], drawn: Sample, *, labels: bool) -> bytes:
    """The contact sheet, in the format that `path`'s suffix names; with labels, numbered from 0.

    Raises:
      OutputError: the suffix or the size of the sheet does not allow it.
    """
    count = len(drawn.textures)
    sheet = images.contact_sheet(
        list(drawn.textures),
        columns=math.ceil(math.sqrt(count)),
        labels=[str(index) for index in range(count)] if labels else None,
        gap=2,
    )
    return images.encode_image(path, sheet, metadata={"version": __version__, **drawn.about})


def _write_textures(folder: Path, drawn: Sample) -> list[Path]:
    """Writes each texture with its latent, and returns the paths."""
    from jaxtex.texture.dcgan.latents import texture_metadata

    paths = []
    told = {name: drawn.about[name] for name in ("seed", "radius", "kappa")}
    digits = len(str(len(drawn.points) - 1))
    pairs = zip(drawn.points, drawn.textures, strict=True)
    for index, (point, texture) in enumerate(pairs):
        path = folder / f"{index:0{digits}d}.png"
        metadata = texture_metadata(point, drawn.about["model"], index=index, **told)
        images.save_image(path, texture, metadata=metadata)
        paths.append(path)
    return paths


def _count(options: Mapping[str, Any]) -> int:
    return whole("count", options.get("count", COUNT), 1, _MOST, "a number")


def _digest(vector: Float32[np.ndarray, " n"]) -> str:
    return hashlib.sha256(vector.tobytes()).hexdigest()


def _said(direction: Float32[np.ndarray, " n"] | None) -> str:
    """`random`, `axis:N`, or the SHA-256 of a vector."""
    if direction is None:
        return "random"
    index = int(np.argmax(direction))
    if np.array_equal(direction, sphere.axis(index, len(direction))):
        return f"axis:{index}"
    return _digest(direction)
