"""Training MSG-Net: one compiled step, data-parallel over all devices (Zhang and Dana 2017).

The loss is that of Johnson et al. 2016: the squared error of VGG16's relu2_2 features of content
and result, and that of the Gram matrices of relu1_2, 2_2, 3_3 and 4_3 of style and result, divided
by C·H·W. All contents of a step get one style, and its size changes from step to step.
"""

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jaxtyping import Array, Key, UInt8

from jaxtex.errors import SettingsError
from jaxtex.style.msgnet.network import MSGNet
from jaxtex.style.objective import Program, content_loss, features_of, style_loss
from jaxtex.training import scan
from jaxtex.vgg import VGG16, PreparedConv
from jaxtex.weights import Blueprint, Values, take_apart

Convs = Mapping[str, PreparedConv]

_PROGRAM = Program(
    layers=("conv1_2", "conv2_2", "conv3_3", "conv4_3"),
    content_layer="conv2_2",
    normalization="reference",
    features="relu",
    pool="max",
)
_CONTENT = _PROGRAM._replace(layers=())

SMALLEST = 32
"""The shorter side, in pixels, that training images need."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train; all that decides the result beside the images.

    Attributes:
      features: a quarter of CoMatch's channels, the paper's ngf.
      size: pixels a side of the content squares.
      style_sizes: pixels a side of the style squares, which take turns.
      batch_size: contents a step, over all devices together.
      learning_rate: Adam's.
      content_weight, style_weight: of the two terms.
    """

    features: int = 64
    size: int = 256
    style_sizes: tuple[int, ...] = (256, 512, 768)
    batch_size: int = 4
    seed: int = 0
    learning_rate: float = 1e-3
    content_weight: float = 1.0
    style_weight: float = 5.0

    def __post_init__(self) -> None:
        for name, least in (("features", 1), ("size", SMALLEST), ("batch_size", 1), ("seed", 0)):
            if not least <= getattr(self, name) < 2**31:
                raise SettingsError(
                    f"{name}: {getattr(self, name)} is not a whole number of {least} or more"
                )
        if not self.style_sizes or min(self.style_sizes) < SMALLEST:
            raise SettingsError(
                f"style_sizes: {list(self.style_sizes)} are not numbers of {SMALLEST} or more"
            )
        if not 0 < self.learning_rate < float("inf"):
            raise SettingsError(f"learning_rate: {self.learning_rate} is not a number above 0")
        for name in ("content_weight", "style_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise SettingsError(f"{name}: {getattr(self, name)} is not a number of 0 or more")

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return {**dataclasses.asdict(self), "style_sizes": list(self.style_sizes)}

    def rates(self) -> "Rates":
        """The settings that a compiled step takes as arguments."""
        return Rates(self.learning_rate, self.content_weight, self.style_weight)


class Rates(NamedTuple):
    """Settings that differ between runs of one program."""

    learning_rate: float | Array
    content_weight: float | Array
    style_weight: float | Array


class State(NamedTuple):
    """All that changes from step to step."""

    network: Values
    moments: Any


class Losses(NamedTuple):
    """Of one step: the total, and both terms without their weights."""

    total: Array
    content: Array
    style: Array


class Kernels(NamedTuple):
    """VGG16, prepared for the content's size and for a style's."""

    content: Convs
    style: Convs


def prepare(vgg: VGG16, size: int, style_size: int) -> Kernels:
    """The kernels for squares of these sizes."""
    layers = _PROGRAM.all_layers
    return Kernels(*(vgg.prepare(layers, side, side, 3) for side in (size, style_size)))


_jit: Any = nnx.jit  # its types lose the arguments


@functools.partial(_jit, static_argnums=0)
def _make(features: int, key: Key[Array, ""]) -> Any:
    return MSGNet(features=features, rngs=nnx.Rngs(key))


def start(settings: Settings, values: Values | None = None) -> tuple[Blueprint, State]:
    """The network before its first step, with the seed's weights or with these.

    Raises:
      SettingsError: `values` are of another number of features.
    """
    blueprint, drawn = take_apart(_make(settings.features, jax.random.key(settings.seed)))
    if values is not None:
        features = len(values["match"]) // 4
        if features != settings.features:
            raise SettingsError(f"features: {settings.features}, but the model has {features}")
        # Copied: a step gives its state's memory away.
        drawn = jax.tree.map(jnp.copy, dict(values))
    return blueprint, State(drawn, optax.adam(settings.learning_rate).init(drawn))


@functools.partial(jax.jit, static_argnames="blueprint", donate_argnames="state")
def train_step(
    blueprint: Blueprint,
    rates: Rates,
    kernels: Kernels,
    state: State,
    contents: UInt8[Array, "n s s 3"],
    style: UInt8[Array, "1 t t 3"],
) -> tuple[State, Losses]:
    """One step on a batch of contents and a style."""
    contents, style = contents.astype(jnp.float32), style.astype(jnp.float32)
    wanted, _ = features_of(_CONTENT, kernels.content, contents)
    _, grams = features_of(_PROGRAM, kernels.style, style)

    def loss(values: Values) -> tuple[Array, Losses]:
        network = blueprint.build(values)
        images = network(contents / 255, network.target(style / 255)) * 255
        features, found = features_of(_PROGRAM, kernels.content, images)
        content = content_loss(features, wanted, "reference").mean()
        apart = sum(style_loss(found[name], grams[name], "reference") for name in grams)
        matched = jnp.mean(apart)
        total = rates.content_weight * content + rates.style_weight * matched
        return total, Losses(total, content, matched)

    gradient, losses = jax.grad(loss, has_aux=True)(state.network)
    optimiser = optax.adam(rates.learning_rate)
    update, moments = optimiser.update(gradient, state.moments)
    return State(optax.apply_updates(state.network, update), moments), losses


@functools.partial(jax.jit, static_argnames="blueprint", donate_argnames="state")
def train_steps(
    blueprint: Blueprint,
    rates: Rates,
    kernels: Kernels,
    state: State,
    contents: UInt8[Array, "k n s s 3"],
    styles: UInt8[Array, "k 1 t t 3"],
) -> tuple[State, Losses]:
    """A step on each batch with its style in one dispatch; losses are of shape [k]."""

    def step(state: State, images: tuple[Array, Array]) -> tuple[State, Losses]:
        return train_step(blueprint, rates, kernels, state, *images)

    return scan(step, state, (contents, styles))
