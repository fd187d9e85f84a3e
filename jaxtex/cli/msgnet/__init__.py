"""`jaxtex msgnet`: a network that stylises in one pass, for any style (Zhang and Dana 2017)."""

import click

from jaxtex.cli import LazyGroup

_HERE = "jaxtex.cli.msgnet"
_COMMANDS = {
    "apply": (f"{_HERE}.apply:apply", "Stylise images in one pass of the network."),
    "train": (f"{_HERE}.train:train", "Train the network on folders of contents and styles."),
}


@click.group(cls=LazyGroup, commands_at=_COMMANDS, no_args_is_help=True)
def msgnet() -> None:
    """Stylise in one pass of a network, in milliseconds to seconds.

    \b
    Example:
      jaxtex msgnet apply logo.png band.png -o out.png
    """
