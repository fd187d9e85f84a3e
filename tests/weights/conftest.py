"""The weights of VGG16, whole and cut to its first two layers."""

import pytest
from vgg_files import Params

from jaxtex.weights import convert as convert_module
from jaxtex.weights import files as weights
from jaxtex.weights import foreign as foreign_weights


@pytest.fixture(scope="session")
def genuine() -> Params:
    return weights.load_vgg16().params


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, genuine: Params) -> Params:
    channels = dict(list(weights.VGG16_CHANNELS.items())[:2])
    for module in (weights, convert_module, foreign_weights):
        monkeypatch.setattr(module, "VGG16_CHANNELS", channels)
    return {name: genuine[name] for name in weights.expected_shapes()}
