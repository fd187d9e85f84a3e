"""`jaxtex msgnet train`."""

from typing import Any

import click

from jaxtex.cli import _training
from jaxtex.cli._options import FILE, device_option, json_option
from jaxtex.jobs.requests.msgnet import TrainRequest


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
@device_option
@click.option("--overwrite", is_flag=True, help="Train anew in a folder that was used before.")
@json_option
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
    _training.run(TrainRequest(options), as_json=options["as_json"])
