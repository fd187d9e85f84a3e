"""The folder of a tuning: a sweep for each round, and what is found.

A round's table is written when all its pictures are there, and read back by all that follows, so
that a tuning that was interrupted ends with the same files as one in a single run.
"""

import csv
import io
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import CheckpointError
from jaxtex.files import csv_table, make_folder, remove_leftovers, write_bytes
from jaxtex.images import LoadedImage
from jaxtex.style.experiments import report
from jaxtex.style.experiments.sweep import Sweep
from jaxtex.style.experiments.sweep_folder import SweepFolder
from jaxtex.style.experiments.tables import Axis, Cell, Grid
from jaxtex.style.experiments.tune import Figures, Round, Tuned
from jaxtex.style.experiments.tune_space import Candidate
from jaxtex.style.metrics import Reference
from jaxtex.style.painting import parse_background
from jaxtex.style.presets import preset_toml
from jaxtex.style.run import Hooks, Progress
from jaxtex.style.settings import Settings
from jaxtex.vgg import VGG16

_FIGURES = ("readability", "style", "artefacts")
_COLUMNS = ("size", "steps", "finish_steps", "content_weight", "silhouette", "skeleton")
_SHEET_WIDE = 2.0  # pictures wider than this lie one below the other


class Interrupted(Exception):
    """The tuning was stopped; what is done is in the folder."""


class Place(NamedTuple):
    """Where a tuning stands."""

    this: Round
    first: int
    """The place in the round of the first candidate that runs, from 0."""
    running: int
    progress: Progress


@dataclass(kw_only=True)
class TuneFolder:
    """Runs the rounds of a tuning in a folder, and writes what is found."""

    path: Path
    content: LoadedImage
    style: LoadedImage
    reference_of: Callable[[Settings], Reference]
    """Makes what results of settings are scored by."""
    network: VGG16
    background: str = "keep"
    weights: str | None = None
    """SHA-256 of other VGG16 weights than those that ship."""
    batch_size: int | None = None
    max_bytes: int | None = None
    stopped: Callable[[], bool] = lambda: False
    deadline: float = float("inf")
    """On the clock of `time.monotonic`: no batch of a round but the last starts after it."""
    show: Callable[[Place], None] = lambda place: None
    ran: int = field(default=0, init=False)
    """How many pictures this process made."""

    def prepare(self, *, resume: bool) -> None:
        """Makes the folder, and removes what another run left that would be taken for its own.

        Raises:
          OutputError: it cannot be made.
        """
        make_folder(self.path)
        for folder in (self.path, *self.path.glob("round-*/")):
            remove_leftovers(folder)
        if not resume:
            for pattern in ("round-*.csv", "round-*/candidate-*.png"):
                for path in self.path.glob(pattern):
                    path.unlink()

    def evaluate(self, this: Round, candidates: Sequence[Candidate]) -> dict[int, Figures]:
        """The figures of a round's candidates; runs those that are not in the folder.

        Raises:
          Interrupted: the tuning was stopped.
          CheckpointError: the folder holds another tuning.
          RunError: the disk is full or fails.
        """
        table = self.table_path(this)
        recorded = self._recorded(table)
        if recorded is not None:
            numbers = [each.number for each in candidates]
            # Time may have run out, but at small size only.
            done = len(numbers) if this.full else len(recorded)
            recorded = recorded if list(recorded) == numbers[:done] else None
            candidates = candidates[:done] if recorded is not None else candidates
        folder = self.sweep(this, candidates)
        missing = folder.missing()
        if recorded is None or missing:
            done = self._run(folder, this, missing)
            write_bytes(table, csv_table(self._rows(folder, candidates[:done])))
            recorded = self._recorded(table)
        assert recorded is not None
        return recorded

    def table_path(self, this: Round) -> Path:
        """The table of a round."""
        return self.path / f"round-{this.number}.csv"

    def sweep(self, this: Round, candidates: Sequence[Candidate]) -> SweepFolder:
        """The pictures of a round."""
        return SweepFolder(
            self.path,
            _cells(this, candidates),
            self.content,
            self.style,
            self.background,
            self.weights,
        )

    def _recorded(self, table: Path) -> dict[int, Figures] | None:
        """What a round's table says, or None where the round is not done."""
        if not table.exists():
            return None
        try:
            rows = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
            found = {
                int(row["candidate"]): Figures(*(float(row[name]) for name in _FIGURES))
                for row in rows
            }
        except (OSError, KeyError, ValueError, TypeError) as error:
            raise CheckpointError(f"{table}: cannot be read as a round's table ({error})") from None
        return found

    def _run(self, folder: SweepFolder, this: Round, missing: Sequence[int]) -> int:
        """Runs the missing cells; returns how many of the round's are there."""
        jobs = Sweep(
            folder.cells,
            self.content.picture,
            self.style.picture,
            background=parse_background(self.background),
            batch_size=self.batch_size,
            max_bytes=self.max_bytes,
        )

        def hooks(members: Sequence[int]) -> Hooks:
            def show(progress: Progress) -> None:
                self.show(Place(this, members[0], len(members), progress))

            return Hooks(progress=show, stop=self.stopped)

        results = jobs.run(missing, network=self.network, hooks=hooks)
        done = 0
        for members in jobs.batches:
            if done and not this.full and time.monotonic() > self.deadline:
                break
            wanted = len(set(members) & set(missing))
            written = 0
            for index, result in itertools.islice(results, wanted):
                folder.write(index, result)
                written += 1
            self.ran += written
            if written < wanted:
                raise Interrupted
            done = max(members) + 1
        return done

    def _rows(self, folder: SweepFolder, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
        pictures = self._pictures(folder, range(len(candidates)))
        rows = []
        for index, score in enumerate(folder.scores(pictures, self.reference_of)):
            settings = folder.cells[index].settings
            rows.append(
                {
                    "candidate": candidates[index].number,
                    "file": folder.picture_path(index).relative_to(self.path).as_posix(),
                    **{name: getattr(settings, name) for name in _COLUMNS},
                    **settings.layers,
                    **score.to_dict(),
                }
            )
        return rows

    def _pictures(
        self, folder: SweepFolder, indices: Sequence[int]
    ) -> list[Float32[np.ndarray, "h w _"]]:
        return [images.load_image(folder.picture_path(index)).picture for index in indices]

    def finish(self, tuned: Tuned, searching: Sequence[Round]) -> Path:
        """Writes the sheet and the plot of the front, and the preset; returns the preset's path.

        `searching` are the rounds at small size.

        Raises:
          RunError: the disk is full or fails.
        """
        # The preset itself is shown even where another one beats it.
        shown = sorted({0, *tuned.front}, key=lambda index: -tuned.figures[index].readability)
        pictures = []
        for index in shown:
            folder = self.sweep(tuned.rounds[index], [tuned.candidates[index]])
            pictures += self._pictures(folder, [0])
        grid = _front_grid(tuned, shown, pictures[0].shape)
        images.save_image(self.path / "front.png", report.table_sheet(grid, pictures))
        tables = [(this, self._recorded(self.table_path(this)) or {}) for this in searching]
        drawn = plot(tuned, tables)
        if drawn is not None:
            write_bytes(self.path / "front-plot.png", drawn)
        path = self.path / "preset.toml"
        write_bytes(path, self._preset(tuned).encode())
        return path

    def _preset(self, tuned: Tuned) -> str:
        chosen = tuned.candidates[tuned.chosen]
        said = "".join(
            f"# {what}: {', '.join(f'{n} {v:.3f}' for n, v in figures._asdict().items())}\n"
            for what, figures in (
                ("this", tuned.figures[tuned.chosen]),
                (f"{chosen.settings.preset} untuned", tuned.figures[0]),
            )
        )
        head = (
            f"# For {self.content.path.name} in the style of {self.style.path.name}; "
            f"candidate {chosen.number} of `jaxtex tune`,\n"
            f"# measured {tuned.rounds[0].size} pixels wide or high.\n"
        )
        return head + said + preset_toml(chosen.settings)


def _cells(this: Round, candidates: Sequence[Candidate]) -> list[Cell]:
    base = candidates[0].settings
    grid = Grid(
        name=f"round-{this.number}",
        title=f"Round {this.number}",
        # All layers, so that one program is for all candidates, those without some among them.
        base=base.with_options(layers=dict.fromkeys(base.layers, 1.0)),
        columns=Axis(
            name="candidate",
            values=tuple(each.number for each in candidates),
            option="candidate",
        ),
    )
    return [
        Cell(grid=grid, row=0, column=column, settings=this.settings(each))
        for column, each in enumerate(candidates)
    ]


def _front_grid(tuned: Tuned, shown: Sequence[int], shape: tuple[int, ...]) -> Grid:
    """How the sheet is laid out: a row, or a column, with the figures of each picture."""
    labels = []
    for index in shown:
        number = tuned.candidates[index].number
        notes = ["preset itself"] * (number == 0) + ["chosen"] * (index == tuned.chosen)
        said = " / ".join(f"{value:.3f}" for value in tuned.figures[index])
        labels.append(f"{number}{' (' + ', '.join(notes) + ')' if notes else ''}: {said}")
    candidates = Axis(name="candidate", values=tuple(labels), option="candidate")
    size = Axis(name="size", values=(max(shape[:2]),), option="size")
    wide = shape[1] > _SHEET_WIDE * shape[0]
    return Grid(
        name="front",
        title=f"Front, by {' / '.join(_FIGURES)}:",
        base=tuned.candidates[0].settings,
        rows=candidates if wide else size,
        columns=size if wide else candidates,
    )


def plot(tuned: Tuned, tables: Sequence[tuple[Round, Mapping[int, Figures]]]) -> bytes | None:
    """Style against readability, round by round, as a PNG; None without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    numbers = [each.number for each in tuned.candidates]
    full = dict(zip(numbers, tuned.figures, strict=True))
    shown = [*((this, figures) for this, figures in tables if figures), (tuned.rounds[0], full)]
    drawing = Figure(figsize=(4.2 * len(shown), 3.8), layout="constrained")
    for axes, (this, figures) in zip(np.ravel(drawing.subplots(1, len(shown))), shown, strict=True):
        readability, style, _ = np.array(list(figures.values())).T
        axes.scatter(readability, style, s=18, label="candidates")
        for number, each in figures.items():
            axes.annotate(str(number), each[:2], fontsize=7, xytext=(3, 3),
                          textcoords="offset points")  # fmt: skip
        axes.scatter(*figures[0][:2], marker="*", s=110, color="tab:red", label="preset itself")
        axes.set_title(
            f"{this.size} px, " + ("all" if this.full else f"{this.share:g} of the") + " steps"
        )
        axes.set_xlabel("readability")
        axes.set_ylabel("style")
    members = np.array([tuned.figures[index][:2] for index in tuned.front])
    axes.plot(*members.T, color="tab:grey", linewidth=1, zorder=0, label="front")
    axes.scatter(*tuned.figures[tuned.chosen][:2], s=120, facecolors="none", edgecolors="tab:red",
                 label="chosen")  # fmt: skip
    axes.legend(fontsize=8)
    return report.plot_png(drawing, dpi=110)
