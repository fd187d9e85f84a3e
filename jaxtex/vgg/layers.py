"""The convolutions of VGG16 by name, and the choices that its features leave; needs no JAX."""

from collections.abc import Iterable
from typing import Literal

from jaxtex.errors import SettingsError
from jaxtex.weights import VGG16_CHANNELS

LAYERS: tuple[str, ...] = tuple(VGG16_CHANNELS)

Pool = Literal["max", "avg"]
FeatureKind = Literal["conv", "relu"]


def depth(layer: str) -> int:
    """How often the image was halved before `layer`: 0 for block 1, 4 for block 5."""
    return int(layer[4]) - 1


def minimum_size(layers: Iterable[str]) -> int:
    """The shorter side, in pixels, that an image needs for the deepest of `layers`."""
    return 2 ** max(map(depth, layers))


def receptive_field(layer: str) -> int:
    """The side, in pixels, of the part of the image that one position of `layer` sees."""
    side, step = 1, 1
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        if depth(name) > 0 and name.endswith("_1"):
            side, step = side + step, 2 * step
        side += 2 * step
    return side


def halo(layers: Iterable[str]) -> int:
    """How many pixels beyond a part of an image its features see: a multiple of `minimum_size`."""
    layers = tuple(layers)
    step = minimum_size(layers)
    return -(-max(receptive_field(layer) // 2 for layer in layers) // step) * step


def check_layer(layer: str) -> str:
    """Returns `layer`.

    Raises:
      SettingsError: VGG16 has no such conv layer.
    """
    if layer not in VGG16_CHANNELS:
        raise SettingsError(f"layer {layer!r} is unknown; allowed are {', '.join(LAYERS)}")
    return layer
