import numpy as np
import pytest
from style_images import rust

from jaxtex.style.separation.lab import blur, gradient_ranks, to_lab


def test_lab_agrees_with_scikit_image():
    color = pytest.importorskip("skimage.color")
    image = np.random.default_rng(0).random((20, 30, 3)).astype(np.float32)
    image[0, :2] = [[0, 0, 0], [1, 1, 1]]
    np.testing.assert_allclose(to_lab(image), color.rgb2lab(image), atol=0.05)


def test_ranks_are_highest_on_edges():
    image = np.zeros((32, 32, 3), np.float32)
    image[:, 16:] = 1
    ranks = gradient_ranks(to_lab(image))
    assert ranks[:, 15:17].min() > 0.9
    assert ranks[:, :8].max() < 0.9


def test_blur_keeps_the_mean_and_the_channels_apart():
    image = rust(40, 60)
    image[..., 2] = 0.25
    blurred = blur(image, 1.0)
    np.testing.assert_allclose(blurred.mean((0, 1)), image.mean((0, 1)), atol=0.005)
    np.testing.assert_allclose(blurred[..., 2], 0.25, atol=1e-6)
