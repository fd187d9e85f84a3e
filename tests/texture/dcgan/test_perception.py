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

see = jax.jit(perception.statistics)


def drawn(count: int, size: int = 32) -> jax.Array:
    """Textures of noise and waves, each of its own contrast, colour and coarseness."""
    rng = np.random.default_rng(count)
    noise = rng.normal(size=(count, size, size, 3)) * rng.uniform(0.05, 0.4, (count, 1, 1, 1))
    at = np.arange(size)
    waves = np.sin(at * rng.uniform(0.1, 1, (count, 1)))[:, :, None, None] * 0.3
    even = rng.uniform(-0.5, 0.5, (count, 1, 1, 3))
    return jnp.asarray((noise + waves + even).clip(-1, 1), jnp.float32)


@pytest.fixture(scope="module")
def textures() -> jax.Array:
    return drawn(72)


@pytest.fixture(scope="module")
def eye(textures):
    return looking_for(open_eye(network(), 0, textures), textures)


def test_statistics_are_means_and_gram_matrices_of_features(eye, textures):
    some = textures[:6]
    found = see(eye, some)
    features = jax.jit(lambda convs, image: extract(convs, image, LAYERS, features="relu"))(
        eye.convs, (some + 1) * 127.5
    )
    assert len(found) == 2 * len(LAYERS) + 1
    for layer, means, gram in zip(LAYERS, found[::2], found[1::2], strict=False):
        flat = np.asarray(features[layer], np.float64).reshape(6, -1, features[layer].shape[-1])
        spread = np.asarray(eye.spreads[layer])
        np.testing.assert_allclose(means, flat.mean(1) / spread, rtol=1e-3, atol=1e-3)
        projected = flat @ np.asarray(eye.projections[layer], np.float64)
        for index in range(6):
            covariance = np.cov(projected[index], rowvar=False, bias=True)
            expected = covariance / np.sqrt(np.sqrt(np.square(covariance).sum() + 1e-6))
            np.testing.assert_allclose(gram[index].reshape(48, 48), expected, atol=2e-3)


def test_the_autocorrelation_is_that_of_the_windowed_fine_part():
    texture = np.asarray(drawn(3), np.float64)
    hann = np.hanning(34)[1:-1]
    window = np.outer(hann, hann)
    window /= np.sqrt(np.square(window).sum())
    frequency = np.hypot(np.fft.fftfreq(32)[:, None], np.fft.fftfreq(32))
    high = 1 - np.exp(-np.square(frequency * 8) / 2)
    found = np.asarray(perception.autocorrelation(jnp.asarray(texture, jnp.float32)))
    for index, each in enumerate(found.reshape(3, 3, 17, 9)):
        for colour in range(3):
            image = texture[index, ..., colour] * window
            fine = np.fft.ifft2(np.fft.fft2(image) * high).real
            # Circular, by sums over shifted copies.
            lags = [
                [(fine * np.roll(fine, (-down, -right), (0, 1))).sum() for right in range(9)]
                for down in range(-8, 9)
            ]
            expected = np.array(lags) / np.sqrt(np.square(fine).sum() + 1e-6)
            np.testing.assert_allclose(each[colour], expected, atol=1e-5)


def test_a_lattice_swings_on_and_noise_does_not():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(1, 32, 32, 1)) * 0.2
    signs = (-1.0) ** np.add.outer(np.arange(32), np.arange(32))
    lattice = np.broadcast_to(signs[None, ..., None] * 0.2, (1, 32, 32, 3))
    both = [np.broadcast_to(noise, (1, 32, 32, 3)), lattice]
    far = []
    for each in both:
        found = np.asarray(perception.autocorrelation(jnp.asarray(each, jnp.float32)))
        found = found.reshape(3, 17, 9)[0]
        far.append(abs(found[[0, 2, 14, 16], 4:]).min() / found[8, 0])
    assert far[0] < 0.1
    assert far[1] > 0.3


def test_a_statistic_is_taken_along_its_principal_axes(eye, textures):
    raw = see(eye, textures)
    for found, wanted in zip(raw, eye.wanted, strict=True):
        found = np.asarray(found, np.float64)
        values = np.linalg.eigvalsh(np.cov(found, rowvar=False, bias=True))[::-1].clip(0)
        spread = np.sqrt(values[: wanted.shape[1]])
        kept = spread > 1.1e-3 * spread[0]
        wanted = np.asarray(wanted, np.float64)[:, kept]
        np.testing.assert_allclose(wanted.mean(0), 0, atol=1e-3)
        # Each axis's spread becomes the root of its share in the largest.
        expected = np.sqrt(spread[kept] / spread[0])
        np.testing.assert_allclose(wanted.std(0), expected, rtol=0.02)
        correlation = np.corrcoef(wanted, rowvar=False)
        assert abs(correlation - np.eye(len(correlation))).max() < 0.02


def test_axes_along_which_real_textures_are_alike_do_not_count():
    flat = jnp.broadcast_to(drawn(1)[:1], (40, 32, 32, 3))
    shades = flat * jnp.linspace(0.9, 1, 40)[:, None, None, None]
    eye = looking_for(open_eye(network(), 0, shades), shades)
    for axes in eye.axes:
        basis = np.asarray(axes.basis)
        assert np.isfinite(basis).all()
        assert 1 <= (abs(basis).max(0) > 0).sum() < 30


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
    widths = [64, 48, 72, 48, 72, 48, 72, 48, 72]
    assert [each.shape for each in eye.wanted] == [(72, width) for width in widths]
    # What is remembered of batches has the axes that so many real textures can have.
    assert [each.shape[1] for each in forget(2)] == [64, 48, 64, 48, 64, 48, 64, 48, 64]
    assert [each.shape[1] for each in forget(64)] == [64, 48, 128, 48, 128, 48, 128, 48, 128]
    again = looking_for(open_eye(network(), 0, textures), textures)
    for one, other in zip(eye.wanted, again.wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_sets_in_another_order_are_not_apart():
    real = jax.random.normal(jax.random.key(1), (20, 7))
    assert float(apart(jax.random.key(2), [real], [real[::-1]])) == pytest.approx(0, abs=1e-9)


def test_what_was_seen_before_counts_and_is_forgotten_in_turn(eye, textures):
    remembered = perception.describe(eye, textures[:8])
    look = jax.jit(perception.look)
    found, after, _ = look(eye, jax.random.key(0), remembered, textures[8:12] * 0.5)
    seen = perception.describe(eye, textures[8:12] * 0.5)
    for old, new, each in zip(remembered, seen, after, strict=True):
        np.testing.assert_allclose(each, jnp.concatenate([old[4:], new]), atol=1e-3)
    assert float(found) > 0


def test_the_gradient_is_that_of_finite_differences(eye, textures):
    wanted = [each[:14] for each in eye.wanted]
    some = textures[:7] * 0.8
    # There is nothing to remember yet.
    remembered = [each[:0] for each in wanted]
    look = jax.jit(perception.look)
    eye = eye._replace(wanted=wanted)
    _, _, gradient = look(eye, jax.random.key(3), remembered, some)
    along = jnp.sign(gradient)
    step = 2e-3
    ahead, behind = (
        float(look(eye, jax.random.key(3), remembered, some + sign * step * along)[0])
        for sign in (1, -1)
    )
    slope = float(jnp.abs(gradient).sum())
    assert (ahead - behind) / (2 * step) == pytest.approx(slope, rel=0.1)
