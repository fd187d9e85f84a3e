"""What a search tells after a move: where it stands, what was written, what could be had."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtex.texture.search import Session


@dataclass(frozen=True, eq=False)
class Move:
    """Where a search stands after a move."""

    session: "Session"
    seconds: float
    similarity: float | None = None
    """The MSSIM that was measured for `--similarity`."""

    def report(self) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        found = {"similarity": self.similarity, "seconds": self.seconds}
        return {**describe(self.session), **found}


@dataclass(frozen=True)
class Exported:
    """Textures that were written as files."""

    session: Path
    folder: Path
    paths: list[Path]

    def report(self) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        return {"session": str(self.session), "outputs": [str(path) for path in self.paths]}


@dataclass(frozen=True)
class Replayed:
    """A search that was drawn again, and which of its files came out otherwise."""

    folder: Path
    differing: list[str]

    def report(self) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        same = not self.differing
        return {"output": str(self.folder), "same": same, "differing": self.differing}


class Reach(NamedTuple):
    """Mean MSSIMs to the texture in the direction of the picks that a step can have."""

    least: float
    """Of textures from all over the sphere; a wanted one must be above it."""
    usual: float
    """Where nothing is wanted."""
    most: float


def describe(session: "Session") -> dict[str, Any]:
    """Where a search stands, as JSON values."""
    from jaxtex.texture.search import origins

    state, drawn = session.state, session.round()
    letters = {index: name for name, members in drawn.clusters().items() for index in members}
    return {
        "session": str(session.folder),
        "action": state.action,
        "iteration": state.iteration,
        "seed": state.seed,
        "radius": state.radius,
        "kappa": state.kappa,
        "center_norm": float(np.linalg.norm(state.center)),
        "likeness": drawn.likeness,
        "model": session.model.digest,
        "candidates": [
            {
                "label": label,
                "cluster": letters[index],
                "representative": bool(drawn.representative[index]),
                "picked": label in state.picks,
            }
            for index, label in enumerate(drawn.labels)
        ],
        "picks": session.picks(),
        "rounds": [origin._asdict() for origin in origins(session.history)],
        "sheets": [str(path) for path in session.sheets()],
    }
