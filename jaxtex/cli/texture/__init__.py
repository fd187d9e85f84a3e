"""`jaxtex texture`: train, sample and search a space of textures (Satoh's method)."""

import click

from jaxtex.cli import LazyGroup

_HERE = "jaxtex.cli.texture"
_COMMANDS = {
    "cluster": (f"{_HERE}.cluster:cluster", "Group textures by their SSIM vectors."),
    "extend": (f"{_HERE}.extend:extend", "Make textures larger, without a seam."),
    "interpolate": (f"{_HERE}.interpolate:interpolate", "Textures evenly between two others."),
    "render": (f"{_HERE}.render:render", "Render paper, cloth, wood or marble to train on."),
    "sample": (f"{_HERE}.sample:sample", "Draw textures from a sphere in the latent space."),
    "search": (f"{_HERE}.search:search", "Search the latent space, pick by pick."),
    "similarity": (f"{_HERE}.similarity:similarity", "SSIM vectors of textures as a table."),
    "train": (
        f"{_HERE}.train:train",
        "Train a DCGAN on a folder of images or on rendered textures.",
    ),
}


@click.group(cls=LazyGroup, commands_at=_COMMANDS, no_args_is_help=True)
def texture() -> None:
    """Train, sample and search a space of textures.

    \b
    Example:
      jaxtex texture sample -n 64 -o sheet.png
    """
