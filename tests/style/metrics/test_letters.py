import math

import numpy as np
import pytest
from logos import CONTENT, at_size
from scipy import ndimage

from jaxtex.style.composition import find_glyphs
from jaxtex.style.metrics import Lettering
from jaxtex.style.metrics.letters import METRIC


@pytest.fixture(scope="module")
def content():
    return at_size(CONTENT, 384)


@pytest.fixture(scope="module")
def lettering(content):
    return Lettering(content)


@pytest.fixture(scope="module")
def measure(lettering, content):
    return METRIC.prepare(lettering, content)


@pytest.fixture(scope="module")
def boxes(lettering):
    line = find_glyphs(lettering.presence(lettering.content)[0]).line
    assert len(line) == len("northgate")
    return [np.s_[glyph.box.top : glyph.box.bottom, glyph.box.left : glyph.box.right]
            for glyph in line]  # fmt: skip


def test_every_letter_of_the_content_is_readable(measure, content):
    assert measure(content) == pytest.approx((1, 1, 1))


@pytest.mark.parametrize("place", [0, 4, -1])
def test_a_letter_that_is_gone_is_the_weakest_and_the_others_stay(
    measure, lettering, content, boxes, place
):
    spoiled = content.copy()
    spoiled[boxes[place]] = 1
    found = measure(spoiled)
    assert found.weakest_letter == pytest.approx(0, abs=0.02)
    assert (found.first_letter > 0.95, found.last_letter > 0.95) == (place != 0, place != -1)
    # Eight of nine letters are read, so that the word's figure says little of the ninth.
    assert lettering.readability(spoiled).readability > found.weakest_letter + 0.3


def test_a_filled_counter_spoils_its_letter_alone(measure, content, boxes):
    spoiled = content.copy()
    # The counter of the o.
    spoiled[boxes[1]][spoiled[boxes[1]].shape[0] // 4 : -(spoiled[boxes[1]].shape[0] // 4)] = 0
    found = measure(spoiled)
    assert found.weakest_letter < 0.85
    assert min(found.first_letter, found.last_letter) > 0.95


def test_more_erosion_is_less_readable(measure, content):
    found = [
        measure(ndimage.grey_dilation(content, (2 * steps + 1, 2 * steps + 1, 1))).weakest_letter
        for steps in (0, 1, 2, 3)
    ]
    assert np.all(np.diff(found) < 0)


def test_a_neighbours_spikes_do_not_count_against_a_letter(measure, content, boxes):
    bold = content.copy()
    bold[boxes[-1]] = ndimage.grey_erosion(bold, (7, 7, 1))[boxes[-1]]
    found = measure(bold)
    assert found.weakest_letter == found.last_letter
    assert found.first_letter == pytest.approx(1)


def test_without_letters_there_are_no_figures(content):
    symbols = np.ones((120, 60, 3), np.float32)
    symbols[10:50, 10:50] = symbols[70:110, 10:50] = 0
    assert not find_glyphs(1 - symbols[..., 0]).lines
    assert all(map(math.isnan, METRIC.prepare(Lettering(symbols), content)(symbols)))
