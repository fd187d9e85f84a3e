"""Statistics of pictures that go on beyond their edges."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex.texture.extend import objective
from jaxtex.texture.extend.objective import Program
from jaxtex.vgg import extract

LAYERS = ("conv1_2", "conv2_1", "conv3_1")


def picture(height, width, seed=1):
    return np.random.default_rng(seed).uniform(0, 255, (1, height, width, 3)).astype(np.float32)


def none(layers):
    channels = {"conv1_2": 64, "conv2_1": 128, "conv3_1": 256}
    return {layer: jnp.zeros((1, channels[layer])) for layer in layers}


def measure(network, image, *, wrap, bands=1, parts=(1, 1)):
    program = Program(LAYERS, wrap, 3, bands, parts)
    convs = network.prepare(LAYERS, 0, 0, 3, form="direct")
    return objective.measure(program, convs, image, none(LAYERS))


@pytest.fixture(scope="module")
def image():
    return picture(32, 24)


def test_features_of_a_tile_are_those_in_the_middle_of_many(network, image):
    found = measure(network, image, wrap=(True, True))
    convs = network.prepare(LAYERS, 0, 0, 3, form="direct")
    tiled = jax.jit(lambda convs, image: extract(convs, image, LAYERS, pool="avg"))
    features = tiled(convs, np.tile(image, (1, 3, 3, 1)))
    for layer, step in zip(LAYERS, (1, 2, 4), strict=True):
        rows, columns = 32 // step, 24 // step
        middle = np.asarray(features[layer], np.float64)[0, rows : 2 * rows, columns : 2 * columns]
        flat = middle.reshape(-1, middle.shape[-1])
        gram = flat.T @ flat / len(flat)
        np.testing.assert_allclose(found[layer].mean[0, 0], flat.mean(0), rtol=1e-3, atol=0.02)
        np.testing.assert_allclose(found[layer].gram[0, 0], gram, rtol=2e-3, atol=1e-4 * gram.max())


def test_statistics_of_bands_are_those_of_the_whole(network, image):
    whole = measure(network, image, wrap=(True, False))
    bands = measure(network, image, wrap=(True, False), bands=4)
    for layer in LAYERS:
        scale = float(np.abs(whole[layer].gram).max())
        np.testing.assert_allclose(bands[layer].gram, whole[layer].gram, atol=1e-5 * scale)
        np.testing.assert_allclose(bands[layer].mean, whole[layer].mean, rtol=1e-3, atol=0.02)


def test_statistics_of_parts_are_on_average_those_of_the_whole(network, image):
    whole = measure(network, image, wrap=(True, True))
    parts = measure(network, image, wrap=(True, True), parts=(2, 3))
    for layer in LAYERS:
        assert parts[layer].gram.shape[:2] == (1, 6)
        gram = np.asarray(parts[layer].gram).mean(1, keepdims=True)
        np.testing.assert_allclose(gram, whole[layer].gram, atol=1e-5 * float(gram.max()))


def test_the_gradient_of_bands_is_that_of_the_whole(network, image):
    convs = network.prepare(LAYERS, 0, 0, 3, form="direct")

    def gradient(bands):
        program = Program(LAYERS, (True, True), 3, bands)

        def total(image):
            found = objective.statistics(program, convs, image, none(LAYERS)).values()
            return sum(each.gram[0, 0, 0, 1] + each.mean[0, 0, 2] for each in found)

        return np.asarray(jax.jit(jax.grad(total))(jnp.asarray(image)))

    whole = gradient(1)
    np.testing.assert_allclose(gradient(4), whole, atol=1e-4 * np.abs(whole).max())


def test_statistics_of_a_tile_do_not_change_when_it_is_moved_round(network, image):
    # By a multiple of what pools join.
    moved = np.roll(image, (8, 12), (1, 2))
    found, there = (measure(network, each, wrap=(True, True)) for each in (image, moved))
    for layer in LAYERS:
        scale = float(np.abs(found[layer].gram).max())
        np.testing.assert_allclose(there[layer].gram, found[layer].gram, atol=1e-5 * scale)


@pytest.mark.parametrize("wrap", [(True, True), (True, False), (False, False)])
def test_correlation_is_the_mean_product_of_pairs_of_pixels(wrap):
    image = picture(9, 11)
    colour = np.array([[100.0, 120.0, 90.0]], np.float32)
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0][None].astype(np.float32)
    found = np.asarray(
        objective.correlation(jnp.asarray(image), wrap, 2, *map(jnp.asarray, (colour, axes)))
    )
    values = np.einsum("hwc,cd->hwd", (image - colour)[0].astype(np.float64), axes[0])
    height, width = values.shape[:2]
    expected = np.zeros((3, 5, 3))
    for down in range(3):
        for right in range(-2, 3):
            pairs = [
                values[y, x] * values[(y + down) % height, (x + right) % width]
                for y in range(height)
                for x in range(width)
                if (wrap[0] or y + down < height) and (wrap[1] or 0 <= x + right < width)
            ]
            expected[down, right + 2] = np.mean(pairs, 0)
    np.testing.assert_allclose(found[0], expected, rtol=1e-3, atol=0.5)


def test_the_loss_of_the_source_itself_is_almost_none(network):
    program = Program(LAYERS, (False, False), 4)
    image = picture(32, 24)
    axes = np.eye(3, dtype=np.float32)[None]
    targets = objective.find_targets(program, network, image, axes)
    convs = network.prepare(LAYERS, 0, 0, 3, form="direct")
    losses = jax.jit(objective.losses, static_argnums=0)
    found = losses(program, convs, targets, image)
    assert float(found.total[0]) < 1e-6
    other = losses(program, convs, targets, picture(32, 24, seed=2) / 2)
    assert float(other.total[0]) > 0.1
