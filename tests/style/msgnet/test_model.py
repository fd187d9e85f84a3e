import hashlib

import numpy as np
import pytest
from logos import CONTENT, STYLE, at_size
from model_files import harmed

from jaxtex.errors import ImageError, WeightsError
from jaxtex.style.msgnet import load_model, save_model
from jaxtex.style.msgnet import model as msgnet_model
from jaxtex.style.msgnet.train import Settings, start
from jaxtex.weights import files as weights


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    values = start(Settings(features=2))[1].network
    path = tmp_path_factory.mktemp("msgnet") / "model.safetensors"
    save_model(path, values, {"source": "drawn at random"})
    return path


def test_a_file_holds_the_network_in_half_precision(path):
    values = start(Settings(features=2))[1].network
    model = load_model(path)
    assert set(model.values) == set(values)
    for name, value in values.items():
        np.testing.assert_allclose(model.values[name], value, rtol=1e-3, atol=1e-6)
    assert model.features == 2
    assert model.metadata["source"] == "drawn at random"
    assert model.digest == model.metadata["tensors_sha256"]
    assert load_model(path.parent).digest == model.digest


HARMS = {
    "vgg16": (lambda t, m: m.update(architecture="vgg16"), "holds vgg16; an MSG-Net"),
    "unknown": (lambda t, m: m.pop("architecture"), "unknown architecture"),
    "features": (lambda t, m: m.update(features="many"), "its features is 'many'"),
    "huge": (lambda t, m: m.update(features="2000"), "features: 2000 is not .* from 1 to 1024"),
    "missing": (lambda t, m: t.pop("up.1.shortcut.bias"), r"has no up\.1\.shortcut\.bias"),
    "extra": (lambda t, m: t.update(more=t["match"]), "has an unexpected more"),
    "shape": (lambda t, m: m.update(features="3"), "is float.* is needed"),
    "integers": (lambda t, m: t.update(match=t["match"].astype(np.int32)), "match is int32"),
    "infinite": (lambda t, m: t["match"].fill(np.inf), "match has values that are not finite"),
}


@pytest.mark.parametrize("name", HARMS)
def test_what_is_not_an_msgnet_is_refused(path, tmp_path, name):
    harm, message = HARMS[name]
    with pytest.raises(WeightsError, match=message):
        load_model(harmed(path, tmp_path, harm))


def test_a_small_image_is_refused(path):
    model, small = load_model(path), np.ones((15, 90, 3), np.float32)
    with pytest.raises(ImageError, match="style: is 90×15 pixels; MSG-Net needs 16×16"):
        model.target(small)
    with pytest.raises(ImageError, match="content: is 90×15 pixels"):
        list(model.apply([small], np.ones((20, 20, 3), np.float32)))


def test_batches_fit_into_the_memory(monkeypatch):
    monkeypatch.setattr(msgnet_model, "available_bytes", lambda: 2**32)
    assert msgnet_model.batch_size(64, 64) == 16
    assert 1 < msgnet_model.batch_size(512, 512) < 16
    assert msgnet_model.batch_size(10_000, 10_000) == 1


def test_the_shipped_model_is_that_of_its_sources():
    model, file = load_model(), msgnet_model.shipped_path()
    assert model.features == 32
    assert file.stat().st_size <= 0.6 * 2**20
    assert model.metadata["licence"] == "Apache-2.0"
    told = (weights.directory() / "SOURCES.md").read_text(encoding="utf-8")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in told


def test_the_shipped_model_redraws_a_wordmark_and_leaves_its_ground_white():
    content, style = at_size(CONTENT, 256), at_size(STYLE, 256)
    ((_, result),) = load_model().apply([content], style)
    ink = content.mean(-1) < 0.5
    assert result.shape == content.shape
    assert result[ink].mean() < 0.25
    assert np.median(result[~ink]) > 0.9
    edges = (content.mean(-1) > 0.02) != (result.mean(-1) > 0.5)
    assert edges.mean() > 0.005
