"""A training run in its folder: batches, progress, loss curves, sample grids, checkpoints, model.

The folder holds `model.safetensors`, `losses.csv`, `samples-000500.png` … and `checkpoint/`. With
several processes (`jax.distributed`) each feeds its own devices, and the first writes the files.
"""

import csv
import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.checkpoint import CheckpointStore
from jaxtex.errors import RunError, SettingsError
from jaxtex.files import atomic_path, remove_leftovers
from jaxtex.texture import model
from jaxtex.texture.dataset import Dataset
from jaxtex.texture.train import (
    Losses,
    Settings,
    State,
    averaged_generator,
    devices,
    place_batch,
    place_state,
    sample_latents,
    start,
    train_step,
)

COLUMNS = ("step", "discriminator_loss", "generator_loss", "real", "generated")
Status = Literal["done", "interrupted"]

# After about this long losses are fetched, progress is shown and the wish to stop is asked for.
_CHUNK_SECONDS = 1.0
_CHUNK = 100


class Progress(NamedTuple):
    """Where a training run stands; losses are means of the last steps."""

    step: int
    steps: int
    losses: Losses
    images_per_second: float
    seconds_left: float


class Outcome(NamedTuple):
    """How a run ended."""

    status: Status
    step: int
    digest: str
    losses: Float32[np.ndarray, "step 4"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run does beside training.

    Attributes:
      folder: where everything goes.
      steps: after so many in all it is done.
      resume: goes on from the folder's checkpoint, if there is one.
      sample_every: steps between two sample grids; 0: none but the last.
      checkpoint_every: seconds between two checkpoints.
      metadata: for the model file: source, licence, training.
      progress: is told where the run stands.
      stop: is asked now and then; when it says True, the run ends with a checkpoint.
    """

    folder: Path
    steps: int
    resume: bool = False
    sample_every: int = 500
    checkpoint_every: float = 60.0
    metadata: Mapping[str, str] = dataclasses.field(default_factory=dict)
    progress: Callable[[Progress], None] | None = None
    stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps < 2**31 - 2:
            raise SettingsError(f"steps: {self.steps} is not a whole number of 1 or more")
        if self.sample_every < 0:
            raise SettingsError(f"sample_every: {self.sample_every} is below 0")


def fit(settings: Settings, dataset: Dataset, plan: Plan) -> Outcome:
    """Trains up to step `plan.steps`.

    Raises:
      CheckpointError: the folder holds a checkpoint, and `plan.resume` is false or it is damaged
        or of a run with other settings or images.
      RunError: a loss is no longer finite, or the disk is full.
      SettingsError: the batch cannot be shared out evenly to the devices.
    """
    return _Run(settings, dataset, plan).run()


class _Run:
    """A run and how far it has come."""

    def __init__(self, settings: Settings, dataset: Dataset, plan: Plan) -> None:
        self.settings, self.dataset, self.plan = settings, dataset, plan
        self.mesh = devices()
        if settings.batch_size % self.mesh.size:
            raise SettingsError(
                f"batch_size: {settings.batch_size} cannot be shared out evenly to "
                f"{self.mesh.size} devices"
            )
        identity = {
            **settings.to_dict(),
            "images": dataset.digest,
            "device": jax.devices()[0].device_kind,
            "devices": self.mesh.size,
        }
        self.store = CheckpointStore(
            plan.folder / "checkpoint",
            identity,
            resume=plan.resume,
            every_seconds=plan.checkpoint_every,
        )
        self.writes = jax.process_index() == 0
        if self.writes:
            remove_leftovers(plan.folder)
        self.networks, state = start(settings)
        self.rates = settings.rates()
        found = self.store.read(lambda facts: jax.tree.map(_abstract, state))
        self.rows = np.zeros((0, len(Losses._fields)), np.float32)
        self.step = 0
        if found is not None:
            state, self.step, self.rows = found.state, found.step, found.history["losses"]
        self.state: State = place_state(state, self.mesh)
        self.pace = 0.0

    def run(self) -> Outcome:
        status: Status = "done"
        while self.step < self.plan.steps:
            before = time.perf_counter()
            count = self._advance()
            self.pace = (time.perf_counter() - before) / count
            self._report(count)
            if self.plan.stop is not None and self.plan.stop():
                status = "interrupted"
                break
        digest = self._save()
        self._write_samples()
        return Outcome(status, self.step, digest, self.rows)

    def _advance(self) -> int:
        """Makes some steps, as many as there are to the next sample grid at most."""
        every = self.plan.sample_every or self.plan.steps
        count = int(np.clip(_CHUNK_SECONDS / self.pace, 1, _CHUNK)) if self.pace else 1
        count = min(count, self.plan.steps - self.step, every - self.step % every)
        found = []
        for step in range(self.step, self.step + count):
            batch = self.dataset.batch(step, self.settings.batch_size)
            self.state, losses = train_step(
                self.networks, self.rates, self.state, place_batch(batch, self.mesh)
            )
            found.append(losses)
        rows = np.array(jax.tree.map(np.asarray, found), np.float32).reshape(count, -1)
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
            mean = Losses(*self.rows[-count:].mean(0))
            speed = self.settings.batch_size / self.pace
            left = (plan.steps - self.step) * self.pace
            plan.progress(Progress(self.step, plan.steps, mean, speed, left))
        if plan.sample_every and self.step % plan.sample_every == 0:
            self._write_samples()
            self._write_losses()
        if self.store.due():
            self._save()

    def _save(self) -> str:
        """Writes checkpoint, model and losses; returns the model's digest."""
        self.store.write(self.step, self.state, {"losses": self.rows})
        if not self.writes:
            return ""
        self._write_losses()
        generator = averaged_generator(self.networks, self.rates, self.state)
        metadata = {**self.plan.metadata, "step": str(self.step)}
        return model.save_model(self.plan.folder / model.FILE_NAME, generator, metadata)

    def _write_losses(self) -> None:
        if not self.writes:
            return
        with (
            atomic_path(self.plan.folder / "losses.csv") as temporary,
            temporary.open("w", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for step, row in enumerate(self.rows, 1):
                writer.writerow([step, *(f"{value:.6g}" for value in row)])

    def _write_samples(self) -> None:
        if not self.writes:
            return
        params = model.fold(averaged_generator(self.networks, self.rates, self.state))
        latents = jnp.asarray(sample_latents(self.settings))
        textures = np.asarray(model.render(params, latents))
        sheet = images.contact_sheet(list(textures), columns=8, gap=2)
        path = self.plan.folder / f"samples-{self.step:06d}.png"
        images.save_image(path, sheet, metadata={"step": self.step, **self.settings.to_dict()})


def _abstract(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
