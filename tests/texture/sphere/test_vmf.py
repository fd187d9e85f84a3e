"""Samples of the von Mises-Fisher distribution against closed forms, quadrature and SciPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats
from vmf_reference import angle_cdf, angles, axis, direction_of, draw, unit

from jaxtex.texture import vmf


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
