"""Bands give what the whole image gives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import batch, network, noise

from jaxtex.style.objective import Program, bands, features_of
from jaxtex.vgg import Ends, depth, halo, minimum_size

LAYERS = ("conv1_2", "conv2_1", "conv3_1")
PROGRAM = Program(LAYERS, "conv3_1", "relative", "conv", "max")
whole = jax.jit(features_of, static_argnums=0)
DEEPEST = st.sampled_from(["conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_1"])


@settings(max_examples=40, deadline=None)
@given(DEEPEST, st.integers(1, 900), st.integers(1, 900))
def test_every_row_counts_once_and_as_far_from_a_cut_as_features_see(deepest, height, band):
    program = Program((deepest,), "conv1_1", "relative", "conv", "max", band=band)
    margin, step = halo(program.all_layers), minimum_size(program.all_layers)
    cut = bands.plan(program, height)
    if cut is None:
        assert height <= max(band, bands.least_band(program)) + step
        return
    assert cut.size <= max(band, bands.least_band(program))
    assert cut.size < height
    for layer in ("conv1_1", deepest):
        rows, halvings = np.zeros(height >> depth(layer), int), depth(layer)
        for index in map(jnp.int32, range(cut.count)):
            start = int(cut.start(index))
            assert start % step == 0
            assert 0 <= start <= height - cut.size
            counts = np.asarray(cut.counts(index, layer))[:, 0, 0]
            inside = np.flatnonzero(counts)
            if not len(inside):  # less is left than a position of this layer
                continue
            rows[(start >> halvings) + inside] += 1
            first, last = inside[0] << halvings, (inside[-1] + 1) << halvings
            assert start == 0 or first >= margin
            assert start + cut.size == height or cut.size - last >= margin
        assert (rows == 1).all()


def problem(height: int, width: int, *, regions: int = 0):
    """An image and what it is compared with."""
    image, content = (batch(noise(seed, height, width, 1)) for seed in (0, 1))
    kernels = network().prepare(PROGRAM.all_layers, height, width, 1)
    rng = np.random.default_rng(2)

    def drawn(*shape: int):
        return jnp.asarray(rng.uniform(0.5, 1.5, (1, *shape)), jnp.float32)

    def guide(layer: str):
        rows, columns = height >> depth(layer), width >> depth(layer)
        if regions:
            return Ends(drawn(1, columns, 1), drawn(regions, 3))
        return drawn(rows, columns, 1)

    return image, content, kernels, {layer: guide(layer) for layer in ("conv2_1", "conv3_1")}


@pytest.mark.parametrize(("height", "band", "regions"), [(163, 70, 0), (128, 64, 3), (90, 60, 0)])
def test_sums_and_gradients_are_those_of_the_whole(height, band, regions):
    image, content, kernels, guides = problem(height, 40, regions=regions)
    target, _ = whole(PROGRAM, kernels, content)
    banded = PROGRAM._replace(band=band)
    cut = bands.plan(banded, height)
    assert cut is not None
    assert cut.count > 1

    @functools.partial(jax.jit, static_argnums=0)
    def value(program, image):
        def total(image):
            squares, grams = bands.compared(program, kernels, image, target, guides)
            sizes = {layer: jnp.sum(jnp.square(gram)) for layer, gram in grams.items()}
            return jnp.sum(squares) / 1e6 + sum(jnp.log(size) for size in sizes.values()), (
                squares,
                grams,
            )

        return jax.value_and_grad(total, has_aux=True)(image)

    (_, (squares, grams)), gradient = value(PROGRAM, image)
    (_, (other_squares, other_grams)), other_gradient = value(banded, image)
    np.testing.assert_allclose(other_squares, squares, rtol=1e-4)
    for layer in LAYERS:
        scale = np.abs(grams[layer]).max()
        np.testing.assert_allclose(other_grams[layer], grams[layer], atol=1e-5 * scale)
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(other_gradient, gradient, atol=1e-4 * scale)


@pytest.mark.parametrize("height", [163, 128])
def test_content_features_and_gram_matrices_alone_are_those_of_the_whole(height):
    image, _, kernels, _ = problem(height, 40)
    banded = PROGRAM._replace(band=64)
    found = jax.jit(bands.content_of, static_argnums=0)(banded, kernels, image)
    banded_grams = jax.jit(bands.grams_of, static_argnums=0)(banded, kernels, image)
    expected, grams = whole(PROGRAM, kernels, image)
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    for layer, gram in banded_grams.items():
        np.testing.assert_allclose(gram, grams[layer], atol=1e-5 * np.abs(grams[layer]).max())
