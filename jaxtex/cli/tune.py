"""`jaxtex tune`: coefficients for a content and a style, found by themselves."""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import interruptible, status_line
from jaxtex.errors import SettingsError, named
from jaxtex.files import check_folder
from jaxtex.jobs.requests.common import check_batch_size, max_bytes, weights_digest

if TYPE_CHECKING:
    from jaxtex.style import Settings
    from jaxtex.style.experiments import Place, Round, Tuned, TuneFolder

FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True})
@click.argument("content", type=FILE)
@click.argument("style", type=FILE)
@click.option("-o", "--output", type=FILE, required=True, help="The folder to write into.")
@click.option("--preset", default="steel", help="What is tuned: a preset, or a TOML file.")
@click.option("--strength", type=float, help="How far the style may go, 0 to 1 (steel: 0.5).")
@click.option("--candidates", type=int, default=16, help="How many are tried, at small size.")
@click.option("--finalists", type=int, default=4, help="How many run at full size.")
@click.option("--size", type=int, default=256, help="Longer side at full size, in pixels.")
@click.option("--small-size", type=int, help="Longer side at first.  [default: half of --size]")
@click.option(
    "--give-up",
    type=float,
    default=0.0,
    help="Readability that the preset may lose for style; negative: that it must gain.",
)
@click.option("--minutes", type=float, help="The finalists run when so much time is gone.")
@click.option("--seed", type=int, default=0, help="Which candidates are drawn.")
@click.option("--background", default="#ffffff", help="What transparent images are put on.")
@click.option("--batch-size", type=int, help="Candidates at once.  [default: as many as fit]")
@click.option("--max-memory", type=float, help="GiB that a batch may take.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--resume", is_flag=True, help="Run only what is not in the folder yet.")
@click.option("--overwrite", is_flag=True, help="Replace what is in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def tune(**options: Any) -> None:
    """Find coefficients for CONTENT in the style of STYLE.

    Many candidates run at a small size, fewer and fewer with more and more steps; the best few and
    the preset itself run at full size. preset.toml is the one with the most style that is as
    readable as the preset itself and no less clean; front.png shows those that no other one beats
    in readability and style.

    \b
    Examples:
      jaxtex tune logo.png band.png -o tuned
      jaxtex stylize logo.png band.png -o out.png --preset tuned/preset.toml
      jaxtex tune logo.png band.png -o bolder --give-up 0.05 --minutes 10
    """
    began = time.perf_counter()
    _check_numbers(options)
    base, rounds = _base(options), _plan(options)

    from jaxtex import images

    background = options["background"]
    content = images.load_image(options["content"], background=background)
    style = images.load_image(options["style"], background=background)
    check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])

    from jaxtex.runtime import configure

    configure(options["device"])
    import jax

    from jaxtex.style import load_network, make_job
    from jaxtex.style.experiments import Interrupted, Space, TuneFolder, search
    from jaxtex.style.metrics import Reference

    space = Space(base)
    network = load_network(options["weights"])
    with named({"content": content.path, "style 1": style.path, "style": style.path}):
        # Before the long work: whether the smallest pictures can be made and scored.
        small = base.with_options(size=rounds[0].size)
        job = make_job(small, content.rgb, [style.rgb], alpha=content.alpha)
        reference = Reference(content.rgb, style.rgb, alpha=content.alpha, network=network)
        with named({"result 1": content.path}):
            reference.score([job.original])
    folder = TuneFolder(
        path=options["output"],
        content=content,
        style=style,
        reference=reference,
        network=network,
        background=background,
        weights=weights_digest(options),
        batch_size=options["batch_size"],
        max_bytes=max_bytes(options),
    )
    folder.prepare(resume=options["resume"])
    if options["minutes"] is not None:
        folder.deadline = time.monotonic() + 60 * options["minutes"]
    with interruptible() as stopped, status_line(quiet=options["as_json"]) as write:
        folder.stopped = stopped
        folder.show = lambda place: write(_progress(place, len(rounds)))
        try:
            tuned = search(
                jax.random.key(options["seed"]),
                space,
                rounds,
                folder.evaluate,
                give_up=options["give_up"],
            )
        except Interrupted:
            click.echo(f"{folder.ran} pictures were made; --resume goes on", err=True)
            raise KeyboardInterrupt from None
    preset = folder.finish(tuned, [each for each in rounds if not each.full])
    seconds = time.perf_counter() - began
    if options["as_json"]:
        print_json(_report(tuned, preset, folder, seconds))
    else:
        _say(tuned, preset, seconds)


def _check_numbers(options: Mapping[str, Any]) -> None:
    for name, low, high in (
        ("give_up", -1, 1),
        ("minutes", 0, math.inf),
    ):
        value, option = options[name], f"--{name.replace('_', '-')}"
        if value is None or low < value < high:
            continue
        allowed = f"from {low} to {high}" if high < math.inf else f"above {low}"
        raise SettingsError(f"{option}: {value} is not a number {allowed}")
    max_bytes(options)
    check_batch_size(options)
    if not 0 <= options["seed"] < 2**32:
        raise SettingsError(f"--seed: {options['seed']} is not a whole number from 0 to 4294967295")


def _base(options: Mapping[str, Any]) -> "Settings":
    """The preset that is tuned."""
    from jaxtex.style import find_preset

    base = find_preset(options["preset"])
    return base if options["strength"] is None else base.at_strength(options["strength"])


def _plan(options: Mapping[str, Any]) -> "list[Round]":
    from jaxtex.style.experiments import plan

    size, small = options["size"], options["small_size"]
    if not 2 <= size <= 16_384:
        raise SettingsError(f"--size: {size} is not a whole number of pixels from 2 to 16384")
    if small is None:
        small = size // 2
    return plan(options["candidates"], options["finalists"], small, size)


def _progress(place: "Place", rounds: int) -> str:
    this, progress = place.this, place.progress
    return (
        f"round {this.number} of {rounds}, candidates {place.first + 1} to "
        f"{place.first + place.running} of {this.count}  step {progress.step}/{progress.steps}  "
        f"{progress.width}×{progress.height}  {progress.seconds:.0f} s"
    )


def _rows(tuned: "Tuned", indices: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {
            "candidate": tuned.candidates[index].number,
            **tuned.figures[index]._asdict(),
            "chosen": index == tuned.chosen,
        }
        for index in indices
    ]


def _report(tuned: "Tuned", preset: Path, folder: "TuneFolder", seconds: float) -> dict[str, Any]:
    chosen = tuned.candidates[tuned.chosen]
    return {
        "output": str(folder.path),
        "preset": str(preset),
        "chosen": chosen.number,
        "settings": chosen.settings.to_dict(),
        "front": _rows(tuned, tuned.front),
        "finalists": _rows(tuned, range(len(tuned.candidates))),
        "run": folder.ran,
        "seconds": round(seconds, 3),
    }


def _say(tuned: "Tuned", preset: Path, seconds: float) -> None:
    for row in _rows(tuned, range(len(tuned.candidates))):
        notes = ["the preset itself"] * (row["candidate"] == 0) + ["chosen"] * row["chosen"]
        line = (
            f"candidate {row['candidate']:3}  readability {row['readability']:.3f}  "
            f"artefacts {row['artefacts']:.3f}  style {row['style']:.3f}  {', '.join(notes)}"
        )
        click.echo(line.rstrip(), err=True)
    click.echo(f"{preset}: found in {seconds:.0f} s", err=True)
