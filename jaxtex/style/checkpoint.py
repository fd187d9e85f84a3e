"""Checkpoints of a run: whole or absent at any moment, and refused by another job."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from jaxtex.errors import CheckpointError, OutputError, RunError


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


class CheckpointStore:
    """A folder with the newest checkpoints of one job, by Orbax.

    `identity` is all that decides the result; a checkpoint with another identity is refused.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        identity: Mapping[str, Any],
        *,
        resume: bool,
        every_seconds: float = 10.0,
    ) -> None:
        """Opens or makes the folder.

        Raises:
          CheckpointError: the folder holds a checkpoint and `resume` is false, or that of a job
            with other settings or images.
          OutputError: the folder cannot be made.
        """
        from orbax import checkpoint as ocp

        self._ocp = ocp
        self.folder = Path(folder).absolute()
        self.every_seconds = every_seconds
        self.identity = json.loads(json.dumps(identity))
        self._saved = time.monotonic()
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"checkpoint: {folder} is not a folder")
        try:
            options = ocp.CheckpointManagerOptions(
                max_to_keep=2, create=True, enable_async_checkpointing=False
            )
            self._manager = ocp.CheckpointManager(self.folder, options=options)
        except OSError as error:
            raise OutputError(f"checkpoint: {folder} cannot be used ({error.strerror})") from None
        except Exception as error:
            raise self._damaged(error) from None
        if self._manager.latest_step() is None:
            return
        if not resume:
            raise CheckpointError(
                f"checkpoint: {folder} holds a checkpoint; give --resume to go on "
                "or name another folder"
            )
        self._check_identity(self._read_meta())

    def _read_meta(self) -> dict[str, Any]:
        try:
            found = self._manager.restore(
                self._manager.latest_step(),
                args=self._ocp.args.Composite(meta=self._ocp.args.JsonRestore()),
            )
            meta = found["meta"]
            Position(int(meta["phase"]), int(meta["done"]))
            dict(meta["identity"])
        except Exception as error:
            raise self._damaged(error) from None
        return meta

    def _damaged(self, error: Exception) -> CheckpointError:
        return CheckpointError(f"checkpoint: {self.folder} cannot be read ({_reason(error)})")

    def _check_identity(self, meta: Mapping[str, Any]) -> None:
        theirs, ours = meta["identity"], self.identity
        differing = [
            f"{name} ({theirs.get(name)!r} there, {ours.get(name)!r} here)"
            for name in sorted({*theirs, *ours})
            if theirs.get(name) != ours.get(name)
        ]
        if differing:
            raise CheckpointError(
                f"checkpoint: {self.folder} belongs to another job, which differs in "
                + ", ".join(differing)
            )

    def load(self, abstract_state: Callable[[int], Any]) -> Snapshot | None:
        """The newest checkpoint, or None. `abstract_state` gives the shapes of a phase's state.

        Raises:
          CheckpointError: the checkpoint is damaged.
        """
        newest = self._manager.latest_step()
        if newest is None:
            return None
        args = self._ocp.args
        meta = self._read_meta()
        try:
            found = self._manager.restore(
                newest,
                args=args.Composite(
                    state=args.StandardRestore(abstract_state(meta["phase"])),
                    history=args.StandardRestore(),
                ),
            )
            history = found["history"]
            return Snapshot(
                Position(meta["phase"], meta["done"]),
                found["state"],
                np.asarray(history["rows"]),
                np.asarray(history["seconds"]),
            )
        except Exception as error:
            raise self._damaged(error) from None

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._saved >= self.every_seconds

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
        if self._manager.latest_step() == len(seconds):
            return
        args = self._ocp.args
        meta = {"identity": self.identity, **position._asdict()}
        try:
            self._manager.save(
                len(seconds),
                args=args.Composite(
                    state=args.StandardSave(state),
                    history=args.StandardSave({"rows": rows, "seconds": seconds}),
                    meta=args.JsonSave(meta),
                ),
                force=True,
            )
            self._manager.wait_until_finished()
        except Exception as error:
            reason = _reason(error)
            raise RunError(f"checkpoint: {self.folder} cannot be written ({reason})") from error
        self._saved = time.monotonic()


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
