import numpy as np
import pytest
from logos import EXAMPLES, images

from jaxtex.style.composition import Box, find_glyphs
from jaxtex.style.composition.glyphs import core_box
from jaxtex.style.separation import separate_at


def canvas(height: int = 60, width: int = 200) -> np.ndarray:
    return np.zeros((height, width), np.float32)


def bars(count: int = 5, top: int = 10, bottom: int = 50, left: int = 20, pitch: int = 30):
    """Letters 20 pixels wide that do not touch."""
    coverage = canvas()
    for place in range(left, left + count * pitch, pitch):
        coverage[top:bottom, place : place + 20] = 1
    return coverage


def boxes(coverage: np.ndarray) -> list[Box]:
    return [glyph.box for glyph in find_glyphs(coverage).line]


def test_separate_letters_are_glyphs_from_left_to_right():
    found = find_glyphs(bars())
    assert [glyph.box for glyph in found.line] == [
        Box(10, 50, left, left + 20) for left in range(20, 170, 30)
    ]
    assert not found.symbols
    assert not any(glyph.touches_next for glyph in found.line)
    for glyph in found.line:
        assert (found.labels == glyph.label).sum() == 800


def test_dots_and_accents_are_of_the_letters_below_them():
    coverage = bars(top=20)
    coverage[5:12, 25:35] = coverage[3:10, 81:90] = 1
    assert len(boxes(coverage)) == 5
    assert boxes(coverage)[0] == Box(5, 50, 20, 40)
    assert boxes(coverage)[2].top == 3


def test_a_torn_letter_is_one_glyph():
    coverage = bars()
    coverage[28:32, 50:70] = 0
    assert boxes(coverage) == boxes(bars())


@pytest.mark.parametrize("row", [12, 30, 46])
def test_touching_letters_are_parted_at_their_neck(row):
    coverage = bars()
    coverage[row : row + 3, 40:50] = 1
    found = find_glyphs(coverage).line
    assert len(found) == 5
    assert [glyph.touches_next for glyph in found] == [True, False, False, False, False]
    assert 40 <= found[0].box.right <= 50


def test_a_word_whose_letters_all_touch_is_parted():
    coverage = bars()
    coverage[45:48, 20:160] = 1
    assert len(find_glyphs(coverage).line) == 5


def test_lines_are_told_apart():
    coverage = np.vstack([bars(), bars(count=4)])
    found = find_glyphs(coverage)
    assert [len(line) for line in found.lines] == [5, 4]
    assert found.line == ()
    labels = [glyph.label for line in found.lines for glyph in line]
    assert labels == sorted(set(labels))


def test_a_symbol_beside_two_lines_is_none_of_their_letters():
    coverage = np.vstack([bars(left=80, count=4), bars(left=80, count=4)])
    coverage[15:105, 5:45] = 1
    found = find_glyphs(coverage)
    assert [len(line) for line in found.lines] == [4, 4]
    assert [glyph.box for glyph in found.symbols] == [Box(15, 105, 5, 45)]


def test_horns_above_and_below_make_no_line():
    coverage = np.pad(bars(), ((20, 20), (0, 0)))
    for row in (5, 82):
        coverage[row : row + 8, 5:25] = coverage[row : row + 8, 160:180] = 1
    found = find_glyphs(coverage)
    assert len(found.line) == 5
    assert found.line[0].box.top == 5


def test_without_ink_there_are_no_glyphs():
    found = find_glyphs(canvas())
    assert (found.lines, found.symbols) == ((), ())
    assert not found.labels.any()


def test_a_core_is_without_horns():
    ink = np.zeros((100, 100), bool)
    ink[30:70, 30:70] = True
    ink[50, :30] = ink[:30, 50] = True
    core = core_box(ink)
    assert abs(np.subtract(core, (30, 70, 30, 70))).max() <= 2


@pytest.mark.parametrize(
    ("name", "letters", "symbols"),
    [("northgate", 9, 0), ("brelvanto", 9, 0), ("coloured", 8, 1), ("white-on-black", 9, 0),
     ("white-on-transparent", 8, 0), ("ellerwick", 24, 0), ("symbol", 1, 0)],
)  # fmt: skip
def test_the_letters_of_the_examples(name, letters, symbols):
    picture = images.load_image(EXAMPLES / "content" / f"{name}.png").picture
    ink = separate_at(picture, *images.fit(*picture.shape[:2], 512))
    found = find_glyphs(ink.coverage)
    assert (len(found.line), len(found.symbols)) == (letters, symbols)
