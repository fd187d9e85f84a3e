"""Density, entropy and moments against closed forms, SciPy and mpmath."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from vmf_reference import DIMENSIONS, axis, direction_of, draw, exact, unit

from jaxtex.texture import vmf


@pytest.mark.parametrize("n", DIMENSIONS)
def test_log_density_at_the_mode_is_exact(n):
    kappa, log_density, *_ = exact(n)
    found = vmf.log_prob(axis(n), axis(n), kappa)
    np.testing.assert_allclose(found, log_density, rtol=1e-6)


@pytest.mark.parametrize("n", DIMENSIONS)
def test_entropy_is_exact(n):
    kappa, *_, entropy = exact(n)
    np.testing.assert_allclose(vmf.entropy(kappa, n), entropy, rtol=1e-6)


@pytest.mark.parametrize("n", DIMENSIONS)
def test_mean_resultant_length_is_exact(n):
    kappa, _, length, *_ = exact(n)
    np.testing.assert_allclose(vmf.mean_resultant_length(kappa, n), length, rtol=1e-6)


@pytest.mark.parametrize("n", [2, 2048])
def test_derivatives_in_kappa_are_exact(n):
    kappa, _, length, variance, _ = exact(n)
    kappa = jnp.asarray(kappa, jnp.float32)

    def slope(function):
        return jax.vmap(jax.grad(function))(kappa)

    np.testing.assert_allclose(
        slope(lambda k: vmf.mean_resultant_length(k, n)), variance, rtol=5e-6
    )
    # At the mode log f = const + log κ-terms with slope 1 − A; the entropy's is −κ A'.
    np.testing.assert_allclose(
        slope(lambda k: vmf.log_prob(axis(n), axis(n), k)), 1 - length, rtol=2e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        slope(lambda k: vmf.entropy(k, n)), -np.asarray(kappa) * variance, rtol=1e-5, atol=3e-7
    )


@pytest.mark.parametrize("n", [2, 5, 100])
@pytest.mark.parametrize("kappa", [0.5, 30.0, 5000.0])
def test_log_density_is_scipys(n, kappa):
    theirs = stats.vonmises_fisher(unit(direction_of(n)), kappa)
    points = draw(n, kappa)[:100].astype(np.float64)
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    np.testing.assert_allclose(
        vmf.log_prob(points, direction_of(n), kappa), theirs.logpdf(points), rtol=2e-6, atol=2e-5
    )
    np.testing.assert_allclose(vmf.entropy(kappa, n), theirs.entropy(), rtol=2e-6)


def test_density_integrates_to_one_on_the_circle():
    turn = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    points = np.stack([np.cos(turn), np.sin(turn)], -1)
    density = np.exp(vmf.log_prob(points, direction_of(2), 20.0))
    assert density.mean() * 2 * np.pi == pytest.approx(1, abs=1e-5)


def test_density_on_the_sphere_is_the_closed_form():
    kappa = np.float64(7.5)
    points = draw(3, 1.0)[:100]
    expected = np.log(kappa / (4 * np.pi * np.sinh(kappa))) + kappa * points @ unit(direction_of(3))
    np.testing.assert_allclose(
        vmf.log_prob(points, direction_of(3), kappa), expected, rtol=1e-6, atol=5e-6
    )


@pytest.mark.parametrize("n", [2, 5, 100, 2048])
def test_without_concentration_the_density_is_one_over_the_area(n):
    log_area = math.log(2) + n / 2 * math.log(math.pi) - math.lgamma(n / 2)
    points = draw(n, 0.0)[:100]
    np.testing.assert_allclose(vmf.log_prob(points, direction_of(n), 0.0), -log_area, rtol=1e-6)
    np.testing.assert_allclose(vmf.entropy(0.0, n), log_area, rtol=1e-6)


@pytest.mark.parametrize(("n", "kappa"), [(3, 10.0), (100, 1e6), (2048, 1e6)])
def test_mean_log_density_of_samples_is_minus_the_entropy(n, kappa):
    values = np.asarray(vmf.log_prob(draw(n, kappa), direction_of(n), kappa), np.float64)
    error = values.std() / math.sqrt(values.size)
    assert abs(values.mean() + float(vmf.entropy(kappa, n))) < 4 * error


def test_gradient_of_the_density_on_the_sphere_is_kappa_times_the_direction():
    point, direction = draw(5, 3.0)[0], direction_of(5)
    gradient = np.asarray(jax.grad(vmf.log_prob)(jnp.asarray(point), direction, 3.0))
    difference = gradient - 3.0 * unit(direction)
    np.testing.assert_allclose(difference - (difference @ point) * point, 0, atol=1e-5)
