"""`stylize` and `stylize_batch`: from arrays to arrays, through one compiled program a size.

A job goes through phases, coarse to fine (Gatys et al. 2017), each run in chunks of steps. Jobs of
one shape run as one batch.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Float32

from jaxtex import images, platforms
from jaxtex.errors import RunError, SettingsError
from jaxtex.style.canvas import Levels
from jaxtex.style.devices import Placement
from jaxtex.style.history import History
from jaxtex.style.job import Job
from jaxtex.style.painting import parse_background
from jaxtex.style.prepare import make_job
from jaxtex.style.presets import resolve_settings
from jaxtex.style.run import Hooks, Outcome, Status, load_network, run_jobs
from jaxtex.style.separation import Map
from jaxtex.style.settings import Settings
from jaxtex.style.targets import SharedTargets
from jaxtex.version import __version__
from jaxtex.vgg import VGG16


@dataclass(frozen=True, eq=False)
class Result:
    """A stylised image and how it came about."""

    image: Any
    """`[h, w, 3]`, or `[h, w, 4]` with straight alpha where the content or the background has any;
    uint8 or float in [0, 1] like the content."""
    history: History
    settings: Settings
    status: Status
    job: Job
    levels: Levels
    """The canvas, in grey levels, margin included."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What a result file carries: version, settings, canvas and phases."""
        return {
            "version": __version__,
            **self.settings.to_dict(),
            "canvas": self.job.canvas,
            "scales": len({phase.factor for phase in self.job.phases}),
            "status": self.status,
            "precision": self.job.program.precision,
            "platform": platforms.current(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the image, with 8 bits and with its settings where the format has room for them.

        Raises:
          OutputError: the suffix or the folder does not allow it.
          RunError: the disk is full or fails.
        """
        images.save_image(path, self._picture(), metadata=self.metadata)

    def _picture(self) -> Float32[np.ndarray, "h w c"]:
        return images.validate_picture(self.image, "image")

    def _repr_png_(self) -> bytes:
        return images.encode_image("image.png", self._picture())


class DivergedError(RunError):
    """The loss became non-finite; `result` holds the last good image."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


def stylize(
    content: Any,
    style: Any,
    *,
    preset: str = "steel",
    strength: float | None = None,
    style_weights: Sequence[float] | None = None,
    mask: Any = None,
    init_image: Any = None,
    style_mask: Any = None,
    background: str = "keep",
    network: VGG16 | None = None,
    hooks: Hooks | None = None,
    **options: Any,
) -> Result:
    """Gives `content` the style of `style`.

    Args:
      content: `[h, w, 3]` (or grey, or with alpha), uint8 or float in [0, 1].
      style: an image of any size like `content`, or a sequence of such.
      preset: a name of `jaxtex presets` or a TOML file.
      strength: how far the style may go, 0 to 1 (preset `steel`).
      style_weights: how much each style counts; equal by default.
      mask: `[h, w]`, 1 where the image may change and 0 where it stays.
      style_mask: `[h, w]` of a single style, 1 where it has its lettering, by hand.
      init_image: the image to start from, with `init="file"`.
      background: `keep` for what the content has, transparency too; `transparent` without a plain
        ground; or a colour to put the result on.
      network: VGG16 with other weights than those that ship.
      hooks: progress, frames, stop and checkpoint.
      **options: any field of `Settings`.

    Returns:
      The result; its image has the content's dtype and, unless `size` is given, its size.

    Raises:
      JaxtexError: an image or option that cannot be used.
      DivergedError: the loss became non-finite; it carries the last good image.
    """
    settings = resolve_settings(preset, strength, **options)
    job = _job(settings, content, style, style_weights, mask, init_image, style_mask, background)
    (outcome,) = run_jobs([job], network=network, hooks=hooks)
    return checked(make_result(job, outcome, content))


def checked(result: Result) -> Result:
    """The result of a run whose loss stayed finite.

    Raises:
      DivergedError: it did not.
    """
    if result.status == "diverged":
        raise DivergedError(
            f"the loss became non-finite after step {result.history.step[-1]}; "
            "lower the learning rate or the coefficients",
            result,
        )
    return result


def stylize_batch(
    contents: Sequence[Any],
    styles: Any,
    *,
    preset: str = "steel",
    strength: float | None = None,
    background: str = "keep",
    network: VGG16 | None = None,
    hooks: Hooks | None = None,
    devices: Sequence[jax.Device] | None = None,
    **options: Any,
) -> list[Result]:
    """`stylize` for many jobs at once; jobs of one shape share each evaluation.

    `styles` is one image for all jobs, or a sequence with one for each. A job whose loss becomes
    non-finite ends with the status `diverged`; the others go on. The jobs are shared out to
    `devices`, by default all of this process; with a checkpoint, which any machine can go on from,
    only the first is used.

    Raises:
      JaxtexError: an image or option that cannot be used, or as many styles as do not fit.
    """
    settings = resolve_settings(preset, strength, **options)
    if not isinstance(styles, list | tuple) and np.ndim(styles) < 4:
        styles = [styles] * len(contents)
    if len(styles) != len(contents):
        raise SettingsError(f"styles: {len(styles)} given for {len(contents)} contents")
    jobs = [
        _job(settings, content, style, background=background)
        for content, style in zip(contents, styles, strict=True)
    ]
    devices = jax.local_devices() if devices is None else devices
    if hooks is not None and hooks.checkpoint is not None:
        devices = devices[:1]
    shared = SharedTargets(network or load_network(), Placement(devices))
    outcomes = run_jobs(jobs, hooks=hooks, shared=shared)
    return [make_result(*each) for each in zip(jobs, outcomes, contents, strict=True)]


def _job(
    settings: Settings,
    content: Any,
    style: Any,
    style_weights: Sequence[float] | None = None,
    mask: Any = None,
    init_image: Any = None,
    style_mask: Any = None,
    background: str = "keep",
) -> Job:
    several = isinstance(style, list | tuple) or np.ndim(style) > 3
    styles = list(style) if several else [style]
    if not styles:
        raise SettingsError("style: no style image is given")
    return make_job(
        settings,
        images.validate_picture(content, "content"),
        [images.validate_picture(image, f"style {i + 1}") for i, image in enumerate(styles)],
        background=parse_background(background),
        style_mask=_mask(style_mask, styles[0], "style_mask"),
        style_weights=style_weights,
        mask=_mask(mask, content, "mask"),
        init=None if init_image is None else images.validate_array(init_image, "init_image"),
    )


def _mask(mask: Any, image: Any, name: str) -> Map | None:
    if mask is None:
        return None
    found = images.validate_array(mask, name)[..., 0]
    height, width = np.shape(image)[:2]
    if found.shape != (height, width):
        raise SettingsError(
            f"{name}: {found.shape[1]}×{found.shape[0]} pixels, the image has {width}×{height}"
        )
    return found


def make_result(job: Job, outcome: Outcome, content: Any = None) -> Result:
    """The result with its image in the content's dtype, by default float32."""
    image: np.ndarray = job.picture(outcome.levels)
    if content is not None:
        dtype = np.asarray(content).dtype
        if np.issubdtype(dtype, np.integer):
            image = np.rint(image * np.iinfo(dtype).max)
        image = image.astype(dtype)
    return Result(image, outcome.history, job.asked, outcome.status, job, outcome.levels)
