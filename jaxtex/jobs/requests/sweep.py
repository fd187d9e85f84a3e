"""A sweep as a person asks for it: which grids, on which pair, into which folder."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError, Stopped
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import check_batch_size, finite, max_bytes, weights_digest
from jaxtex.jobs.requests.pair import load_for_folder

if TYPE_CHECKING:
    from jaxtex.style import Hooks, Progress, Settings
    from jaxtex.style.experiments import Cell, Grid, Sweep, SweepFolder
    from jaxtex.style.metrics import Reference
    from jaxtex.vgg import VGG16

_SIZE = 256  # where neither --size nor the grid says it
# All of the paper's tables have 111 cells.
_MANY = 200


class SweepRequest:
    """What `jaxtex sweep` is asked for: checked, made ready, run and written, in this order."""

    # What `prepare` makes.
    _network: "VGG16"
    _reference_of: "Callable[[Settings], Reference]"
    _jobs: "Sweep"
    _folder: "SweepFolder"

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Takes the options by their names with underscores; `check` looks at them."""
        self.options = options
        self.consented: bool = options["yes"]
        """Whether a person wants all cells, however many."""
        self.cells: list[Cell] = []
        self.missing: list[int] = []
        """The cells that are run, by index."""
        self._began = time.perf_counter()

    def check(self) -> None:
        """Finds the cells of all grids, and refuses options that no images could make sense of.

        Raises:
          SettingsError: there is no grid or one too many, or a value is out of range.
        """
        self.cells = _cells(self.options)
        check_batch_size(self.options)
        max_bytes(self.options)

    @property
    def needs_consent(self) -> bool:
        """Whether there are so many cells that a person must want them."""
        return len(self.cells) > _MANY and not self.consented

    def prepare(self) -> None:
        """Reads the images and the folder, and makes the jobs ready.

        Raises:
          SettingsError: so many cells need consent; no such device; the background is no colour.
          ImageError: an image cannot be read, swept or scored.
          OutputError: the folder cannot be written, or holds files that must not be replaced.
          WeightsError: the weights cannot be read.
          CheckpointError: the folder holds cells of another sweep, and shall be resumed.
        """
        options = self.options
        if self.needs_consent:
            raise SettingsError(f"the grid has {len(self.cells)} cells; give --yes to run so many")
        pair = load_for_folder(options)

        from jaxtex.runtime import configure

        configure(options["device"])
        from jaxtex.style import load_network, parse_background
        from jaxtex.style.experiments import Sweep, SweepFolder

        self._network = load_network(options["weights"])
        # Before the long work, for what cannot be scored is not worth it.
        self._reference_of = pair.references(self._network)
        for cell in self.cells:
            self._reference_of(cell.settings)
        content, style = self._images = pair.content, pair.style
        with pair.named():
            self._jobs = Sweep(
                self.cells,
                content.picture,
                style.picture,
                background=parse_background(options["background"]),
                batch_size=options["batch_size"],
                max_bytes=max_bytes(options),
            )
        self._folder = SweepFolder(
            options["output"],
            self.cells,
            content,
            style,
            options["background"],
            weights_digest(options),
        )
        everything = list(range(len(self.cells)))
        self.missing = self._folder.missing() if options["resume"] else everything

    def run(self, front: Front) -> None:
        """Runs the missing cells, and writes each as its batch is done.

        Raises:
          Stopped: the front asked for it; the cells that are done are in the folder.
          RunError: the disk is full or fails.
        """
        from jaxtex.style import Hooks

        done = 0
        front.note(self._images)

        def hooks(members: Sequence[int]) -> "Hooks":
            count = len(set(members) & set(self.missing))

            def show(progress: "Progress") -> None:
                front.show(self._status(done, count, progress))

            return Hooks(progress=show, stop=front.stopped)

        for index, result in self._jobs.run(self.missing, network=self._network, hooks=hooks):
            self._folder.write(index, result)
            done += 1
        if done < len(self.missing):
            there = len(self.cells) - len(self.missing) + done
            raise Stopped(f"{there} of {len(self.cells)} cells are done; --resume goes on")

    def _status(self, done: int, count: int, progress: "Progress") -> Status:
        """Where it stands while `count` cells run and `done` are written."""
        total = len(self.missing)
        text = (
            f"cells {done + 1} to {done + count} of {total}  "
            f"step {progress.step}/{progress.steps}  {progress.width}×{progress.height}  "
            f"loss {progress.loss:.4g}  {progress.seconds:.0f} s"
        )
        share = (done + count * progress.step / progress.steps) / total
        return Status(text, share=share, place=progress)

    def finish(self) -> dict[str, Any]:
        """Scores all cells and writes sheets, curves and report; returns what `--json` prints.

        Raises:
          RunError: the disk is full or fails.
        """
        rows = self._folder.finish(self._reference_of)
        output = self.options["output"]
        return {
            "output": str(output),
            "report": str(output / "report.html"),
            "cells": [finite(row) for row in rows],
            "run": len(self.missing),
            "seconds": round(time.perf_counter() - self._began, 3),
        }


def _cells(options: Mapping[str, Any]) -> "list[Cell]":
    """The cells of all grids that were asked for."""
    from jaxtex.style import find_preset
    from jaxtex.style.experiments import tables

    numbers = dict.fromkeys(options["table"])
    if options["tables"] is not None:
        numbers |= dict.fromkeys(tables.parse_tables(options["tables"]))
    if (options["grid"] is None) == (not numbers):
        raise SettingsError("name what to run: --table or --tables, or --grid FILE")
    if options["grid"] is not None and options["preset"] is not None:
        raise SettingsError("--preset: goes with --table; a grid's file names its own preset")
    chosen = {name: options[name] for name in ("size", "steps") if options[name] is not None}
    if options["grid"] is not None:
        grids = tables.read_grids(options["grid"], **chosen)
    else:
        base = None if options["preset"] is None else find_preset(options["preset"])
        grids = [tables.table(number, base, **chosen) for number in numbers]
    return [cell for grid in grids for cell in tables.cells(_sized(grid))]


def _sized(grid: "Grid") -> "Grid":
    """The grid at the default size, where nothing else says it."""
    if grid.base.size is not None:
        return grid
    return replace(grid, base=grid.base.with_options(size=_SIZE))
