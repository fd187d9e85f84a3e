"""A search kept in a folder, as a person moves on in it: each command's move, and what it tells.

Every function takes the folder of `--session` first and refuses one that is None or holds no
search. JAX is imported only where a model is loaded.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError
from jaxtex.files import check_folder
from jaxtex.jobs.requests.texture import places, sphere_options
from jaxtex.jobs.requests.texture.search_results import Exported, Move, Reach, Replayed
from jaxtex.texture.dcgan.shipped import shipped_models, shipped_name

if TYPE_CHECKING:
    import jax

    from jaxtex.texture.dcgan import TextureModel
    from jaxtex.texture.search import History, Session, State, Watch


def new(folder: Path | None, options: Mapping[str, Any], watch: "Watch | None" = None) -> Move:
    """Begins a search by the options of `search new`; `watch` sees its round come about.

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
    file = None if shipped_name(model.digest) else str(model.path.resolve())
    session = sessions.create(
        target,
        sessions.ModelId(model.digest, model.latent_size, file),
        history,
        model.generate,
        count=options["count"],
        clusters=options["clusters"],
        watch=watch or sessions.NOBODY,
    )
    return _moved(session, began, reached)


def pick(folder: Path | None, labels: Sequence[str]) -> Move:
    """Marks textures as those that suit, in place of this round's earlier picks.

    Raises:
      SettingsError: there is no such label.
    """
    began = time.perf_counter()
    return _moved(find(folder).pick(labels), began)


def clear(folder: Path | None) -> Move:
    """Takes this round's picks away."""
    began = time.perf_counter()
    return _moved(find(folder).clear(), began)


def step(folder: Path | None, options: Mapping[str, Any], watch: "Watch | None" = None) -> Move:
    """Goes on to the next round by the options of `search step`; `watch` sees it come about.

    Raises:
      SettingsError: a value is out of range, two gainsay, or the model is another or does not fit.
    """
    from jaxtex.texture.search import NOBODY

    session = find(folder)
    sphere_options.check(options)
    if options["closer"]:
        options = {**options, "similarity": (1 + session.round().likeness) / 2}
    if options["move_center"] and options["center"] is not None:
        raise SettingsError("--move-center and --center both say where the centre is; give one")
    began = time.perf_counter()
    model = load_model(session, options)
    history, reached = _concentrated(_stepped(session, options, model), options, model)
    return _moved(session.go_on(history, model.generate, watch or NOBODY), began, reached)


def reach(folder: Path | None, options: Mapping[str, Any]) -> Reach:
    """Which `similarity` a step by these options can have.

    Raises:
      SettingsError: as `step`.
    """
    from jaxtex.texture.sphere.concentration import likeness

    session = find(folder)
    model = load_model(session, options)
    now = _stepped(session, options, model)[-1]
    place = now.center, now.radius, now.direction
    return Reach(*likeness(_key_of_kappa(now), model.render, model.params, *place, now.kappa))


def none(folder: Path | None, options: Mapping[str, Any], watch: "Watch | None" = None) -> Move:
    """Draws the next round from further afield; `watch` sees it come about.

    Raises:
      SettingsError: the model is not the session's.
    """
    from jaxtex.texture.search import NOBODY, none_of_these

    session = find(folder)
    began = time.perf_counter()
    model = load_model(session, options)
    history = none_of_these(session.history)
    return _moved(session.go_on(history, model.generate, watch or NOBODY), began)


def back(folder: Path | None, iteration: int) -> Move:
    """Goes back to a round, to go on from there; the rounds after it stay.

    Raises:
      SettingsError: there is no such round, or the search stands there.
    """
    began = time.perf_counter()
    return _moved(find(folder).back(iteration), began)


def undo(folder: Path | None) -> Move:
    """Takes the last action back.

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
    model = load_model(session, options)
    return Replayed(output, session.replay(output, model.generate))


def find(folder: Path | None) -> "Session":
    """The search in a folder.

    Raises:
      SettingsError: no folder is named.
      CheckpointError: it holds no search, or a damaged one.
    """
    from jaxtex.texture.search import open_session

    return open_session(_named(folder))


def load_model(session: "Session", options: Mapping[str, Any]) -> "TextureModel":
    """The session's model, where `model` does not say that it lies elsewhere by now.

    Raises:
      SettingsError: the one there is another.
      WeightsError: there is none.
    """
    path, name = options["model"] or session.model.path, shipped_name(session.model.digest)
    if path is None and name is not None:
        path = shipped_models()[name]
    model = places.load(path, options["device"])
    session.check_digest(model.digest)
    return model


def _named(folder: Path | None) -> Path:
    if folder is None:
        raise SettingsError("--session: name the folder of the search, before the command")
    return folder


def _stepped(session: "Session", options: Mapping[str, Any], model: "TextureModel") -> "History":
    """The history with a step by the options, but for κ."""
    import jax

    from jaxtex.texture.search import moves as states

    seed = jax.random.key(session.state.seed)
    key = jax.random.fold_in(seed, states.next_iteration(session.history))
    return states.step(
        session.history,
        session.points(session.state.picks),
        radius=options["radius"],
        direction=sphere_options.direction(options["direction"], model, jax.random.fold_in(key, 1)),
        center=sphere_options.center(options["center"], model),
        move_center=options["move_center"],
    )


def _key_of_kappa(state: "State") -> "jax.Array":
    import jax

    return jax.random.fold_in(jax.random.key(state.seed), 2)


def _concentrated(
    history: "History", options: Mapping[str, Any], model: "TextureModel"
) -> tuple["History", float | None]:
    """The history with its last state at the κ that the options ask for."""
    now = history[-1]
    place = now.center, now.radius, now.direction
    kappa, reached = sphere_options.kappa(options, model, _key_of_kappa(now), place)
    if kappa is not None:
        history = (*history[:-1], replace(now, kappa=kappa))
    return history, reached


def _moved(session: "Session", began: float, similarity: float | None = None) -> Move:
    return Move(session, time.perf_counter() - began, similarity)
