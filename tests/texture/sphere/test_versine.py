"""The rule for the versine's distribution against quadrature, and the end of the rejection."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special

from jaxtex.texture.sphere import versine

SEED = jax.random.bits(jax.random.key(0), (2,))


@pytest.mark.parametrize("n", [2, 9, 2048])
@pytest.mark.parametrize("kappa", [0.0, 3.0, 400.0, 1e6])
def test_moments_are_the_integrals(n, kappa):
    found = versine.marginal(jnp.float32(kappa), n)
    # y = 1 − cos θ, over the angles that matter.
    middle = np.arccos(2 * kappa / (n + np.hypot(n, 2 * kappa)))
    reach = 14 / np.sqrt(kappa + n)
    theta = np.linspace(max(middle - reach, 0), min(middle + reach, np.pi), 20_001)
    values = 2 * np.sin(theta / 2) ** 2
    log_density = -kappa * values + special.xlogy(n - 2, np.sin(theta))
    density = np.exp(log_density - log_density.max())
    density /= integrate.simpson(density, x=theta)
    moments = [integrate.simpson(density * values**power, x=theta) for power in (1, 2, 3)]
    versines = found.mode + found.offsets
    np.testing.assert_allclose(
        [found.mean(versines**power) for power in (1, 2, 3)], moments, rtol=1e-5
    )
    np.testing.assert_allclose(2 * found.rho / (1 + found.rho), versines, rtol=1e-5, atol=1e-7)


def test_the_weights_of_sixty_thousand_dimensions_are_finite():
    found = versine.marginal(jnp.float32([0, 1, 1e4, 1e6]), 60_000)
    assert np.isfinite(found.log_mean_decay()).all()
    # For κ well below n: A = κ/n.
    np.testing.assert_allclose(versine.mean_cosine(jnp.float32(1), 60_000), 1 / 60_000, rtol=1e-5)


@pytest.mark.parametrize("n", [2, 4, 100, 2048])
@pytest.mark.parametrize("kappa", [0.0, 30.0, 1e6])
def test_two_of_three_proposals_are_accepted(monkeypatch, n, kappa):
    monkeypatch.setattr(versine, "_MOST_PROPOSALS", 1)
    draws = versine.sample_versine(SEED, jnp.float32(kappa), n, (20_000,))
    fallback = versine.marginal(jnp.float32(kappa), n).mode
    accepted = np.mean(np.asarray(draws) != fallback)
    assert accepted > 0.65
    assert kappa or accepted > 0.999


def test_rejection_without_end_gives_the_mode(monkeypatch):
    monkeypatch.setattr(versine, "uniform", lambda word: jnp.ones(word.shape))
    monkeypatch.setattr(versine.jnp, "log1p", lambda x: jnp.full_like(x, -jnp.inf))
    draws = versine.sample_versine(SEED, jnp.float32(50), 100, (10,))
    np.testing.assert_array_equal(draws, versine.marginal(jnp.float32(50), 100).mode)
