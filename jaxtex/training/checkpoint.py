"""Checkpoints of a long run: whole or absent at any moment, and refused by another job."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jaxtex.errors import CheckpointError, OutputError, RunError, first_line


class Saved(NamedTuple):
    """What a checkpoint holds: its step, the run's state, arrays that grow, and small facts."""

    step: int
    state: Any
    history: dict[str, np.ndarray]
    facts: dict[str, Any]


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """What differs between two identities, for an error; empty where nothing does."""
    return ", ".join(
        f"{name} ({theirs.get(name)!r} there, {ours.get(name)!r} here)"
        for name in sorted({*theirs, *ours})
        if theirs.get(name) != ours.get(name)
    )


def has_checkpoint(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder is there and holds a checkpoint; whose is not looked at."""
    path = Path(folder)
    return path.is_dir() and any(each.name.isdecimal() for each in path.iterdir())


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
            with another identity.
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

    def check_facts(self, facts: Mapping[str, Any]) -> None:
        """Raises any exception where `facts` are not those of such a run; for subclasses."""

    def _read_meta(self) -> dict[str, Any]:
        try:
            found = self._manager.restore(
                self._manager.latest_step(),
                args=self._ocp.args.Composite(meta=self._ocp.args.JsonRestore()),
            )
            meta = found["meta"]
            self.check_facts(meta)
            dict(meta["identity"])
        except Exception as error:
            raise self._damaged(error) from None
        return meta

    def _damaged(self, error: Exception) -> CheckpointError:
        return CheckpointError(f"checkpoint: {self.folder} cannot be read ({first_line(error)})")

    def _check_identity(self, meta: Mapping[str, Any]) -> None:
        differing = differences(meta["identity"], self.identity)
        if differing:
            raise CheckpointError(
                f"checkpoint: {self.folder} belongs to another job, which differs in {differing}"
            )

    def read(self, abstract_state: Callable[[Mapping[str, Any]], Any]) -> Saved | None:
        """The newest checkpoint, or None; `abstract_state` gives the state's shapes for its facts.

        Raises:
          CheckpointError: the checkpoint is damaged.
        """
        newest = self._manager.latest_step()
        if newest is None:
            return None
        args = self._ocp.args
        facts = self._read_meta()
        try:
            found = self._manager.restore(
                newest,
                args=args.Composite(
                    state=args.StandardRestore(abstract_state(facts)),
                    history=args.StandardRestore(),
                ),
            )
            history = {name: np.asarray(values) for name, values in found["history"].items()}
            return Saved(newest, found["state"], history, facts)
        except Exception as error:
            raise self._damaged(error) from None

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return time.monotonic() - self._saved >= self.every_seconds

    def write(
        self,
        step: int,
        state: Any,
        history: Mapping[str, np.ndarray],
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes a checkpoint; when this returns it is whole and on disk. A step is saved once.

        Raises:
          RunError: the disk is full or fails.
        """
        if self._manager.latest_step() == step:
            return
        args = self._ocp.args
        try:
            self._manager.save(
                step,
                args=args.Composite(
                    state=args.StandardSave(state),
                    history=args.StandardSave(dict(history)),
                    meta=args.JsonSave({"identity": self.identity, **(facts or {})}),
                ),
                force=True,
            )
            self._manager.wait_until_finished()
        except Exception as error:
            reason = first_line(error)
            raise RunError(f"checkpoint: {self.folder} cannot be written ({reason})") from error
        self._saved = time.monotonic()
