"""The sweeps that `claims.py` tries the paper's claims on: run, and read back."""

import csv
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import _table

FIRST, SECOND = ("northgate", "ironwyrm"), ("brelvanto", "gormawl")
PAIRS = (FIRST, SECOND, ("script", "torvhaxt"))
READINGS = {"paper": "eq. 3", "reference": "`reference`"}
# Table 9, coarse 2000, deep 200; table 10, coarse 2000, deep 20.
BEST, RUNNER_UP = "table-9/coarse-2000_deep-200", "table-10/coarse-2000_deep-20"
FIGURES = ("readability", "artefacts", "style")
SYSTEMS = {
    "Network of Steel, eq. 3": ("equation-3", BEST),
    "Network of Steel, `reference`": ("reference", BEST),
    "Gatys, all at 200": ("gatys", "table-1/all-200"),
    "jaxtex `steel`": ("steel", "steel/strength-0.5"),
}
"""The cell that stands for each system, and its sweep."""

_LBFGS = 'optimizer = "lbfgs"\n'
_REFERENCE = 'normalization = "reference"\n'


def _figure_3() -> str:
    """Each table's cell with all coefficients at 2000."""
    from jaxtex.style.experiments import table

    return "".join(
        f"[[grid]]\nname = 'table-{number}-at'\n"
        f"columns = {{ name = 'all', layers = {list(table(number).layers)}, values = [2000] }}\n"
        for number in range(2, 11)
    )


@dataclass(frozen=True)
class Sweep:
    """One sweep: where it lies, its grids and its images."""

    name: str
    grid: str
    pair: tuple[str, str] = FIRST
    steps: float | None = 1.0
    """Its steps in relation to those of the script; None leaves the preset's."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The rows of its `metrics.csv`, by the cell's file without suffix; filled by `run`."""

    @property
    def content(self) -> Path:
        return _table.EXAMPLES / "content" / f"{self.pair[0]}.png"

    @property
    def style(self) -> Path:
        return _table.EXAMPLES / "style" / f"{self.pair[1]}.png"

    def run(self, folder: Path, size: int, steps: int) -> None:
        """Runs the cells that are not there yet, and reads the figures."""
        _table.progress(f"sweep {self.name}")
        grid = folder / f"{self.name}.toml"
        options = f"size = {size}\n"
        if self.steps is not None:
            options += f"steps = {max(1, round(steps * self.steps))}\n"
        grid.write_text(options + self.grid, encoding="utf-8")
        command = [sys.executable, "-c", "from jaxtex.cli import main; main()", "sweep"]
        command += [str(self.content), str(self.style), "-o", str(folder / self.name)]
        done = subprocess.run([*command, "--grid", str(grid), "--resume"])
        if done.returncode:
            raise SystemExit(f"the sweep {self.name} failed")
        with (folder / self.name / "metrics.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                self.rows[row["file"].removesuffix(".png")] = row

    def figure(self, cell: str, name: str) -> float:
        """A figure of one cell."""
        return float(self.rows[cell][name])


def sweeps() -> dict[str, Sweep]:
    """All sweeps of the page, by name."""
    figure_3 = _figure_3()
    features = (
        _LBFGS + "[[grid]]\nname = 'features'\n"
        "rows = { option = 'normalization', values = ['paper', 'reference'] }\n"
        "columns = { option = 'features', values = ['conv', 'relu'] }\n"
    )
    found = [
        Sweep("equation-3", _LBFGS + "tables = [9]\n"),
        Sweep("reference", _LBFGS + _REFERENCE + "tables = [9, 2, 3, 4, 10, 8, 5, 6, 7]\n"),
        Sweep("reference-2", _LBFGS + _REFERENCE + "tables = [3, 9, 10]\n", SECOND),
        Sweep("figure-3-paper", figure_3, steps=1.5),
        Sweep("figure-3-reference", _REFERENCE + figure_3, steps=1.5),
        Sweep("gatys", "preset = 'gatys'\ntables = [1]\n"),
        Sweep("steel", "preset = 'steel'\n[[grid]]\nname = 'steel'\n"
              "columns = { option = 'strength', values = [0.5] }\n", steps=None),
    ]  # fmt: skip
    found += [Sweep(f"features-{pair[0]}", features, pair) for pair in PAIRS]
    return {each.name: each for each in found}


def curves(sweep: Sweep, folder: Path) -> dict[int, Any]:
    """The style loss after each step, by table."""
    from jaxtex.style.history import read_columns

    found = {}
    for cell in sweep.rows:
        number = int(cell.split("-")[1])
        found[number] = read_columns(folder / sweep.name / f"{cell}.csv")["style"]
    return found


def picture(sweep: Sweep, folder: Path, cell: str) -> Any:
    """The picture of a cell."""
    from jaxtex import images

    return images.load_image(folder / sweep.name / f"{cell}.png").rgb


def content(sweep: Sweep, shape: Sequence[int]) -> Any:
    """The content of a sweep at the size of its pictures."""
    from jaxtex import images

    return images.resize(images.load_image(sweep.content).rgb, *shape[:2])
