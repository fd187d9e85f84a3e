"""`jaxtex texture interpolate` as a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8

from jaxtex.api.desk import File, Picture, desk, path_of, read_8_bits
from jaxtex.jobs import Front
from jaxtex.jobs.requests.texture import InterpolateRequest


@dataclass(frozen=True, eq=False)
class Interpolation:
    """Textures between others, the ends among them."""

    textures: UInt8[np.ndarray, "m s s 3"]
    rows: list[dict[str, Any]]
    """Of each texture where it lies (`t`) and its MSSIM to the ends and to the one before it."""
    about: dict[str, Any]
    """The model, the settings and how even each part is, as interpolation.json says it."""
    strip: bytes
    """The textures side by side, as PNG."""

    def _repr_png_(self) -> bytes:
        return self.strip


def interpolate(
    start: "Picture",
    end: "Picture",
    output: "File | None" = None,
    *,
    via: "Sequence[Picture]" = (),
    count: int = 8,
    even: Literal["first", "neighbours"] = "first",
    path: Literal["linear", "circle"] = "linear",
    center: "File | None" = None,
    tolerance: float | int = 0.5,
    model: "File | None" = None,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Interpolation:
    """Textures between two others, in even steps of similarity (MSSIM).

    Args:
      start: the first texture: `"seed:N"`, `"SESSION:LABEL"` of a search, a file of points
        (`"FILE:ROW"`), a PNG that jaxtex wrote, or any image or array `[h, w, 3]`, to which the
        nearest texture is looked for.
      end: the last one, likewise.
      output: a folder for the results; by default nothing is written.
      via: textures in between.
      count: textures between two ends.
      even: steps of MSSIM to the first texture, or to the one before.
      path: through the latent space.
      center: a file of the circle's centre; by default the origin.
      tolerance: width of an interval as a share of a step.
      model: as of `sample`.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: writes into a folder that holds files.
      front: where words go.

    Raises:
      JaxtexError: an end, an option, the model or the output cannot be used, or two ends are too
        alike.
    """
    with desk() as place:
        folder = place.output(output, "between")
        between = [str(place.image(each, f"via-{number}")) for number, each in enumerate(via)]
        request = InterpolateRequest(
            {
                "start": str(place.image(start, "start")),
                "end": str(place.image(end, "end")),
                "via": between,
                "count": count,
                "even": even,
                "path": path,
                "center": path_of(center),
                "tolerance": tolerance,
                "model": path_of(model),
                "device": device,
                "output": folder,
                "overwrite": overwrite,
            }
        )
        request.check()
        about = dict(request.run(front or Front()).about)
        rows = about.pop("textures")
        textures = np.stack([read_8_bits(folder / row["file"]) for row in rows])
        strip = (folder / "strip.png").read_bytes()
    return Interpolation(textures, rows, about, strip)
