"""What functions that train a network give."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxtex.jobs import Front
from jaxtex.jobs.requests import TrainingRequest


@dataclass(frozen=True, eq=False)
class Trained:
    """A network that was trained in a folder."""

    folder: Path
    """With the model, losses.csv and sheets of samples."""
    model: Path
    """The model's file, which takes the folder's place where a `model` is asked for."""
    step: int
    """How many steps were made in all."""
    finished: bool
    """Whether it went to its end; else `resume` goes on."""
    losses: Float32[np.ndarray, "step n"]
    """Of every step, in the order of `names`."""
    names: tuple[str, ...]
    left_out: list[str]
    """What of the images was left out, and why."""
    settings: dict[str, Any]

    def _repr_png_(self) -> bytes:
        return max(self.folder.glob("samples-*.png")).read_bytes()


def trained(request: TrainingRequest, front: Front | None) -> Trained:
    """Checks and runs a training to its end, or to the front's wish to stop.

    Raises:
      JaxtexError: an option, an image, the folder or its checkpoint cannot be used.
      RunError: a loss is no longer finite, or the disk is full.
    """
    request.check()
    request.begin()
    done = request.run(front or Front())
    outcome, told = done.outcome, request.report(done)
    return Trained(
        folder=request.path.parent,
        model=request.path,
        step=outcome.step,
        finished=outcome.status == "done",
        losses=outcome.losses[:, : len(request.names)],
        names=request.names,
        left_out=request.complaints,
        settings=told["settings"],
    )
