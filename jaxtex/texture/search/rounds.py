"""A round of a search in files: its latents and textures, and its contact sheets.

On a sheet representatives are edged in blue and picks in orange, as in Satoh's fig. 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex import images
from jaxtex.errors import CheckpointError, first_line
from jaxtex.files import write
from jaxtex.texture import sphere
from jaxtex.texture.search.moves import Round, State

REPRESENTATIVE, PICKED = "#1f5fd0", "#f08000"


@dataclass(frozen=True)
class Watch:
    """Whom a round is shown to while it comes about; sheets take most of the time."""

    drawn: Callable[[UInt8[np.ndarray, "m h w 3"]], None] = lambda textures: None
    """Gets the textures but the far one before they are compared, in no order."""
    grouped: Callable[[State], None] = lambda state: None
    """Hears that the round of a state can be read; its sheets are not there yet."""


NOBODY = Watch()

_COLUMNS = 10
_CELL = 96  # the least side of a texture on a sheet, in pixels


def _path(folder: Path, iteration: int, ending: str) -> Path:
    return folder / f"round-{iteration:02d}{ending}"


def files(folder: Path, iteration: int) -> list[Path]:
    """The files of a round that are there: its data, its sheet, then one sheet a cluster."""
    stem = f"round-{iteration:02d}"
    whole = [folder / f"{stem}.npz", folder / f"{stem}.png"]
    return [*filter(Path.is_file, whole), *sorted(folder.glob(f"{stem}-*.png"))]


def write_round(folder: Path, state: State, drawn: Round, watch: Watch = NOBODY) -> None:
    """Writes a round and its sheets, in place of one of the same number.

    Raises:
      RunError: the disk is full or fails.
    """
    for path in files(folder, state.iteration):
        path.unlink()

    def save(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(
                file,
                labels=np.array(drawn.labels),
                representative=drawn.representative,
                points=drawn.points,
                textures=drawn.textures,
                likeness=np.float64(drawn.likeness),
            )

    write(_path(folder, state.iteration, ".npz"), save)
    watch.grouped(state)
    write_sheets(folder, state, drawn)


def write_sheets(folder: Path, state: State, drawn: Round, before: State | None = None) -> None:
    """Writes the contact sheets of a round with the picks of a state.

    Those that have the picks of the state `before` are left as they are where no pick changed.
    """
    textures = floats(drawn)
    side = textures.shape[1] * max(1, round(_CELL / textures.shape[1]))
    cells = [images.resize(texture, side, side) for texture in textures]
    edges = [REPRESENTATIVE if first else None for first in drawn.representative]
    for index, label in enumerate(drawn.labels):
        if label in state.picks:
            edges[index] = PICKED
    groups = {"": list(range(len(cells)))}
    clusters = drawn.clusters().items()
    groups |= {f"-{letter}": members for letter, members in clusters if letter != "far"}
    changed = set(state.picks).symmetric_difference(before.picks) if before else set(drawn.labels)
    for ending, members in groups.items():
        path = _path(folder, state.iteration, f"{ending}.png")
        if path.is_file() and not changed.intersection(drawn.labels[index] for index in members):
            continue
        sheet = images.contact_sheet(
            [cells[index] for index in members],
            columns=_COLUMNS,
            labels=[drawn.labels[index] for index in members],
            edges=[edges[index] for index in members],
        )
        images.save_image(path, sheet)


def floats(drawn: Round) -> Float32[np.ndarray, "m h w 3"]:
    """The textures in [0, 1]."""
    return drawn.textures.astype(np.float32) / 255


def read_round(folder: Path, iteration: int, latent_size: int) -> Round:
    """Reads a round.

    Raises:
      CheckpointError: its file is missing or damaged.
    """
    path = _path(folder, iteration, ".npz")
    try:
        with path.open("rb") as file:  # NumPy itself leaves a damaged file open
            content = np.load(file, allow_pickle=False)
            drawn = Round(
                labels=tuple(map(str, content["labels"])),
                representative=content["representative"],
                points=sphere.check_latents(content["points"], latent_size, str(path)),
                textures=content["textures"],
                likeness=float(content["likeness"]),
            )
        count = len(drawn.labels)
        arrays = drawn.representative, drawn.points, drawn.textures
        if any(len(array) != count for array in arrays) or drawn.textures.ndim != 4:
            raise ValueError("its arrays do not fit together")
    except Exception as error:
        raise CheckpointError(f"{path}: cannot be read ({first_line(error)})") from None
    return drawn
