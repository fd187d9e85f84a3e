"""How a DCGAN is trained: all that decides the result beside the images."""

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Key

from jaxtex.errors import SettingsError
from jaxtex.texture.dcgan.network import LATENT_SIZE, channels

REST = 40
"""Steps in which the generator rests when it is refined, until its new discriminator can judge."""
_NEVER = 2**31 - 2
_STEADY = (_NEVER - 1, _NEVER)
_REFINED_AVERAGE, _REFINED_BETA2 = 0.99, 0.99


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to train; all that decides the result beside the images.

    Attributes:
      size: pixels a side, 64 or 128.
      features: channels of the generator's last map, f.
      discriminator_features: channels of the discriminator's first map; None: `features`.
      grain: fields of noise for each of the generator's maps but the first (`grain.fields`).
      batch_size: textures a step, over all devices together.
      learning_rate, beta1: Adam's.
      average: how much of the generator's average stays at each step.
      augmented: whether real and generated textures are augmented.
      spectral: spectral normalisation of the discriminator instead of BatchNorm.
      refine_after: from this step on the generator is refined; None: it is not.
      decay: the first and the last step of those in which the learning rate falls evenly to 0.
    """

    size: int = 64
    latent_size: int = LATENT_SIZE
    features: int = 64
    discriminator_features: int | None = None
    grain: int = 0
    batch_size: int = 64
    seed: int = 0
    learning_rate: float = 2e-4
    beta1: float = 0.5
    average: float = 0.999
    augmented: bool = False
    spectral: bool = False
    refine_after: int | None = None
    decay: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        channels(self.features, self.size)
        for name, least in (("latent_size", 2), ("batch_size", 2), ("seed", 0), ("grain", 0)):
            value = getattr(self, name)
            if not least <= value < 2**31:
                raise SettingsError(f"{name}: {value} is not a whole number of {least} or more")
        if not 0 < self.learning_rate < float("inf"):
            raise SettingsError(f"learning_rate: {self.learning_rate} is not a number above 0")
        for name in ("beta1", "average"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingsError(f"{name}: {getattr(self, name)} is not in [0, 1)")
        if self.refine_after is not None and not 0 <= self.refine_after < _NEVER:
            raise SettingsError(f"refine_after: {self.refine_after} is not a step of 0 or more")
        if self.discriminator_features is not None:
            channels(self.discriminator_features, self.size)
        if self.decay is not None and not 0 <= self.decay[0] < self.decay[1] <= _NEVER:
            first, last = self.decay
            raise SettingsError(f"decay_after: {first} is not a step from 0 to before {last}")

    def to_dict(self) -> dict[str, Any]:
        """The settings by name."""
        return dataclasses.asdict(self)

    def rates(self, *, refined: bool = False) -> "Rates":
        """The settings that a compiled step takes as arguments, of either phase."""
        rates = Rates(
            self.seed, self.learning_rate, self.beta1, self.average, decay=self.decay or _STEADY
        )
        if not refined:
            return rates
        average = min(self.average, _REFINED_AVERAGE)
        begin = (self.refine_after or 0) + REST
        return rates._replace(average=average, beta2=_REFINED_BETA2, begin=begin)


class Rates(NamedTuple):
    """Settings that differ between runs of one program."""

    seed: int | Array
    learning_rate: float | Array
    beta1: float | Array
    average: float | Array
    beta2: float | Array = 0.999
    begin: int | Array = 0
    """The generator rests before this step."""
    decay: tuple[int | Array, int | Array] = _STEADY
    """The learning rate falls between these steps."""

    def optimiser(self, step: int | Array) -> optax.GradientTransformation:
        """Adam for a step of either network."""
        first, last = self.decay
        share = jnp.clip((last - step) / (last - first), 0, 1)
        return optax.adam(self.learning_rate * share, b1=self.beta1, b2=self.beta2)

    def key(self, place: int | Array) -> Key[Array, ""]:
        """The key of a step, or of what comes before and beside the steps."""
        return jax.random.fold_in(jax.random.key(self.seed), place)
