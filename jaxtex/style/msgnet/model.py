"""A trained MSG-Net: its file, its identity, and stylised images from it.

The file is safetensors: kernels in half precision, biases in single, metadata in its header.
"""

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float32

from jaxtex import platforms, weights
from jaxtex.errors import ImageError, SettingsError, WeightsError
from jaxtex.style.devices import available_bytes
from jaxtex.style.msgnet.network import MINIMUM_SIZE, MSGNet
from jaxtex.weights import (
    Blueprint,
    Values,
    dimension,
    load_module,
    model_file,
    msgnet_file,
    take_apart,
)

_SHIPPED = "msgnet-logos.safetensors"
# An image takes about so many maps of 64 channels of its own size while it is computed.
_MAPS = 5


@functools.partial(jax.jit, static_argnames="blueprint")
@platforms.in_float32
def style_targets(
    blueprint: Blueprint, values: Values, styles: Float32[Array, "m h w 3"]
) -> Float32[Array, "m c c"]:
    """What the network sees of style images, RGB in [0, 1], as one program."""
    return blueprint.build(values).target(styles)


@functools.partial(jax.jit, static_argnames="blueprint")
@platforms.in_float32
def stylise(
    blueprint: Blueprint,
    values: Values,
    contents: Float32[Array, "n h w 3"],
    targets: Float32[Array, "m c c"],
) -> Float32[Array, "n h w 3"]:
    """Images in [0, 1] of contents with one style for all or one for each, as one program."""
    return jnp.clip(blueprint.build(values)(contents, targets), 0, 1)


@dataclass(frozen=True, eq=False)
class StyleModel:
    """A network ready for use.

    Attributes:
      blueprint, values: the network.
      features: a quarter of CoMatch's channels, the paper's ngf.
      digest: SHA-256 of the file's tensors; images carry it.
      metadata: the file's header.
      path: the file.
    """

    blueprint: Blueprint
    values: Values
    features: int
    digest: str
    metadata: dict[str, str]
    path: Path

    def target(self, style: Float32[np.ndarray, "h w 3"]) -> Float32[Array, "1 c c"]:
        """What the network sees of a style image, RGB in [0, 1].

        Raises:
          ImageError: the image is smaller than the network can take.
        """
        check_image(style, "style")
        return style_targets(self.blueprint, self.values, style[None])

    def apply(
        self, contents: Sequence[Float32[np.ndarray, "_ _ 3"]], style: Float32[np.ndarray, "h w 3"]
    ) -> Iterator[tuple[int, Float32[np.ndarray, "_ _ 3"]]]:
        """Each content's index and its stylised image, RGB in [0, 1].

        Contents of one size are computed together, as many as fit into the memory.

        Raises:
          ImageError: an image is smaller than the network can take.
        """
        for content in contents:
            check_image(content, "content")
        target = self.target(style)
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, content in enumerate(contents):
            groups.setdefault(content.shape, []).append(index)
        for shape, members in groups.items():
            most = batch_size(*shape[:2])
            for first in range(0, len(members), most):
                chunk = members[first : first + most]
                batch = np.stack([contents[index] for index in chunk])
                found = np.asarray(stylise(self.blueprint, self.values, batch, target))
                yield from zip(chunk, found, strict=True)


def batch_size(height: int, width: int) -> int:
    """How many images of a size to compute at once: at least 1, at most 16."""
    return int(np.clip(available_bytes() // 2 // image_bytes(height, width), 1, 16))


def image_bytes(height: int, width: int) -> int:
    """About how many bytes an image takes while it is computed."""
    return _MAPS * 64 * 4 * height * width


def check_image(image: Float32[np.ndarray, "h w 3"], what: str) -> None:
    """Raises ImageError where an image is smaller than the network can take."""
    height, width = image.shape[:2]
    if min(height, width) < MINIMUM_SIZE:
        raise ImageError(
            f"{what}: is {width}×{height} pixels; MSG-Net needs {MINIMUM_SIZE}×{MINIMUM_SIZE}"
        )


def shipped_path() -> Path:
    """Where the shipped model, trained on logos, lies."""
    return weights.directory() / _SHIPPED


def load_model(path: str | os.PathLike[str] | None = None) -> StyleModel:
    """The model in a .safetensors file or a training folder; None is the shipped one.

    Raises:
      WeightsError: the file is missing, damaged, or holds anything but an MSG-Net.
    """
    file = shipped_path() if path is None else model_file(path, "jaxtex msgnet train")
    tensors, metadata = weights.read_safetensors(file)
    architecture = metadata.get("architecture")
    if architecture != msgnet_file.ARCHITECTURE:
        raise WeightsError(
            f"{file}: holds {architecture or 'weights of an unknown architecture'}; "
            f"an MSG-Net ({msgnet_file.ARCHITECTURE}) is needed"
        )
    features = dimension(file, metadata, "features")
    needed = f"an MSG-Net of {features} features"
    try:
        network = load_module(
            lambda: MSGNet(features=features, rngs=nnx.Rngs(0)), file, tensors, needed
        )
    except SettingsError as error:
        raise WeightsError(f"{file}: {error}") from None
    blueprint, values = take_apart(network)
    return StyleModel(blueprint, values, features, weights.tensors_digest(tensors), metadata, file)


def save_model(
    path: str | os.PathLike[str], values: Mapping[str, Any], metadata: Mapping[str, str]
) -> str:
    """Writes a network's arrays as a model file, whole or not at all; returns its digest.

    `metadata` says where it comes from: `source`, `licence`, `training` (command and seed), …
    """
    tensors = {}
    for name, value in values.items():
        array = np.asarray(value)
        tensors[name] = array.astype(np.float16 if array.ndim > 1 else np.float32)
    return msgnet_file.write(path, tensors, metadata)
