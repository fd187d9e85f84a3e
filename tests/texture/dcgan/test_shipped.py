"""The models that ship: each loads by its name, and is the one that SOURCES.md tells of."""

import hashlib

import numpy as np
import pytest

from jaxtex.errors import SettingsError, WeightsError
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.latents import read_points, write_points
from jaxtex.texture.dcgan.shipped import find_model, shipped_models, shipped_name
from jaxtex.weights import directory

MODELS = shipped_models()


def test_washi_is_the_usual_one():
    assert load_model().digest == load_model("washi").digest
    assert shipped_name(load_model().digest) == "washi"
    assert shipped_name("ab" * 32) is None


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_is_that_of_its_sources(name):
    model, file = load_model(name), MODELS[name]
    assert model.metadata["tensors_sha256"] == model.digest
    told = (directory() / "SOURCES.md").read_text(encoding="utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in told


@pytest.mark.parametrize("name", MODELS)
def test_textures_of_a_shipped_model_differ(name):
    model = load_model(name)
    latents = np.random.default_rng(0).normal(size=(32, model.latent_size)).astype(np.float32)
    textures = model.generate(latents)
    assert textures.shape[1:] == (model.size, model.size, 3)
    assert textures.mean((1, 2)).std(0).min() > 0.05  # of colours
    assert np.median(textures.mean(3).std((1, 2))) > 0.02  # within a texture


def test_points_of_one_model_are_refused_by_another_which_says_whose_they_are(tmp_path):
    digests = {name: load_model(name).digest for name in MODELS}
    for name, digest in digests.items():
        path = tmp_path / f"{name}.npz"
        write_points(path, np.ones((1, 100), np.float32), digest)
        assert len(read_points(path, 100, digest)) == 1
        for other in {*digests.values(), "ab" * 32} - {digest}:
            with pytest.raises(
                SettingsError, match=rf"{name}\.npz: .*, the other is --model {name}"
            ):
                read_points(path, 100, other)


def test_a_model_that_does_not_ship_has_no_name():
    with pytest.raises(WeightsError, match=r"leather: no such file or folder, .* ships: .*washi"):
        find_model("leather")


def test_a_folder_goes_before_a_shipped_model_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "washi").mkdir()
    with pytest.raises(WeightsError, match=r"washi: has no model\.safetensors"):
        find_model("washi", tmp_path)
    assert find_model("washi") == directory() / "dcgan-washi.safetensors"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsError, match=r"washi: has no model\.safetensors"):
        find_model("washi")
    assert find_model(None) == directory() / "dcgan-washi.safetensors"
