"""The von Mises-Fisher distribution against closed forms, quadrature, SciPy and mpmath."""

import functools
import math
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from jaxtex.errors import SettingsError
from jaxtex.texture import vmf

# n, κ, log density at the mean direction, A_n(κ), variance of the cosine, entropy: from
# I_ν(κ) in mpmath with 80 digits. SciPy's logpdf and entropy fail at n = 512 for κ ≤ 1, at
# n = 1024 for κ ≤ 50 and at κ = 0.
EXACT = np.array(
    [
        (2, 0.0, -1.837877066, 0.0, 0.5, 1.837877066),
        (2, 0.0009765625, -1.836900742, 0.0004882811918, 0.4999998212, 1.837876828),
        (2, 1.0, -1.073791425, 0.4463899659, 0.3543460325, 1.627401459),
        (2, 50.0, 1.034547432, 0.9899489674, 0.0002020626387, -0.5319958006),
        (2, 1000.0, 2.534814044, 0.9994998749, 5.002503758e-7, -2.034688919),
        (2, 1000000.0, 5.988816621, 0.9999995, 5.0000025e-13, -5.488816496),
        (3, 0.0, -2.531024247, 0.0, 0.3333333333, 2.531024247),
        (3, 0.0009765625, -2.530047843, 0.0003255208126, 0.3333332698, 2.531024088),
        (3, 1.0, -1.692463609, 0.3130352855, 0.275938339, 2.379428323),
        (3, 50.0, 2.074145939, 0.98, 0.0004, -1.074145939),
        (3, 1000.0, 5.069878213, 0.999, 1.0e-6, -4.069878213),
        (3, 1000000.0, 11.97763349, 0.999999, 1.0e-12, -10.97763349),
        (5, 0.0, -3.270289025, 0.0, 0.2, 3.270289025),
        (5, 0.0009765625, -3.269312558, 0.0001953124947, 0.1999999837, 3.270288929),
        (5, 1.0, -2.368901313, 0.1945280495, 0.1840466401, 3.174373264),
        (5, 50.0, 4.168494585, 0.9604081633, 0.0007835068721, -2.188902749),
        (5, 1000.0, 10.14075693, 0.998001001, 1.997996996e-6, -8.141757926),
        (5, 1000000.0, 23.95526798, 0.999998, 1.999998e-12, -21.95526898),
        (100, 0.0, 86.63610247, 0.0, 0.01, -86.63610247),
        (100, 0.0009765625, 86.63707903, 9.765624999e-6, 0.009999999997, -86.63610248),
        (100, 1.0, 87.63110272, 0.009999019796, 0.009997059766, -86.64110174),
        (100, 50.0, 125.3219154, 0.4150685853, 0.005882270699, -96.07534462),
        (100, 1000.0, 252.1597066, 0.9517008547, 4.70985327e-5, -203.8605613),
        (100, 1000000.0, 592.8940582, 0.9999505012, 4.949759925e-11, -543.3952586),
        (512, 0.0, 867.9681032, 0.0, 0.001953125, -867.9681032),
        (512, 0.0009765625, 867.9690797, 1.907348633e-6, 0.001953125, -867.9681032),
        (512, 1.0, 868.9671266, 0.001953117578, 0.001953102736, -867.9690797),
        (512, 50.0, 915.5381494, 0.09674570507, 0.001899162731, -870.3754346),
        (512, 1000.0, 1327.709187, 0.7765309329, 0.0001924035323, -1104.24012),
        (512, 1000000.0, 3060.317869, 0.9997445325, 2.554349752e-10, -2804.850382),
        (1024, 0.0, 2093.027298, 0.0, 0.0009765625, -2093.027298),
        (1024, 0.0009765625, 2093.028275, 9.536743164e-7, 0.0009765625, -2093.027298),
        (1024, 1.0, 2094.02681, 0.0009765615705, 0.0009765597115, -2093.027787),
        (1024, 50.0, 2141.808043, 0.04871248523, 0.0009696459297, -2094.243667),
        (1024, 1000.0, 2721.21992, 0.6115999686, 0.0002787104765, -2332.819889),
        (1024, 1000000.0, 6126.690091, 0.9994886306, 5.112388789e-10, -5615.320652),
        (2048, 0.0, 4898.383863, 0.0, 0.00048828125, -4898.383863),
        (2048, 0.0009765625, 4898.384839, 4.768371582e-7, 0.00048828125, -4898.383863),
        (2048, 1.0, 4899.383619, 0.0004882811337, 0.0004882809011, -4898.384107),
        (2048, 50.0, 4947.773693, 0.02439954205, 0.000487410713, -4898.99367),
        (2048, 1000.0, 5676.817306, 0.4073252174, 0.0002914471692, -5084.142523),
        (2048, 1000000.0, 12259.63114, 0.9989770233, 1.02245347e-9, -11236.65441),
    ]
)
DIMENSIONS = (2, 3, 5, 100, 512, 1024, 2048)


def exact(n):
    """κ, log density at the mean direction, A_n, variance of the cosine and entropy."""
    return EXACT[EXACT[:, 0] == n, 1:].T


def axis(n, index=0, sign=1.0):
    return (sign * np.eye(1, n, index)[0]).astype(np.float32)


def direction_of(n, seed=0):
    """A direction that lies along no axis, of length 3."""
    direction = np.random.default_rng(seed).normal(size=n)
    return (3 * direction / np.linalg.norm(direction)).astype(np.float32)


def unit(direction):
    direction = np.asarray(direction, np.float64)
    return direction / np.linalg.norm(direction)


def angles(samples, direction):
    """Angles to the direction, accurate near 0."""
    return 2 * np.arcsin(np.linalg.norm(np.asarray(samples) - unit(direction), axis=-1) / 2)


def angle_cdf(n, kappa):
    """The angle's distribution, by quadrature of sin(θ)^(n−2) exp(κ cos θ) in float64."""
    spread = 14 / math.sqrt(kappa + n)
    middle = math.acos(2 * kappa / (n + math.hypot(n, 2 * kappa)))
    theta = np.linspace(max(middle - spread, 0), min(middle + spread, np.pi), 20_001)
    log_density = -2 * kappa * np.sin(theta / 2) ** 2 + special.xlogy(n - 2, np.sin(theta))
    cumulative = integrate.cumulative_simpson(np.exp(log_density - log_density.max()), x=theta)
    cumulative = np.concatenate([[0], cumulative]) / cumulative[-1]
    return lambda angle: np.interp(angle, theta, cumulative)


@functools.cache
def draw(n, kappa, seed=0):
    """5,000 samples about `direction_of(n)`, 1,000 above 100 dimensions."""
    count = 5000 if n <= 100 else 1000
    return np.asarray(vmf.sample(jax.random.key(seed), direction_of(n), kappa, (count,)))


# Density, entropy and moments.


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


# Samples.


@pytest.mark.parametrize(
    ("n", "kappa"),
    [
        *[(2, 0.0), (2, 5.0), (2, 1e6), (5, 1e-3)],
        *[(3, 0.0), (3, 1e-6), (3, 10.0), (3, 1e6)],
        *[(100, 0.0), (100, 50.0), (100, 1000.0), (100, 1e6)],
        *[(512, 1.0), (1024, 50.0), (2048, 0.0), (2048, 1000.0), (2048, 1e6)],
    ],
)
def test_angles_have_their_distribution(n, kappa):
    samples = draw(n, kappa)
    assert np.abs(np.linalg.norm(samples.astype(np.float64), axis=-1) - 1).max() < 1e-6
    found = stats.kstest(angles(samples, direction_of(n)), angle_cdf(n, kappa))
    assert found.pvalue > 1e-3


def test_cosines_on_the_sphere_have_the_closed_form():
    cosine = draw(3, 10.0).astype(np.float64) @ unit(direction_of(3))
    assert stats.kstest(cosine, lambda w: np.expm1(10 * (w + 1)) / np.expm1(20)).pvalue > 1e-3


def test_turns_on_the_circle_are_von_mises():
    samples, direction = draw(2, 5.0).astype(np.float64), unit(direction_of(2))
    across = samples @ np.array([-direction[1], direction[0]])
    turns = np.arctan2(across, samples @ direction)
    assert stats.kstest(turns, stats.vonmises(5).cdf).pvalue > 1e-3


def test_cosines_are_distributed_as_scipys():
    direction = unit(direction_of(100))
    theirs = stats.vonmises_fisher(direction, 80).rvs(5000, random_state=1) @ direction
    ours = draw(100, 80.0) @ direction
    assert stats.ks_2samp(ours, theirs).pvalue > 1e-3


@pytest.mark.parametrize("direction", [direction_of(4), axis(4), axis(4, sign=-1)])
@pytest.mark.parametrize("kappa", [0.0, 6.0])
def test_mean_and_covariance_are_those_of_the_distribution(direction, kappa):
    samples = np.asarray(vmf.sample(jax.random.key(3), direction, kappa, (100_000,)), np.float64)
    length = special.iv(2, kappa) / special.iv(1, kappa) if kappa else 0.0
    variance = 1 - length**2 - 3 * length / kappa if kappa else 1 / 4
    along = np.outer(unit(direction), unit(direction))
    across = (1 - variance - length**2) / 3 * (np.eye(4) - along)
    np.testing.assert_allclose(samples.mean(0), length * unit(direction), atol=0.008)
    np.testing.assert_allclose(np.cov(samples.T), variance * along + across, atol=0.005)


@pytest.mark.parametrize(
    ("kappa", "mean", "deviation"),
    [(0, 90.0, 5.74), (10, 84.2, 5.6), (50, 65.3, 4.8), (100, 51.6, 3.8), (200, 38.4, 2.8),
     (1000, 17.8, 1.3)],
)  # fmt: skip
def test_angles_in_100_dimensions_are_satohs(kappa, mean, deviation):
    found = np.degrees(angles(draw(100, float(kappa)), direction_of(100)))
    assert found.mean() == pytest.approx(mean, abs=0.25)
    assert found.std() == pytest.approx(deviation, abs=0.2)
    assert float(vmf.mean_angle(kappa, 100)) == pytest.approx(mean, abs=0.1)


@pytest.mark.parametrize("kappa", [0.0, 3.0, 1e6])
@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("n", [2, 5, 100])
def test_directions_along_the_first_axis_are_as_good_as_any(n, sign, kappa):
    key = jax.random.key(4)
    on = np.asarray(vmf.sample(key, axis(n, sign=sign), kappa, (5000,)))
    assert stats.kstest(angles(on, axis(n, sign=sign)), angle_cdf(n, kappa)).pvalue > 1e-3
    for off in (1e-8, -1e-8, 1e-30):
        direction = axis(n, sign=sign)
        direction[1] = off
        near = np.asarray(vmf.sample(key, direction, kappa, (5000,)))
        np.testing.assert_allclose(near, on, atol=1e-6)


@pytest.mark.parametrize("length", [1e-30, 1.0, 1e30])
def test_the_directions_length_does_not_matter(length):
    key, direction = jax.random.key(0), direction_of(5) * np.float32(length)
    found = vmf.sample(key, direction, 8.0, (5000,))
    np.testing.assert_allclose(found, draw(5, 8.0), atol=1e-6)


def test_samples_do_not_depend_on_each_other():
    samples = draw(3, 1.0).astype(np.float64)
    following = np.corrcoef(samples[:-1].T, samples[1:].T)[:3, 3:]
    assert np.abs(following).max() < 0.06


def test_the_same_key_gives_the_same_bytes():
    first, again, other = (
        np.asarray(vmf.sample(jax.random.key(seed), axis(5), 5.0, (5000,))) for seed in (1, 1, 2)
    )
    assert first.tobytes() == again.tobytes()
    assert not np.isclose(first, other).all(-1).any()


@pytest.mark.parametrize("implementation", ["rbg", "unsafe_rbg"])
def test_other_kinds_of_keys_are_taken(implementation):
    key = jax.random.key(0, impl=implementation)
    samples = vmf.sample(key, direction_of(5), 8.0, (5000,))
    assert stats.kstest(angles(samples, direction_of(5)), angle_cdf(5, 8.0)).pvalue > 1e-3


# Batches and transformations.


def test_batch_axes_are_broadcast():
    directions = np.stack([direction_of(5, seed) for seed in range(3)])
    kappa = np.array([[0.0], [10.0]], np.float32)
    samples = vmf.sample(jax.random.key(0), directions, kappa, (4, 5))
    assert samples.shape == (4, 5, 2, 3, 5)
    assert vmf.log_prob(samples, directions, kappa).shape == (4, 5, 2, 3)
    assert vmf.sample(jax.random.key(0), directions, 1.0).shape == (3, 5)
    assert vmf.sample(jax.random.key(0), directions[0], 1.0, (0,)).shape == (0, 5)


def test_every_member_of_a_batch_has_its_own_distribution():
    directions = np.stack([direction_of(20, seed) for seed in range(3)])
    kappa = np.array([0.0, 30.0, 1e5], np.float32)
    samples = np.asarray(vmf.sample(jax.random.key(0), directions, kappa, (3000,)))
    for i, direction in enumerate(directions):
        cdf = angle_cdf(20, float(kappa[i]))
        assert stats.kstest(angles(samples[:, i], direction), cdf).pvalue > 1e-3


def test_a_batch_of_one_is_the_single_distribution():
    batched = vmf.sample(jax.random.key(0), direction_of(5)[None], np.full(1, 4.0), (5000,))
    np.testing.assert_allclose(batched[:, 0], draw(5, 4.0), atol=1e-6)


def test_jit_and_vmap_change_nothing():
    keys = jax.random.split(jax.random.key(0), 3)
    directions = np.stack([direction_of(5, seed) for seed in range(3)])
    kappa = np.array([0.5, 30.0, 1e5], np.float32)

    def job(key, direction, kappa):
        samples = vmf.sample(key, direction, kappa, (50,))
        return samples, vmf.log_prob(samples, direction, kappa), vmf.fit(samples)

    apart = [job(*each) for each in zip(keys, directions, kappa, strict=True)]
    together = jax.jit(jax.vmap(job))(keys, directions, kappa)
    for one, all_in_one in zip(
        jax.tree.leaves(jax.tree.map(lambda *each: jnp.stack(each), *apart)),
        jax.tree.leaves(together),
        strict=True,
    ):
        np.testing.assert_allclose(all_in_one, one, rtol=1e-4, atol=1e-6)


def test_a_traced_kappa_that_is_none_gives_nan_and_comes_to_an_end():
    draw_traced = jax.jit(lambda kappa: vmf.sample(jax.random.key(0), axis(4), kappa, (8,)))
    for kappa in (-1.0, jnp.nan, jnp.inf):
        assert np.isnan(draw_traced(jnp.float32(kappa))).all()
        assert np.isnan(jax.jit(lambda k: vmf.entropy(k, 4))(jnp.float32(kappa)))


@given(
    n=st.sampled_from([2, 3, 2048]),
    kappa=st.floats(0, 1e6, width=32) | st.floats(-6, 6).map(lambda e: 10**e),
    seed=st.integers(0, 2**32 - 1),
    entries=st.lists(st.floats(-(2.0**66), 2.0**66, width=32), min_size=6, max_size=6).filter(any),
)
@settings(max_examples=60, deadline=None)
def test_samples_are_finite_unit_vectors(n, kappa, seed, entries):
    direction = np.resize(np.array(entries, np.float32), n)
    if not direction.any():
        direction[-1] = 1
    samples = np.asarray(vmf.sample(jax.random.key(seed), direction, kappa, (3,)), np.float64)
    np.testing.assert_allclose(np.linalg.norm(samples, axis=-1), 1, atol=1e-6)
    assert np.isfinite(vmf.log_prob(samples, direction, kappa)).all()


# κ from data, from a mean cosine and from an angle.


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


@pytest.mark.parametrize("kappa", [-1.0, math.nan, math.inf, 1e300])
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
