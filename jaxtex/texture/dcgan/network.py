"""DCGAN (Radford, Metz, Chintala 2015): generator and discriminator of 64² or 128² textures.

The generator projects a latent of N(0, I) to 4×4 and doubles it with 4×4 transposed convolutions,
halving the channels from 8f down to f; the discriminator is its mirror. No layer has a bias beside
its BatchNorm, as in the authors' code, and weights are drawn from N(0, 0.02). A discriminator
without BatchNorm has biases: else it would give 0 to even grey whatever its weights, and a
generator that draws nothing but grey would stay with it.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from jaxtex.errors import SettingsError
from jaxtex.texture.dcgan import grain
from jaxtex.texture.dcgan.convs import strided_conv, transposed_conv

SIZES = (64, 128)
LATENT_SIZE = 100
EPSILON = 1e-5
"""Added to a variance before its root, by BatchNorm."""
_UNEVEN = 0.3
"""How far from a half a channel's share is that becomes two."""


def channels(features: int, size: int) -> tuple[int, ...]:
    """The channels of the generator's maps from 4×4 to half the size: 8f to f.

    Raises:
      SettingsError: `size` is not one of `SIZES`, or `features` is below 1.
    """
    if size not in SIZES:
        raise SettingsError(f"size: {size} is not one of {', '.join(map(str, SIZES))}")
    if features < 1:
        raise SettingsError(f"features: {features} is not a whole number of 1 or more")
    doublings = (size // 4).bit_length() - 1
    return tuple(features * 2 ** min(3, doublings - 1 - stage) for stage in range(doublings))


class Conv(nnx.Module):
    """A 4×4 kernel [4, 4, a, b]: from `a` channels to `b` halving, from `b` to `a` doubling."""

    def __init__(self, outer: int, inner: int, *, bias: bool = False) -> None:
        self.kernel = nnx.Param(jnp.zeros((4, 4, outer, inner)))
        self.bias = nnx.Param(jnp.zeros(inner)) if bias else None


def _norms(widths: Sequence[int], rngs: nnx.Rngs) -> list[nnx.BatchNorm]:
    return [nnx.BatchNorm(width, momentum=0.9, epsilon=EPSILON, rngs=rngs) for width in widths]


def _draw_weights(module: nnx.Module, key: Key[Array, ""]) -> None:
    """Sets kernels to N(0, 0.02) and BatchNorm's scales to N(1, 0.02)."""
    state = nnx.state(module, nnx.Param)
    parameters = nnx.to_flat_state(state)
    # All at once: a program for each parameter would take seconds to compile.
    noise = 0.02 * jax.random.normal(key, (sum(value.size for _, value in parameters),))
    first = 0
    for path, value in parameters:
        part = noise[first : first + value.size].reshape(value.shape)
        first += value.size
        if path[-1] != "bias":
            value[...] = part + (1 if path[-1] == "scale" else 0)
    nnx.update(module, state)


class Generator(nnx.Module):
    """Latents to textures; with `grain` fields of noise for each map but the first."""

    def __init__(
        self,
        *,
        latent_size: int = LATENT_SIZE,
        features: int = 64,
        size: int = 64,
        grain: int = 0,
        rngs: nnx.Rngs,
    ) -> None:
        widths = channels(features, size)
        self.latent_size, self.features, self.size = latent_size, features, size
        self.grain = grain
        self.project = nnx.Param(jnp.zeros((latent_size, 4, 4, widths[0])))
        self.norms = nnx.List(_norms(widths, rngs))
        pairs = zip((*widths[1:], 3), widths, strict=True)
        self.convs = nnx.List([Conv(outer, inner) for outer, inner in pairs])
        # From each field to each channel, one `grain.GAIN`th of it.
        strengths = [jnp.zeros((grain, width)) for width in widths[1:]] if grain else []
        self.strengths = nnx.List(map(nnx.Param, strengths))
        _draw_weights(self, rngs.params())

    def __call__(
        self, latents: Float[Array, "n {self.latent_size}"], *, train: bool
    ) -> Float[Array, "n {self.size} {self.size} 3"]:
        """Textures in [−1, 1]; BatchNorm by the batch when training, else by its averages."""
        x = jnp.tensordot(latents, self.project[...], 1)
        for stage, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = norm(x, use_running_average=not train)
            if self.grain and stage:
                noise = grain.fields(latents, x.shape[1], self.grain)
                x = x + noise @ (grain.GAIN * self.strengths[stage - 1][...])
            x = transposed_conv(jax.nn.relu(x), conv.kernel[...])
        return jnp.tanh(x)


class Discriminator(nnx.Module):
    """Textures to logits: above 0 where they look like one of the training set."""

    def __init__(
        self, *, features: int = 64, size: int = 64, spectral: bool = False, rngs: nnx.Rngs
    ) -> None:
        widths = channels(features, size)[::-1]
        self.size = size
        pairs = list(zip((3, *widths), widths, strict=False))
        self.convs = nnx.List([Conv(outer, inner, bias=spectral) for outer, inner in pairs])
        # Spectral normalisation takes BatchNorm's place (Miyato et al. 2018).
        self.norms = nnx.List(_norms(() if spectral else widths[1:], rngs))
        self.judge = nnx.Param(jnp.zeros((4, 4, widths[-1])))
        self.bias = nnx.Param(jnp.zeros(())) if spectral else None
        _draw_weights(self, rngs.params())

    def __call__(self, textures: Float[Array, "n {self.size} {self.size} 3"]) -> Float[Array, " n"]:
        """Logits of textures in [−1, 1]; BatchNorm always takes the batch's own statistics."""
        x = textures
        for stage, conv in enumerate(self.convs):
            x = strided_conv(x, conv.kernel[...])
            if conv.bias is not None:
                x = x + conv.bias[...]
            elif stage:
                x = self.norms[stage - 1](x, use_running_average=False)
            x = jax.nn.leaky_relu(x, 0.2)
        logits = jnp.tensordot(x, self.judge[...], 3)
        return logits if self.bias is None else logits + self.bias[...]


def enlarged(generator: Generator, key: Key[Array, ""], *, features: int, size: int) -> Generator:
    """A generator with these channels and of this size, each as it has it or twice as many."""
    if generator.features != features:
        generator = widened(generator, key)
    return generator if generator.size == size else grown(generator)


def grown(generator: Generator) -> Generator:
    """A generator of textures twice as large, whose finer layers are those of `generator`.

    What this draws at 4×4 is first enlarged by a new layer, which begins as linear interpolation
    (as Karras et al. 2018 grow a network, but at the coarse end): textures have the same grain.
    """
    larger = Generator(
        latent_size=generator.latent_size,
        features=generator.features,
        size=2 * generator.size,
        grain=generator.grain,
        rngs=nnx.Rngs(0),
    )
    width = generator.project.shape[-1]
    weights = jnp.array([1.0, 3.0, 3.0, 1.0]) / 4
    larger.project[...] = generator.project[...]
    larger.convs[0].kernel[...] = (weights[:, None] * weights)[..., None, None] * jnp.eye(width)
    for old, new in zip(generator.convs, larger.convs[1:], strict=True):
        new.kernel[...] = old.kernel[...]
    for before, after in zip(generator.norms, (larger.norms[0], *larger.norms[2:]), strict=True):
        nnx.update(after, nnx.state(before))
    for index, strengths in enumerate(generator.strengths):
        larger.strengths[index + 1][...] = strengths[...]
    if generator.grain:
        larger.strengths[0][...] = jnp.zeros_like(larger.strengths[0][...])
    # What the ReLU before it leaves of a standard normal.
    rectified = {"scale": jnp.full(width, 0.58), "bias": jnp.full(width, 0.4)}
    nnx.update(larger.norms[1], rectified)
    return larger


def widened(generator: Generator, key: Key[Array, ""]) -> Generator:
    """A generator with twice the channels that draws the same textures.

    Every channel is there twice, and what each of a pair hands on is a random share between 0.2 and
    0.8 of what the one did, so that they learn different things (Net2WiderNet; Chen, Goodfellow,
    Shlens, *Net2Net: accelerating learning via knowledge transfer*, ICLR 2016).
    """
    wider = Generator(
        latent_size=generator.latent_size,
        features=2 * generator.features,
        size=generator.size,
        grain=generator.grain,
        rngs=nnx.Rngs(0),
    )
    wider.project[...] = _twice(generator.project[...])
    for norm, twice in zip(generator.norms, wider.norms, strict=True):
        nnx.update(twice, jax.tree.map(_twice, nnx.state(norm)))
    last = len(generator.convs) - 1
    for stage, (conv, wide) in enumerate(zip(generator.convs, wider.convs, strict=True)):
        kernel = conv.kernel[...]
        if stage < last:
            kernel = _twice(kernel, axis=2)
        uneven = jax.random.uniform(jax.random.fold_in(key, stage), kernel.shape, minval=-1.0)
        share = 0.5 + _UNEVEN * uneven
        pair = jnp.stack([share * kernel, (1 - share) * kernel], -1)
        wide.kernel[...] = pair.reshape(*kernel.shape[:3], -1)
    for old, new in zip(generator.strengths, wider.strengths, strict=True):
        new[...] = _twice(old[...])
    return wider


def _twice(array: Array, axis: int = -1) -> Array:
    return jnp.repeat(array, 2, axis)
