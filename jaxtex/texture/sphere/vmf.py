"""The von Mises-Fisher distribution on the sphere S^{n-1}, from 2 to thousands of dimensions.

Its density is C_n(κ) exp(κ d·x), d the mean direction (Satoh, eq. 1; Mardia and Jupp,
*Directional Statistics*). A vector is its versine 1 − d·x, which `versine` deals
with, and a uniform direction orthogonal to d. All in float32, for κ from 0 to 1e6.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float32, Real

from jaxtex.errors import SettingsError
from jaxtex.texture.sphere import versine as versines
from jaxtex.texture.sphere.normals import normals

_UNIT_TOLERANCE = 1e-3
# As far as float32 was held against a reference.
_LARGEST_KAPPA = 1e6


def sample(
    key: Array,
    mean_direction: Real[ArrayLike, "*#batch n"],
    kappa: Real[ArrayLike, "*#batch"],
    shape: Sequence[int] = (),
) -> Float32[Array, "*out n"]:
    """Unit vectors `[*shape, *batch, n]` about `mean_direction`, which may have any length.

    κ = 0 is the uniform distribution. The batch axes of direction and κ are broadcast.

    Raises:
      SettingsError: κ negative or not finite, a direction of zeros or not finite, n < 2, or
        shapes that do not fit. Traced values are not looked at: bad ones give NaN.
    """
    direction, kappa = _check_parameters(mean_direction, kappa)
    if any(size < 0 for size in shape):
        raise SettingsError(f"shape: {tuple(shape)} has a negative size")
    return _sample(key, direction, kappa, tuple(shape))


def log_prob(
    points: Real[ArrayLike, "*#batch n"],
    mean_direction: Real[ArrayLike, "*#batch n"],
    kappa: Real[ArrayLike, "*#batch"],
) -> Float32[Array, "*out"]:
    """The logarithm of the density at `points`, unit vectors, with respect to area on S^{n-1}.

    1 − d·x is computed as ‖x − d‖²/2, which for unit vectors is the same and keeps its digits.
    The batch axes are broadcast.

    Raises:
      SettingsError: as for `sample`.
    """
    direction, kappa = _check_parameters(mean_direction, kappa)
    points = jnp.asarray(points, jnp.float32)
    n = direction.shape[-1]
    if points.ndim < 1 or points.shape[-1] != n:
        raise SettingsError(f"points: the shape {points.shape} does not end in {n}, as d's does")
    _broadcast(points=points.shape[:-1], mean_direction=direction.shape[:-1], kappa=kappa.shape)
    return _log_prob(points, direction, kappa)


def entropy(kappa: Real[ArrayLike, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The differential entropy −E[log density], in nats.

    Raises:
      SettingsError: κ negative or not finite, or n < 2.
    """
    return _entropy(_check_kappa(kappa), _check_dimension(n))


def mean_resultant_length(kappa: Real[ArrayLike, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The mean cosine A_n(κ) = I_{n/2}(κ) / I_{n/2−1}(κ), from 0 to 1.

    Raises:
      SettingsError: κ negative or not finite, or n < 2.
    """
    return versines.mean_cosine(_check_kappa(kappa), _check_dimension(n))


def mean_angle(kappa: Real[ArrayLike, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The mean angle between a sample and the mean direction, in degrees: 90 for κ = 0.

    Raises:
      SettingsError: κ negative or not finite, or n < 2.
    """
    return versines.mean_angle(_check_kappa(kappa), _check_dimension(n))


def kappa_for_mean_cosine(cosine: Real[ArrayLike, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The κ with the mean cosine A_n(κ) = `cosine`.

    Raises:
      SettingsError: a cosine that is not from 0 to below 1, or n < 2.
    """
    cosine = _check_range("cosine", cosine, lambda c: (c >= 0) & (c < 1), "from 0 to below 1")
    return versines.kappa_for_mean(cosine, 1 - cosine, _check_dimension(n))


def kappa_for_angle(degrees: Real[ArrayLike, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The κ whose samples have a mean angle of `degrees` to the mean direction.

    Raises:
      SettingsError: an angle that is not above 0 and up to 90, or n < 2.
    """
    degrees = _check_range("degrees", degrees, lambda a: (a > 0) & (a <= 90), "above 0, up to 90")
    return versines.kappa_for_angle(degrees, _check_dimension(n))


class Fit(NamedTuple):
    """The von Mises-Fisher distribution of greatest likelihood."""

    mean_direction: Float32[Array, "*batch n"]
    kappa: Float32[Array, "*batch"]


def fit(samples: Real[ArrayLike, "*batch count n"]) -> Fit:
    """The distribution under which these unit vectors are likeliest.

    A_n(κ) is then the length of their mean, which is solved by Newton's method.

    Raises:
      SettingsError: fewer than 2 samples or all equal, samples that are not unit vectors (to a
        thousandth), samples that cancel out, or n < 2.
    """
    samples = jnp.asarray(samples, jnp.float32)
    if samples.ndim < 2 or min(samples.shape[-2:]) < 2:
        raise SettingsError(f"samples: the shape {samples.shape} is not [count, n], each 2 or more")
    if _is_concrete(samples):
        lengths = np.linalg.norm(np.asarray(samples), axis=-1)
        wrong = lengths[~(np.abs(lengths - 1) < _UNIT_TOLERANCE)]
        if wrong.size:
            raise SettingsError(f"samples: one of length {wrong[0]:g} is not a unit vector")
    found = _fit(samples)
    if _is_concrete(samples) and not all(np.isfinite(each).all() for each in found):
        raise SettingsError("samples: they are all equal, or cancel out; no finite κ fits them")
    return found


@functools.partial(jax.jit, static_argnames="shape")
def _sample(
    key: Array,
    mean_direction: Float32[Array, "*d n"],
    kappa: Float32[Array, "*k"],
    shape: tuple[int, ...],
) -> Float32[Array, "*out n"]:
    n = mean_direction.shape[-1]
    batch = _broadcast(mean_direction=mean_direction.shape[:-1], kappa=kappa.shape)
    tangent_seed, versine_seed = jax.random.bits(key, (2, 2))
    versine = versines.sample_versine(versine_seed, kappa, n, (*shape, *batch))[..., None]
    # A uniform direction orthogonal to e₁, reflected by the Householder matrix that takes e₁ or
    # −e₁ to d, whichever is farther from d: the matrix is as well conditioned for d = ±e₁ as ever.
    direction = _unit(mean_direction)
    first, is_first = direction[..., :1], np.arange(n) == 0
    tangent = jnp.where(is_first, 0.0, normals(tangent_seed, (*shape, *batch, n)))
    sine = jnp.sqrt(versine * (2 - versine))
    scale = sine * lax.rsqrt(_row_sums(tangent**2))
    slope = _row_sums(direction * tangent) / (1 + jnp.abs(first))
    opposite = jnp.where(is_first, jnp.where(first < 0, 1.0, -1.0), 0.0)
    along = 1 - versine - scale * slope
    return along * direction + scale * tangent + scale * slope * opposite


def _row_sums(values: Float32[Array, "*batch n"]) -> Float32[Array, "*batch 1"]:
    # A matrix product, because XLA on CPU writes out what `sum` adds up, and reads it again.
    return jnp.matmul(values, np.ones((values.shape[-1], 1), np.float32), precision="highest")


@jax.jit
def _log_prob(
    points: Float32[Array, "*x n"],
    mean_direction: Float32[Array, "*d n"],
    kappa: Float32[Array, "*k"],
) -> Float32[Array, "*out"]:
    n = points.shape[-1]
    versine = 0.5 * _row_sums((points - _unit(mean_direction)) ** 2)[..., 0]
    return _log_uniform(n) + versines.marginal(kappa, n).log_mean_decay() - kappa * versine


@functools.partial(jax.jit, static_argnames="n")
def _entropy(kappa: Float32[Array, "*batch"], n: int) -> Float32[Array, "*batch"]:
    found = versines.marginal(kappa, n)
    return kappa * found.mean_versine() - found.log_mean_decay() - _log_uniform(n)


@jax.jit
def _fit(samples: Float32[Array, "*batch count n"]) -> Fit:
    mean = samples.mean(-2)
    direction = _unit(mean)
    versine = 0.5 * jnp.mean(_row_sums((samples - direction[..., None, :]) ** 2), (-2, -1))
    cosine = jnp.linalg.norm(mean, axis=-1)
    return Fit(direction, versines.kappa_for_mean(cosine, versine, samples.shape[-1]))


def _log_uniform(n: int) -> np.float32:
    """The logarithm of the uniform density."""
    return np.float32(math.lgamma(n / 2) - math.log(2) - n / 2 * math.log(math.pi))


def _unit(vectors: Float32[Array, "*batch n"]) -> Float32[Array, "*batch n"]:
    # First by the largest entry: the squares of very small or large ones leave float32.
    vectors /= lax.stop_gradient(jnp.abs(vectors).max(-1, keepdims=True))
    return vectors / jnp.linalg.norm(vectors, axis=-1, keepdims=True)


def _is_concrete(value: ArrayLike) -> bool:
    return not isinstance(value, jax.core.Tracer)


def _check_range(
    name: str, values: ArrayLike, is_allowed: Callable[[np.ndarray], np.ndarray], allowed: str
) -> Float32[Array, "*shape"]:
    if _is_concrete(values):
        with np.errstate(over="ignore"):
            values = np.asarray(values, np.float32)
        bad = values[~is_allowed(values)]
        if bad.size:
            raise SettingsError(f"{name}: {bad[0]:g} is not a number {allowed}")
    return jnp.asarray(values, jnp.float32)


def _check_kappa(kappa: ArrayLike) -> Float32[Array, "*shape"]:
    kappa = _check_range(
        "kappa", kappa, lambda k: (k >= 0) & (k <= _LARGEST_KAPPA), "from 0 to 1e6"
    )
    return jnp.where((kappa >= 0) & (kappa < jnp.inf), kappa, jnp.nan)


def _check_dimension(n: int) -> int:
    if n < 2:
        raise SettingsError(f"n: {n} is not a number of dimensions of 2 or more")
    return int(n)


def _check_parameters(
    mean_direction: ArrayLike, kappa: ArrayLike
) -> tuple[Float32[Array, "*d n"], Float32[Array, "*k"]]:
    direction = jnp.asarray(mean_direction, jnp.float32)
    if direction.ndim < 1 or direction.shape[-1] < 2:
        raise SettingsError(
            f"mean_direction: the shape {direction.shape} does not end in n, 2 or more"
        )
    if _is_concrete(direction):
        largest = np.abs(np.asarray(direction)).max(-1)
        if not ((largest > 0) & (largest < np.inf)).all():
            raise SettingsError("mean_direction: a vector of zeros, or not finite, is no direction")
    kappa = _check_kappa(kappa)
    _broadcast(mean_direction=direction.shape[:-1], kappa=kappa.shape)
    return direction, kappa


def _broadcast(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        told = ", ".join(f"{name} has {shape}" for name, shape in shapes.items())
        raise SettingsError(f"the batch axes do not broadcast together: {told}") from None
