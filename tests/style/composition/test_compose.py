import numpy as np
import pytest
from logos import EXAMPLES, bars, images

from jaxtex.style.composition import Curve, End, Layout, find_glyphs, layout_of
from jaxtex.style.composition.compose import NotComposedError, compose
from jaxtex.style.composition.warping import Columns, warp
from jaxtex.style.separation import separate_at

SIZE = 384
TALL = End(1.6, 1.4, 0.2, 1.2)
BAND = Layout(TALL, TALL, Curve(0, 0.1), Curve(0, 0), 0.15)
PLAIN = Layout(End(1.0, 0.8, 0.0, 1.0), End(1.0, 0.8, 0.0, 1.0), Curve(0, 0), Curve(0, 0), 0.2)


def ink_of(name: str):
    picture = images.load_image(EXAMPLES / "content" / f"{name}.png").picture
    return separate_at(picture, *images.fit(*picture.shape[:2], SIZE))


@pytest.fixture(scope="module")
def northgate():
    return ink_of("northgate")


def test_a_warp_of_ones_is_the_letters_themselves():
    coverage = np.zeros((40, 30), np.float32)
    coverage[5:30, 4:26] = 1
    ones, none = np.ones(30), np.zeros(30)
    piece = warp(coverage, Columns(ones, ones, none, none))
    placed = np.zeros((50, 30))
    placed[piece.top + 5 : piece.top + 5 + len(piece.coverage)] = piece.coverage
    np.testing.assert_allclose(placed[5:45], coverage, atol=0.07)


def test_what_is_taken_off_edges_makes_strokes_thinner():
    coverage = np.zeros((40, 40), np.float32)
    coverage[:, 10:30] = 1
    ones, none = np.ones(40), np.zeros(40)
    piece = warp(coverage, Columns(ones, ones, none, 3 * ones))
    assert piece.coverage[20].sum() == pytest.approx(14, abs=0.6)


def test_the_size_scales_a_warp():
    coverage = np.zeros((40, 30), np.float32)
    coverage[10:30, 5:25] = 1
    ones, none = np.ones(30), np.zeros(30)
    one, two = (warp(coverage, Columns(ones, ones, none, none), size) for size in (1.0, 2.0))
    assert two.coverage.sum() == pytest.approx(4 * one.coverage.sum(), rel=0.02)


def test_ends_grow_to_the_bands_and_letters_stay_apart(northgate):
    before = find_glyphs(northgate.coverage)
    after = find_glyphs(compose(northgate, BAND, 1.0, SIZE).coverage)
    assert len(after.line) == len(before.line)
    assert not any(glyph.touches_next for glyph in after.line)
    own, found = layout_of(before), layout_of(after)
    for side in ("left", "right"):
        assert getattr(found, side).height > getattr(own, side).height + 0.25
        assert getattr(found, side).fall == pytest.approx(0.4, abs=0.2)
    assert found.symmetry > 0.9


def test_the_ends_of_an_arch_come_down_with_its_feet():
    end = End(1.0, 0.8, -0.2, 1.0)
    arched = Layout(end, end, Curve(0, 0.2), Curve(0, 0.2), 0.2)
    before, after = (
        find_glyphs(each.coverage).line
        for each in (ink_of("brelvanto"), compose(ink_of("brelvanto"), arched, 1.0, SIZE))
    )
    height = before[4].core.height
    for line in (before, after):
        fall = line[0].core.bottom - line[4].core.bottom, line[-1].core.top - line[4].core.top
        expected = 0.2 * height if line is after else 0.0
        assert fall == pytest.approx((expected, expected), abs=0.06 * height)
    assert after[0].core.height >= 0.95 * before[0].core.height


def test_a_share_lies_between(northgate):
    shares = (0.0, 0.5, 1.0)
    composed = [compose(northgate, BAND, share, SIZE).coverage for share in shares]
    heights = [layout_of(find_glyphs(each)).right.height for each in composed]
    assert heights[0] + 0.15 < heights[1] < heights[2] - 0.15


def test_strokes_of_ends_grow_less_than_the_letters(northgate):
    found = layout_of(find_glyphs(compose(northgate, BAND, 1.0, SIZE).coverage))
    assert 1.0 < found.right.stroke < found.right.height


def test_nothing_of_a_share_leaves_the_letters(northgate):
    found = compose(northgate, PLAIN, 0.0, SIZE)
    before, after = (find_glyphs(each.coverage).line for each in (northgate, found))
    assert found.coverage.shape[1] == SIZE
    for one, other in zip(before, after, strict=True):
        assert other.box.height == pytest.approx(one.box.height, abs=2)
        assert other.box.width == pytest.approx(one.box.width, abs=2)


def test_flat_colours_come_back_and_the_symbol_stays():
    ink = ink_of("coloured")
    found = compose(ink, BAND, 1.0, SIZE)
    full = found.coverage == 1
    colors = {tuple(each) for each in np.rint(found.color[full] * 255).astype(int)}
    own = {tuple(each) for each in np.rint(ink.color[ink.coverage == 1] * 255).astype(int)}
    share = np.mean([any(np.abs(np.subtract(a, b)).max() < 2 for b in own) for a in colors])
    assert {(22, 40, 92), (240, 110, 32)} <= colors
    assert share > 0.3
    (before,), (after,) = (find_glyphs(each.coverage).symbols for each in (ink, found))
    assert after.box.height / after.box.width == pytest.approx(
        before.box.height / before.box.width, rel=0.05
    )
    assert found.ground_alpha.max() == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [("ellerwick", "more than 16"), ("symbol", "fewer than three"), ("script", "joined")],
)
def test_what_cannot_be_composed_says_why(name, said):
    with pytest.raises(NotComposedError, match=said):
        compose(ink_of(name), BAND, 1.0, SIZE)


def test_a_style_without_a_layout_says_so(northgate):
    with pytest.raises(NotComposedError, match="the style"):
        compose(northgate, None, 1.0, SIZE)


def test_two_lines_keep_their_layout():
    picture = np.concatenate([bars(), bars()])
    with pytest.raises(NotComposedError):
        compose(separate_at(picture, *picture.shape[:2]), BAND, 1.0, 80)
