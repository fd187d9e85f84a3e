"""What long commands share: a Ctrl-C that is a wish, and a line of progress."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from jaxtex.jobs import Front


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into a wish to stop; a second one stops at once."""
    wishes: list[int] = []

    def wish(number: int, frame: Any) -> None:
        if wishes:
            raise KeyboardInterrupt
        wishes.append(number)
        click.echo("\nstopping after this chunk of steps …", err=True)

    before = signal.signal(signal.SIGINT, wish)
    try:
        yield lambda: bool(wishes)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def status_line(*, quiet: bool, brief: bool = False) -> Iterator[Callable[..., None]]:
    """A line on stderr that is written over; one every ten seconds where there is no terminal.

    What is yielded takes the text, and `last=True` with the one that must not be left out. With
    `brief`, for work that may be done at once and for many small steps, nothing is said at first,
    and on a terminal at most five times a second.
    """
    terminal = sys.stderr.isatty()
    pause = 0.2 if terminal and brief else 0 if terminal else 10
    said = False
    shown = time.monotonic() if brief else -float("inf")

    def show(line: str, *, last: bool = False) -> None:
        nonlocal said, shown
        now = time.monotonic()
        if quiet or (not last and now - shown < pause):
            return
        said, shown = True, now
        click.echo(f"\r\x1b[K{line}" if terminal else line, err=True, nl=not terminal)

    try:
        yield show
    finally:
        if terminal and said:
            click.echo(err=True)


@contextmanager
def terminal(*, quiet: bool) -> Iterator["Front"]:
    """The front that a command is: words and a line of progress on stderr, Ctrl-C to stop."""
    from jaxtex.jobs import Front

    with interruptible() as stopped, status_line(quiet=quiet) as write:
        yield Front(
            say=say, show=lambda status: write(status.text, last=status.last), stopped=stopped
        )


@contextmanager
def at_once() -> Iterator["Front"]:
    """The front of a command that is soon done: a brief line of progress, Ctrl-C ends it."""
    from jaxtex.jobs import Front

    with status_line(quiet=False, brief=True) as write:
        yield Front(say=say, show=lambda status: write(status.text, last=status.last))


def say(text: str) -> None:
    """A sentence on stderr, in the place of a line of progress."""
    click.echo(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, err=True)
