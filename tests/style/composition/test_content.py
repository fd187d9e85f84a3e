import numpy as np
from logos import EXAMPLES, images

from jaxtex.style.composition import changeable, find_glyphs
from jaxtex.style.separation import separate_at


def coverage_of(name: str) -> np.ndarray:
    picture = images.load_image(EXAMPLES / "content" / f"{name}.png").picture
    return separate_at(picture, *images.fit(*picture.shape[:2], 384)).coverage


def test_a_symbol_keeps_its_shape_but_for_its_edges():
    coverage = coverage_of("coloured")
    (symbol,) = find_glyphs(coverage).symbols
    free = changeable(coverage)
    top, bottom, left, right = symbol.box
    middle = free[top + 5 : bottom - 5, left + 5 : right - 5]
    assert middle.max() == 0
    assert free[top : bottom + 1, left].min() == free[top, left : right + 1].min() == 1
    free[top:bottom, left:right] = 1
    assert free.min() == 1


def test_the_gaps_of_a_symbol_stay_open():
    coverage = np.zeros((100, 400), np.float32)
    coverage[10:90, 10:90] = 1
    coverage[30:70, 30:70] = 0
    for left in range(160, 360, 40):
        coverage[30:80, left : left + 20] = 1
    assert len(find_glyphs(coverage).symbols) == 1
    free = changeable(coverage)
    assert free[40:60, 40:60].max() == free[16:24, 20:80].max() == 0
    assert free[:, 110:].min() == 1


def test_without_a_symbol_all_is_free():
    assert changeable(coverage_of("northgate")).min() == 1
