"""`jaxtex texture search`: a search kept in a folder, one command a move."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli.texture._options import model_options, sphere_options
from jaxtex.errors import SettingsError
from jaxtex.jobs.requests.texture import search as requests
from jaxtex.jobs.requests.texture.search_results import Move, describe

if TYPE_CHECKING:
    from jaxtex.texture.search import Session


@click.group(invoke_without_command=True)
@click.option("--session", type=FILE, help="The folder of the search.")
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
@sphere_options
@click.option("--count", type=int, default=50, help="Textures a round, one of them from far away.")
@click.option("--clusters", type=int, default=8, help="Into how many they are grouped.")
@click.option("--seed", type=int, default=0, help="Of the draws.")
@model_options
@click.option("--overwrite", is_flag=True, help="Replace the search in the folder.")
@json_option
@click.pass_obj
def new(folder: Path | None, **options: Any) -> None:
    """Begin a search, with textures from all over the sphere.

    \b
    Example:
      jaxtex texture search --session s new --seed 1
    """
    _tell(requests.new(folder, options), options["as_json"])


@search.command()
@click.argument("labels", nargs=-1)
@click.option("--clear", is_flag=True, help="Take this round's picks away.")
@json_option
@click.pass_obj
def pick(folder: Path | None, labels: Sequence[str], clear: bool, as_json: bool) -> None:
    """Mark the textures LABELS as those that suit, in place of this round's earlier picks.

    Several give the direction between them. Labels of other rounds are allowed.

    \b
    Example:
      jaxtex texture search --session s pick 0b1 0c3
    """
    if clear and labels:
        raise SettingsError("pick: give labels or --clear, not both")
    _tell(requests.clear(folder) if clear else requests.pick(folder, labels), as_json)


@search.command()
@sphere_options
@click.option("--closer", is_flag=True, help="Textures half as unlike as this round's.")
@click.option("--move-center", is_flag=True, help="Search round the picks, with half the radius.")
@model_options
@json_option
@click.pass_obj
def step(folder: Path | None, **options: Any) -> None:
    """Go on to the next round, in the direction of the picks.

    κ becomes 100, an angle of 52° in 100 dimensions, where --kappa, --angle, --similarity or
    --closer do not say it. Without picks the next round is drawn as the last one was.

    \b
    Example:
      jaxtex texture search --session s step --similarity 0.4
    """
    _tell(requests.step(folder, options), options["as_json"])


@search.command()
@model_options
@json_option
@click.pass_obj
def none(folder: Path | None, **options: Any) -> None:
    """None of these: draw the next round from further afield.

    \b
    Example:
      jaxtex texture search --session s none
    """
    _tell(requests.none(folder, options), options["as_json"])


@search.command()
@click.argument("iteration", metavar="ROUND", type=int)
@json_option
@click.pass_obj
def back(folder: Path | None, iteration: int, as_json: bool) -> None:
    """Go back to a round, to go on from there another way.

    All rounds stay; the next one gets the next free number.

    \b
    Example:
      jaxtex texture search --session s back 0
    """
    _tell(requests.back(folder, iteration), as_json)


@search.command()
@json_option
@click.pass_obj
def undo(folder: Path | None, as_json: bool) -> None:
    """Take the last pick, step, none or back away again.

    \b
    Example:
      jaxtex texture search --session s undo
    """
    _tell(requests.undo(folder), as_json)


@search.command()
@json_option
@click.pass_obj
def show(folder: Path | None, as_json: bool) -> None:
    """Say where the search stands: labels by cluster, picks, sheets.

    \b
    Example:
      jaxtex texture search --session s show --json
    """
    session = requests.find(folder)
    if as_json:
        print_json(describe(session))
        return
    drawn = session.round()
    for name, members in drawn.clusters().items():
        click.echo(f"{name}: {' '.join(drawn.labels[index] for index in members)}")
    click.echo(f"picks: {' '.join(session.picks()) or 'none yet'}")
    click.echo(_line(session))


@search.command()
@click.argument("labels", nargs=-1)
@click.option("-o", "--output", type=FILE, help="Folder.  [default: SESSION/export]")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@json_option
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
    done = requests.export(folder, labels, output, overwrite=overwrite)
    if as_json:
        print_json(done.report())
    else:
        click.echo(f"{done.folder}: {', '.join(path.name for path in done.paths)}", err=True)


@search.command()
@click.option("-o", "--output", type=FILE, required=True, help="A new folder.")
@model_options
@json_option
@click.pass_obj
def replay(folder: Path | None, output: Path, as_json: bool, **options: Any) -> None:
    """Draw every round again into another folder, and compare.

    \b
    Example:
      jaxtex texture search --session s replay -o again
    """
    done = requests.replay(folder, output, options)
    if as_json:
        print_json(done.report())
    else:
        differing = ", ".join(done.differing)
        how = f"differs in {differing}" if differing else "the same, byte for byte"
        click.echo(f"{output}: {how}", err=True)


def _tell(move: Move, as_json: bool) -> None:
    if as_json:
        print_json(move.report())
        return
    click.echo(_line(move.session), err=True)
    if move.similarity is not None:
        click.echo(f"mean MSSIM to the texture of the direction: {move.similarity:.2f}", err=True)


def _line(session: "Session") -> str:
    state = session.state
    picks = f", picked {' '.join(state.picks)}" if state.picks else ""
    return (
        f"{session.sheets()[0]}: round {state.iteration}, radius {state.radius:.3g}, "
        f"κ {state.kappa:.4g}{picks}"
    )
