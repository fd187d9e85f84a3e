import math

import numpy as np
import pytest
from logos import CONTENT, EXAMPLES, STYLE, at_size, picture

from jaxtex.style.composition import Curve, End, Layout, composed_picture
from jaxtex.style.metrics import Lettering
from jaxtex.style.metrics.composition import METRIC, nearness

OWN = Layout(
    End(1.0, 0.9, 0.0, 1.0), End(1.0, 0.9, 0.0, 1.0), Curve(0.0, 0.0), Curve(0.0, 0.0), 0.2
)
TALL = End(1.6, 1.2, 0.2, 1.2)
BAND = Layout(TALL, TALL, Curve(0.0, 0.2), Curve(0.0, 0.0), 0.2)


def between(share: float) -> Layout:
    end = End(1 + 0.6 * share, 1.0, 0.2 * share, 1.0)
    return Layout(end, end, Curve(0.0, 0.2 * share), Curve(0.0, 0.0), 0.2)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_layout_on_the_way_is_as_far_as_it_has_gone(share):
    assert nearness(between(share), OWN, BAND) == pytest.approx(share, abs=1e-6)


def test_a_layout_is_never_beyond_the_band_nor_behind_the_content():
    assert nearness(between(1.5), OWN, BAND) == 1
    assert nearness(between(-0.5), OWN, BAND) == 0


def test_one_end_is_half_of_the_way():
    one = OWN._replace(left=TALL)
    assert nearness(one, OWN, BAND._replace(base=OWN.base)) == pytest.approx(0.5)


def test_between_layouts_that_are_alike_there_is_no_way():
    assert math.isnan(nearness(OWN, OWN, between(0.05)))


@pytest.fixture(scope="module")
def content():
    return at_size(CONTENT, 512)


@pytest.fixture(scope="module")
def measure(content):
    """Measures a picture of northgate, whatever its layout is, beside ironwyrm's."""
    style, plain = at_size(STYLE, 512), Lettering(content)

    def measure(picture):
        return METRIC.prepare(Lettering(picture, plain), style)(picture)

    return measure


def test_the_content_is_at_zero_and_the_band_at_one(measure, content):
    assert measure(content).composition == pytest.approx(0, abs=0.02)
    assert measure(at_size(STYLE, 512)).composition > 0.95


def test_more_of_a_composition_is_nearer_to_the_band(measure, content):
    style = picture(STYLE)
    found = [measure(composed_picture(content, style, share)) for share in (0.0, 0.3, 0.6, 1.0)]
    nearer = [each.composition for each in found]
    assert np.all(np.diff(nearer) > 0.1)
    assert nearer[0] < 0.1
    assert nearer[-1] > 0.8
    assert found[-1].left_end > found[0].left_end


def test_a_symbol_has_no_composition():
    symbol = at_size(EXAMPLES / "content" / "symbol.png", 256)
    found = METRIC.prepare(Lettering(symbol), at_size(STYLE, 512))(symbol)
    assert all(map(math.isnan, found))
