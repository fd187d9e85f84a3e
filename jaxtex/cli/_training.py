"""What the commands that train a network in a folder share: how a training is told."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import interruptible, say, status_line
from jaxtex.jobs import Front

if TYPE_CHECKING:
    from jaxtex.jobs import Status
    from jaxtex.jobs.requests import TrainingRequest


def run(request: "TrainingRequest", *, as_json: bool) -> None:
    """Checks and runs a training, and says how it ended."""
    request.check()
    request.begin()
    with _terminal(quiet=as_json) as front:
        done = request.run(front)
    if as_json:
        print_json(request.report(done))
    else:
        click.echo(f"{request.path}: step {done.outcome.step}, {done.seconds:.0f} s", err=True)
    if done.outcome.status == "interrupted":
        raise KeyboardInterrupt


@contextmanager
def _terminal(*, quiet: bool) -> Iterator[Front]:
    """The front of a training: the last of its papers stays said where its steps begin."""
    with interruptible() as stopped, ExitStack() as lines:
        write = None

        def show(status: "Status") -> None:
            nonlocal write
            write = write or lines.enter_context(status_line(quiet=quiet))
            write(status.text, last=status.last)
            if status.last:
                lines.close()
                write = None

        yield Front(say=say, show=show, stopped=stopped)
