"""A tuning as a person asks for it: of which preset, in how many rounds, into which folder."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError, Stopped, named
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import check_batch_size, max_bytes, weights_digest
from jaxtex.jobs.requests.pair import Pair, load_for_folder

if TYPE_CHECKING:
    from jaxtex.style import Settings
    from jaxtex.style.experiments import Place, Round, Space, Tuned, TuneFolder
    from jaxtex.style.metrics import Reference
    from jaxtex.vgg import VGG16


class TuneRequest:
    """What `jaxtex tune` is asked for: checked, made ready, run and written, in this order."""

    # What `check`, `prepare` and `run` find.
    _base: "Settings"
    _rounds: "list[Round]"
    _space: "Space"
    _folder: "TuneFolder"
    _tuned: "Tuned"

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Takes the options by their names with underscores; `check` looks at them."""
        self.options = options
        self._began = time.perf_counter()

    def check(self) -> None:
        """Finds the preset and the rounds; refuses options that no images could make sense of.

        Raises:
          SettingsError: an unknown preset, or a value is out of range.
        """
        _check_numbers(self.options)
        self._base, self._rounds = _base(self.options), _plan(self.options)

    def prepare(self) -> None:
        """Reads the images, tries them at the smallest size, and makes the folder.

        Raises:
          SettingsError: no such device; the background is no colour; nothing can be tuned.
          ImageError: an image cannot be read, stylised or scored.
          OutputError: the folder cannot be written, or holds files that must not be replaced.
          WeightsError: the weights cannot be read.
        """
        options = self.options
        pair = load_for_folder(options)
        self._images = pair.content, pair.style

        from jaxtex.runtime import configure

        configure(options["device"])
        from jaxtex.style import load_network
        from jaxtex.style.experiments import Space, TuneFolder

        self._space = Space(self._base)
        network = load_network(options["weights"])
        small = self._base.with_options(size=self._rounds[0].size)
        self._folder = TuneFolder(
            path=options["output"],
            content=pair.content,
            style=pair.style,
            reference_of=_tried_references(pair, network, small),
            network=network,
            background=options["background"],
            weights=weights_digest(options),
            batch_size=options["batch_size"],
            max_bytes=max_bytes(options),
        )
        self._folder.prepare(resume=options["resume"])

    def run(self, front: Front) -> None:
        """Runs the candidates through all rounds, those that are not in the folder.

        Raises:
          Stopped: the front asked for it; what is done is in the folder.
          CheckpointError: the folder holds another tuning.
          RunError: the disk is full or fails.
        """
        import jax

        from jaxtex.style.experiments import Interrupted, search

        options, folder = self.options, self._folder
        front.note(self._images)
        if options["minutes"] is not None:
            folder.deadline = time.monotonic() + 60 * options["minutes"]
        folder.stopped = front.stopped
        folder.show = lambda place: front.show(Status(self._progress(place), place=place))
        try:
            self._tuned = search(
                jax.random.key(options["seed"]),
                self._space,
                self._rounds,
                folder.evaluate,
                give_up=options["give_up"],
            )
        except Interrupted:
            raise Stopped(f"{folder.ran} pictures were made; --resume goes on") from None

    def _progress(self, place: "Place") -> str:
        this, progress = place.this, place.progress
        return (
            f"round {this.number} of {len(self._rounds)}, candidates {place.first + 1} to "
            f"{place.first + place.running} of {this.count}  "
            f"step {progress.step}/{progress.steps}  "
            f"{progress.width}×{progress.height}  {progress.seconds:.0f} s"
        )

    def finish(self) -> dict[str, Any]:
        """Writes the preset and the front; returns what `--json` prints.

        Raises:
          RunError: the disk is full or fails.
        """
        tuned, folder = self._tuned, self._folder
        preset = folder.finish(tuned, [each for each in self._rounds if not each.full])
        chosen = tuned.candidates[tuned.chosen]
        return {
            "output": str(folder.path),
            "preset": str(preset),
            "chosen": chosen.number,
            "settings": chosen.settings.to_dict(),
            "front": _rows(tuned, tuned.front),
            "finalists": _rows(tuned, range(len(tuned.candidates))),
            "run": folder.ran,
            "seconds": round(time.perf_counter() - self._began, 3),
        }


def _check_numbers(options: Mapping[str, Any]) -> None:
    for name, low, high in (
        ("give_up", -1, 1),
        ("minutes", 0, math.inf),
    ):
        value, option = options[name], f"--{name.replace('_', '-')}"
        if value is None or low < value < high:
            continue
        allowed = f"from {low} to {high}" if high < math.inf else f"above {low}"
        raise SettingsError(f"{option}: {value} is not a number {allowed}")
    max_bytes(options)
    check_batch_size(options)
    if not 0 <= options["seed"] < 2**32:
        raise SettingsError(f"--seed: {options['seed']} is not a whole number from 0 to 4294967295")


def _base(options: Mapping[str, Any]) -> "Settings":
    """The preset that is tuned."""
    from jaxtex.style import find_preset

    base = find_preset(options["preset"])
    return base if options["strength"] is None else base.at_strength(options["strength"])


def _plan(options: Mapping[str, Any]) -> "list[Round]":
    from jaxtex.style.experiments import plan

    size, small = options["size"], options["small_size"]
    if not 2 <= size <= 16_384:
        raise SettingsError(f"--size: {size} is not a whole number of pixels from 2 to 16384")
    if small is None:
        small = size // 2
    return plan(options["candidates"], options["finalists"], small, size)


def _tried_references(
    pair: Pair, network: "VGG16", settings: "Settings"
) -> "Callable[[Settings], Reference]":
    """What scores the pictures, when one of these settings can be made and scored."""
    from jaxtex.style import make_job

    content = pair.content
    with pair.named():
        job = make_job(settings, content.picture, [pair.style.picture])
    reference_of = pair.references(network)
    with pair.named(), named({"result 1": content.path}):
        reference_of(settings).score([job.picture(job.content)])
    return reference_of


def _rows(tuned: "Tuned", indices: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "candidate": tuned.candidates[index].number,
            **tuned.figures[index]._asdict(),
            "chosen": index == tuned.chosen,
        }
        for index in indices
    ]
