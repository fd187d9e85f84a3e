"""`jaxtex sweep` and `jaxtex tune` as functions."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.api.desk import File, Picture, desk, path_of
from jaxtex.jobs import Front
from jaxtex.jobs.requests import SweepRequest, TuneRequest

if TYPE_CHECKING:
    from jaxtex.style import Settings


@dataclass(frozen=True)
class Sweep:
    """A sweep in its folder."""

    folder: Path
    """With a picture and a history for each cell, a sheet for each table, and metrics.csv."""
    report: Path
    """A page that holds all of it and can be sent on."""
    cells: list[dict[str, Any]]
    """A row for each cell: its settings and its figures, as metrics.csv has them."""
    sheets: list[Path]
    """The sheet of each table."""

    def _repr_png_(self) -> bytes:
        return self.sheets[0].read_bytes()


@dataclass(frozen=True)
class Tuned:
    """Coefficients that were found, in their folder."""

    folder: Path
    preset: Path
    """The preset that was chosen, as a file that `stylize` takes."""
    settings: "Settings"
    """The settings of that preset."""
    finalists: list[dict[str, Any]]
    """A row for each candidate that ran at full size: its figures, and whether it was chosen."""
    front: list[dict[str, Any]]
    """The rows of those that no other one beats in readability and style."""

    def _repr_png_(self) -> bytes:
        return (self.folder / "front.png").read_bytes()


def sweep(
    content: "Picture",
    style: "Picture",
    output: "File",
    *,
    table: Sequence[int] = (),
    tables: str | None = None,
    grid: "File | None" = None,
    preset: str | os.PathLike[str] | None = None,
    size: int | None = None,
    steps: int | None = None,
    background: str = "keep",
    batch_size: int | None = None,
    max_memory: float | int | None = None,
    weights: "File | None" = None,
    device: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    yes: bool = False,
    front: Front | None = None,
) -> Sweep:
    """Stylises `content` with `style` once for every cell of a grid of settings.

    Args:
      content: the plain logo, a file or an array, which is taken with 8 bits.
      style: the style image, likewise.
      output: the folder to write into.
      table: tables of the paper Network of Steel, 1 to 10.
      tables: several of them, such as `"1-10"` or `"2,4,9"`.
      grid: a TOML file with grids of any settings, instead.
      preset: what tables start from; by default as in the paper.
      size: longer side of the results in pixels, by default 256.
      steps: evaluations of the objective, for each cell.
      background: `keep`, `transparent`, or a colour that the results are put on.
      batch_size: cells that run at once; by default as many as fit.
      max_memory: GiB that a batch may take.
      weights: other VGG16 weights (safetensors).
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      resume: runs only the cells that are not in the folder yet.
      overwrite: replaces what is in the folder.
      yes: allows more than 200 cells.
      front: where progress goes, and whom to ask whether to stop.

    Raises:
      JaxtexError: an image, an option or the folder cannot be used.
      Stopped: the front asked for it; the cells that are done are in the folder.
    """
    with desk() as place:
        request = SweepRequest(
            {
                "content": place.image(content, "content"),
                "style": place.image(style, "style"),
                "output": Path(output),
                "table": tuple(table),
                "tables": tables,
                "grid": path_of(grid),
                "preset": None if preset is None else os.fspath(preset),
                "size": size,
                "steps": steps,
                "background": background,
                "batch_size": batch_size,
                "max_memory": max_memory,
                "weights": path_of(weights),
                "device": device,
                "resume": resume,
                "overwrite": overwrite,
                "yes": yes,
            }
        )
        told = _finished(request, front)
    names = dict.fromkeys(cell.grid.name for cell in request.cells)
    folder = Path(output)
    sheets = [folder / f"{name}.png" for name in names]
    return Sweep(folder, Path(told["report"]), told["cells"], sheets)


def tune(
    content: "Picture",
    style: "Picture",
    output: "File",
    *,
    preset: str | os.PathLike[str] = "steel",
    strength: float | int | None = None,
    candidates: int = 16,
    finalists: int = 4,
    size: int = 256,
    small_size: int | None = None,
    give_up: float | int = 0.0,
    minutes: float | int | None = None,
    seed: int = 0,
    background: str = "keep",
    batch_size: int | None = None,
    max_memory: float | int | None = None,
    weights: "File | None" = None,
    device: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    front: Front | None = None,
) -> Tuned:
    """Finds coefficients for `content` in the style of `style`.

    Args:
      content: the plain logo, a file or an array, which is taken with 8 bits.
      style: the style image, likewise.
      output: the folder to write into.
      preset: what is tuned: a preset, or a TOML file.
      strength: how far the style may go, 0 to 1.
      candidates: how many are tried, at small size.
      finalists: how many run at full size.
      size: longer side at full size, in pixels.
      small_size: longer side at first; by default half of `size`.
      give_up: readability that the preset may lose for style; negative: that it must gain.
      minutes: the finalists run when so much time is gone.
      seed: which candidates are drawn.
      background: `keep`, `transparent`, or a colour that the results are put on.
      batch_size: candidates at once; by default as many as fit.
      max_memory: GiB that a batch may take.
      weights: other VGG16 weights (safetensors).
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      resume: runs only what is not in the folder yet.
      overwrite: replaces what is in the folder.
      front: where progress goes, and whom to ask whether to stop.

    Raises:
      JaxtexError: an image, an option or the folder cannot be used.
      Stopped: the front asked for it; what is done is in the folder.
    """
    with desk() as place:
        request = TuneRequest(
            {
                "content": place.image(content, "content"),
                "style": place.image(style, "style"),
                "output": Path(output),
                "preset": os.fspath(preset),
                "strength": strength,
                "candidates": candidates,
                "finalists": finalists,
                "size": size,
                "small_size": small_size,
                "give_up": give_up,
                "minutes": minutes,
                "seed": seed,
                "background": background,
                "batch_size": batch_size,
                "max_memory": max_memory,
                "weights": path_of(weights),
                "device": device,
                "resume": resume,
                "overwrite": overwrite,
            }
        )
        told = _finished(request, front)
    from jaxtex.style import find_preset

    preset_file = Path(told["preset"])
    settings = find_preset(str(preset_file))
    return Tuned(Path(output), preset_file, settings, told["finalists"], told["front"])


def _finished(request: SweepRequest | TuneRequest, front: Front | None) -> dict[str, Any]:
    """Checks and runs to the end; what is told of it."""
    request.check()
    request.prepare()
    request.run(front or Front())
    return request.finish()
