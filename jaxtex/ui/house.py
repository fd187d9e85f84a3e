"""What all pages share: the device, the runs on disk, and the board that says what changed."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from jaxtex.ui.device.queue import Device, Job
from jaxtex.ui.runs.board import Board
from jaxtex.ui.runs.run import Runs
from jaxtex.ui.runs.searches import Searches


@dataclass
class House:
    """One server's."""

    folder: Path
    """Where all is kept: `runs`, and `textures` with the folders of searches."""
    device: Device
    board: Board = field(default_factory=Board)
    jobs: dict[tuple[str, str], Job] = field(default_factory=dict)
    """Work that is under way, by the name of a run and of its task."""

    @property
    def runs(self) -> Runs:
        """The stylisations."""
        return Runs(self.folder / "runs")

    @cached_property
    def searches(self) -> Searches:
        """The searches for textures, the tray and the strips."""
        return Searches(self.folder / "textures")
