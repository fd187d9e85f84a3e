"""κ from data, from a mean cosine and from an angle; and what is refused."""

import math
import subprocess
import sys

import jax
import numpy as np
import pytest
from scipy import integrate, optimize, special, stats
from vmf_reference import angle_cdf, angles, axis, direction_of, draw, exact

from jaxtex.errors import SettingsError
from jaxtex.texture import vmf


@pytest.mark.parametrize("n", [2, 3, 100, 2048])
def test_kappa_comes_back_from_the_mean_cosine(n):
    kappa, _, length, *_ = exact(n)
    # Where the cosine's own float32 step leaves κ four digits.
    known = length < 0.999
    found = vmf.kappa_for_mean_cosine(length[known], n)
    np.testing.assert_allclose(found, kappa[known], rtol=1e-4)


@pytest.mark.parametrize("n", [2, 100, 2048])
def test_kappa_comes_back_from_the_mean_angle(n):
    kappa = np.array([0, 30, 1000, 1e6], np.float32)
    found = vmf.kappa_for_angle(vmf.mean_angle(kappa, n), n)
    np.testing.assert_allclose(found, kappa, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("n", "kappa"), [(2, 2.0), (100, 50.0), (100, 1e6), (2048, 0.0)])
def test_mean_angle_is_the_integral(n, kappa):
    cdf = angle_cdf(n, kappa)
    theta = np.linspace(0, np.pi, 2_000_001)
    expected = np.degrees(integrate.simpson(1 - cdf(theta), x=theta))
    assert float(vmf.mean_angle(kappa, n)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("n", "kappa"), [(2, 4.0), (2, 1e6), (100, 50.0), (100, 1e6), (2048, 1e3)])
def test_fit_recovers_direction_and_kappa(n, kappa):
    samples = draw(n, kappa, seed=5)
    found, count = vmf.fit(samples), len(samples)
    # κ's estimate has a standard deviation of 1/√(count · variance of the cosine).
    variance = float(jax.grad(lambda k: vmf.mean_resultant_length(k, n))(kappa))
    assert abs(float(found.kappa) - kappa) < 4 / math.sqrt(count * variance) + 0.02 * kappa
    across = stats.chi2.isf(1e-4, n - 1) / (kappa * float(vmf.mean_resultant_length(kappa, n)))
    assert angles(found.mean_direction, direction_of(n)) < math.sqrt(across / count)


@pytest.mark.parametrize(("n", "kappa"), [(2, 700.0), (100, 5.0), (100, 90.0)])
def test_fit_is_the_likeliest(n, kappa):
    samples = draw(n, kappa, seed=6).astype(np.float64)
    samples /= np.linalg.norm(samples, axis=-1, keepdims=True)
    length = np.linalg.norm(samples.mean(0))

    def excess(kappa):
        return special.ive(n / 2, kappa) / special.ive(n / 2 - 1, kappa) - length

    expected = optimize.brentq(excess, 1e-3, 1e5, xtol=1e-9)
    found = vmf.fit(samples)
    np.testing.assert_allclose(found.kappa, expected, rtol=1e-5)
    np.testing.assert_allclose(found.mean_direction, samples.mean(0) / length, atol=1e-6)


def test_fit_of_a_batch_is_each_ones_fit():
    samples = np.stack([draw(5, 4.0), draw(5, 300.0)])
    together = vmf.fit(samples)
    for i, each in enumerate(samples):
        np.testing.assert_allclose(together.kappa[i], vmf.fit(each).kappa, rtol=1e-5)


# Bad input.


def refused(call, *words):
    with pytest.raises(SettingsError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("kappa", [-1.0, math.nan, math.inf, 1e300, 1.01e6])
def test_a_bad_kappa_is_refused(kappa):
    key = jax.random.key(0)
    refused(lambda: vmf.sample(key, axis(3), kappa), "kappa")
    refused(lambda: vmf.log_prob(axis(3), axis(3), np.array([1.0, kappa])), "kappa")
    refused(lambda: vmf.entropy(kappa, 3), "kappa")
    refused(lambda: vmf.mean_resultant_length(kappa, 3), "kappa")


@pytest.mark.parametrize("direction", [np.zeros(3), np.array([0, np.nan, 1]), np.full(3, np.inf)])
def test_a_bad_direction_is_refused(direction):
    refused(lambda: vmf.sample(jax.random.key(0), direction, 1.0), "mean_direction")
    refused(lambda: vmf.log_prob(axis(3), np.stack([axis(3), direction]), 1.0), "mean_direction")


@pytest.mark.parametrize("n", [1, 0, -3])
def test_too_few_dimensions_are_refused(n):
    refused(lambda: vmf.entropy(1.0, n), f"n: {n}")
    refused(lambda: vmf.kappa_for_angle(30.0, n), f"n: {n}")
    refused(lambda: vmf.sample(jax.random.key(0), np.ones(max(n, 0)), 1.0), "mean_direction")


@pytest.mark.parametrize("cosine", [-0.1, 1.0, math.nan])
def test_a_cosine_out_of_range_is_refused(cosine):
    refused(lambda: vmf.kappa_for_mean_cosine(cosine, 3), "cosine", "from 0 to below 1")


@pytest.mark.parametrize("degrees", [0.0, 90.5, -10.0, math.nan])
def test_an_angle_out_of_range_is_refused(degrees):
    refused(lambda: vmf.kappa_for_angle(degrees, 3), "degrees", "up to 90")


def test_samples_that_cannot_be_fitted_are_refused():
    refused(lambda: vmf.fit(axis(3)[None]), "samples", "(1, 3)")
    refused(lambda: vmf.fit(3 * np.eye(3)), "length 3")
    refused(lambda: vmf.fit(np.stack([axis(3)] * 4)), "all equal")
    refused(lambda: vmf.fit(np.stack([axis(3), -axis(3)])), "cancel out")
    refused(lambda: vmf.fit(np.full((2, 3), np.nan)), "length nan")


def test_shapes_that_do_not_fit_are_refused():
    """Without the checks of annotations, as in use."""
    code = """
import jax, numpy as np
from jaxtex.errors import SettingsError
from jaxtex.texture import vmf
key, d = jax.random.key(0), np.ones((2, 3), np.float32)
calls = [
    lambda: vmf.sample(key, d, np.ones(3)),
    lambda: vmf.sample(key, 1.0, 1.0),
    lambda: vmf.sample(key, d, 1.0, (-1,)),
    lambda: vmf.log_prob(np.ones((5, 3)), d, 1.0),
    lambda: vmf.log_prob(np.ones(4), d, 1.0),
    lambda: vmf.fit(np.ones(3)),
]
for call in calls:
    try:
        call()
    except SettingsError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 6
