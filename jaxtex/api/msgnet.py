"""MSG-Net, which stylises in one pass (Zhang and Dana 2017): `jaxtex msgnet` as functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from jaxtex.api.desk import (
    File,
    Files,
    Picture,
    Pictures,
    desk,
    encode_png,
    path_of,
    paths_of,
    read_8_bits,
    sheet_png,
)
from jaxtex.api.training import Trained, trained
from jaxtex.jobs import Front
from jaxtex.jobs.requests.msgnet import ApplyRequest, TrainRequest

__all__ = ["Applied", "apply", "train"]


@dataclass(frozen=True, eq=False)
class Applied:
    """Images that MSG-Net has stylised."""

    images: list[UInt8[np.ndarray, "h w c"]]
    """One for each content, RGB, or RGBA where the content is transparent."""
    files: list[Path]
    """Where they lie; none where no output was asked for."""
    model: str
    """The digest of the model."""
    left_out: list[str]
    """What of folders was left out, and why."""

    @property
    def image(self) -> UInt8[np.ndarray, "h w c"]:
        """The first of the images."""
        return self.images[0]

    def _repr_png_(self) -> bytes:
        return encode_png(self.image) if len(self.images) == 1 else sheet_png(self.images)


def apply(
    content: "Pictures",
    style: "Picture",
    output: "File | None" = None,
    *,
    model: "File | None" = None,
    size: int | None = None,
    style_size: int | None = None,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Applied:
    """Gives one content or more the style of `style`, in one pass of the network.

    Args:
      content: a file, a folder, an array `[h, w, 3]` or `[h, w, 4]`, or a sequence of such; arrays
        are taken with 8 bits.
      style: a file or an array.
      output: an image; a folder for several contents. By default nothing is written.
      model: a model's file or the folder of a training; by default the one that ships.
      size: longer side of the results in pixels; by default as the contents are.
      style_size: longer side of the style; by default that of the results.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: replaces existing outputs.
      front: where words go.

    Raises:
      JaxtexError: an image, an option, the model or the output cannot be used.
    """
    with desk() as place:
        files = place.images(content, "content")
        single = len(files) == 1 and not files[0].is_dir()
        request = ApplyRequest(
            {
                "content": files,
                "style": place.image(style, "style"),
                "output": place.output(output, "image.png" if single else "images"),
                "model": path_of(model),
                "size": size,
                "style_size": style_size,
                "device": device,
                "overwrite": overwrite,
            }
        )
        request.check()
        told = request.run(front or Front())
        written = [Path(path) for path in told["outputs"]]
        pictures = [read_8_bits(path) for path in written]
    return Applied(pictures, [] if output is None else written, told["model"], told["left_out"])


def train(
    content: "Files",
    style: "Files",
    output: "File",
    *,
    steps: int = 20_000,
    model: "File | None" = None,
    features: int | None = None,
    size: int = 256,
    style_size: Sequence[int] = (256, 512, 768),
    batch_size: int = 4,
    learning_rate: float | int = 1e-3,
    content_weight: float | int = 1.0,
    style_weight: float | int = 5.0,
    seed: int = 0,
    sample_every: int = 500,
    keep_models: bool = False,
    checkpoint_every: float | int = 60.0,
    resume: bool = False,
    weights: "File | None" = None,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Trained:
    """Trains an MSG-Net on folders of contents and of styles.

    Args:
      content: a folder of contents, or several.
      style: a folder of styles, or several.
      output: the folder for model and samples.
      steps: in all, those before a resume too.
      model: goes on from the weights of a model's file or folder.
      features: a quarter of the widest maps' channels; by default 64, or the model's.
      size: pixels a side of the content squares.
      style_size: pixels a side of the style squares; several take turns.
      batch_size: contents a step.
      learning_rate: of Adam.
      content_weight: of the content's features.
      style_weight: of the style's Gram matrices.
      seed: of all that is drawn at random.
      sample_every: steps between two sheets of samples.
      keep_models: keeps the model of each sheet.
      checkpoint_every: seconds between two checkpoints.
      resume: goes on from the checkpoint, if there is one.
      weights: other VGG16 weights (safetensors).
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: trains anew in a folder that was used before.
      front: where words and progress go, and whom to ask whether to stop.

    Raises:
      JaxtexError: an option, an image, the folder or its checkpoint cannot be used.
      RunError: a loss is no longer finite, or the disk is full.
    """
    request = TrainRequest(
        {
            "content": paths_of(content),
            "style": paths_of(style),
            "output": Path(output),
            "steps": steps,
            "model": path_of(model),
            "features": features,
            "size": size,
            "style_size": tuple(style_size),
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "content_weight": content_weight,
            "style_weight": style_weight,
            "seed": seed,
            "sample_every": sample_every,
            "keep_models": keep_models,
            "checkpoint_every": checkpoint_every,
            "resume": resume,
            "weights": path_of(weights),
            "device": device,
            "overwrite": overwrite,
        }
    )
    return trained(request, front)
