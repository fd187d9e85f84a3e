"""The losses of a run, step by step, as numbers, CSV and a plot."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from jaxtex.errors import OutputError
from jaxtex.files import check_output, write
from jaxtex.style.objective import Losses

COLUMNS = ("step", "total", "content", "style", "tv", "seconds")


@dataclass(frozen=True, eq=False)
class History:
    """One row a step; step 0 is the initial image.

    `content` and `tv` are unweighted, `style` is weighted by the coefficients. With several
    phases the terms follow each phase's own size and weights.
    """

    losses: Losses
    """Each `[n]`."""
    seconds: Float[np.ndarray, " n"]
    """Since the first step."""

    @property
    def step(self) -> Int[np.ndarray, " n"]:
        """0 to n − 1."""
        return np.arange(len(self.seconds))

    @property
    def total(self) -> Float[np.ndarray, " n"]:
        """The loss that is minimised."""
        return np.asarray(self.losses.total)

    @property
    def content(self) -> Float[np.ndarray, " n"]:
        """The content term, unweighted."""
        return np.asarray(self.losses.content)

    @property
    def style(self) -> Float[np.ndarray, " n"]:
        """The style terms, weighted by their coefficients."""
        return np.asarray(self.losses.style)

    @property
    def tv(self) -> Float[np.ndarray, " n"]:
        """Total variation, unweighted, of the image in grey levels."""
        return np.asarray(self.losses.tv)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the columns `step,total,content,style,tv,seconds` (.csv) or a plot (.png).

        Raises:
          RunError: the disk is full or fails.
        """
        write(path, self._write_csv if Path(path).suffix.lower() == ".csv" else self._plot)

    def _write_csv(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            columns = [getattr(self, name).tolist() for name in COLUMNS]
            writer.writerows(zip(*columns, strict=True))

    def _plot(self, path: os.PathLike[str]) -> None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        for name in ("total", "content", "style", "tv"):
            values = getattr(self, name)
            if np.any(values > 0):
                axes.semilogy(self.step, np.where(values > 0, values, np.nan), label=name)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend()
        figure.savefig(path, dpi=120, format="png")


def read_columns(path: str | os.PathLike[str]) -> dict[str, Float[np.ndarray, " n"]]:
    """The columns of a history that was written as .csv, by their names.

    Raises:
      OutputError: the file is missing, or is not such a history.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        values = np.array(rows, np.float64).reshape(-1, len(COLUMNS))
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be read as a history ({error})") from None
    if tuple(header) != COLUMNS or not len(values):
        raise OutputError(f"{path}: is not a history of {', '.join(COLUMNS)}")
    return dict(zip(COLUMNS, values.T, strict=True))


def check_history_path(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Says before a run whether its history can be written to `path`.

    Raises:
      OutputError: not .csv or .png, a plot without matplotlib, or a place that cannot be written.
    """
    suffix = check_output(path, overwrite=overwrite).suffix.lower()
    if suffix not in (".csv", ".png"):
        raise OutputError(f"{path}: a history is written as .csv or .png")
    if suffix == ".png":
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            raise OutputError(
                f"{path}: a plot needs matplotlib; install jaxtex[plots] or choose .csv"
            ) from None
