"""κ said in human terms: how like a texture its neighbours are to be, measured on the model.

Textures T(c + r·v), v ~ vMF(d, κ), are like T(c + r·d) in the mean by MSSIM(κ), which rises from
that of strangers at κ = 0 to 1. The κ that gives a wanted MSSIM is bracketed and halved in one
program, with the same random draws at every trial.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from jaxtex import platforms
from jaxtex.errors import SettingsError
from jaxtex.texture.similarity import ssim
from jaxtex.texture.sphere import vmf

_SAMPLES = 32
_LOWEST, _HIGHEST = -1.0, 5.0  # log10 κ
_HALVINGS = 12  # of six decades: κ to 0.3 %


def kappa_for_similarity(
    key: Array,
    render: Callable[[Any, Float[Array, "m n"]], Float[Array, "m h w 3"]],
    params: Any,
    center: Float32[np.ndarray, " n"],
    radius: float,
    direction: Float32[np.ndarray, " n"],
    similarity: float,
) -> tuple[float, float]:
    """Returns the κ whose textures have a mean MSSIM of `similarity` to the one at c + r·d.

    With it the MSSIM that was measured there, over 32 textures.

    Raises:
      SettingsError: `similarity` is not below 1, or less than what strangers have.
    """
    if not similarity < 1:
        raise SettingsError(f"similarity: {similarity:g} is not an MSSIM below 1")
    kappa, reached, strangers, most = map(
        float,
        _solve(
            render,
            key,
            params,
            jnp.asarray(center),
            jnp.float32(radius),
            jnp.asarray(direction),
            jnp.float32(similarity),
        ),
    )
    if not strangers < similarity < most:
        raise SettingsError(
            f"similarity: {similarity:g} cannot be had; textures from anywhere on this sphere "
            f"have {strangers:.2f} in the mean, the nearest ones {most:.2f}"
        )
    return kappa, reached


def likeness(
    key: Array,
    render: Callable[[Any, Float[Array, "m n"]], Float[Array, "m h w 3"]],
    params: Any,
    center: Float32[np.ndarray, " n"],
    radius: float,
    direction: Float32[np.ndarray, " n"],
    kappa: float,
) -> tuple[float, float, float]:
    """Mean MSSIMs to the texture at c + r·d: of strangers, at κ, and the highest there is.

    The first and the last are the bounds of `kappa_for_similarity` for the same key.
    """
    kappas = jnp.array([0, kappa, 10**_HIGHEST], jnp.float32)
    place = jnp.asarray(center), jnp.float32(radius), jnp.asarray(direction)
    least, there, most = map(float, _at(render, key, params, *place, kappas))
    return least, there, most


@partial(jax.jit, static_argnames="render")
@platforms.in_float32
def _at(
    render: Callable[[Any, Array], Array],
    key: Array,
    params: Any,
    center: Float32[Array, " n"],
    radius: Float32[Array, ""],
    direction: Float32[Array, " n"],
    kappas: Float32[Array, " k"],
) -> Float32[Array, " k"]:
    """The mean MSSIM at each κ."""
    return jax.lax.map(_measure(render, key, params, center, radius, direction), kappas)


@partial(jax.jit, static_argnames="render")
@platforms.in_float32
def _solve(
    render: Callable[[Any, Array], Array],
    key: Array,
    params: Any,
    center: Float32[Array, " n"],
    radius: Float32[Array, ""],
    direction: Float32[Array, " n"],
    similarity: Float32[Array, ""],
) -> tuple[Array, Array, Array, Array]:
    """κ, the MSSIM there, that of strangers and the highest that the bracket reaches."""
    measure = _measure(render, key, params, center, radius, direction)

    # Both ends, the halvings and the result, measured in one loop: one copy of the renderer.
    def trial(step: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, _, _, strangers, most = state
        middle = 10 ** ((low + high) / 2)
        kappa = jnp.select([step == 0, step == 1], [jnp.float32(0), 10**high], middle)
        level = measure(kappa)
        below = level < similarity
        low = jnp.where((step > 1) & below, (low + high) / 2, low)
        high = jnp.where((step > 1) & ~below, (low + high) / 2, high)
        strangers = jnp.where(step == 0, level, strangers)
        most = jnp.where(step == 1, level, most)
        return low, high, kappa, level, strangers, most

    zero = jnp.float32(0)
    begin = jnp.float32(_LOWEST), jnp.float32(_HIGHEST), zero, zero, zero, zero
    _, _, kappa, level, strangers, most = jax.lax.fori_loop(0, _HALVINGS + 3, trial, begin)
    return kappa, level, strangers, most


def _measure(
    render: Callable[[Any, Array], Array],
    key: Array,
    params: Any,
    center: Float32[Array, " n"],
    radius: Float32[Array, ""],
    direction: Float32[Array, " n"],
) -> Callable[[Array], Array]:
    """The mean MSSIM at κ, by the same draws at every κ."""
    original = render(params, (center + radius * direction)[None])

    def measure(kappa: Array) -> Array:
        directions = vmf.sample(key, direction, kappa, (_SAMPLES,))
        return ssim.mssim(render(params, center + radius * directions), original).mean()

    return measure
