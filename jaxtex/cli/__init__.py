"""The command line: parse, call, print. Commands import what they need when they run."""

import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.version import __version__


class LazyGroup(click.Group):
    """A group that imports a command when it is called; its help needs no import.

    `commands_at` has by name where a command lies (`module:attribute`) and its line of help.
    """

    def __init__(
        self, *args: Any, commands_at: Mapping[str, tuple[str, str]] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = commands_at or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_at:
            return None
        module, _, attribute = self.commands_at[cmd_name][0].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, self.commands_at[name][1]) for name in names])


_COMMANDS = {
    "batch": ("jaxtex.cli.batch:batch", "Run a manifest of many jobs; nothing is lost."),
    "bench": ("jaxtex.cli.bench:bench", "Measure jaxtex against its rivals on this machine."),
    "doctor": ("jaxtex.cli.doctor:doctor", "Check versions, devices, weights and numerics."),
    "inspect": ("jaxtex.cli.inspect:inspect", "Show what images are taken for: ink and ground."),
    "msgnet": ("jaxtex.cli.msgnet:msgnet", "Stylise in one pass of a network, and train it."),
    "presets": ("jaxtex.cli.stylize:presets", "List the presets with their coefficients."),
    "score": ("jaxtex.cli.score:score", "Measure readability, artefacts and style of results."),
    "stylize": ("jaxtex.cli.stylize:stylize", "Give a content logo the style of another image."),
    "sweep": ("jaxtex.cli.sweep:sweep", "Run a table of coefficients, and report on it."),
    "texture": ("jaxtex.cli.texture:texture", "Train, sample and search a space of textures."),
    "tune": ("jaxtex.cli.tune:tune", "Find coefficients for a content and a style."),
    "ui": ("jaxtex.cli.ui:ui", "Do both jobs in the browser, on this machine."),
    "weights": ("jaxtex.cli.weights:weights", "Convert, verify and describe model weights."),
}


@click.group(
    cls=LazyGroup, commands_at=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="jaxtex")
def app() -> None:
    """Stylise logos and search texture spaces with compiled JAX programs.

    \b
    Example:
      jaxtex stylize logo.png band.png -o out.png
    """


def print_json(value: Mapping[str, Any]) -> None:
    """Prints one JSON object on stdout; everything else a command says goes to stderr."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line: exit 0 done, 1 failed while running, 2 bad input, 130 interrupted."""
    try:
        result = app.main(args=arguments, prog_name="jaxtex", standalone_mode=False)
        # Outside its standalone mode click returns the code of ctx.exit(code).
        code = result if isinstance(result, int) else 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except JaxtexError as error:
        click.echo(f"jaxtex: {error}", err=True)
        code = 2
    except (RunError, OSError, MemoryError) as error:
        click.echo(f"jaxtex: {error or type(error).__name__}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort, Stopped) as error:
        if str(error):
            click.echo(str(error), err=True)
        click.echo("jaxtex: interrupted", err=True)
        code = 130
    sys.exit(code)
