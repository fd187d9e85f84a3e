"""A metric is one new file."""

import sys

import numpy as np
import pytest
from logos import bars

from jaxtex.style import metrics
from jaxtex.style.metrics import Reference
from jaxtex.style.metrics.metric import all_metrics

LIGHTNESS = '''
"""How light a result is."""

from typing import NamedTuple

from jaxtex.style.metrics.metric import Metric


class Lightness(NamedTuple):
    lightness: float
    darkest: float


METRIC = Metric(
    "lightness",
    lambda lettering, style: lambda image: Lightness(float(image.mean()), float(image.min())),
)
'''


@pytest.fixture
def lightness(tmp_path, monkeypatch):
    """A module of another metric in the room."""
    (tmp_path / "lightness.py").write_text(LIGHTNESS)
    monkeypatch.setattr(metrics, "__path__", [*metrics.__path__, str(tmp_path)])
    all_metrics.cache_clear()
    yield
    all_metrics.cache_clear()
    sys.modules.pop("jaxtex.style.metrics.lightness")


def test_a_module_with_a_metric_is_found_and_measures_every_result(lightness):
    names = [metric.name for metric in all_metrics()]
    assert names == ["artefacts", "composition", "weakest_letter", "lightness"]
    content = bars()
    (score,) = Reference(content, 1 - content).score([content])
    assert score.figures["lightness"].darkest == 0
    figures = score.to_dict()
    assert figures["lightness"] == pytest.approx(float(content.mean()), abs=1e-6)
    assert list(figures)[-2:] == ["lightness", "darkest"]


def test_the_figures_of_metrics_have_names_of_their_own():
    content = bars()
    (score,) = Reference(content, np.flip(content, 1)).score([content])
    names = [name for found in score.figures.values() for name in found._fields]
    assert len(set(names)) == len(names)
    assert [found._fields[0] for found in score.figures.values()] == list(score.figures)


def test_images_of_integers_are_measured_as_their_floats():
    content = np.uint8(bars() * 255)
    style = np.flip(content, 1)
    (of_integers,) = Reference(content, style).score([style])
    floats = [each.astype(np.float32) / 255 for each in (content, style)]
    (of_floats,) = Reference(*floats).score([floats[1]])
    assert of_integers.readability[:4] == pytest.approx(of_floats.readability[:4], abs=1e-6)
    assert of_integers.artefacts == pytest.approx(of_floats.artefacts, abs=1e-6)
    assert of_integers.style == pytest.approx(of_floats.style, abs=1e-5)
