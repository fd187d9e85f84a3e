"""Textures made larger, as a person asks for it: sources found, extended, written and told.

`jaxtex texture extend` and `jaxtex batch` go through here, so that a result of a batch is what a
call of its own would write. JAX is imported only where something is computed.
"""

import functools
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, OutputError, SettingsError, Stopped
from jaxtex.files import check_folder, check_not_input, check_output, make_folder, write_bytes
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import check_checkpoint_every, max_bytes, weights_digest
from jaxtex.jobs.requests.texture import places, sphere_options
from jaxtex.jobs.requests.texture.extend_source import Source, find_source, named, prepared
from jaxtex.texture.extend.settings import Settings, parse_size
from jaxtex.version import __version__

if TYPE_CHECKING:
    from jaxtex.texture.extend import Progress
    from jaxtex.training.checkpoint import CheckpointStore
    from jaxtex.vgg import VGG16

AT_ONCE = 4
"""Textures of one shape that share evaluations at most; more gain nothing on a CPU."""


class Made(NamedTuple):
    """A result in its file."""

    output: Path
    about: Mapping[str, Any]
    """What the file says of itself."""
    kept: bool
    """Whether an earlier run has written it."""


class Done(NamedTuple):
    """All results, and the seconds that they took."""

    made: list[Made]
    seconds: float


class ExtendRequest:
    """What `jaxtex texture extend` is asked for: checked, then extended and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.names: Sequence[str] = options["textures"]
        self.outputs: list[Path] = []
        """Where each texture's result goes; there once it is checked."""
        self.folder: Path | None = None
        """The folder of the results; None for a single file."""

    def check(self) -> None:
        """Refuses what can be refused before a model is loaded.

        Raises:
          SettingsError: a value is out of range, or a texture names nothing.
          OutputError: something cannot be written where it should be, or would replace an input.
        """
        options = self.options
        width, height = parse_size(options["size"])
        self.settings = settings_of({**options, "width": width, "height": height})
        sphere_options.check_seed(options["seed"])
        max_bytes(options)
        check_checkpoint_every(options)
        for name in self.names:
            places.check_place(name, "P")
        self._check_outputs()
        if options["resume"] and options["checkpoint"] is None and self.folder is None:
            raise SettingsError("--resume: needs --checkpoint DIR, or a folder of results")

    def _check_outputs(self) -> None:
        output, options = self.options["output"], self.options
        inputs = [Path(name) for name in self.names if Path(name).is_file()]
        single = len(self.names) == 1
        if output.suffix and not output.is_dir():
            if not single:
                raise OutputError(
                    f"{output}: is one file, and {len(self.names)} textures are given; "
                    "name a folder"
                )
            check_not_input(output, inputs)
            images.output_format(check_output(output, overwrite=options["overwrite"]))
            self.outputs = [output]
            return
        anew = options["overwrite"] or options["resume"]
        self.folder = check_folder(output, overwrite=anew)
        stems = images.distinct_stems([named(name) for name in self.names])
        self.outputs = [output / f"{stem}.png" for stem in stems]
        for path in self.outputs:
            check_not_input(path, inputs)

    def run(self, front: Front) -> Done:
        """Extends the textures and writes them, each batch as soon as it is done.

        Raises:
          JaxtexError: a texture does not fit the model, or the checkpoint cannot be used.
          Stopped: the front wished it; what is done is kept.
          RunError: a loss is no longer finite, or the disk is full or fails.
        """
        began = time.perf_counter()
        from jaxtex.runtime import configure

        configure(self.options["device"])
        from jaxtex.style import load_network

        load = functools.cache(
            functools.partial(places.load, self.options["model"], self.options["device"])
        )
        sources = [find_source(name, "P", load) for name in self.names]
        for note in dict.fromkeys(note for source in sources for note in source.notes):
            front.say(note)
        ready = [
            prepared(source, self.settings, name)
            for source, name in zip(sources, self.names, strict=True)
        ]
        abouts = [metadata(source, self.settings, self.options["seed"]) for source in sources]
        network = functools.cache(functools.partial(load_network, self.options["weights"]))
        if self.folder is not None:
            make_folder(self.folder)
        made: dict[int, Made] = {}
        for number, members in enumerate(self._batches(ready)):
            kept = [self._kept(index, abouts[index]) for index in members]
            if all(kept):
                made |= {index: each for index, each in zip(members, kept, strict=True) if each}
                continue
            batch = [ready[index] for index in members]
            digests = [sources[index].digest for index in members]
            pictures = self._extend(batch, network(), front, self._store(number, digests))
            if pictures is None:
                raise Stopped(self._state(len(made)))
            for index, picture in zip(members, pictures, strict=True):
                made[index] = write_result(self.outputs[index], picture, abouts[index])
        return Done([made[index] for index in sorted(made)], time.perf_counter() - began)

    def _batches(self, ready: Sequence[np.ndarray]) -> Iterator[list[int]]:
        """The textures' numbers, those of one shape together, as many as fit."""
        from jaxtex.texture.extend import fitting

        shapes = sorted(range(len(ready)), key=lambda index: ready[index].shape)
        for shape, group in itertools.groupby(shapes, key=lambda index: ready[index].shape):
            members = list(group)
            size = fitting(self.settings, shape[:2], AT_ONCE, self._limit())
            yield from (members[first : first + size] for first in range(0, len(members), size))

    def _limit(self) -> int:
        return default_limit() if (limit := max_bytes(self.options)) is None else limit

    def _extend(
        self,
        batch: Sequence[np.ndarray],
        network: "VGG16",
        front: Front,
        store: "CheckpointStore | None",
    ) -> list[Float32[np.ndarray, "h w 3"]] | None:
        from jaxtex.texture.extend import extend

        return extend(
            batch,
            self.settings,
            [self.options["seed"]] * len(batch),
            network=network,
            max_bytes=self._limit(),
            progress=lambda progress: front.show(_status(progress, len(batch))),
            stopped=front.stopped,
            store=store,
        )

    def _store(self, number: int, digests: Sequence[str]) -> "CheckpointStore | None":
        import jax

        from jaxtex.training.checkpoint import CheckpointStore

        options = self.options
        if options["checkpoint"] is None:
            return None
        identity = {
            **self.settings.to_dict(),
            "seed": options["seed"],
            "sources": list(digests),
            "weights": weights_digest(options),
            "device": jax.devices()[0].device_kind,
        }
        return CheckpointStore(
            make_folder(options["checkpoint"]) / f"batch-{number}",
            identity,
            resume=options["resume"],
            every_seconds=options["checkpoint_every"],
        )

    def _kept(self, index: int, about: Mapping[str, Any]) -> Made | None:
        """The result of an earlier run that is to be kept, if there is one.

        Raises:
          OutputError: a file of that name is something else, and is not to be replaced.
        """
        path, overwrite = self.outputs[index], self.options["overwrite"]
        if self.folder is None or not self.options["resume"] or not path.exists():
            return None
        try:
            found = images.read_metadata(path)
        except ImageError:
            found = {}
        if {name: value for name, value in found.items() if name != "seam_ratio"} == about:
            return Made(path, found, True)
        if overwrite:
            return None
        raise OutputError(
            f"{path}: is of another texture, size, seed or version; choose another folder, or give "
            "--overwrite to replace it"
        )

    def _state(self, count: int) -> str:
        there = f"{count} of {len(self.names)} textures are done"
        if self.options["checkpoint"] is None and self.folder is None:
            return f"{there}; --checkpoint DIR would have kept what was begun"
        return f"{there}; --resume goes on"

    def report(self, done: Done) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        return {
            "textures": [
                {"output": str(each.output), "kept": each.kept, **each.about} for each in done.made
            ],
            "seconds": round(done.seconds, 3),
        }


def settings_of(options: Mapping[str, Any]) -> Settings:
    """The settings of options by their names with underscores, those that are given.

    Raises:
      SettingsError: a value is out of range.
    """
    names = ("width", "height", "seamless", "steps", "zoom")
    return Settings(**{name: options[name] for name in names if options.get(name) is not None})


def metadata(source: Source, settings: Settings, seed: int) -> dict[str, Any]:
    """What a result's file says of itself, besides its seams."""
    return {
        "version": __version__,
        "command": "texture extend",
        "source": dict(source.about),
        "seed": seed,
        **settings.to_dict(),
    }


def encode_result(
    path: str | Path, picture: Float32[np.ndarray, "h w 3"], about: Mapping[str, Any]
) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a result's file, and what it says of itself.

    Raises:
      OutputError: the format cannot hold it.
    """
    from jaxtex.texture.extend import seam_ratio

    # As the file has it.
    ratio = seam_ratio(np.rint(picture * 255))
    told = {name: round(value, 4) for name, value in ratio._asdict().items()}
    about = {**about, "seam_ratio": told}
    return images.encode_image(path, picture, metadata=about), about


def write_result(
    path: Path, picture: Float32[np.ndarray, "h w 3"], about: Mapping[str, Any]
) -> Made:
    """Writes a result.

    Raises:
      RunError: the disk is full or fails.
    """
    data, about = encode_result(path, picture, about)
    write_bytes(path, data)
    return Made(path, about, False)


def default_limit() -> int:
    """The bytes that a run takes at most where nothing else is said: most of what is free."""
    from jaxtex.style import available_bytes

    return int(0.8 * available_bytes())


def _status(progress: "Progress", count: int) -> Status:
    step, steps = progress.step, progress.steps
    several = f"{count} at " if count > 1 else ""
    text = (
        f"step {step}/{steps}  {several}{progress.width}×{progress.height}  "
        f"loss {progress.loss:.4g}  {progress.seconds:.0f} s"
    )
    return Status(text, last=step == steps, share=step / steps, place=progress)
