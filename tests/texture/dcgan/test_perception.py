"""What VGG16 sees: statistics against NumPy, distances against SciPy, gradients by differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import network
from scipy import stats

from jaxtex.texture.dcgan import perception
from jaxtex.texture.dcgan.perception import LAYERS, apart, forget, looking_for, open_eye
from jaxtex.vgg import extract

describe = jax.jit(perception.describe)


@pytest.fixture(scope="module")
def textures() -> jax.Array:
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.uniform(-1, 1, (6, 32, 32, 3)), jnp.float32)


@pytest.fixture(scope="module")
def eye(textures):
    return looking_for(open_eye(network(), 0, textures), 0, textures)


def test_statistics_are_means_and_gram_matrices_of_projected_features(eye, textures):
    whole = jnp.tile(textures[:, :16, :16], (1, 2, 2, 1))
    # All quarters of a picture of one grey level are alike, wherever they are cut.
    even = jnp.broadcast_to(whole[:, :1, :1], whole.shape)
    found = describe(eye, jax.random.key(1), even)
    seen = jax.jit(lambda convs, image: extract(convs, image, LAYERS, features="relu"))
    features = seen(eye.convs, (even[:, :16, :16] + 1) * 127.5)
    for layer, means, gram in zip(LAYERS, found[::2], found[1::2], strict=True):
        flat = np.asarray(features[layer], np.float64).reshape(6, -1, features[layer].shape[-1])
        projected = flat @ np.asarray(eye.projections[layer], np.float64)
        np.testing.assert_allclose(means, projected.mean(1), rtol=1e-3, atol=1e-3)
        for index in range(6):
            covariance = np.cov(projected[index], rowvar=False, bias=True)
            expected = covariance / np.sqrt(np.sqrt(np.square(covariance).sum() + 1e-6))
            np.testing.assert_allclose(gram[index].reshape(48, 48), expected, atol=2e-3)


def test_quarters_are_cut_anywhere(eye, textures):
    one, other = (describe(eye, jax.random.key(seed), textures)[0] for seed in (1, 2))
    assert (np.abs(np.asarray(one - other)).max(1) > 1e-4).all()


def test_along_a_line_it_is_the_wasserstein_distance():
    rng = np.random.default_rng(3)
    real, generated = (rng.normal(m, m + 1, (50, 1)).astype(np.float32) for m in (0, 1))
    found = apart(jax.random.key(0), [jnp.asarray(real)], [jnp.asarray(generated)])
    ordered = np.sort(real, 0) - np.sort(generated, 0)
    assert abs(ordered).mean() == pytest.approx(
        stats.wasserstein_distance(real[:, 0], generated[:, 0])
    )
    assert float(found) == pytest.approx(np.square(ordered).mean() / real.var(), rel=0.03)


def test_many_real_textures_are_compared_by_their_quantiles():
    rng = np.random.default_rng(4)
    real = rng.normal(size=(60, 1)).astype(np.float32)
    found = apart(jax.random.key(0), [jnp.asarray(real)], [jnp.zeros((20, 1))])
    quantiles = np.sort(real[:, 0]).reshape(20, 3).mean(1)
    assert float(found) == pytest.approx(np.square(quantiles).mean() / real.var(), rel=0.02)


def test_what_is_wanted_is_seen_of_all_real_textures(eye, textures):
    assert [each.shape for each in eye.wanted] == [(6, 48), (6, 48 * 48)] * len(LAYERS)
    assert [each.shape[1] for each in forget(2)] == [each.shape[1] for each in eye.wanted]
    again = looking_for(open_eye(network(), 0, textures), 0, textures)
    for one, other in zip(eye.wanted, again.wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_sets_in_another_order_are_not_apart():
    real = jax.random.normal(jax.random.key(1), (20, 7))
    assert float(apart(jax.random.key(2), [real], [real[::-1]])) == pytest.approx(0, abs=1e-9)


def test_the_gradient_is_that_of_finite_differences(eye, textures):
    wanted = describe(eye, jax.random.key(1), textures[::-1])

    @jax.jit
    @jax.value_and_grad
    def distance(x):
        return apart(jax.random.key(3), wanted, describe(eye, jax.random.key(2), x))

    _, gradient = distance(textures)
    along = jnp.sign(gradient)
    step = 2e-3
    ahead, behind = (float(distance(textures + sign * step * along)[0]) for sign in (1, -1))
    slope = float(jnp.abs(gradient).sum())
    assert (ahead - behind) / (2 * step) == pytest.approx(slope, rel=0.1)
