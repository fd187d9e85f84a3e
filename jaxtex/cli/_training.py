"""What the commands that train a network in a folder share."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import status_line
from jaxtex.files import check_folder
from jaxtex.jobs.requests.common import check_checkpoint_every

if TYPE_CHECKING:
    from jaxtex.training import Outcome, Plan, Progress


def check_options(options: dict[str, Any]) -> Path:
    """The folder to train in; refuses what can be refused before JAX is loaded."""
    check_checkpoint_every(options)
    return check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])


def make_plan(options: dict[str, Any]) -> "Plan":
    """How long to train and what to write when."""
    from jaxtex.training import Plan

    return Plan(
        folder=options["output"],
        steps=options["steps"],
        resume=options["resume"],
        sample_every=options["sample_every"],
        keep_models=options["keep_models"],
        checkpoint_every=options["checkpoint_every"],
    )


@contextmanager
def progress_line(
    describe: Callable[[Any], str], *, quiet: bool
) -> Iterator[Callable[["Progress"], None]]:
    """What shows progress, with the losses as `describe` says them."""
    with status_line(quiet=quiet) as write:

        def show(progress: "Progress") -> None:
            write(
                f"step {progress.step}/{progress.steps}  {describe(progress.losses)}  "
                f"{progress.images_per_second:.3g} images/s, "
                f"about {progress.seconds_left / 60:.0f} min left",
                last=progress.step == progress.steps,
            )

        yield show


def report(
    options: dict[str, Any],
    settings: Any,
    outcome: "Outcome",
    names: Sequence[str],
    complaints: Sequence[str],
    seconds: float,
) -> None:
    """Says how training ended; `names` are those of the losses that are told."""
    path = options["output"] / "model.safetensors"
    if not options["as_json"]:
        click.echo(f"{path}: step {outcome.step}, {seconds:.0f} s", err=True)
        return
    losses = map(float, outcome.losses[-1][: len(names)])
    print_json(
        {
            "output": str(path),
            "status": outcome.status,
            "step": outcome.step,
            "digest": outcome.digest,
            "losses": dict(zip(names, losses, strict=True)),
            "left_out": list(complaints),
            "settings": settings.to_dict(),
            "seconds": round(seconds, 3),
        }
    )
