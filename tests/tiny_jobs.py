"""Jobs of tiny images with a shallow program, shared by the tests of `jobs`."""

import io
from pathlib import Path

import numpy as np
from logos import SHALLOW, bars
from PIL import Image

from jaxtex import images

TINY = {"layer": SHALLOW["layers"], "content_layer": SHALLOW["content_layer"], "size": 64,
        "steps": 6, "finish_steps": 0, "scales": 1, "margin": 4, "canvas": "grey"}  # fmt: skip


def make_images(folder: Path) -> None:
    """Two contents of one shape, one of another, and two styles."""
    images.save_image(folder / "c1.png", bars())
    images.save_image(folder / "c2.png", bars()[:, ::-1])
    images.save_image(folder / "tall.png", bars(64, 48))
    for seed in (1, 2):
        style = np.random.default_rng(seed).permutation(bars(30, 50))
        images.save_image(folder / f"s{seed}.png", style)


def pixels(finished):
    """The picture of a finished job."""
    with Image.open(io.BytesIO(finished.image)) as image:
        return np.asarray(image, np.float32) / 255
