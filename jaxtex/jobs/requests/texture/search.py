"""A search kept in a folder, as a person moves on in it: each command's move, and what it tells.

Every function takes the folder of `--session` first and refuses one that is None or holds no
search. JAX is imported only where a model is loaded.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxtex.errors import SettingsError
from jaxtex.files import check_folder
from jaxtex.jobs.requests.texture import places, sphere_options

if TYPE_CHECKING:
    from jaxtex.texture.dcgan import TextureModel
    from jaxtex.texture.search import History, Session


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


def new(folder: Path | None, options: Mapping[str, Any]) -> Move:
    """Begins a search by the options of `search new`.

    Raises:
      SettingsError: a value is out of range or does not fit the model.
      OutputError: there is a search in the folder already, or it cannot be written into.
    """
    from jaxtex.texture.search import moves as states
    from jaxtex.texture.search import session as sessions

    target = _named(folder)
    states.check_counts(options["count"], options["clusters"])
    sphere_options.check_seed(options["seed"])
    sphere_options.check(options)
    sessions.check_new(target, overwrite=options["overwrite"])
    began = time.perf_counter()
    model = places.load(options["model"], options["device"])

    import jax

    key = jax.random.key(options["seed"])
    history = states.new(
        model.latent_size,
        seed=options["seed"],
        center=sphere_options.center(options["center"], model),
        radius=options["radius"],
        direction=sphere_options.direction(options["direction"], model, jax.random.fold_in(key, 1)),
    )
    history, reached = _concentrated(history, options, model)
    path = options["model"]
    session = sessions.create(
        target,
        sessions.ModelId(
            model.digest, model.latent_size, None if path is None else str(path.resolve())
        ),
        history,
        model.generate,
        count=options["count"],
        clusters=options["clusters"],
    )
    return _moved(session, began, reached)


def pick(folder: Path | None, labels: Sequence[str]) -> Move:
    """Marks textures as those that suit, in place of this round's earlier picks.

    Raises:
      SettingsError: there is no such label.
    """
    began = time.perf_counter()
    return _moved(find(folder).pick(labels), began)


def step(folder: Path | None, options: Mapping[str, Any]) -> Move:
    """Goes on to the next round by the options of `search step`.

    Raises:
      SettingsError: a value is out of range, two gainsay, or the model is another or does not fit.
    """
    from jaxtex.texture.search import moves as states

    session = find(folder)
    sphere_options.check(options)
    if options["closer"]:
        options = {**options, "similarity": (1 + session.round().likeness) / 2}
    if options["move_center"] and options["center"] is not None:
        raise SettingsError("--move-center and --center both say where the centre is; give one")
    began = time.perf_counter()
    model = _load(session, options)

    import jax

    key = jax.random.fold_in(jax.random.key(session.state.seed), session.state.iteration + 1)
    history = states.step(
        session.history,
        session.points(session.state.picks),
        radius=options["radius"],
        direction=sphere_options.direction(options["direction"], model, jax.random.fold_in(key, 1)),
        center=sphere_options.center(options["center"], model),
        move_center=options["move_center"],
    )
    history, reached = _concentrated(history, options, model)
    return _moved(session.go_on(history, model.generate), began, reached)


def none(folder: Path | None, options: Mapping[str, Any]) -> Move:
    """Draws the next round from further afield.

    Raises:
      SettingsError: the model is not the session's.
    """
    from jaxtex.texture.search import moves as states

    session = find(folder)
    began = time.perf_counter()
    model = _load(session, options)
    history = states.none_of_these(session.history)
    return _moved(session.go_on(history, model.generate), began)


def undo(folder: Path | None) -> Move:
    """Takes the last pick, step or none back.

    Raises:
      SettingsError: there is nothing to take back.
    """
    began = time.perf_counter()
    return _moved(find(folder).undo(), began)


def export(
    folder: Path | None, labels: Sequence[str], output: Path | None, *, overwrite: bool
) -> Exported:
    """Writes the textures of these labels, or all that were picked, into a folder.

    Raises:
      SettingsError: there is no such label, or nothing was picked.
      OutputError: the folder cannot be written into.
    """
    session = find(folder)
    target = session.folder / "export" if output is None else output
    paths = session.export(target, labels or session.picks(), overwrite=overwrite)
    return Exported(session.folder, target, paths)


def replay(folder: Path | None, output: Path, options: Mapping[str, Any]) -> Replayed:
    """Draws every round again into another folder, and compares.

    Raises:
      OutputError: the other folder cannot be written into.
      SettingsError: the model is not the session's.
    """
    session = find(folder)
    check_folder(output)
    model = _load(session, options)
    return Replayed(output, session.replay(output, model.generate))


def find(folder: Path | None) -> "Session":
    """The search in a folder.

    Raises:
      SettingsError: no folder is named.
      CheckpointError: it holds no search, or a damaged one.
    """
    from jaxtex.texture.search import open_session

    return open_session(_named(folder))


def describe(session: "Session") -> dict[str, Any]:
    """Where a search stands, as JSON values."""
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
        "sheets": [str(path) for path in session.sheets()],
    }


def _named(folder: Path | None) -> Path:
    if folder is None:
        raise SettingsError("--session: name the folder of the search, before the command")
    return folder


def _load(session: "Session", options: Mapping[str, Any]) -> "TextureModel":
    """The session's model; another one is refused."""
    path = options["model"]
    if path is None and session.model.path is not None:
        path = Path(session.model.path)
    model = places.load(path, options["device"])
    session.check_digest(model.digest)
    return model


def _concentrated(
    history: "History", options: Mapping[str, Any], model: "TextureModel"
) -> tuple["History", float | None]:
    """The history with its last state at the κ that the options ask for."""
    import jax

    now = history[-1]
    key = jax.random.fold_in(jax.random.key(now.seed), 2)
    place = now.center, now.radius, now.direction
    kappa, reached = sphere_options.kappa(options, model, key, place)
    if kappa is not None:
        history = (*history[:-1], replace(now, kappa=kappa))
    return history, reached


def _moved(session: "Session", began: float, similarity: float | None = None) -> Move:
    return Move(session, time.perf_counter() - began, similarity)
