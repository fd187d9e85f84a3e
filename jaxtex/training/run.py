"""A training run in its folder: steps, progress, loss curves, sample sheets, checkpoints, model.

The folder holds `model.safetensors`, `losses.csv`, `samples-000500.png` … and `checkpoint/`, and
`model-000500.safetensors` … if models are kept. What is trained, and how, is a `Trainer`. With
several processes (`jax.distributed`) each feeds its own devices, and the first writes the files.
"""

import abc
import csv
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import RunError, SettingsError
from jaxtex.files import atomic_path, remove_leftovers
from jaxtex.pipeline import made_ahead
from jaxtex.training.checkpoint import CheckpointStore
from jaxtex.weights import MODEL_FILE

Status = Literal["done", "interrupted"]

# After about this long losses are fetched, progress is shown and the wish to stop is asked for.
_CHUNK_SECONDS = 1.0
_CHUNK = 100


class Trainer(abc.ABC):
    """What a run trains; all randomness comes from settings and the number of the step.

    Attributes:
      losses: the named tuple that a step returns.
      columns: the losses' names in `losses.csv`.
      batch_size: images a step.
      at_once: steps that one dispatch makes where so many are left.
      identity: all that decides the result.
      settings: what sample sheets carry.
      state: arrays that change from step to step.
    """

    losses: type
    columns: tuple[str, ...]
    batch_size: int
    at_once: int = 1
    identity: Mapping[str, Any]
    settings: Mapping[str, Any]
    state: Any

    @abc.abstractmethod
    def resume(self, state: Any) -> None:
        """Goes on from a checkpoint's state."""

    @abc.abstractmethod
    def load(self, number: int) -> Any:
        """A tree of host arrays that step `number`, from 0, takes; made in a thread of its own."""

    @abc.abstractmethod
    def advance(self, loaded: Any) -> Any:
        """Makes the steps of a tree of arrays [step, …] as `load` makes them, in one dispatch.

        There are `at_once` of them, or one. Returns their losses, arrays [step], which need not be
        there yet.
        """

    @abc.abstractmethod
    def save_model(self, path: Path, metadata: Mapping[str, str]) -> str:
        """Writes the model and returns its digest."""

    @abc.abstractmethod
    def sample_sheet(self) -> Float32[np.ndarray, "h w 3"]:
        """What the model can do, as one picture."""


class Progress(NamedTuple):
    """Where a training run stands; losses are means of the last steps."""

    step: int
    steps: int
    losses: Any
    images_per_second: float
    seconds_left: float


class Outcome(NamedTuple):
    """How a run ended."""

    status: Status
    step: int
    digest: str
    losses: Float32[np.ndarray, "step _"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run does beside training.

    Attributes:
      folder: where everything goes.
      steps: after so many in all it is done.
      resume: goes on from the folder's checkpoint, if there is one.
      sample_every: steps between two sample sheets; 0: none but the last.
      keep_models: whether the model of each of these sheets is kept.
      checkpoint_every: seconds between two checkpoints.
      metadata: for the model file: source, licence, training.
      progress: is told where the run stands.
      stop: is asked now and then; when it says True, the run ends with a checkpoint.
    """

    folder: Path
    steps: int
    resume: bool = False
    sample_every: int = 500
    keep_models: bool = False
    checkpoint_every: float = 60.0
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None
    stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps < 2**31 - 2:
            raise SettingsError(f"steps: {self.steps} is not a whole number of 1 or more")
        if self.sample_every < 0:
            raise SettingsError(f"sample_every: {self.sample_every} is below 0")


def train(trainer: Trainer, plan: Plan) -> Outcome:
    """Trains up to step `plan.steps`.

    Raises:
      CheckpointError: the folder holds a checkpoint, and `plan.resume` is false or it is damaged
        or of a run with another identity.
      RunError: a loss is no longer finite, or the disk is full.
    """
    return _Run(trainer, plan).run()


class _Group(NamedTuple):
    """What the steps of one dispatch take."""

    steps: int
    loaded: Any


class _Run:
    """A run and how far it has come."""

    def __init__(self, trainer: Trainer, plan: Plan) -> None:
        self.trainer, self.plan = trainer, plan
        self.store = CheckpointStore(
            plan.folder / "checkpoint",
            trainer.identity,
            resume=plan.resume,
            every_seconds=plan.checkpoint_every,
        )
        self.writes = jax.process_index() == 0
        if self.writes:
            remove_leftovers(plan.folder)
        self.rows = np.zeros((0, len(trainer.columns)), np.float32)
        self.step = 0
        found = self.store.read(lambda facts: jax.tree.map(_abstract, trainer.state))
        if found is not None:
            trainer.resume(found.state)
            self.step, self.rows = found.step, found.history["losses"]
        self.pace = 0.0

    def run(self) -> Outcome:
        with made_ahead(map(self._load, self._groups())) as groups:
            status = self._train(groups)
        digest = self._save()
        self._write_samples()
        return Outcome(status, self.step, digest, self.rows)

    def _train(self, groups: Iterator["_Group"]) -> Status:
        while self.step < self.plan.steps:
            before = time.perf_counter()
            count = self._advance(groups)
            self.pace = (time.perf_counter() - before) / count
            self._report(count)
            if self.plan.stop is not None and self.plan.stop():
                return "interrupted"
        return "done"

    def _groups(self) -> Iterator[range]:
        """The steps to come, by dispatches.

        Where a dispatch of several begins does not depend on where the run was interrupted.
        """
        step, most = self.step, self.trainer.at_once
        while step < self.plan.steps:
            whole = step % most == 0 and step + most <= self._next_sheet(step)
            count = most if whole else 1
            yield range(step, step + count)
            step += count

    def _next_sheet(self, step: int) -> int:
        """The step of the next sample sheet, or the last one."""
        every = self.plan.sample_every or self.plan.steps
        return min(self.plan.steps, step + every - step % every)

    def _load(self, steps: range) -> "_Group":
        loaded = [self.trainer.load(step) for step in steps]
        return _Group(len(steps), jax.tree.map(lambda *each: np.stack(each), *loaded))

    def _advance(self, groups: Iterator["_Group"]) -> int:
        """Makes some steps, as many as there are to the next sample sheet at most."""
        wanted = int(np.clip(_CHUNK_SECONDS / self.pace, 1, _CHUNK)) if self.pace else 1
        wanted = min(wanted, self._next_sheet(self.step) - self.step)
        found, count = [], 0
        while count < wanted:
            group = next(groups)
            found.append(self.trainer.advance(group.loaded))
            count += group.steps
        # All in one go.
        losses = jax.device_get(found)
        rows = np.concatenate([np.stack(each, 1) for each in losses]).astype(np.float32)
        if not np.isfinite(rows).all():
            raise RunError(
                f"{self.plan.folder}: the losses became non-finite within {count} steps after "
                f"step {self.step}; a lower learning rate may help"
            )
        self.rows = np.concatenate([self.rows, rows])
        self.step += count
        return count

    def _report(self, count: int) -> None:
        plan = self.plan
        if plan.progress is not None:
            mean = self.trainer.losses(*self.rows[-count:].mean(0))
            speed = self.trainer.batch_size / self.pace
            left = (plan.steps - self.step) * self.pace
            plan.progress(Progress(self.step, plan.steps, mean, speed, left))
        if plan.sample_every and self.step % plan.sample_every == 0:
            self._write_samples()
            self._write_losses()
            if plan.keep_models and self.writes:
                self._save_model(f"model-{self.step:06d}.safetensors")
        if self.store.due():
            self._save()

    def _save(self) -> str:
        """Writes checkpoint, model and losses; returns the model's digest."""
        self.store.write(self.step, self.trainer.state, {"losses": self.rows})
        if not self.writes:
            return ""
        self._write_losses()
        return self._save_model(MODEL_FILE)

    def _save_model(self, name: str) -> str:
        metadata = {**self.plan.metadata, "step": str(self.step)}
        return self.trainer.save_model(self.plan.folder / name, metadata)

    def _write_losses(self) -> None:
        if not self.writes:
            return
        with (
            atomic_path(self.plan.folder / "losses.csv") as temporary,
            temporary.open("w", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["step", *self.trainer.columns])
            for step, row in enumerate(self.rows, 1):
                writer.writerow([step, *(f"{value:.6g}" for value in row)])

    def _write_samples(self) -> None:
        if not self.writes:
            return
        sheet = self.trainer.sample_sheet()
        path = self.plan.folder / f"samples-{self.step:06d}.png"
        images.save_image(path, sheet, metadata={"step": self.step, **self.trainer.settings})


def _abstract(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
