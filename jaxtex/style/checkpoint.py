"""What a checkpoint of a stylising run holds (`jaxtex.training.checkpoint`)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from jaxtex.training import checkpoint


class Position(NamedTuple):
    """A place in a run: the phase, and how many of its evaluations are done."""

    phase: int
    done: int


class Snapshot(NamedTuple):
    """All that a run needs to go on to the same bytes."""

    position: Position
    state: Any
    rows: Float32[np.ndarray, "n terms b"]
    seconds: Float[np.ndarray, " n"]


class CheckpointStore(checkpoint.CheckpointStore):
    """A folder with the newest checkpoints of one stylising run."""

    def check_facts(self, facts: Mapping[str, Any]) -> None:
        """Raises where the position is missing or damaged."""
        Position(int(facts["phase"]), int(facts["done"]))

    def load(self, abstract_state: Callable[[int], Any]) -> Snapshot | None:
        """The newest checkpoint, or None. `abstract_state` gives the shapes of a phase's state.

        Raises:
          CheckpointError: the checkpoint is damaged.
        """
        found = self.read(lambda facts: abstract_state(facts["phase"]))
        if found is None:
            return None
        position = Position(found.facts["phase"], found.facts["done"])
        return Snapshot(position, found.state, found.history["rows"], found.history["seconds"])

    def save(
        self,
        state: Any,
        position: Position,
        rows: Float32[np.ndarray, "n terms b"],
        seconds: Float[np.ndarray, " n"],
    ) -> None:
        """Writes a checkpoint; when this returns it is whole and on disk.

        Raises:
          RunError: the disk is full or fails.
        """
        history = {"rows": rows, "seconds": seconds}
        self.write(len(seconds), state, history, position._asdict())
