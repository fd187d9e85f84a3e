"""The folder of a search: its state, its rounds, its contact sheets; whole at any moment.

`session.json` has the history, `round-00.npz` a round's latents, textures and labels,
`round-00.png` its contact sheet and `round-00-a.png` one sheet a cluster, representatives edged
in blue and picks in orange as in Satoh's fig. 3. The state is written last, so that a command
that is killed leaves the search where it was.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import CheckpointError, OutputError, SettingsError, first_line
from jaxtex.files import check_folder, check_output, make_folder, write
from jaxtex.texture.dcgan.latents import check_model, texture_metadata
from jaxtex.texture.search import moves, rounds
from jaxtex.texture.search.moves import History, Round, State
from jaxtex.texture.search.rounds import NOBODY, Watch
from jaxtex.version import __version__

Generate = Callable[[Float32[np.ndarray, "m n"]], Float32[np.ndarray, "m h w 3"]]
"""Renders latents in [0, 1]."""

_FILE = "session.json"
_LINE, _TREE = _FORMATS = (1, 2)
"""A search that never went back is written as before there was a way back."""


class ModelId(NamedTuple):
    """Which model a session belongs to; `path` None is one that ships."""

    digest: str
    latent_size: int
    path: str | None


@dataclass(frozen=True, eq=False)
class Session:
    """A search in a folder. Every change returns the session that is on disk after it."""

    folder: Path
    model: ModelId
    count: int
    clusters: int
    history: History

    @property
    def state(self) -> State:
        """Where the search stands."""
        return self.history[-1]

    def round(self, iteration: int | None = None) -> Round:
        """The textures of an iteration, the current one by default.

        Raises:
          CheckpointError: its file is missing or damaged.
        """
        number = self.state.iteration if iteration is None else iteration
        return rounds.read_round(self.folder, number, self.model.latent_size)

    def find(self, label: str) -> tuple[Round, int]:
        """The round and the place in it of a label.

        Raises:
          SettingsError: no round has it.
        """
        iteration = moves.iteration_of(label)
        if iteration is not None and iteration < moves.next_iteration(self.history):
            found = self.round(iteration)
            if label in found.labels:
                return found, found.labels.index(label)
        labels = self.round().labels
        raise SettingsError(
            f"{self.folder}: has no texture {label!r}; the last round has {labels[0]} "
            f"to {labels[-1]}, as its sheet shows them"
        )

    def points(self, labels: Sequence[str]) -> Float32[np.ndarray, "m n"]:
        """The latents of labels."""
        found = [round.points[index] for round, index in map(self.find, labels)]
        return np.asarray(found, np.float32).reshape(-1, self.model.latent_size)

    def picks(self) -> list[str]:
        """What was picked, round by round."""
        labels = [label for state in moves.rounds(self.history) for label in state.picks]
        return list(dict.fromkeys(labels))

    def check_digest(self, digest: str) -> None:
        """Raises SettingsError where `digest` is that of another model than the session's."""
        check_model(self.model.digest, digest, self.folder)

    def pick(self, labels: Sequence[str]) -> "Session":
        """Marks the textures that suit, of this round or an earlier one."""
        for label in labels:
            self.find(label)
        return self._change(moves.pick(self.history, labels), None)

    def clear(self) -> "Session":
        """Takes this round's picks away."""
        return self._change(moves.clear(self.history), None)

    def back(self, iteration: int) -> "Session":
        """Goes back to a round, to go on from there; the rounds after it stay."""
        return self._change(moves.back(self.history, iteration), None)

    def undo(self) -> "Session":
        """Takes the last action back, with the files of the round that it had drawn."""
        undone = self._change(moves.undo(self.history), None)
        if moves.next_iteration(undone.history) <= self.state.iteration:
            for path in rounds.files(self.folder, self.state.iteration):
                path.unlink(missing_ok=True)
        return undone

    def go_on(self, history: History, generate: Generate, watch: Watch = NOBODY) -> "Session":
        """Draws the round of a history's last state, and keeps both."""
        counts = {"count": self.count, "clusters": self.clusters}
        drawn = moves.look(history[-1], generate, **counts, drawn=watch.drawn)
        return self._change(history, drawn, watch)

    def replay(self, folder: str | os.PathLike[str], generate: Generate) -> list[str]:
        """Draws every round again into a new folder; returns the files that came out otherwise.

        Raises:
          OutputError: the folder exists or cannot be made.
        """
        target = Path(folder)
        check_folder(target)
        again = replace(self, folder=make_folder(target))
        states = moves.rounds(self.history)
        for state in states:
            drawn = moves.look(state, generate, count=self.count, clusters=self.clusters)
            rounds.write_round(target, state, drawn)
        again._write_state()
        return [
            path.name
            for state in states
            for path in rounds.files(target, state.iteration)
            if not _same(path, self.folder / path.name)
        ]

    def export(
        self, folder: str | os.PathLike[str], labels: Sequence[str], *, overwrite: bool = False
    ) -> list[Path]:
        """Writes textures as PNG; each carries its latent, seed, sphere and the model's digest.

        Raises:
          SettingsError: there are no labels, or one is unknown.
          OutputError: a file exists and `overwrite` is false, or cannot be written.
        """
        if not labels:
            raise SettingsError("export: nothing is picked; pick some textures or name labels")
        found = [(label, *self.find(label)) for label in dict.fromkeys(labels)]
        target = make_folder(folder)
        paths = [target / f"{label}.png" for label, _, _ in found]
        for path in paths:
            check_output(path, overwrite=overwrite)
        states = moves.rounds(self.history)
        for path, (label, drawn, index) in zip(paths, found, strict=True):
            state = states[moves.iteration_of(label) or 0]
            metadata = texture_metadata(
                drawn.points[index],
                self.model.digest,
                seed=state.seed,
                label=label,
                radius=state.radius,
                kappa=state.kappa,
            )
            images.save_image(path, rounds.floats(drawn)[index], metadata=metadata)
        return paths

    def sheets(self) -> list[Path]:
        """The contact sheets of the current round: all of it, then one a cluster."""
        iteration = self.state.iteration
        return [path for path in rounds.files(self.folder, iteration) if path.suffix == ".png"]

    def _change(self, history: History, drawn: Round | None, watch: Watch = NOBODY) -> "Session":
        changed = replace(self, history=history)
        if drawn is None:
            before = self._on_sheets(changed.state.iteration)
            rounds.write_sheets(self.folder, changed.state, changed.round(), before)
        else:
            rounds.write_round(self.folder, changed.state, drawn, watch)
        changed._write_state()
        return changed

    def _on_sheets(self, iteration: int) -> State | None:
        """The state whose picks a round's sheets have; None where a move was broken off."""
        written = (self.folder / _FILE).stat().st_mtime_ns
        if any(path.stat().st_mtime_ns > written for path in rounds.files(self.folder, iteration)):
            return None
        return {state.iteration: state for state in self.history}[iteration]

    def _write_state(self) -> None:
        content = {
            "format": _TREE if any(state.action == "back" for state in self.history) else _LINE,
            "version": __version__,
            "model": self.model._asdict(),
            "count": self.count,
            "clusters": self.clusters,
            "history": [_state_to_json(state) for state in self.history],
        }
        text = json.dumps(content, indent=1, allow_nan=False)
        write(self.folder / _FILE, lambda path: path.write_text(text + "\n", encoding="utf-8"))


def create(
    folder: str | os.PathLike[str],
    model: ModelId,
    history: History,
    generate: Generate,
    *,
    count: int,
    clusters: int,
    watch: Watch = NOBODY,
) -> Session:
    """Begins a search in a folder, in place of the one there, and draws its first round."""
    target = check_new(folder, overwrite=True)
    drawn = moves.look(history[-1], generate, count=count, clusters=clusters, drawn=watch.drawn)
    make_folder(target)
    for path in (target / _FILE, *target.glob("round-*")):
        path.unlink(missing_ok=True)
    begun = Session(target, model, count, clusters, history)
    return begun._change(history, drawn, watch)


def check_new(folder: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """Returns `folder` if a search can begin there.

    Raises:
      OutputError: it holds a search and `overwrite` is false, holds anything else, or cannot be
        made.
    """
    target = Path(folder)
    if (target / _FILE).exists() and not overwrite:
        raise OutputError(f"{target}: holds a search already; go on with it or give --overwrite")
    ours = (target / _FILE).exists() or (
        target.is_dir() and all(path.name.startswith("round-") for path in target.iterdir())
    )
    return check_folder(target, overwrite=ours)


def open_session(folder: str | os.PathLike[str]) -> Session:
    """Reads a search.

    Raises:
      CheckpointError: there is none in the folder, or it is damaged.
    """
    path = Path(folder) / _FILE
    if not path.is_file():
        raise CheckpointError(f"{folder}: holds no search; begin one with `search … new`")
    try:
        content = json.loads(path.read_bytes())
        if content["format"] not in _FORMATS:
            raise CheckpointError(
                f"{path}: is of format {content['format']!r}; this version reads "
                f"{_LINE} and {_TREE}"
            )
        model = ModelId(**content["model"])
        history = tuple(_state_from_json(state, model.latent_size) for state in content["history"])
        if not history or history[0].action != "new" or not isinstance(model.digest, str):
            raise ValueError("it has no beginning")
        count, clusters = int(content["count"]), int(content["clusters"])
        moves.check_counts(count, clusters)
    except CheckpointError:
        raise
    except Exception as error:
        raise CheckpointError(f"{path}: is damaged ({first_line(error)})") from None
    return Session(Path(folder), model, count, clusters, history)


def _state_to_json(state: State) -> dict[str, Any]:
    return {
        "action": state.action,
        "iteration": state.iteration,
        "seed": state.seed,
        "radius": state.radius,
        "kappa": state.kappa,
        "picks": list(state.picks),
        "center": state.center.tolist(),
        "direction": state.direction.tolist(),
    }


def _state_from_json(content: Any, latent_size: int) -> State:
    vectors = {name: np.array(content[name], np.float32) for name in ("center", "direction")}
    if any(vector.shape != (latent_size,) for vector in vectors.values()):
        raise ValueError("a vector is not of the model's size")
    return State(
        action=str(content["action"]),
        radius=float(content["radius"]),
        kappa=float(content["kappa"]),
        seed=int(content["seed"]),
        iteration=int(content["iteration"]),
        picks=tuple(map(str, content["picks"])),
        **vectors,
    )


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()
