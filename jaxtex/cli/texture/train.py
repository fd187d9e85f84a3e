"""`jaxtex texture train`."""

from typing import Any

import click

from jaxtex.cli import _training
from jaxtex.cli._options import FILE, device_option, json_option
from jaxtex.jobs.requests.texture import TrainRequest


@click.command(context_settings={"show_default": True})
@click.option("--images", type=FILE, multiple=True, help="Folder of images, or one image.")
@click.option("--washi", type=int, help="Train on so many rendered papers instead …")
@click.option("--cloth", type=int, help="… or pieces of cloth …")
@click.option("--wood", type=int, help="… or of wood …")
@click.option("--marble", type=int, help="… or of marble.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for model and samples.")
@click.option("--model", type=FILE, help="Go on from a model: a name, file or folder.")
@click.option("--size", type=int, help="Pixels a side: 64 or 128.  [default: 64, or the model's]")
@click.option("--steps", type=int, default=20_000, help="Steps in all, those before a resume too.")
@click.option("--batch-size", type=int, default=64, help="Textures a step.")
@click.option(
    "--features", type=int, help="Channels of the largest maps.  [default: 64, or the model's]"
)
@click.option(
    "--discriminator-features",
    type=int,
    help="Channels of the discriminator's largest maps.  [default: as --features]",
)
@click.option(
    "--latent-size",
    type=int,
    help="Dimensions of the latent space.  [default: 100, or the model's]",
)
@click.option(
    "--grain",
    type=int,
    help="Fields of noise for each map of the generator.  [default: 0, or the model's]",
)
@click.option(
    "--refine-after",
    type=int,
    help="From this step on refine textures by what VGG16 sees of them.",
)
@click.option("--learning-rate", type=float, default=2e-4, help="Of Adam.")
@click.option(
    "--decay-after",
    type=int,
    help="From this step on the learning rate falls, to 0 at --steps.",
)
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
@device_option
@click.option("--overwrite", is_flag=True, help="Train anew in a folder that was used before.")
@json_option
def train(**options: Any) -> None:
    """Train a DCGAN on a folder of images or on rendered textures.

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
    _training.run(TrainRequest(options), as_json=options["as_json"])
