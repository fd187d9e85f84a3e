"""`jaxtex texture train`."""

import dataclasses
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli._terminal import interruptible, status_line
from jaxtex.cli._training import check_options, make_plan, progress_line, report
from jaxtex.errors import SettingsError
from jaxtex.files import atomic_path, make_folder

if TYPE_CHECKING:
    from jaxtex.texture.dcgan.train import Losses, Settings
    from jaxtex.training import Dataset

FILE = click.Path(path_type=Path)

_MAX_PAPERS = 1_000_000
_PAPERS = "papers.npy"
_PAPER_CHUNK = 50


@click.command(context_settings={"show_default": True})
@click.option("--images", type=FILE, multiple=True, help="Folder of images, or one image.")
@click.option("--washi", type=int, help="Train on so many rendered papers instead.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for model and samples.")
@click.option("--size", type=int, default=64, help="Pixels a side: 64 or 128.")
@click.option("--steps", type=int, default=20_000, help="Steps in all, those before a resume too.")
@click.option("--batch-size", type=int, default=64, help="Textures a step.")
@click.option("--features", type=int, default=64, help="Channels of the largest maps.")
@click.option("--latent-size", type=int, default=100, help="Dimensions of the latent space.")
@click.option("--learning-rate", type=float, default=2e-4, help="Of Adam.")
@click.option(
    "--augment/--no-augment",
    default=None,
    help="Show the discriminator changed colours and places, against few images being learned by "
    "heart.  [default: with --images]",
)
@click.option("--spectral", is_flag=True, help="Spectral instead of batch normalisation there.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@click.option("--sample-every", type=int, default=500, help="Steps between two sample grids.")
@click.option("--keep-models", is_flag=True, help="Keep the model of each sample grid.")
@click.option("--checkpoint-every", type=float, default=60.0, help="Seconds between checkpoints.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Train anew in a folder that was used before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def train(**options: Any) -> None:
    """Train a DCGAN on a folder of images or on rendered washi.

    Squares are cut from the images at random, turned and flipped. The folder gets
    model.safetensors (at each checkpoint and at the end), losses.csv and samples-000500.png, ….
    All devices take part, and where the environment names a cluster (JAX_COORDINATOR_ADDRESS,
    Slurm, Open MPI) all hosts.

    \b
    Examples:
      jaxtex texture train --images photos -o paper --steps 20000
      jaxtex texture train --washi 8000 --features 32 -o washi
      jaxtex texture train --washi 8000 --features 32 -o washi --steps 40000 --resume
    """
    folder = _check(options)
    from jaxtex.runtime import configure, join_cluster

    join_cluster()
    configure(options["device"])
    import jax

    from jaxtex.texture.dcgan.fit import fit

    settings = _settings(options)
    plan = make_plan(options)
    began = time.perf_counter()
    with interruptible() as stopped, progress_line(_describe, quiet=options["as_json"]) as show:
        dataset, source, complaints = _dataset(options, settings)
        make_folder(folder)
        if options["overwrite"] and not options["resume"] and jax.process_index() == 0:
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        metadata = {"source": source, "training": _command(options, settings)}
        plan = dataclasses.replace(plan, metadata=metadata, progress=show, stop=stopped)
        outcome = fit(settings, dataset, plan)
    seconds = time.perf_counter() - began
    report(options, settings, outcome, ("discriminator", "generator"), complaints, seconds)
    if outcome.status == "interrupted":
        raise KeyboardInterrupt


def _check(options: dict[str, Any]) -> Path:
    """Refuses what can be refused before JAX is loaded."""
    papers = options["washi"]
    if bool(options["images"]) == (papers is not None):
        raise SettingsError("train: give either --images FOLDER or --washi N")
    if papers is not None:
        from jaxtex.training.dataset import MINIMUM

        if not MINIMUM <= papers <= _MAX_PAPERS:
            raise SettingsError(
                f"--washi: {papers} is not a number from {MINIMUM} to {_MAX_PAPERS}"
            )
    return check_options(options)


def _settings(options: dict[str, Any]) -> "Settings":
    from jaxtex.texture.dcgan.train import Settings

    names = ("size", "latent_size", "features", "batch_size", "seed", "learning_rate", "spectral")
    augmented = options["augment"]
    if augmented is None:
        augmented = bool(options["images"])
    return Settings(augmented=augmented, **{name: options[name] for name in names})


def _dataset(options: dict[str, Any], settings: "Settings") -> tuple["Dataset", str, list[str]]:
    """The training set, what the model file says of it, and complaints about files left out."""
    from jaxtex.training import Dataset
    from jaxtex.training.dataset import load_images

    if options["images"]:
        pool, complaints = load_images(options["images"], settings.size)
        for complaint in complaints:
            click.echo(f"left out: {complaint}", err=True)
        source = f"{len(pool)} images"
    else:
        pool, complaints = _papers(options, settings), []
        source = f"{len(pool)} papers rendered by jaxtex.texture.washi, seed {settings.seed}"
    return Dataset(pool, settings.size, settings.seed), source, complaints


def _papers(options: dict[str, Any], settings: "Settings") -> list[Any]:
    """Papers of twice the size, rendered once and kept in the folder."""
    import numpy as np

    from jaxtex.texture.washi import render

    count, side = options["washi"], 2 * settings.size
    path = options["output"] / _PAPERS
    if options["resume"] and path.is_file():
        try:
            papers = np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError):
            papers = np.zeros(0)
        if papers.shape == (count, side, side, 3) and papers.dtype == np.uint8:
            return list(papers)
    make_folder(options["output"])
    papers = np.empty((count, side, side, 3), np.uint8)
    with status_line(quiet=options["as_json"]) as show:
        for first in range(0, count, _PAPER_CHUNK):
            numbers = range(first, min(count, first + _PAPER_CHUNK))
            papers[first : numbers.stop] = render(settings.seed, numbers, side) * 255 + 0.5
            show(f"paper {numbers.stop}/{count}", last=numbers.stop == count)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, papers)
    return list(papers)


def _command(options: dict[str, Any], settings: "Settings") -> str:
    """How to train such a model again."""
    data = "--images FOLDER" if options["images"] else f"--washi {options['washi']}"
    words = [f"jaxtex texture train {data}"]
    for name in ("size", "latent_size", "features", "batch_size", "learning_rate", "seed", "steps"):
        words.append(f"--{name.replace('_', '-')} {options[name]}")
    words.append("--augment" if settings.augmented else "--no-augment")
    if settings.spectral:
        words.append("--spectral")
    return " ".join(words)


def _describe(losses: "Losses") -> str:
    return f"loss D {losses.discriminator:.2f} G {losses.generator:.2f}"
