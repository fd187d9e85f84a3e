"""Differentiable augmentation (Zhao et al. 2020) of what the discriminator sees.

Real and generated textures go through the same random changes of colour and place, so that a small
training set cannot be learned by heart; gradients pass through to the generator.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

_SHIFT = 1 / 8
_HOLE = 1 / 4


def augment(key: Key[Array, ""], textures: Float[Array, "n s s 3"]) -> Float[Array, "n s s 3"]:
    """Textures in about [−1, 1], each with its own brightness, saturation, contrast, shift, hole.

    Brightness moves by up to 0.5, saturation is scaled by 0 to 2 and contrast by 0.5 to 1.5, the
    shift is up to an eighth of the side, filled with grey, and the grey hole a quarter wide.
    """
    count, size = textures.shape[:2]
    keys = jax.random.split(key, 5)
    draw = [jax.random.uniform(each, (count, 1, 1, 1)) for each in keys[:3]]
    x = textures + (draw[0] - 0.5)
    grey = x.mean(3, keepdims=True)
    x = grey + (x - grey) * 2 * draw[1]
    middle = x.mean((1, 2, 3), keepdims=True)
    x = middle + (x - middle) * (0.5 + draw[2])

    reach = round(size * _SHIFT)
    shifts = jax.random.randint(keys[3], (count, 2), 0, 2 * reach + 1)
    padded = jnp.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    x = jax.vmap(lambda image, shift: jax.lax.dynamic_slice(image, (*shift, 0), (size, size, 3)))(
        padded, shifts
    )

    hole = round(size * _HOLE)
    corners = jax.random.randint(keys[4], (count, 2, 1), 1 - hole, size)
    place = jnp.arange(size)
    inside = (place >= corners) & (place < corners + hole)
    covered = inside[:, 0, :, None] & inside[:, 1, None, :]
    return jnp.where(covered[..., None], 0.0, x)
