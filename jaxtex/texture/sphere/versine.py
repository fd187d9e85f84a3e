"""The versine y = 1 − d·x of a von Mises-Fisher vector x: its moments, its draws, κ from a mean.

Versines, not cosines, so that float32 is enough for κ from 0 to 1e6. Draws are Wood's
(*Simulation of the von Mises Fisher distribution*, 1994), the symmetric Beta variates in them by
Ulrich's formula (1984).

No Bessel function is computed. With ρ = tan²(angle/2) = y / (2 − y), the density of log ρ is
smooth on the whole line and falls off exponentially, so that the trapezoidal rule converges
exponentially: some 20 nodes (170 in the plane) give the normalising constant, every moment and,
differentiated, every derivative in κ, for all κ and n alike. About the mode ρ₀ it is

    exp(a (δ − 2 log(1 + σ g) − (1 − 2σ) g / (1 + σ g))),  δ = log ρ/ρ₀,  g = e^δ − 1,
    a = (n−1)/2,  σ = y₀/2,  y₀ the versine at ρ₀,

with a curvature between a/2 and a, and so with the same nodes δ for every κ.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float32, UInt32

from jaxtex.texture.sphere.normals import circle, random_words, uniform

_MOST_PROPOSALS = 64  # at least 0.65 of them are accepted: 1e-29 of the draws need more
_NEWTON_STEPS = 8


class _Mode(NamedTuple):
    """Wood's b, and versine and cosine at the mode ρ₀ = b: cosine / (1 − cosine²) = κ / (n−1)."""

    b: Float32[Array, "*batch"]
    versine: Float32[Array, "*batch"]
    cosine: Float32[Array, "*batch"]


def _mode(kappa: Float32[Array, "*batch"], n: int) -> _Mode:
    m = jnp.float32(n - 1)
    root = jnp.hypot(m, 2 * kappa)
    b = m / (2 * kappa + root)
    return _Mode(b, 2 * b / (1 + b), 2 * kappa / (m + root))


class Marginal(NamedTuple):
    """The trapezoidal rule for the distribution of the versine.

    Differentiated in κ, its sums are the rule for the derivatives: the nodes stand still.
    """

    mode: Float32[Array, "*batch"]
    """The versine at ρ₀."""
    offsets: Float32[Array, "*batch nodes"]
    """Versines of the nodes less that."""
    rho: Float32[Array, "*batch nodes"]
    """The nodes themselves."""
    log_weights: Float32[Array, "*batch nodes"]
    """Logarithms of the nodes' probabilities, up to a constant."""
    log_scale: Float32[Array, "*batch"]
    """`log_mean_decay` plus the logarithm of the weights' sum."""

    @property
    def angles(self) -> Float32[Array, "*batch nodes"]:
        return 2 * jnp.arctan(jnp.sqrt(self.rho))

    def mean(self, values: Float32[Array, "*batch nodes"]) -> Float32[Array, "*batch"]:
        return jnp.sum(jax.nn.softmax(self.log_weights) * values, -1)

    def mean_versine(self) -> Float32[Array, "*batch"]:
        return self.mode + self.mean(self.offsets)

    def log_mean_decay(self) -> Float32[Array, "*batch"]:
        """−log E[exp(−κ y)] over uniform points: what κ exceeds the cumulant function of d·x by."""
        return self.log_scale - jax.nn.logsumexp(self.log_weights, -1)


@functools.cache
def _nodes(n: int) -> tuple[np.ndarray, float]:
    """The nodes δ, out to a density of e^-18, and the logarithm of 2^(n-1) B(a, a) / step."""
    a = (n - 1) / 2
    end = 2 * math.acosh(math.exp(9 / a))
    delta = np.linspace(-end, end, math.ceil(2 * end * (1.6 + math.sqrt(a))))
    log_beta = math.lgamma(a) - math.lgamma(a + 0.5) + math.log(2 * math.sqrt(math.pi))
    return delta, log_beta - math.log(delta[1] - delta[0])


def marginal(kappa: Float32[Array, "*batch"], n: int) -> Marginal:
    """The versine's distribution for κ, by the rule of the module's docstring."""
    a = (n - 1) / 2
    delta, log_constant = _nodes(n)
    growth = np.expm1(delta).astype(np.float32)
    at = lax.stop_gradient(kappa)
    b, versine, cosine = _mode(at, n)
    sigma = versine[..., None] / 2
    stretch = growth / (1 + sigma * growth)
    offsets = 2 * sigma * (1 - sigma) * stretch
    exponents = a * (
        delta.astype(np.float32) - 2 * jnp.log1p(sigma * growth) - cosine[..., None] * stretch
    )
    log_squared_sine = jnp.where(
        cosine < 0.5, jnp.log1p(-(cosine**2)), jnp.log(versine * (1 + cosine))
    )
    return Marginal(
        mode=versine,
        offsets=offsets,
        rho=b[..., None] * np.exp(delta).astype(np.float32),
        # κ − at is 0, with the derivative that exp(−κ y) needs.
        log_weights=exponents - (kappa - at)[..., None] * offsets,
        log_scale=kappa * versine - a * log_squared_sine + np.float32(log_constant),
    )


@functools.partial(jax.jit, static_argnames="n")
def mean_cosine(kappa: Float32[Array, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """A_n(κ) = I_{n/2}(κ) / I_{n/2−1}(κ)."""
    found = marginal(kappa, n)
    versine = found.mean_versine()
    # Stein's identity, (n−1) E[w] = κ E[1 − w²], has positive terms alone: digits for small κ.
    by_parts = kappa / (n - 1) * found.mean(4 * found.rho / (1 + found.rho) ** 2)
    return jnp.where(versine < 0.5, 1 - versine, by_parts)


@functools.partial(jax.jit, static_argnames="n")
def mean_angle(kappa: Float32[Array, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The mean angle to the mean direction, in degrees."""
    found = marginal(kappa, n)
    radians = found.mean(found.angles)
    # The digits of what is missing to a right angle, where that is the less.
    missing = found.mean(math.pi / 2 - found.angles)
    return jnp.where(radians > math.pi / 4, 90 - jnp.degrees(missing), jnp.degrees(radians))


@functools.partial(jax.jit, static_argnames="n")
def kappa_for_mean(
    cosine: Float32[Array, "*batch"], versine: Float32[Array, "*batch"], n: int
) -> Float32[Array, "*batch"]:
    """The κ with these means of cosine and versine, which is 1 − cosine to more digits."""

    def log_odds(log_kappa: Array) -> Array:
        kappa = jnp.exp(log_kappa)
        return jnp.log(mean_cosine(kappa, n) / marginal(kappa, n).mean_versine())

    return _solve(log_odds, cosine, versine, _approximate_kappa(cosine, versine, n))


@functools.partial(jax.jit, static_argnames="n")
def kappa_for_angle(degrees: Float32[Array, "*batch"], n: int) -> Float32[Array, "*batch"]:
    """The κ with this mean angle, from above 0 to 90 degrees."""

    def log_odds(log_kappa: Array) -> Array:
        found = marginal(jnp.exp(log_kappa), n)
        return jnp.log(found.mean(math.pi / 2 - found.angles) / found.mean(found.angles))

    radians = jnp.radians(degrees)
    start = _approximate_kappa(jnp.cos(radians), 2 * jnp.sin(radians / 2) ** 2, n)
    return _solve(log_odds, 90 - degrees, degrees, start)


def _approximate_kappa(cosine: Array, versine: Array, n: int) -> Array:
    """Banerjee et al. 2005, eq. 4.4: within a few percent."""
    return cosine * (n - cosine**2) / (versine * (2 - versine))


def _solve(log_odds: Callable[[Array], Array], part: Array, rest: Array, start: Array) -> Array:
    """The κ with log_odds(log κ) = log(part / rest), by Newton's method; 0 for a part of 0.

    Between these variables the function is nearly a straight line, so that no step goes astray.
    """
    is_zero = part == 0
    target = jnp.log(jnp.where(is_zero, 1.0, part) / rest)
    log_kappa = jnp.log(jnp.where(is_zero, 1.0, start))

    def step(_: Any, log_kappa: Array) -> Array:
        value, slope = jax.jvp(log_odds, (log_kappa,), (jnp.ones_like(log_kappa),))
        return log_kappa + (target - value) / slope

    found = lax.fori_loop(0, _NEWTON_STEPS, step, log_kappa)
    return jnp.where(is_zero, 0.0, jnp.exp(found))


def sample_versine(
    seed: UInt32[Array, "2"], kappa: Float32[Array, "*batch"], n: int, shape: Sequence[int]
) -> Float32[Array, "*shape"]:
    """Draws of `shape`, which ends in κ's; the seed's two words decide them."""
    if n == 3:
        word, _ = random_words(seed, (math.prod(shape),))
        # An exponential variate cut off at 2; the least κ stands for 0, where it is uniform.
        rate = jnp.maximum(kappa, 1e-30)
        versine = -jnp.log1p(uniform(word).reshape(shape) * jnp.expm1(-2 * rate)) / rate
        return jnp.minimum(versine, 2.0)
    return _sample_by_rejection(seed, kappa, n, shape)


def _sample_by_rejection(seed: Array, kappa: Array, n: int, shape: Sequence[int]) -> Array:
    """Wood's rejection, with its x₀ and c eliminated.

    The proposal is y = 2ρ/(1 + ρ), ρ = b (1 + x)/(1 − x), x a coordinate of a uniform point of
    S^{n-1}; its acceptance, exp(m (log(1 + q) − q)) with m = n − 1 and q = κ (y − y₀)/m, has no
    differences of large numbers. What is not accepted after 64 proposals becomes y₀.
    """
    m = n - 1
    b, mode, _ = _mode(kappa, n)
    power = 2 / (m - 1) if m > 1 else math.inf

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        count, pending, _ = state
        return (count < _MOST_PROPOSALS) & pending.any()

    def propose(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        count, pending, versine = state
        words = random_words(seed, (2, math.prod(shape)), 2 * count)
        first, second = (word.reshape(2, *shape) for word in words)
        # x = radius · cos 2φ is a coordinate of the point's projection on a plane, and 1 ± x are
        # (1 − radius) + 2 radius cos²φ or sin²φ.
        log_power = power * jnp.log(uniform(first[0]))
        radius = jnp.sqrt(-jnp.expm1(log_power))
        margin = jnp.exp(log_power) / (1 + radius)
        cosine, sine = circle(second[0])
        rho = b * (margin + 2 * radius * cosine**2) / (margin + 2 * radius * sine**2)
        proposed = 2 * rho / (1 + rho)
        q = kappa * (proposed - mode) / m
        # Said so that NaN is accepted: a traced κ that is none ends at once.
        accepted = ~(m * (jnp.log1p(q) - q) < jnp.log(uniform(first[1])))
        versine = jnp.where(pending & accepted, proposed, versine)
        return count + 1, pending & ~accepted, versine

    start = jnp.uint32(0), jnp.ones(shape, bool), jnp.broadcast_to(mode, shape)
    return lax.while_loop(unfinished, propose, start)[2]
