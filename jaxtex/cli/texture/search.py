"""`jaxtex texture search`: a search kept in a folder, one command a move."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from jaxtex.cli import print_json
from jaxtex.cli.texture import _points
from jaxtex.errors import SettingsError
from jaxtex.texture.sphere import options as sphere_options

if TYPE_CHECKING:
    from jaxtex.texture.dcgan import TextureModel
    from jaxtex.texture.search import History, Session

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")


@click.group(invoke_without_command=True)
@click.option("--session", type=_points.FILE, help="The folder of the search.")
@click.pass_context
def search(ctx: click.Context, session: Path | None) -> None:
    """Search the latent space, pick by pick.

    Every round is a contact sheet in the session's folder: textures cluster by cluster, each
    under its label, the most typical of a cluster edged in blue, your picks in orange. Pick what
    suits and step: the next round comes from that direction. `none` looks further afield. One
    texture a round, labelled far, is as unlike the others as can be.

    \b
    Examples:
      jaxtex texture search --session s new
      jaxtex texture search --session s pick 0b1 0c1
      jaxtex texture search --session s step --angle 50
      jaxtex texture search --session s export -o picked
    """
    ctx.obj = session
    if ctx.invoked_subcommand is None:
        if session is None:
            click.echo(ctx.get_help())
        else:
            ctx.invoke(show, as_json=False)


@search.command(context_settings={"show_default": True})
@_points.sphere_options
@click.option("--count", type=int, default=50, help="Textures a round, one of them from far away.")
@click.option("--clusters", type=int, default=8, help="Into how many they are grouped.")
@click.option("--seed", type=int, default=0, help="Of the draws.")
@_points.model_options
@click.option("--overwrite", is_flag=True, help="Replace the search in the folder.")
@_json
@click.pass_obj
def new(folder: Path | None, **options: Any) -> None:
    """Begin a search, with textures from all over the sphere.

    \b
    Example:
      jaxtex texture search --session s new --seed 1
    """
    from jaxtex.texture.search import moves as states
    from jaxtex.texture.search import session as sessions

    target = _named(folder)
    states.check_counts(options["count"], options["clusters"])
    sphere_options.check_seed(options["seed"])
    sphere_options.check(options)
    sessions.check_new(target, overwrite=options["overwrite"])
    began = time.perf_counter()
    model = _points.load(options["model"], options["device"])

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
    _tell(session, options["as_json"], began, reached)


@search.command()
@click.argument("labels", nargs=-1)
@_json
@click.pass_obj
def pick(folder: Path | None, labels: Sequence[str], as_json: bool) -> None:
    """Mark the textures LABELS as those that suit, in place of this round's earlier picks.

    Several give the direction between them. Labels of earlier rounds are allowed.

    \b
    Example:
      jaxtex texture search --session s pick 0b1 0c3
    """
    began = time.perf_counter()
    _tell(_open(folder).pick(labels), as_json, began)


@search.command()
@_points.sphere_options
@click.option("--closer", is_flag=True, help="Textures half as unlike as this round's.")
@click.option("--move-center", is_flag=True, help="Search round the picks, with half the radius.")
@_points.model_options
@_json
@click.pass_obj
def step(folder: Path | None, **options: Any) -> None:
    """Go on to the next round, in the direction of the picks.

    κ becomes 100, an angle of 52° in 100 dimensions, where --kappa, --angle, --similarity or
    --closer do not say it. Without picks the next round is drawn as the last one was.

    \b
    Example:
      jaxtex texture search --session s step --similarity 0.4
    """
    from jaxtex.texture.search import moves as states

    session = _open(folder)
    sphere_options.check(options)
    if options["closer"]:
        options["similarity"] = (1 + session.round().likeness) / 2
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
    _tell(session.go_on(history, model.generate), options["as_json"], began, reached)


@search.command()
@_points.model_options
@_json
@click.pass_obj
def none(folder: Path | None, **options: Any) -> None:
    """None of these: draw the next round from further afield.

    \b
    Example:
      jaxtex texture search --session s none
    """
    from jaxtex.texture.search import moves as states

    session = _open(folder)
    began = time.perf_counter()
    model = _load(session, options)
    history = states.none_of_these(session.history)
    _tell(session.go_on(history, model.generate), options["as_json"], began)


@search.command()
@_json
@click.pass_obj
def undo(folder: Path | None, as_json: bool) -> None:
    """Take the last pick, step or none back.

    \b
    Example:
      jaxtex texture search --session s undo
    """
    began = time.perf_counter()
    _tell(_open(folder).undo(), as_json, began)


@search.command()
@_json
@click.pass_obj
def show(folder: Path | None, as_json: bool) -> None:
    """Say where the search stands: labels by cluster, picks, sheets.

    \b
    Example:
      jaxtex texture search --session s show --json
    """
    session = _open(folder)
    if as_json:
        print_json(_report(session))
        return
    drawn = session.round()
    for name, members in drawn.clusters().items():
        click.echo(f"{name}: {' '.join(drawn.labels[index] for index in members)}")
    click.echo(f"picks: {' '.join(session.picks()) or 'none yet'}")
    click.echo(_line(session))


@search.command()
@click.argument("labels", nargs=-1)
@click.option("-o", "--output", type=_points.FILE, help="Folder.  [default: SESSION/export]")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@_json
@click.pass_obj
def export(
    folder: Path | None,
    labels: Sequence[str],
    output: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the textures LABELS, or all that were picked, as PNG files.

    Each carries its latent, the seed and the model's digest; `interpolate` takes it as an end.

    \b
    Example:
      jaxtex texture search --session s export -o picked
    """
    session = _open(folder)
    target = session.folder / "export" if output is None else output
    paths = session.export(target, labels or session.picks(), overwrite=overwrite)
    if as_json:
        print_json({"session": str(session.folder), "outputs": [str(path) for path in paths]})
    else:
        click.echo(f"{target}: {', '.join(path.name for path in paths)}", err=True)


@search.command()
@click.option("-o", "--output", type=_points.FILE, required=True, help="A new folder.")
@_points.model_options
@_json
@click.pass_obj
def replay(folder: Path | None, output: Path, as_json: bool, **options: Any) -> None:
    """Draw every round again into another folder, and compare.

    \b
    Example:
      jaxtex texture search --session s replay -o again
    """
    from jaxtex.files import check_folder

    session = _open(folder)
    check_folder(output)
    model = _load(session, options)
    differing = session.replay(output, model.generate)
    if as_json:
        print_json({"output": str(output), "same": not differing, "differing": differing})
    else:
        how = f"differs in {', '.join(differing)}" if differing else "the same, byte for byte"
        click.echo(f"{output}: {how}", err=True)


def _named(folder: Path | None) -> Path:
    if folder is None:
        raise SettingsError("--session: name the folder of the search, before the command")
    return folder


def _open(folder: Path | None) -> "Session":
    from jaxtex.texture.search import open_session

    return open_session(_named(folder))


def _load(session: "Session", options: dict[str, Any]) -> "TextureModel":
    """The session's model; another one is refused."""
    path = options["model"]
    if path is None and session.model.path is not None:
        path = Path(session.model.path)
    model = _points.load(path, options["device"])
    session.check_digest(model.digest)
    return model


def _concentrated(
    history: "History", options: dict[str, Any], model: "TextureModel"
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


def _tell(session: "Session", as_json: bool, began: float, reached: float | None = None) -> None:
    if as_json:
        print_json(
            {**_report(session), "similarity": reached, "seconds": time.perf_counter() - began}
        )
        return
    click.echo(_line(session), err=True)
    if reached is not None:
        click.echo(f"mean MSSIM to the texture of the direction: {reached:.2f}", err=True)


def _line(session: "Session") -> str:
    state = session.state
    picks = f", picked {' '.join(state.picks)}" if state.picks else ""
    return (
        f"{session.sheets()[0]}: round {state.iteration}, radius {state.radius:.3g}, "
        f"κ {state.kappa:.4g}{picks}"
    )


def _report(session: "Session") -> dict[str, Any]:
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
