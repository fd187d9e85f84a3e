"""Which model a texture is drawn by in the browser: that of its search, or that it names."""

import numpy as np
import pytest
from texture_models import lively_model

from jaxtex.errors import SettingsError
from jaxtex.images import read_metadata, save_image
from jaxtex.jobs.requests.texture import search as requests
from jaxtex.texture.dcgan import load_model
from jaxtex.texture.dcgan.latents import texture_metadata
from jaxtex.texture.search import open_session
from jaxtex.ui.device.worker import Turn
from jaxtex.ui.work import textures as work

SMALL = {**dict.fromkeys(("radius", "angle", "kappa", "similarity", "center", "direction")),
         "count": 4, "clusters": 2, "seed": 0, "overwrite": False, "device": None}  # fmt: skip


@pytest.fixture
def own(tmp_path):
    """A model that does not ship, and a search of it."""
    path = lively_model(tmp_path / "own.safetensors")
    requests.new(tmp_path / "s", {**SMALL, "model": path})
    return path


def taken(tmp_path, path, folder):
    target = tmp_path / "target.png"
    arguments = {"path": str(path), "name": path.name, "target": str(target), "folder": folder}
    near = work.image(arguments, object.__new__(Turn))
    return near, read_metadata(target)


def texture(path, digest):
    latent = np.random.default_rng(0).normal(size=100).astype(np.float32)
    picture = np.full((64, 64, 3), 0.5, np.float32)
    save_image(path, picture, metadata=texture_metadata(latent, digest))
    return path


def test_an_image_becomes_a_texture_of_the_searchs_model(tmp_path, own):
    photo = tmp_path / "photo.png"
    save_image(photo, np.full((64, 64, 3), 0.5, np.float32))
    near, about = taken(tmp_path, photo, str(tmp_path / "s"))
    assert set(near) == {"mssim", "rmse"}
    assert about["model"] == load_model(own).digest


def test_a_texture_of_a_model_that_ships_stays_one(tmp_path, own):
    digest = load_model("washi").digest
    near, about = taken(tmp_path, texture(tmp_path / "a.png", digest), str(tmp_path / "s"))
    assert near == {}
    assert about["model"] == digest


def test_a_texture_of_another_model_is_refused(tmp_path, own):
    picture = texture(tmp_path / "a.png", "ab" * 32)
    with pytest.raises(SettingsError, match="belongs to the model abababababab"):
        taken(tmp_path, picture, str(tmp_path / "s"))


def test_a_search_begins_in_the_model_that_was_chosen(server, page):
    page.goto(f"{server.address}/textures")
    page.get_by_label("Name", exact=True).fill("stone")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Textures a round").fill("12")
    page.get_by_label("Groups").fill("3")
    page.get_by_label("Kind of texture").select_option("marble")
    page.get_by_role("button", name="Begin").click()
    page.locator('jx-wall [data-label="0a1"]').wait_for(timeout=300_000)
    found = open_session(server.folder / "textures" / "stone").model
    assert found == (load_model("marble").digest, 100, None)
