"""`jaxtex texture sample` and `extend` as functions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex.api.desk import (
    File,
    Picture,
    desk,
    encode_png,
    path_of,
    read_8_bits,
    sheet_png,
)
from jaxtex.jobs import Front
from jaxtex.jobs.requests.texture import ExtendRequest, SampleRequest
from jaxtex.jobs.requests.texture.sample import COUNT
from jaxtex.texture.extend.settings import Seamless

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Sample:
    """Textures with their points in the latent space."""

    textures: Float32[np.ndarray, "m s s 3"]
    """In [0, 1]."""
    points: Float32[np.ndarray, "m n"]
    about: dict[str, Any]
    """Seed, radius, κ, the similarity that was reached, and the model's digest."""

    def _repr_png_(self) -> bytes:
        return sheet_png(self.textures)


@dataclass(frozen=True, eq=False)
class Extended:
    """A texture made larger."""

    image: UInt8[np.ndarray, "h w 3"]
    about: dict[str, Any]
    """Its source and settings, and `seam_ratio`: the gradient across seams by that within."""

    def _repr_png_(self) -> bytes:
        return encode_png(self.image)


def sample(
    count: int = COUNT,
    *,
    center: "File | None" = None,
    radius: float | int | None = None,
    direction: str | None = None,
    kappa: float | int | None = None,
    angle: float | int | None = None,
    similarity: float | int | None = None,
    seed: int = 0,
    model: "File | None" = None,
    device: str | None = None,
    output: "File | None" = None,
    labels: bool = False,
    points: "File | None" = None,
    images: "File | None" = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Sample:
    """Draws textures from a sphere in the latent space.

    Points are p = r·v + c with v from a von Mises-Fisher distribution about a direction (Satoh);
    without `kappa`, `angle` or `similarity` they come from all over the sphere.

    Args:
      count: how many textures.
      center: a file of the sphere's centre; by default the origin.
      radius: of the sphere; by default 0.78 √n, 7.8 for 100 latent dimensions.
      direction: a file of a vector, a PNG of ours, `"random"`, or `"axis:N"`.
      kappa: how close to the direction; 0: everywhere.
      angle: the same as a mean angle in degrees.
      similarity: the same as a mean MSSIM to the direction's texture.
      seed: of the draws.
      model: a .safetensors file, the folder of a training, or a model that ships, by name.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      output: the contact sheet; by default nothing is written.
      labels: numbers the textures on the sheet, from 0.
      points: writes the latents as .npz.
      images: a folder for every texture as a PNG.
      overwrite: replaces existing outputs.
      front: where words go.

    Raises:
      JaxtexError: an option, the model or an output cannot be used.
    """
    with desk() as place:
        request = SampleRequest(
            {
                "count": count,
                "center": path_of(center),
                "radius": radius,
                "direction": direction,
                "kappa": kappa,
                "angle": angle,
                "similarity": similarity,
                "seed": seed,
                "model": path_of(model),
                "device": device,
                "output": place.output(output, "sheet.png"),
                "labels": labels,
                "points": path_of(points),
                "images": path_of(images),
                "overwrite": overwrite,
            }
        )
        request.check()
        drawn = request.run(front or Front()).drawn
    return Sample(drawn.textures, drawn.points, drawn.about)


def extend(
    textures: "Picture | Sequence[Picture]",
    output: "File | None" = None,
    *,
    size: int | str = "512",
    seamless: Seamless = "both",
    zoom: float | int = 1.0,
    steps: int = 60,
    seed: int = 0,
    model: "File | None" = None,
    device: str | None = None,
    weights: "File | None" = None,
    max_memory: float | int | None = None,
    checkpoint: "File | None" = None,
    checkpoint_every: float | int = 10.0,
    resume: bool = False,
    overwrite: bool = False,
    front: Front | None = None,
) -> list[Extended]:
    """Makes textures larger, as pictures that repeat without a seam.

    Args:
      textures: one or several: an image, an array `[h, w, 3]`, which is taken with 8 bits,
        `"seed:N"`, `"SESSION:LABEL"` of a search, or a file of points (`"FILE:ROW"`).
      output: an image, or a folder for several textures; by default nothing is written.
      size: of the result in pixels, N or `"WxH"`.
      seamless: along which axes it repeats.
      zoom: how much larger things become, 0.25 to 8.
      steps: at the coarsest scale.
      seed: of all that is drawn at random.
      model: as of `sample`.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      weights: other VGG16 weights (safetensors).
      max_memory: GiB; beyond, features are seen in bands.
      checkpoint: a folder for what is begun, to go on from.
      checkpoint_every: seconds between two checkpoints.
      resume: goes on with the checkpoint, and keeps what is there.
      overwrite: replaces existing outputs.
      front: where words and progress go, and whom to ask whether to stop.

    Returns:
      A picture for each texture, in their order.

    Raises:
      JaxtexError: an option, a texture, the model or an output cannot be used.
      Stopped: the front asked for it; what is done is kept where an output was asked for.
    """
    with desk() as place:
        files = [str(path) for path in place.images(textures, "texture")]
        request = ExtendRequest(
            {
                "textures": files,
                "size": str(size),
                "seamless": seamless,
                "zoom": zoom,
                "steps": steps,
                "seed": seed,
                "model": path_of(model),
                "device": device,
                "weights": path_of(weights),
                "max_memory": max_memory,
                "checkpoint": path_of(checkpoint),
                "checkpoint_every": checkpoint_every,
                "resume": resume,
                "output": place.output(output, "image.png" if len(files) == 1 else "images"),
                "overwrite": overwrite,
            }
        )
        request.check()
        made = request.run(front or Front()).made
        return [Extended(read_8_bits(each.output), dict(each.about)) for each in made]
