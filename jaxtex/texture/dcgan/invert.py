"""An image to a latent: the point whose texture is nearest to the image.

Adam on z for 1 − MSSIM plus the squared error, from several starts in one batch: the best of many
draws from the prior. It ends where the optimum is, which need not be near: the result says how
close it came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Float32, Real

from jaxtex import images, platforms
from jaxtex.texture import sphere
from jaxtex.texture.similarity import ssim

_DRAWS = 256  # of the prior, of which the best become starts
_STARTS = 8
_STEPS = 150
_LEARNING_RATE = 0.1  # the prior has a standard deviation of 1
_ERROR_WEIGHT = 10.0  # of the mean squared error: 0.1 of the range off counts as 0.1 of MSSIM


@dataclass(frozen=True, eq=False)
class Inversion:
    """The latent found for an image, its texture, and how near that is: MSSIM and RMS error."""

    latent: Float32[np.ndarray, " z"]
    texture: Float32[np.ndarray, "h w 3"]
    mssim: float
    rmse: float


def invert(
    key: Array,
    render: Callable[[Any, Float[Array, "m z"]], Float[Array, "m h w 3"]],
    params: Any,
    image: Real[np.ndarray, "h w 3"],
    latent_size: int,
) -> Inversion:
    """Finds the latent whose texture is nearest to `image`, RGB of the model's size.

    The image is of floats in [0, 1] or of 8 or 16 bit integers.

    Raises:
      ImageError: it is of another type, or has values out of range.
    """
    image = images.validate_array(image, "image")
    low, high = sphere.shell(latent_size)
    found = _search(render, latent_size, key, params, jnp.asarray(image), jnp.array([low, high]))
    latent, texture, mssim, rmse = map(np.asarray, found)
    return Inversion(latent, texture, float(mssim), float(rmse))


@partial(jax.jit, static_argnames=("render", "latent_size"))
@platforms.in_float32
def _search(
    render: Callable[[Any, Array], Array],
    latent_size: int,
    key: Array,
    params: Any,
    image: Float32[Array, "h w 3"],
    shell: Float32[Array, "2"],
) -> tuple[Array, Array, Array, Array]:
    def loss(latents: Array) -> Array:
        textures = render(params, latents)
        error = jnp.mean((textures - image) ** 2, axis=(1, 2, 3))
        return 1 - ssim.mssim(textures, image[None]) + _ERROR_WEIGHT * error

    draws = jax.random.normal(key, (_DRAWS, latent_size))
    starts = draws[jnp.argsort(loss(draws))[:_STARTS]]
    # The starts do not meet: the gradient of the sum is each one's own.
    gradient = jax.grad(lambda latents: loss(latents).sum())
    optimiser = optax.adam(optax.cosine_decay_schedule(_LEARNING_RATE, _STEPS))

    def step(_: Any, carry: tuple[Array, Any]) -> tuple[Array, Any]:
        latents, state = carry
        updates, state = optimiser.update(gradient(latents), state)
        latents = latents + updates
        # Just inside, so that rounding does not put it off the shell.
        norm = jnp.linalg.norm(latents, axis=1, keepdims=True)
        kept = jnp.clip(norm, shell[0] + 1e-3, shell[1] - 1e-3)
        return latents * (kept / jnp.maximum(norm, 1e-6)), state

    latents, _ = jax.lax.fori_loop(0, _STEPS, step, (starts, optimiser.init(starts)))
    best = latents[jnp.argmin(loss(latents))][None]
    texture = render(params, best)
    rmse = jnp.sqrt(jnp.mean((texture - image) ** 2))
    return best[0], texture[0], ssim.mssim(texture, image[None])[0], rmse
