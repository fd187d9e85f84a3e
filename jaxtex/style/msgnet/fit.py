"""Training MSG-Net in a folder: what `jaxtex.training` trains, saves and shows of it."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex import images
from jaxtex.style.msgnet.model import StyleModel, save_model, style_targets, stylise
from jaxtex.style.msgnet.train import Kernels, Losses, Settings, State, prepare, start, train_steps
from jaxtex.training import (
    Dataset,
    Outcome,
    Plan,
    Trainer,
    check_batch_size,
    cut_square,
    devices,
    place_batches,
    place_state,
    steps_at_once,
    train,
)
from jaxtex.vgg import VGG16

MINIMUM_STYLES = 2
"""With one style there is nothing to tell apart."""

_SHOWN_CONTENTS, _SHOWN_STYLES = 3, 4


def fit(
    settings: Settings,
    contents: Dataset,
    styles: Dataset,
    vgg: VGG16,
    plan: Plan,
    *,
    model: StyleModel | None = None,
) -> Outcome:
    """Trains up to step `plan.steps`, from `model`'s weights or from random ones.

    Raises:
      CheckpointError: the folder holds a checkpoint, and `plan.resume` is false or it is damaged
        or of a run with other settings or images.
      RunError: a loss is no longer finite, or the disk is full.
      SettingsError: the batch cannot be shared out evenly to the devices, or `model` has another
        number of features.
    """
    return train(_Trainer(settings, contents, styles, vgg, model), plan)


def style_square(settings: Settings, styles: Dataset, step: int) -> UInt8[np.ndarray, "s s 3"]:
    """The style of a step: its shorter side has the size whose turn it is; a square of it."""
    size = settings.style_sizes[step % len(settings.style_sizes)]
    rng = np.random.default_rng((settings.seed, 2, step))
    image = styles.image(step)
    factor = size / min(image.shape[:2])
    height, width = (round(side * factor) for side in image.shape[:2])
    resized = images.resize(_unit(image), height, width)
    return (cut_square(rng, resized, size) * 255 + 0.5).astype(np.uint8)


def _unit(image: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w 3"]:
    return image.astype(np.float32) / 255


class _Images(NamedTuple):
    """What a step takes, or several."""

    contents: UInt8[np.ndarray, "*k n s s 3"]
    style: UInt8[np.ndarray, "*k 1 t t 3"]


class _Trainer(Trainer):
    """The network, its images and VGG16."""

    losses = Losses
    columns = Losses._fields

    def __init__(
        self,
        settings: Settings,
        contents: Dataset,
        styles: Dataset,
        vgg: VGG16,
        model: StyleModel | None,
    ) -> None:
        self.chosen, self.contents, self.styles = settings, contents, styles
        self.batch_size = settings.batch_size
        self.mesh = devices()
        check_batch_size(settings.batch_size, self.mesh)
        if len(set(settings.style_sizes)) == 1:
            self.at_once = steps_at_once(self.mesh)
        self.settings = settings.to_dict()
        self.identity = {
            **self.settings,
            "contents": contents.digest,
            "styles": styles.digest,
            "model": None if model is None else model.digest,
            "device": jax.devices()[0].device_kind,
            "devices": self.mesh.size,
        }
        self.rates = settings.rates()
        # A network's kernels once for each size, not once for each step.
        self.kernels = functools.cache(
            lambda size: place_state(prepare(vgg, settings.size, size), self.mesh)
        )
        self.blueprint, state = start(settings, None if model is None else model.values)
        self.resume(state)

    def resume(self, state: State) -> None:
        self.state: State = place_state(state, self.mesh)

    def load(self, number: int) -> _Images:
        style = style_square(self.chosen, self.styles, number)
        return _Images(self.contents.batch(number, self.batch_size), style[None])

    def advance(self, loaded: _Images) -> Losses:
        kernels: Kernels = self.kernels(loaded.style.shape[2])
        self.state, losses = train_steps(
            self.blueprint,
            self.rates,
            kernels,
            self.state,
            place_batches(loaded.contents, self.mesh),
            place_state(loaded.style, self.mesh),
        )
        return losses

    def save_model(self, path: Path, metadata: Mapping[str, str]) -> str:
        return save_model(path, self.state.network, metadata)

    def sample_sheet(self) -> Float32[np.ndarray, "h w 3"]:
        """The same contents and styles each time: styles on top, contents on the left."""
        size, largest = self.chosen.size, max(self.chosen.style_sizes)
        turns = range(min(_SHOWN_STYLES, len(self.styles.pool)))
        styles = [images.square(_unit(self.styles.image(turn)), largest) for turn in turns]
        values = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)), self.state.network)
        targets = style_targets(self.blueprint, values, np.stack(styles))
        cells = [np.ones((1, 1, 3), np.float32), *styles]
        for turn in range(min(_SHOWN_CONTENTS, len(self.contents.pool))):
            # All of one shape, for one program.
            content = _framed(_unit(self.contents.image(turn)), size, 3 * size)
            copies = np.stack(len(styles) * [content])
            found = stylise(self.blueprint, values, copies, targets)
            cells += [content, *np.asarray(found)]
        return images.contact_sheet(cells, columns=len(styles) + 1)


def _framed(
    image: Float32[np.ndarray, "_ _ 3"], height: int, width: int
) -> Float32[np.ndarray, "{height} {width} 3"]:
    """The middle of an image; where it is smaller, its border goes on."""
    for axis, size in enumerate((height, width)):
        missing = max(0, size - image.shape[axis])
        pad = [(0, 0)] * 3
        pad[axis] = (missing // 2, missing - missing // 2)
        image = np.pad(image, pad, mode="edge")
        first = (image.shape[axis] - size) // 2
        image = np.take(image, range(first, first + size), axis)
    return image
