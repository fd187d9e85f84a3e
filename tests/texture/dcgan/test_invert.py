import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ssim_reference import mssim
from texture_models import LATENT_SIZE, lively_model

from jaxtex.texture import sphere
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.invert import invert
from jaxtex.texture.dcgan.model import render


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load_model(lively_model(tmp_path_factory.mktemp("model") / "m.safetensors", features=4))


def test_a_texture_of_the_model_is_found_again(model):
    latent = np.asarray(jax.random.normal(jax.random.key(5), (1, LATENT_SIZE)))
    texture = model.generate(latent)[0]
    found = invert(jax.random.key(0), render, model.params, texture, LATENT_SIZE)
    near = model.generate(np.asarray(jax.random.normal(jax.random.key(1), (256, LATENT_SIZE))))
    chance = min(np.sqrt(np.mean((other - texture) ** 2)) for other in near)
    assert found.mssim > 0.9
    assert found.rmse < chance / 3


def test_how_close_it_came_is_measured_on_the_texture_of_the_latent(model):
    flat = np.full((64, 64, 3), 0.3, np.float32)
    found = invert(jax.random.key(0), render, model.params, flat, LATENT_SIZE)
    np.testing.assert_allclose(model.generate(found.latent[None])[0], found.texture, atol=1e-5)
    assert found.mssim == pytest.approx(mssim(found.texture, flat), abs=1e-4)
    assert found.rmse == pytest.approx(np.sqrt(np.mean((found.texture - flat) ** 2)), rel=1e-4)


def test_the_latent_stays_on_the_shell():
    # Brightness that grows with the norm: white would lie far away.
    def glow(params, latents):
        norm = jnp.linalg.norm(latents, axis=1)[:, None, None, None]
        return jnp.broadcast_to(params * norm, (*latents.shape[:1], 16, 16, 3))

    white = np.ones((16, 16, 3), np.float32)
    found = invert(jax.random.key(0), glow, jnp.float32(0.02), white, LATENT_SIZE)
    assert np.linalg.norm(found.latent) == pytest.approx(sphere.shell(LATENT_SIZE)[1], rel=1e-3)
    sphere.check_latents(found.latent, LATENT_SIZE, "latent")


def test_an_image_of_integers_is_that_of_its_floats(model):
    picture = np.uint8(np.random.default_rng(0).uniform(60, 200, (64, 64, 3)))
    of_both = [
        invert(jax.random.key(0), render, model.params, image, LATENT_SIZE)
        for image in (picture, (picture / 255).astype(np.float32))
    ]
    np.testing.assert_allclose(of_both[0].latent, of_both[1].latent, atol=1e-5)
