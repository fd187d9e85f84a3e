"""Pictures made of frequencies."""

import numpy as np
import pytest

from jaxtex.texture.extend import random_phase, resample


def waves(size, count):
    return np.cos(2 * np.pi * count * np.arange(size) / size)


@pytest.mark.parametrize("size", [16, 30, 48])
def test_a_wave_that_repeats_is_the_same_at_another_size(size):
    image = np.tile((waves(24, 3)[:, None] + waves(24, 2))[..., None], 3).astype(np.float32)
    found = resample(image, size, size, (True, True))
    expected = waves(size, 3)[:, None] + waves(size, 2)
    np.testing.assert_allclose(found[..., 0], expected, atol=1e-5)


def test_a_wave_that_is_mirrored_is_the_same_at_another_size():
    def wave(size):
        return np.cos(np.pi * 3 * (np.arange(size) + 0.5) / size)[:, None, None]

    image = np.broadcast_to(wave(20), (20, 8, 3)).astype(np.float32)
    found = resample(image, 35, 8, (False, True))
    np.testing.assert_allclose(found, np.broadcast_to(wave(35), (35, 8, 3)), atol=1e-5)


def test_the_same_size_is_the_same_picture(source):
    np.testing.assert_array_equal(resample(source, *source.shape[:2], (True, False)), source)


def test_noise_has_the_sources_mean_and_contrast(source):
    rng = np.random.default_rng(0)
    drawn = [random_phase(rng, source, 64, 64) for _ in range(30)]
    spread = np.mean([each.var((0, 1)) for each in drawn], 0)
    mean = np.mean([each.mean((0, 1)) for each in drawn], 0)
    np.testing.assert_allclose(mean, source.mean((0, 1)), atol=0.02)
    np.testing.assert_allclose(spread, source.var((0, 1)), rtol=0.35)


def test_noise_has_the_sources_lines():
    source = np.tile((0.5 + 0.3 * waves(24, 6))[:, None, None], (1, 24, 3)).astype(np.float32)
    noise = random_phase(np.random.default_rng(0), source, 96, 96)
    power = np.abs(np.fft.fft2(noise[..., 0] - noise[..., 0].mean())) ** 2
    row, column = np.unravel_index(power[:49].argmax(), (49, 96))
    # A quarter of a wave a pixel, level.
    assert abs(row - 24) <= 2
    assert min(column, 96 - column) <= 3
