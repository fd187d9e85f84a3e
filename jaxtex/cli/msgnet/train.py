"""`jaxtex msgnet train`."""

import dataclasses
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli._terminal import interruptible
from jaxtex.cli._training import check_options, make_plan, progress_line, report
from jaxtex.files import make_folder

if TYPE_CHECKING:
    from jaxtex.style.msgnet.train import Losses, Settings
    from jaxtex.training import Dataset

FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True})
@click.option("--content", type=FILE, multiple=True, required=True, help="Folder of contents.")
@click.option("--style", type=FILE, multiple=True, required=True, help="Folder of styles.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for model and samples.")
@click.option("--steps", type=int, default=20_000, help="Steps in all, those before a resume too.")
@click.option("--model", type=FILE, help="Go on from the weights of a model file or folder.")
@click.option(
    "--features",
    type=int,
    help="A quarter of the widest maps' channels.  [default: 64, or the model's]",
)
@click.option("--size", type=int, default=256, help="Pixels a side of the content squares.")
@click.option(
    "--style-size",
    type=int,
    multiple=True,
    default=(256, 512, 768),
    help="Pixels a side of the style squares; several take turns.",
)
@click.option("--batch-size", type=int, default=4, help="Contents a step.")
@click.option("--learning-rate", type=float, default=1e-3, help="Of Adam.")
@click.option("--content-weight", type=float, default=1.0, help="Of the content's features.")
@click.option("--style-weight", type=float, default=5.0, help="Of the style's Gram matrices.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@click.option("--sample-every", type=int, default=500, help="Steps between two sample sheets.")
@click.option("--keep-models", is_flag=True, help="Keep the model of each sample sheet.")
@click.option("--checkpoint-every", type=float, default=60.0, help="Seconds between checkpoints.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Train anew in a folder that was used before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def train(**options: Any) -> None:
    """Train an MSG-Net on folders of contents and styles.

    Squares are cut from the images at random. The folder gets model.safetensors (at each checkpoint
    and at the end), losses.csv and samples-000500.png, …. All devices take part, and where the
    environment names a cluster (JAX_COORDINATOR_ADDRESS, Slurm, Open MPI) all hosts.

    \b
    Examples:
      jaxtex msgnet train --content logos --style bands -o net
      jaxtex msgnet train --content logos --style bands -o net --features 32 --size 128 \\
        --style-size 128 --style-size 192 --steps 40000 --resume
    """
    folder = check_options(options)
    from jaxtex.runtime import configure, join_cluster

    join_cluster()
    configure(options["device"])
    import jax

    from jaxtex.style import load_network
    from jaxtex.style.msgnet import load_model
    from jaxtex.style.msgnet.fit import fit

    model = None if options["model"] is None else load_model(options["model"])
    if options["features"] is None:
        options["features"] = 64 if model is None else model.features
    settings = _settings(options)
    plan = make_plan(options)
    began = time.perf_counter()
    with interruptible() as stopped, progress_line(_describe, quiet=options["as_json"]) as show:
        contents, styles, complaints = _datasets(options, settings)
        vgg = load_network(options["weights"])
        make_folder(folder)
        if options["overwrite"] and not options["resume"] and jax.process_index() == 0:
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
        source = f"{len(contents.pool)} contents and {len(styles.pool)} styles"
        metadata = {"source": source, "training": _command(options)}
        if model is not None:
            metadata["trained_from"] = model.digest
        plan = dataclasses.replace(plan, metadata=metadata, progress=show, stop=stopped)
        outcome = fit(settings, contents, styles, vgg, plan, model=model)
    seconds = time.perf_counter() - began
    report(options, settings, outcome, ("total", "content", "style"), complaints, seconds)
    if outcome.status == "interrupted":
        raise KeyboardInterrupt


def _settings(options: dict[str, Any]) -> "Settings":
    from jaxtex.style.msgnet.train import Settings

    names = [field.name for field in dataclasses.fields(Settings) if field.name != "style_sizes"]
    chosen = {name: options[name] for name in names}
    return Settings(style_sizes=tuple(options["style_size"]), **chosen)


def _datasets(
    options: dict[str, Any], settings: "Settings"
) -> tuple["Dataset", "Dataset", list[str]]:
    """Contents, styles, and complaints about files left out."""
    from jaxtex.style.msgnet.fit import MINIMUM_STYLES
    from jaxtex.style.msgnet.train import SMALLEST
    from jaxtex.training import Dataset
    from jaxtex.training.dataset import load_images

    pool, complaints = load_images(options["content"], settings.size, minimum=1, what="--content")
    # Styles are scaled to the sizes that take turns, up or down.
    styles, others = load_images(
        options["style"],
        max(settings.style_sizes),
        smallest=SMALLEST,
        minimum=MINIMUM_STYLES,
        what="--style",
    )
    for complaint in (*complaints, *others):
        click.echo(f"left out: {complaint}", err=True)
    return (
        Dataset(pool, settings.size, settings.seed, turned=False),
        Dataset(styles, max(settings.style_sizes), settings.seed, turned=False),
        [*complaints, *others],
    )


def _command(options: dict[str, Any]) -> str:
    """How to train such a model again."""
    words = ["jaxtex msgnet train --content FOLDER --style FOLDER"]
    names = ("features", "size", "batch_size", "learning_rate", "content_weight", "style_weight")
    for name in (*names, "seed", "steps"):
        words.append(f"--{name.replace('_', '-')} {options[name]}")
    words += [f"--style-size {size}" for size in options["style_size"]]
    if options["model"] is not None:
        words.append("--model FILE")
    return " ".join(words)


def _describe(losses: "Losses") -> str:
    return f"content {losses.content:.4g} style {losses.style:.4g}"
