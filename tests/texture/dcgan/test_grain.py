"""Noise that a latent decides: as good as white, and the same everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxtex.texture.dcgan import grain
from jaxtex.texture.dcgan.model import fold, load_model, render, save_model
from jaxtex.texture.dcgan.network import Generator, grown
from jaxtex.texture.dcgan.settings import Settings
from jaxtex.texture.dcgan.train import start, take_apart

LATENT = 100


@pytest.fixture(scope="module")
def noise():
    latents = jax.random.normal(jax.random.key(0), (400, LATENT))
    return np.asarray(jax.jit(lambda z: grain.fields(z, 16, 3))(latents))


def signs(size: int, side: int, count: int) -> np.ndarray:
    """What a latent is multiplied by: MurmurHash3's finaliser in Python's own integers."""
    pixels = side * side * count
    found = []
    for number in range(size * -(-pixels // 32)):
        for turn in (side, ~side):
            number ^= turn * 0x9E3779B9 % 2**32
            number = (number ^ number >> 16) * 0x85EBCA6B % 2**32
            number = (number ^ number >> 13) * 0xC2B2AE35 % 2**32
            number ^= number >> 16
        found += [1 if number >> bit & 1 else -1 for bit in range(32)]
    return np.array(found).reshape(size, -1)[:, :pixels]


def test_fields_are_the_projections_that_are_documented():
    found = grain.fields(2 * jnp.eye(4), 5, 2)
    np.testing.assert_allclose(found.reshape(4, -1), signs(4, 5, 2), rtol=1e-6)


def test_fields_are_of_variance_1_and_white(noise):
    assert noise.shape == (400, 16, 16, 3)
    assert abs(noise.mean()) < 0.01
    assert noise.var() == pytest.approx(1, abs=0.02)
    # Four hundred fields leave 5 % of noise in their mean spectrum.
    spectrum = (np.abs(np.fft.fft2(noise, axes=(1, 2))) ** 2 / 256).mean((0, 3))
    assert spectrum.min() > 0.6
    assert spectrum.max() < 1.6


def test_pixels_and_fields_are_independent(noise):
    flat = noise.reshape(400, -1)
    correlations = np.corrcoef(flat.T)[np.triu_indices(flat.shape[1], 1)]
    # A tenth of the signs' sums differ by chance, a twentieth those of four hundred draws.
    assert correlations.std() == pytest.approx(np.sqrt(1 / LATENT + 1 / 400), rel=0.05)
    assert np.abs(correlations).max() < 0.7


def test_a_latents_length_does_not_count():
    latents = jax.random.normal(jax.random.key(2), (3, LATENT))
    fields, shorter = (grain.fields(scale * latents, 8, 1) for scale in (1, 0.78))
    np.testing.assert_allclose(fields, shorter, atol=1e-5)
    assert not np.asarray(grain.fields(0 * latents, 8, 1)).any()


def test_maps_of_other_sides_have_other_fields():
    latents = jax.random.normal(jax.random.key(1), (50, LATENT))
    small, large = (grain.fields(latents, side, 1).reshape(50, -1)[:, :64] for side in (8, 16))
    assert abs(np.corrcoef(small.ravel(), large.ravel())[0, 1]) < 0.1


def test_a_file_keeps_the_grain(tmp_path):
    made = nnx.jit(lambda: Generator(latent_size=6, features=2, grain=3, rngs=nnx.Rngs(0)))()
    for strengths in made.strengths:
        strengths[...] = 10 * strengths[...]
    save_model(tmp_path / "model.safetensors", made, {"source": "random"})
    latents = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    points = jnp.asarray(latents)
    expected = 0.5 + 0.5 * np.asarray(nnx.jit(lambda module: module(points, train=False))(made))
    model = load_model(tmp_path / "model.safetensors")
    assert model.metadata["grain"] == "3"
    # Its kernels are kept in eight bits.
    np.testing.assert_allclose(model.generate(latents), expected, atol=6e-3)
    compiled = jax.jit(render)
    np.testing.assert_allclose(compiled(fold(made), points), expected, atol=1e-6)
    plain = compiled(fold(made)._replace(strengths=()), points)
    assert np.abs(plain - expected).max() > 0.02


def test_a_generator_without_grain_learns_it():
    settings = Settings(features=2, latent_size=6, grain=2)
    old = nnx.jit(lambda: Generator(latent_size=6, features=2, rngs=nnx.Rngs(3)))()
    networks, state = start(settings, origin=old)
    _, expected = take_apart(old)
    for name, value in expected.items():
        if name in state.generator:
            np.testing.assert_array_equal(state.generator[name], value)
    module = networks.generator.build({**state.generator, **state.statistics})
    assert [strengths.shape for strengths in module.strengths] == [(2, 8), (2, 4), (2, 2)]
    assert all(float(jnp.abs(strengths[...]).min()) > 0 for strengths in module.strengths)


def test_grain_grows_with_its_generator():
    small = nnx.jit(lambda: Generator(latent_size=6, features=2, grain=2, rngs=nnx.Rngs(0)))()
    large = grown(small)
    assert large.grain == 2
    for old, new in zip(small.strengths, large.strengths[1:], strict=True):
        np.testing.assert_array_equal(old[...], new[...])
    assert not np.asarray(large.strengths[0][...]).any()
