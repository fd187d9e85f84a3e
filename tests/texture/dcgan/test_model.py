import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from model_files import harmed

from jaxtex.errors import SettingsError, WeightsError
from jaxtex.texture import model as models
from jaxtex.texture.dcgan.network import Generator
from jaxtex.weights import describe, read_safetensors

LATENT = 6


@pytest.fixture(scope="module")
def generator() -> Generator:
    """One with contrast, whose running averages are not those of the start."""
    made = nnx.jit(lambda: Generator(latent_size=LATENT, features=2, rngs=nnx.Rngs(0)))()
    for conv in made.convs:
        conv.kernel[...] = 20 * conv.kernel[...]
    step = nnx.jit(lambda module, latents: module(latents, train=True))
    for key in jax.random.split(jax.random.key(1), 3):
        step(made, jax.random.normal(key, (32, LATENT)))
    return made


@pytest.fixture(scope="module")
def path(generator, tmp_path_factory):
    file = tmp_path_factory.mktemp("model") / "model.safetensors"
    models.save_model(file, generator, {"source": "drawn at random", "licence": "Apache-2.0"})
    return file


@pytest.fixture(scope="module")
def model(path):
    return models.load_model(path)


def latents(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, LATENT)).astype(np.float32)


def test_textures_are_those_of_the_saved_generator(generator, model):
    points = latents(5)
    expected = 0.5 + 0.5 * np.asarray(generator(jnp.asarray(points), train=False))
    # Kernels are kept in eight bits.
    off = 255 * (model.generate(points) - expected)
    assert np.sqrt(np.square(off).mean()) < 0.5
    assert abs(off).max() < 3


def test_folding_changes_nothing(generator):
    points = jnp.asarray(latents(4))
    expected = 0.5 + 0.5 * generator(points, train=False)
    np.testing.assert_allclose(models.render(models.fold(generator), points), expected, atol=1e-6)


def test_any_number_of_latents_gives_the_same_textures(model):
    points = latents(130)
    whole = model.generate(points)
    assert whole.shape == (130, 64, 64, 3)
    np.testing.assert_array_equal(whole[:3], model.generate(points[:3]))
    assert model.generate(points[:0]).shape == (0, 64, 64, 3)


def test_render_has_a_gradient_inside_a_program(model):
    @jax.jit
    def brightness(point):
        return (model.render(model.params, point[None]) - 0.5).sum()

    point, step = jnp.asarray(latents(1)[0]), 0.005
    slope = jax.grad(brightness)(point)
    direction = slope / jnp.linalg.norm(slope)
    there, back = brightness(point + step * direction), brightness(point - step * direction)
    assert float((there - back) / (2 * step)) == pytest.approx(float(slope @ direction), rel=0.03)


def test_the_file_says_what_it_is(model, path):
    assert model.latent_size == LATENT
    assert model.size == 64
    assert model.metadata["source"] == "drawn at random"
    assert model.metadata["architecture"] == "dcgan"
    assert model.digest == model.metadata["tensors_sha256"]
    assert {each["dtype"] for each in describe(path)["tensors"]} == {"int8", "float32"}


def test_the_digest_is_that_of_the_tensors(model, path):
    tensors, _ = read_safetensors(path)
    bytes_ = b"".join(tensors[name].astype("<f4").tobytes() for name in sorted(tensors))
    assert model.digest == hashlib.sha256(bytes_).hexdigest()


def test_the_same_generator_gives_the_same_bytes(generator, path, tmp_path):
    again = tmp_path / "again.safetensors"
    models.save_model(again, generator, {"source": "drawn at random", "licence": "Apache-2.0"})
    assert again.read_bytes() == path.read_bytes()


def test_a_training_folder_stands_for_its_model(model, path):
    assert models.load_model(path.parent).digest == model.digest


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"has no model\.safetensors"):
        models.load_model(tmp_path)


def test_a_loaded_generator_is_the_saved_one(path):
    loaded = models.load_origin(path).generator
    tensors, _ = read_safetensors(path)
    kernel = tensors["convs.1.kernel"] * tensors["convs.1.kernel.unit"]
    np.testing.assert_array_equal(loaded.convs[1].kernel[...], kernel)
    np.testing.assert_array_equal(loaded.norms[2].var[...], tensors["norms.2.var"])


def test_latents_of_another_size_are_refused(model):
    with pytest.raises(SettingsError, match=r"have 7 dimensions; .* has 6"):
        model.generate(np.zeros((2, 7), np.float32))
    with pytest.raises(SettingsError, match="NaN or infinite"):
        model.generate(np.full((2, LATENT), np.nan, np.float32))


HARMS = {
    "vgg16": (lambda t, m: m.update(architecture="vgg16"), "holds vgg16; a texture model"),
    "unknown": (lambda t, m: m.pop("architecture"), "unknown architecture"),
    "size": (lambda t, m: m.update(size="96"), "its size is 96"),
    "latents": (lambda t, m: m.update(latent_size="many"), "its latent_size is 'many'"),
    "huge": (lambda t, m: m.update(features="99999"), "its features is '99999'"),
    "missing": (lambda t, m: t.pop("norms.1.mean"), r"has no norms\.1\.mean"),
    "extra": (lambda t, m: t.update(more=t["project"]), "has an unexpected more"),
    "shape": (lambda t, m: m.update(features="3"), r"is float.* is needed"),
    "integers": (
        lambda t, m: t.update({"norms.0.bias": t["norms.0.bias"].astype(np.int32)}),
        r"norms\.0\.bias is int32",
    ),
    "infinite": (
        lambda t, m: t["project.unit"].fill(np.inf), "project has values that are not finite"
    ),
    "unit": (lambda t, m: t.pop("project.unit"), "project is int8 .* float .* is needed"),
    "variance": (lambda t, m: t["norms.0.var"].fill(-1), r"norms\.0\.var has variances below 0"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMS)
def test_what_is_not_a_generator_is_refused(path, tmp_path, name):
    harm, message = HARMS[name]
    with pytest.raises(WeightsError, match=message):
        models.load_model(harmed(path, tmp_path, harm))


def test_a_missing_or_cut_file_is_refused(path, tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        models.load_model(tmp_path / "none.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="not a whole"):
        models.load_model(cut)
