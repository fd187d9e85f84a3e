"""Random words are JAX's Threefry; uniforms, circle points and normals have their distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from jaxtex.texture.sphere.normals import circle, normals, random_words, threefry, uniform


def words(*values):
    return jnp.array(values, jnp.uint32)


def seed_of(number, implementation="threefry2x32"):
    return jax.random.bits(jax.random.key(number, impl=implementation), (2,))


def test_threefry_is_jaxs():
    key, high, low = jax.random.bits(jax.random.key(1), (3, 2))
    ours = threefry(key, high, low)
    np.testing.assert_array_equal(
        np.concatenate(ours), threefry_2x32(key, jnp.concatenate([high, low]))
    )


def test_no_counter_is_used_twice():
    counters = np.asarray(random_words(seed_of(0), (3, 40, 50)))
    assert len(np.unique(counters.reshape(2, -1), axis=1).T) == 3 * 40 * 50


def test_rows_do_not_depend_on_how_they_are_arranged():
    together, apart = random_words(seed_of(0), (6, 5)), random_words(seed_of(0), (2, 3, 5))
    np.testing.assert_array_equal(np.reshape(apart, (2, 6, 5)), together)
    later = random_words(seed_of(0), (4, 5), 2)
    np.testing.assert_array_equal(later, np.asarray(together)[:, 2:])


def test_uniform_numbers_are_between_zero_and_one():
    lowest, highest = np.asarray(uniform(words(0, 2**32 - 1)))
    assert 0 < lowest == 2.0**-24
    assert highest == 1 - 2.0**-24


def test_circle_is_accurate_and_off_the_axes():
    edges = [0, 2**22, 2**29, 2**30 - 1, 2**30, 2**31, 2**32 - 1]
    cosine, sine = circle(
        jnp.concatenate([words(*edges), jax.random.bits(jax.random.key(0), (100_000,))])
    )
    cosine, sine = np.asarray(cosine, np.float64), np.asarray(sine, np.float64)
    assert np.abs(np.hypot(cosine, sine) - 1).max() < 2e-7
    assert np.minimum(np.abs(cosine), np.abs(sine)).min() > 0
    turns = np.arctan2(sine, cosine) / (2 * np.pi) % 1
    assert stats.kstest(turns[len(edges) :], "uniform").pvalue > 1e-3


def test_circle_takes_its_angle_from_the_lowest_bits():
    steps = np.array([0, 1, 2**10, 2**23 - 1])
    cosine, sine = np.asarray(circle(words(*(2**31 + steps * 2**6))), np.float64)
    expected = (steps + 0.5) * 2.0**-23 * np.pi / 4
    np.testing.assert_allclose(np.arctan2(sine, cosine), expected, rtol=3e-7)


@pytest.mark.parametrize("columns", [1, 2, 7])
def test_normals_are_normal(columns):
    values = np.asarray(normals(seed_of(2), (20_000, columns)), np.float64)
    assert values.shape == (20_000, columns)
    for column in values.T:
        assert stats.kstest(column, "norm").pvalue > 1e-3
    assert np.abs(np.corrcoef(values.T) - np.eye(columns)).max() < 0.03
    # Squares too: the two normals of a pair share a radius.
    assert np.abs(np.corrcoef(values.T**2) - np.eye(columns)).max() < 0.03


def test_normals_have_tails():
    values = np.asarray(normals(seed_of(3), (2_000_000,)))
    beyond = (np.abs(values) > 4).sum()
    expected = 2_000_000 * 2 * stats.norm.sf(4)
    assert abs(beyond - expected) < 5 * np.sqrt(expected)
    assert np.isfinite(values).all()


@pytest.mark.parametrize("implementation", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_every_kind_of_key_is_taken(implementation):
    draws = [np.asarray(normals(seed_of(each, implementation), (1000,))) for each in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(np.corrcoef(draws[0], draws[2])[0, 1]) < 0.15
    assert stats.kstest(draws[0], "norm").pvalue > 1e-3
