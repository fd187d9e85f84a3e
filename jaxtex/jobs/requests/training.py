"""Training a network in a folder, as a person asks for it: what the commands that train share."""

import abc
import dataclasses
import shutil
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxtex.files import check_folder, make_folder
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import check_checkpoint_every

if TYPE_CHECKING:
    from jaxtex.training import Outcome, Plan, Progress


class Ended(NamedTuple):
    """How a training ended."""

    outcome: "Outcome"
    seconds: float


class TrainingRequest(abc.ABC):
    """A training in a folder by options: checked, begun, then run to its end or to a wish to stop.

    Attributes:
      options: by name, the folder among them.
      settings: of the network and its training; there once it is begun.
      complaints: what was left out of the images; all there once it is run.
      names: of the losses that are told, the first of a step's.
    """

    names: tuple[str, ...]

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        self.path = self.options["output"] / "model.safetensors"
        self.settings: Any = None
        self.complaints: list[str] = []

    def check(self) -> None:
        """Refuses what can be refused before JAX is loaded.

        Raises:
          SettingsError: a value is out of range.
          OutputError: the folder cannot be written into.
        """
        options = self.options
        check_checkpoint_every(options)
        check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])

    def begin(self) -> None:
        """Joins the hosts that the environment names, sets JAX up and makes the settings.

        Raises:
          SettingsError: a value is out of range or does not fit the model to go on from.
          WeightsError: that model cannot be read.
        """
        from jaxtex.runtime import configure, join_cluster

        join_cluster()
        configure(self.options["device"])
        self.settings = self.make_settings()
        self.plan = self._make_plan()

    def run(self, front: Front) -> Ended:
        """Loads the images and trains; a wish to stop ends it with a checkpoint.

        Raises:
          JaxtexError: images, folder or checkpoint cannot be used.
          RunError: a loss is no longer finite, or the disk is full.
        """
        import jax

        began = time.perf_counter()
        data, source = self.load(front)
        make_folder(self.options["output"])
        anew = self.options["overwrite"] and not self.options["resume"]
        if anew and jax.process_index() == 0:
            shutil.rmtree(self.options["output"] / "checkpoint", ignore_errors=True)
        plan = dataclasses.replace(
            self.plan,
            metadata={"source": source, "training": self.command(), **self.origin()},
            progress=lambda progress: front.show(self._status(progress)),
            stop=front.stopped,
        )
        return Ended(self.fit(data, plan), time.perf_counter() - began)

    def report(self, done: Ended) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        outcome = done.outcome
        losses = map(float, outcome.losses[-1][: len(self.names)])
        return {
            "output": str(self.path),
            "status": outcome.status,
            "step": outcome.step,
            "digest": outcome.digest,
            "losses": dict(zip(self.names, losses, strict=True)),
            "left_out": self.complaints,
            "settings": self.settings.to_dict(),
            "seconds": round(done.seconds, 3),
        }

    @abc.abstractmethod
    def make_settings(self) -> Any:
        """The settings that the options ask for."""

    @abc.abstractmethod
    def load(self, front: Front) -> tuple[Any, str]:
        """What to train on, and what the model file says of it."""

    @abc.abstractmethod
    def fit(self, data: Any, plan: "Plan") -> "Outcome":
        """Trains on what was loaded."""

    @abc.abstractmethod
    def command(self) -> str:
        """How to train such a model again."""

    @abc.abstractmethod
    def describe(self, losses: Any) -> str:
        """Losses in words."""

    def origin(self) -> Mapping[str, str]:
        """What else the model file says of where it comes from."""
        return {}

    def leave_out(self, front: Front, complaints: list[str]) -> None:
        """Tells which images are left out, and why."""
        for complaint in complaints:
            front.say(f"left out: {complaint}")
        self.complaints += complaints

    def _make_plan(self) -> "Plan":
        """How long to train and what to write when."""
        from jaxtex.training import Plan

        options = self.options
        return Plan(
            folder=options["output"],
            steps=options["steps"],
            resume=options["resume"],
            sample_every=options["sample_every"],
            keep_models=options["keep_models"],
            checkpoint_every=options["checkpoint_every"],
        )

    def _status(self, progress: "Progress") -> Status:
        step, steps = progress.step, progress.steps
        text = (
            f"step {step}/{steps}  {self.describe(progress.losses)}  "
            f"{progress.images_per_second:.3g} images/s, "
            f"about {progress.seconds_left / 60:.0f} min left"
        )
        return Status(text, last=step == steps, share=step / steps, place=progress)
