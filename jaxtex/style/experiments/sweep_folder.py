"""The folder of a sweep: a picture and a history for each cell, then what is made of them all.

A cell's picture carries its settings and is written last, so that a cell is there or not, and a
sweep that was interrupted goes on with those that are not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.errors import CheckpointError, ImageError, OutputError
from jaxtex.files import csv_table, make_folder, remove_leftovers, write_bytes
from jaxtex.images import LoadedImage
from jaxtex.style.experiments import report
from jaxtex.style.experiments.report import CellReport
from jaxtex.style.experiments.tables import Cell
from jaxtex.style.history import read_columns
from jaxtex.style.metrics import Reference, Score
from jaxtex.style.separation import Picture
from jaxtex.style.settings import Settings
from jaxtex.style.stylize import Result
from jaxtex.training import differences


@dataclass(frozen=True)
class SweepFolder:
    """Where the cells of a sweep lie, and what they are made of."""

    path: Path
    cells: Sequence[Cell]
    content: LoadedImage
    style: LoadedImage
    background: str
    weights: str | None
    """SHA-256 of other VGG16 weights than those that ship."""

    def picture_path(self, index: int) -> Path:
        """The picture of a cell."""
        cell = self.cells[index]
        return self._folder(cell) / f"{cell.stem}.png"

    def history_path(self, index: int) -> Path:
        """The losses of a cell."""
        return self.picture_path(index).with_suffix(".csv")

    def _folder(self, cell: Cell) -> Path:
        return self.path / cell.grid.name

    def missing(self) -> list[int]:
        """The cells that are not there yet, or are damaged.

        Raises:
          CheckpointError: a cell of this name was made with other settings or images.
        """
        found = []
        for index, cell in enumerate(self.cells):
            path = self.picture_path(index)
            if not path.exists():
                found.append(index)
                continue
            try:
                metadata = images.read_metadata(path)
                images.load_image(path)
                read_columns(self.history_path(index))
            except (ImageError, OutputError):
                found.append(index)
                continue
            ours = self._identity(cell)
            differing = differences({name: metadata.get(name) for name in ours}, ours)
            if differing:
                raise CheckpointError(
                    f"{path}: belongs to another sweep, which differs in {differing}; "
                    "name another folder or give --overwrite"
                )
        return found

    def write(self, index: int, result: Result) -> None:
        """Writes the history and then the picture of a cell.

        Raises:
          RunError: the disk is full or fails.
        """
        path = self.picture_path(index)
        make_folder(self.path)
        make_folder(path.parent)
        # The old picture must not vouch for a new history.
        path.unlink(missing_ok=True)
        result.history.save(self.history_path(index))
        metadata = {**result.metadata, **self._identity(self.cells[index])}
        images.save_image(path, result.image, metadata=metadata)

    def _identity(self, cell: Cell) -> dict[str, Any]:
        """All that decides a cell's picture."""
        return {
            **cell.settings.to_dict(),
            "content": {"name": self.content.path.name, "sha256": self.content.sha256},
            "styles": [{"name": self.style.path.name, "sha256": self.style.sha256}],
            "background": self.background,
            "weights": self.weights,
        }

    def scores(
        self, pictures: Sequence[Picture], reference_of: Callable[[Settings], Reference]
    ) -> list[Score]:
        """The scores of the first cells' pictures, each beside the content composed as they are."""
        references = [reference_of(cell.settings) for cell in self.cells[: len(pictures)]]
        found: dict[int, Score] = {}
        for reference in dict.fromkeys(references):
            members = [index for index, each in enumerate(references) if each is reference]
            scores = reference.score([pictures[index] for index in members])
            found |= dict(zip(members, scores, strict=True))
        return [found[index] for index in range(len(pictures))]

    def finish(self, reference_of: Callable[[Settings], Reference]) -> list[dict[str, Any]]:
        """Scores all cells and writes `metrics.csv`, a sheet for each grid, curves and report.

        `reference_of` makes what results of settings are scored by. Returns the rows of
        `metrics.csv`. All is made from the files of the cells, so that a sweep in several runs ends
        with the same files as one in a single run.

        Raises:
          RunError: the disk is full or fails.
        """
        for folder in dict.fromkeys([self.path, *map(self._folder, self.cells)]):
            remove_leftovers(folder)
        pictures = [images.load_image(self.picture_path(i)).picture for i in range(len(self.cells))]
        reports = [
            self._report(index, picture, score)
            for index, (picture, score) in enumerate(
                zip(pictures, self.scores(pictures, reference_of), strict=True)
            )
        ]
        rows = [dict(each.row) for each in reports]
        write_bytes(self.path / "metrics.csv", csv_table(rows))
        for grid, members in report.by_grid(reports):
            sheet = report.table_sheet(grid, [each.picture for each in members])
            images.save_image(self.path / f"{grid.name}.png", sheet)
        curves = report.curves(reports)
        if curves is not None:
            write_bytes(self.path / "curves.png", curves)
        page = report.page(reports, self.content, self.style, curves)
        write_bytes(self.path / "report.html", page.encode())
        return rows

    def _report(self, index: int, picture: Any, score: Score) -> CellReport:
        cell, path = self.cells[index], self.picture_path(index)
        history = read_columns(self.history_path(index))
        row, column = cell.labels
        return CellReport(
            cell=cell,
            picture=picture,
            score=score,
            steps=history["step"],
            style_loss=history["style"],
            row={
                "grid": cell.grid.name,
                "row": row,
                "column": column,
                "file": path.relative_to(self.path).as_posix(),
                "status": images.read_metadata(path).get("status"),
                **score.to_dict(),
                "loss": float(history["total"][-1]),
                "style_loss": float(history["style"][-1]),
                "content_loss": float(history["content"][-1]),
            },
        )
