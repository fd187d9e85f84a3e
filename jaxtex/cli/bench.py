"""`jaxtex bench`: runs the measurements of `bench/`, each in a process of its own."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import click

from jaxtex.cli import print_json
from jaxtex.errors import SettingsError


@click.command(context_settings={"allow_interspersed_args": False}, options_metavar="[--json]")
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="List the names as one JSON object.")
@click.pass_context
def bench(
    context: click.Context, name: str | None, arguments: tuple[str, ...], as_json: bool
) -> None:
    """Measure jaxtex against its rivals on this machine.

    Without NAME it lists the measurements and the question that each one answers. ARGUMENTS go to
    the measurement; NAME --help lists them. `all` runs those with rivals and makes one table of
    them. The rivals need pip install 'jaxtex[bench]'.

    \b
    Examples:
      jaxtex bench
      jaxtex bench all --quick --record figures.json
      jaxtex bench stylize
      jaxtex bench stylize --sizes 512x192 --rounds 3 --json
    """
    found = scripts()
    if name is None:
        questions = {each: _question(path) for each, path in found.items()}
        if as_json:
            print_json({"benchmarks": questions})
            return
        width = max(map(len, questions), default=0)
        for each, question in questions.items():
            click.echo(f"{each:{width}}  {question}")
        return
    if name not in found:
        raise SettingsError(f"bench: {name!r} is unknown; allowed are {', '.join(found)}")
    if arguments[:1] == ("--",):
        arguments = arguments[1:]
    # So that it runs the same jaxtex where that is not installed but only lies there.
    paths = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run([sys.executable, str(found[name]), *arguments], env=environment)
    context.exit(done.returncode if done.returncode >= 0 else 1)


def directory() -> Path:
    """Returns the folder of the scripts, in a clone or an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_bench"
    return installed if installed.is_dir() else package.parent / "bench"


def scripts() -> dict[str, Path]:
    """Returns the measurements by name: `stylize` for `stylize_vs_pytorch.py`."""
    return {
        path.stem.partition("_vs_")[0].replace("_", "-"): path
        for path in sorted(directory().glob("[!_]*.py"))
    }


def _question(script: Path) -> str:
    """The first line of a script's docstring."""
    said = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    return said.partition("\n")[0]
