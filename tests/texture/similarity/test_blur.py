"""The Gaussian blur against SciPy, its gradient against that of a plain sum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import correlate1d

from jaxtex.texture.similarity.blur import blur, blur_strip, even_parts, gaussian_taps, strips


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize("shape", [(11, 1, 11), (20, 3, 30), (2, 3, 75, 2, 40), (200, 1, 12)])
def test_the_blur_is_that_of_scipy_where_the_window_lies_within(shape):
    images = noise(*shape)
    taps = gaussian_taps(11, 1.5)
    down = correlate1d(images.astype(np.float64), taps, -3)
    expected = correlate1d(down, taps, -1)[..., 5:-5, :, 5:-5]
    np.testing.assert_allclose(jax.jit(blur, static_argnums=0)(taps, images), expected, atol=1e-6)


@pytest.mark.parametrize(("window", "sigma"), [(11, 1.5), (3, 0.3), (1, 1.0), (33, 8.0)])
def test_taps_are_a_gaussian_that_adds_up_to_1(window, sigma):
    taps = np.array(gaussian_taps(window, sigma))
    offsets = np.arange(window) - window // 2
    gaussian = np.exp(-(offsets**2) / (2 * sigma**2))
    np.testing.assert_allclose(taps, gaussian / gaussian.sum(), atol=1e-6)
    assert np.sum(taps.astype(np.float32), dtype=np.float64) == 1
    np.testing.assert_array_equal(taps, taps.astype(np.float32))


@pytest.mark.parametrize("level", [0.0, 0.25, 1.0])
def test_a_constant_is_left_exactly(level):
    images = jnp.full((3, 30, 2, 25), level)
    assert (np.asarray(blur(gaussian_taps(11, 1.5), images)) == level).all()


def test_the_gradient_is_the_transposed_blur():
    taps, images, weights = gaussian_taps(5, 1.0), noise(2, 9, 2, 12), noise(2, 5, 2, 8)

    def plain(images):
        """Σ over the window's pixels of weight × shifted image."""
        parts = [
            down * across * images[:, y : y + 5, :, x : x + 8]
            for y, down in enumerate(taps)
            for x, across in enumerate(taps)
        ]
        return jnp.sum(weights * sum(parts))

    found = jax.grad(lambda images: jnp.sum(weights * blur_strip(taps, images)))(images)
    np.testing.assert_allclose(found, jax.grad(plain)(images), atol=1e-6)


@pytest.mark.parametrize("places", [1, 17, 18, 19, 54, 143, 144, 1000])
def test_strips_cover_all_places_once_and_are_few(places):
    found = strips(places)
    assert [place for first, last in found for place in range(first, last)] == list(range(places))
    assert len(found) <= 8


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
@pytest.mark.parametrize("most", [1, 8, 30])
def test_even_parts_are_as_few_as_can_be(count, most):
    size = even_parts(count, most)
    assert 1 <= size <= most
    assert -(-count // size) == -(-count // most)
    assert size == 1 or (size - 1) * -(-count // size) < count  # none could be smaller
