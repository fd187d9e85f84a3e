"""Textures by functions: what the commands write, with arrays in and out."""

import io

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from texture_models import lively_model

import jaxtex
from jaxtex import textures
from jaxtex.cli import app
from jaxtex.jobs import Front


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return lively_model(tmp_path_factory.mktemp("model") / "lively.safetensors")


@pytest.fixture(scope="module")
def sample(model):
    return textures.sample(12, seed=3, model=model)


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def test_a_sample_is_the_commands(sample, model, tmp_path):
    words = ["texture", "sample", "-n", "12", "--seed", "3", "--model", str(model)]
    words += ["-o", str(tmp_path / "sheet.png")]
    assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    assert sample.points.shape == (12, 100)
    np.testing.assert_array_equal(
        pixels(sample._repr_png_()), pixels((tmp_path / "sheet.png").read_bytes())
    )


def test_arrays_are_compared_as_files_are(sample, model, tmp_path):
    textures.sample(12, seed=3, model=model, output=tmp_path / "s.png", images=tmp_path / "each")
    arrays = textures.similarity(sample.textures)
    files = textures.similarity(tmp_path / "each", tmp_path / "table.csv")
    np.testing.assert_array_equal(arrays.vectors, files.vectors)
    np.testing.assert_allclose(np.diag(arrays.vectors), 1, atol=1e-5)
    assert files.textures[0] == "00.png"
    assert (tmp_path / "table.csv").is_file()


def test_clusters_have_a_sheet_of_representatives(sample):
    found = textures.cluster(sample.textures, 3)
    assert found.labels.shape == (12,)
    assert set(found.labels[found.representatives]) == {0, 1, 2}
    assert pixels(found._repr_png_()).ndim == 3


def test_a_strip_goes_from_end_to_end(model):
    found = textures.interpolate("seed:1", "seed:2", count=2, model=model)
    ends = [textures.sample(1, seed=seed, model=model).textures[0] for seed in (1, 2)]
    assert found.textures.shape == (4, 64, 64, 3)
    for texture, end in zip(found.textures[[0, -1]], ends, strict=True):
        np.testing.assert_array_equal(texture, np.rint(end * 255))
    assert pixels(found._repr_png_()).shape[1] > 4 * 64


def test_a_search_goes_on_step_by_step_and_back(model, tmp_path):
    search = textures.Search(tmp_path / "s", count=8, clusters=3, model=model)
    first = pixels(search._repr_png_())
    label = search.round.labels[0]
    assert search.pick(label).picks == [label]
    assert not np.array_equal(pixels(search._repr_png_()), first)
    assert search.step(kappa=50.0).about["iteration"] == 1
    assert search.about["kappa"] == 50
    assert search.none().about["iteration"] == 2
    assert search.undo().about["iteration"] == 1
    assert search.back(0).about["iteration"] == 0
    assert search.texture(label).shape == (64, 64, 3)
    assert textures.Search.open(tmp_path / "s").about == search.about
    assert [path.name for path in search.export()] == [f"{label}.png"]


def test_a_search_without_a_folder_lives_as_long_as_its_object(model):
    search = textures.Search(count=4, clusters=2, model=model)
    folder = search.folder
    assert folder.is_dir()
    del search
    assert not folder.exists()


def test_wrong_input_gets_the_commands_sentences(model, tmp_path):
    with pytest.raises(jaxtex.SettingsError, match="--angle: 91 is not above 0° and at most 90°"):
        textures.sample(angle=91)
    with pytest.raises(jaxtex.SettingsError, match="count: 2 is not a number of textures from 3"):
        textures.Search(count=2, model=model)
    with pytest.raises(jaxtex.SettingsError, match="has no texture '0z9'"):
        textures.Search(tmp_path / "s", count=4, clusters=2, model=model).pick("0z9")
    with pytest.raises(jaxtex.CheckpointError, match="holds no search"):
        textures.Search.open(tmp_path)


def test_rendered_textures_are_trained_on(tmp_path):
    rendered = textures.render("wood", tmp_path / "wood", count=2, size=32)
    assert [path.name for path in rendered.files] == ["wood-00000.png", "wood-00001.png"]
    assert pixels(rendered._repr_png_()).ndim == 3
    said: list[float | None] = []
    front = Front(show=lambda status: said.append(status.share))
    small = {"features": 1, "batch_size": 4, "latent_size": 4, "wood": 64}
    trained = textures.train(tmp_path / "model", steps=2, front=front, **small)
    assert trained.finished
    assert trained.losses.shape == (2, 2)
    assert said[-1] == 1
    assert pixels(trained._repr_png_()).ndim == 3
    assert textures.sample(2, model=trained.folder).textures.shape == (2, 64, 64, 3)
