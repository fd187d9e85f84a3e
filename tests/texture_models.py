"""A texture model for tests: never trained, but with textures that differ."""

from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx

from jaxtex.texture.dcgan import Generator
from jaxtex.texture.model import save_model

LATENT_SIZE = 100


def lively_model(path: Path, *, seed: int = 0, features: int = 8, size: int = 64) -> Path:
    """Writes a generator whose kernels double a map smoothly and mix its channels at random."""
    generator = Generator(features=features, size=size, rngs=nnx.Rngs(seed))
    keys = iter(jax.random.split(jax.random.key(seed), 16))
    taps = jnp.array([1.0, 3.0, 3.0, 1.0]) / 4
    smooth = (taps[:, None] * taps)[:, :, None, None]
    for conv in generator.convs:
        outer, inner = conv.kernel.shape[2:]
        mixing = jax.random.normal(next(keys), (outer, inner))
        # What all channels have in common after a ReLU would be a pattern of every texture.
        mixing -= mixing.mean(axis=1, keepdims=True)
        grain = jax.random.normal(next(keys), conv.kernel.shape) / 8
        conv.kernel[...] = (smooth * mixing + grain) * (1.5 / inner) ** 0.5
    project = generator.project
    project[...] = jax.random.normal(next(keys), project.shape) / LATENT_SIZE**0.5
    save_model(path, generator, {"source": "random"})
    return path
