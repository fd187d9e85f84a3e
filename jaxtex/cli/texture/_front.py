"""The front that a command is whose work is not worth a wish to stop."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from jaxtex.cli._terminal import status_line
from jaxtex.jobs import Front


@contextmanager
def at_once() -> Iterator[Front]:
    """Words and a brief line of progress on stderr; Ctrl-C ends the command at once."""
    with status_line(quiet=False, brief=True) as write:
        yield Front(
            say=lambda text: click.echo(text, err=True),
            show=lambda status: write(status.text, last=status.last),
        )
