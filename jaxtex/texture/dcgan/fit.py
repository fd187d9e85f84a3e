"""Training a DCGAN in a folder: what `jaxtex.training` trains, saves and shows of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex import images
from jaxtex.texture.dcgan import model
from jaxtex.texture.dcgan.train import (
    Losses,
    Settings,
    State,
    averaged_generator,
    sample_latents,
    start,
    train_steps,
)
from jaxtex.training import (
    Dataset,
    Outcome,
    Plan,
    Trainer,
    check_batch_size,
    devices,
    place_batches,
    place_state,
    steps_at_once,
    train,
)


def fit(settings: Settings, dataset: Dataset, plan: Plan) -> Outcome:
    """Trains up to step `plan.steps`.

    Raises:
      CheckpointError: the folder holds a checkpoint, and `plan.resume` is false or it is damaged
        or of a run with other settings or images.
      RunError: a loss is no longer finite, or the disk is full.
      SettingsError: the batch cannot be shared out evenly to the devices.
    """
    return train(_Trainer(settings, dataset), plan)


class _Trainer(Trainer):
    """Both networks and their images."""

    losses = Losses
    columns = ("discriminator_loss", "generator_loss", "real", "generated")

    def __init__(self, settings: Settings, dataset: Dataset) -> None:
        self.dataset, self.batch_size = dataset, settings.batch_size
        self.mesh = devices()
        check_batch_size(settings.batch_size, self.mesh)
        self.at_once = steps_at_once(self.mesh)
        self.settings = settings.to_dict()
        self.identity = {
            **self.settings,
            "images": dataset.digest,
            "device": jax.devices()[0].device_kind,
            "devices": self.mesh.size,
        }
        self.rates = settings.rates()
        self.latents = sample_latents(settings)
        self.networks, state = start(settings, self.mesh)
        self.resume(state)

    def resume(self, state: State) -> None:
        self.state: State = place_state(state, self.mesh)

    def load(self, number: int) -> UInt8[np.ndarray, "n s s 3"]:
        return self.dataset.batch(number, self.batch_size)

    def advance(self, loaded: UInt8[np.ndarray, "k n s s 3"]) -> Losses:
        batches = place_batches(loaded, self.mesh)
        self.state, losses = train_steps(self.networks, self.rates, self.state, batches)
        return losses

    def save_model(self, path: Path, metadata: Mapping[str, str]) -> str:
        return model.save_model(path, self._generator(), metadata)

    def sample_sheet(self) -> Float32[np.ndarray, "h w 3"]:
        textures = model.render_all(model.fold(self._generator()), self.latents)
        return images.contact_sheet(list(textures), columns=8, gap=2)

    def _generator(self) -> Any:
        return averaged_generator(self.networks, self.rates, self.state)
