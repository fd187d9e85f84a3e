import numpy as np
import pytest
from logos import CONTENT, STYLE, at_size

from jaxtex.style.composition import regions_of
from jaxtex.style.composition.regions import end_columns


def word(count: int = 7) -> np.ndarray:
    coverage = np.zeros((60, 40 + 30 * count), np.float32)
    for left in range(20, 20 + 30 * count, 30):
        coverage[10:50, left : left + 20] = 1
    return coverage


def test_every_column_is_of_some_region():
    for coverage in (word(), word(2), 0 * word(), 1 - at_size(STYLE)[..., 0]):
        columns = end_columns(coverage)
        np.testing.assert_allclose(columns.sum(0), 1, atol=1e-6)
        assert columns.min() >= 0


def test_the_ends_are_the_first_and_the_last_letter_with_what_is_beyond():
    left, middle, right = end_columns(word())
    # They pass over in the gaps, at 45 and at 195.
    assert left[:38].min() == right[204:].min() == 1
    assert left[60:].max() == right[:180].max() == 0
    assert middle[60:180].min() == 1
    assert left[45] == pytest.approx(0.5, abs=0.1)
    assert right[195] == pytest.approx(0.5, abs=0.1)


def test_a_symbol_beside_the_letters_is_of_the_middle():
    coverage = np.pad(word(), ((10, 10), (100, 0)))
    coverage[5:75, 10:80] = 1
    left, middle, _ = end_columns(coverage)
    assert middle[:80].min() == pytest.approx(1, abs=1e-6)
    assert left[125:135].min() == 1


def test_where_letters_cannot_be_told_apart_ends_are_shares_of_the_width():
    coverage = np.zeros((80, 200), np.float32)
    coverage[10:70, 50:90] = coverage[10:70, 110:150] = 1
    left, _, right = end_columns(coverage)
    assert left[50 + 18] == pytest.approx(0.5, abs=0.1)
    assert right[150 - 18] == pytest.approx(0.5, abs=0.1)


def test_ends_of_nothing_are_no_regions():
    content, style = (at_size(path)[..., :1] * 255 for path in (CONTENT, STYLE))
    assert regions_of(content, [style], 0.0) is None
    found = regions_of(content, [style], 0.5)
    np.testing.assert_allclose(found.weights, found.content.mean(1), atol=1e-6)
    assert found.content.shape == (3, content.shape[1])
    assert found.styles[0].shape == (3, style.shape[1])
    assert found.ends == 0.5
