"""Options that several commands of `jaxtex texture` share."""

from collections.abc import Callable
from typing import Any

import click

from jaxtex.cli._options import FILE, device_option


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--model and --device."""
    for option in (
        device_option,
        click.option(
            "--model",
            type=FILE,
            help="A .safetensors file, a training folder, or a model that ships, by name.  "
            "[default: washi]",
        ),
    ):
        command = option(command)
    return command


def sphere_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--center, --radius, --direction, and how far from the direction."""
    for option in (
        click.option("--similarity", type=float, help="The same as a mean MSSIM to its texture."),
        click.option("--angle", type=float, help="The same as a mean angle in degrees."),
        click.option("--kappa", type=float, help="How close to the direction; 0: everywhere."),
        click.option("--direction", help="A file of a vector, a PNG of ours, random, or axis:N."),
        click.option("--radius", type=float, help="Of the sphere; 7.8 for 100 latent dimensions."),
        click.option("--center", type=FILE, help="File of the sphere's centre; default: origin."),
    ):
        command = option(command)
    return command


def set_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """IMAGES, and how they are compared."""
    for option in (
        device_option,
        click.option("--luminance", is_flag=True, help="Compare the luma, not every channel."),
        click.option(
            "--size", type=int, help="Cut the middle square out of all and resample it to this."
        ),
        click.option(
            "--references",
            type=FILE,
            multiple=True,
            help="Image or folder to compare with; may be given again.  [default: IMAGES]",
        ),
        click.argument("images", type=FILE, nargs=-1, required=True),
    ):
        command = option(command)
    return command
