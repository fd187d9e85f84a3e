import numpy as np
import pytest

from jaxtex.style.composition import find_glyphs, layout_of


def word(count: int = 7, tops=None, feet=None, pitch: int = 30) -> np.ndarray:
    """Upright letters 20 pixels wide, from row 60 to row 100 unless tops and feet say otherwise."""
    coverage = np.zeros((160, 40 + pitch * count), np.float32)
    for index in range(count):
        top = 60 if tops is None else tops[index]
        foot = 100 if feet is None else feet[index]
        coverage[top:foot, 20 + pitch * index : 40 + pitch * index] = 1
    return coverage


def layout(coverage: np.ndarray):
    found = layout_of(find_glyphs(coverage))
    assert found is not None
    return found


def test_a_plain_word_has_ends_like_the_others():
    found = layout(word())
    for end in (found.left, found.right):
        assert end.height == pytest.approx(1, abs=0.06)
        assert abs(end.rise) < 0.06
        assert end.stroke == pytest.approx(1, abs=0.1)
    assert found.base == found.cap == (0, 0)
    assert found.spacing == pytest.approx(10 / 38, abs=0.06)
    assert found.symmetry == 1


def test_tall_ends_are_measured_in_heights_of_the_others():
    found = layout(word(tops=[40, *[60] * 5, 40], feet=[120, *[100] * 5, 108]))
    assert found.left.height == pytest.approx(80 / 40, abs=0.1)
    assert found.right.height == pytest.approx(68 / 40, abs=0.1)
    assert found.left.rise == pytest.approx(20 / 40, abs=0.08)
    assert found.left.fall == pytest.approx(20 / 40, abs=0.08)
    assert found.right.fall == pytest.approx(8 / 40, abs=0.08)
    assert found.symmetry == pytest.approx(68 / 80, abs=0.03)


def test_an_arch_is_a_parabola_along_the_feet():
    u = np.linspace(-1, 1, 9)
    feet = np.rint(100 + 12 * u**2).astype(int)
    feet[[0, -1]] = 100
    found = layout(word(9, tops=[40, *[60] * 7, 40], feet=feet))
    assert found.base.arch == pytest.approx(12 / 40, abs=0.06)
    assert found.base.slant == pytest.approx(0, abs=0.02)
    assert found.cap.arch == pytest.approx(0, abs=0.03)


def test_a_rising_line_slants():
    rise = np.arange(9)
    found = layout(word(9, tops=60 - rise, feet=[100, *(100 - rise[1:-1]), 120]))
    assert found.base.slant == pytest.approx(-4 / 40, abs=0.04)


def test_ends_as_the_others_are_of_the_arch():
    bend = [round(12 * (2 * index / 6 - 1) ** 2) for index in range(7)]
    found = layout(word(tops=[60 + each for each in bend], feet=[100 + each for each in bend]))
    assert not found.prominent
    assert found.base.arch == pytest.approx(12 / 40, abs=0.04)
    assert found.cap.arch == pytest.approx(12 / 40, abs=0.04)
    assert layout(word(tops=[40, *[60] * 5, 40])).prominent


def test_descenders_are_no_arch():
    feet = [100, 100, 100, 114, 100, 100, 100, 100, 100]
    assert abs(layout(word(9, feet=feet)).base.arch) < 0.03


@pytest.mark.parametrize("coverage", [word(2), np.vstack([word(), word()]), 0 * word()])
def test_without_one_line_of_three_letters_there_is_no_layout(coverage):
    assert layout_of(find_glyphs(coverage)) is None
