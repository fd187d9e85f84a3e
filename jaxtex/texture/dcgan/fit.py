"""Training a DCGAN in a folder: what `jaxtex.training` trains, saves and shows of it."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex import images
from jaxtex.errors import SettingsError
from jaxtex.texture.dcgan import model
from jaxtex.texture.dcgan.model import Origin
from jaxtex.texture.dcgan.perception import Eye, looking_for, open_eye, real_count
from jaxtex.texture.dcgan.settings import Settings
from jaxtex.texture.dcgan.train import (
    Losses,
    State,
    averaged_generator,
    sample_latents,
    start,
    start_again,
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
from jaxtex.vgg import VGG16


def fit(
    settings: Settings,
    dataset: Dataset,
    plan: Plan,
    *,
    vgg: VGG16 | None = None,
    origin: Origin | None = None,
) -> Outcome:
    """Trains up to step `plan.steps`, from random weights or from those of a model, `origin`.

    `vgg` is needed where `settings.refine_after` is a step. The origin's textures are of the
    settings' size or half of it, its features likewise, its latents as the settings have them.

    Raises:
      CheckpointError: the folder holds a checkpoint, and `plan.resume` is false or it is damaged
        or of a run with other settings, images or origin.
      RunError: a loss is no longer finite, or the disk is full.
      SettingsError: the batch cannot be shared out evenly to the devices, or `origin` does not fit
        the settings.
    """
    return train(_Trainer(settings, dataset, vgg, origin), plan)


class _Trainer(Trainer):
    """Both networks and their images."""

    losses = Losses
    columns = ("discriminator_loss", "generator_loss", "real", "generated", "apart")

    def __init__(
        self,
        settings: Settings,
        dataset: Dataset,
        vgg: VGG16 | None,
        origin: Origin | None,
    ) -> None:
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
            "model": None if origin is None else origin.digest,
        }
        self.chosen, self.vgg = settings, vgg
        self.latents = sample_latents(settings)
        self.networks, state = start(
            settings, self.mesh, None if origin is None else origin.generator
        )
        self.resume(state)

    def resume(self, state: State) -> None:
        self.step = int(state.step)
        self.state: State = place_state(state, self.mesh)

    def load(self, number: int) -> UInt8[np.ndarray, "n s s 3"]:
        return self.dataset.batch(number, self.batch_size)

    def advance(self, loaded: UInt8[np.ndarray, "k n s s 3"]) -> Losses:
        first = self.chosen.refine_after
        if first is not None and self.step < first < self.step + len(loaded):
            # Those of a dispatch are of one phase; one by one, as a run that goes on makes them.
            parts = [self.advance(each[None]) for each in loaded]
            return jax.tree.map(lambda *each: jnp.concatenate(each), *parts)
        if self.step == first:
            self.resume(start_again(self.chosen, self.networks, self.state))
        refined = first is not None and self.step >= first
        batches = place_batches(loaded, self.mesh)
        rates, eye = self.chosen.rates(refined=refined), self.eye if refined else None
        self.state, losses = train_steps(self.networks, rates, self.state, batches, eye)
        self.step += len(loaded)
        return losses

    @functools.cached_property
    def eye(self) -> Eye:
        """What VGG16 sees: the same for a run that is resumed."""
        if self.vgg is None:
            raise SettingsError("refine_after: needs the weights of VGG16")
        real = self.dataset.batch(0, real_count(self.batch_size)).astype(np.float32) / 127.5 - 1
        return place_state(looking_for(open_eye(self.vgg, self.chosen.seed, real), real), self.mesh)

    def save_model(self, path: Path, metadata: Mapping[str, str]) -> str:
        return model.save_model(path, self._generator(), metadata)

    def sample_sheet(self) -> Float32[np.ndarray, "h w 3"]:
        textures = model.render_all(model.fold(self._generator()), self.latents)
        return images.contact_sheet(list(textures), columns=8, gap=2)

    def _generator(self) -> Any:
        return averaged_generator(self.networks, self.chosen.rates(), self.state)
