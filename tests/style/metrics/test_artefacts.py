import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, STYLE, at_size, bars, picture
from scipy import ndimage

from jaxtex import images
from jaxtex.style.metrics import Background, Lettering


@pytest.fixture(scope="module")
def content():
    return at_size(CONTENT)


@pytest.fixture(scope="module")
def background(content):
    return Background(Lettering(content), at_size(STYLE))


@pytest.fixture
def measure(background):
    return lambda image: background.artefacts(image.astype(np.float32))


def specked(content, count, size=3, seed=0, value=0.0):
    """Specks anywhere but in the lettering and near it."""
    rng = np.random.default_rng(seed)
    free = ndimage.distance_transform_edt(content[..., 0] > 0.5) > 8
    places = np.argwhere(free[2:-2, 2:-2]) + 2
    image = content.copy()
    for y, x in rng.permutation(places)[:count]:
        image[y : y + size, x : x + size] = value
    return image


def coloured_pixels(content, share, seed=0):
    rng = np.random.default_rng(seed)
    where = rng.uniform(size=content.shape[:2]) < share
    return np.where(where[..., None] & (content > 0.5), rng.uniform(size=content.shape), content)


def test_content_and_style_have_no_artefacts(measure, content):
    np.testing.assert_allclose(measure(content), 0, atol=1e-6)
    style = images.resize(picture(STYLE), *content.shape[:2])
    np.testing.assert_allclose(measure(style), 0, atol=5e-3)


HARMLESS = {
    "soft edges": lambda image: ndimage.gaussian_filter(image, (0.8, 0.8, 0)),
    "resampled": lambda image: images.resize(
        images.resize(image, image.shape[0] // 2, image.shape[1] // 2), *image.shape[:2]
    ),
    "bolder": lambda image: ndimage.minimum_filter(image, (7, 7, 1)),
    "without a letter": lambda image: np.where(np.arange(image.shape[1])[:, None] < 60, 1, image),
    "grain too fine to see": lambda image: np.clip(
        image + np.random.default_rng(0).normal(0, 0.004, image.shape), 0, 1
    ),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_edges_and_strokes_are_no_artefacts(measure, content, change):
    assert measure(change(content)).artefacts < 2e-3


def test_spikes_that_hang_on_a_letter_are_no_artefacts(measure, content):
    image = content.copy()
    height, width = image.shape[:2]
    for left in (20, 110, 200):
        top = height // 2
        for row in range(top, height - 2):
            half = 3 * (height - row) / (height - top)
            columns = np.abs(np.arange(width) - left - 8)
            image[row] = np.minimum(image[row], np.clip(columns - half, 0, 1)[:, None])
    assert measure(image).artefacts < 3e-3


def test_more_specks_are_worse(measure, content):
    found = [measure(specked(content, count)) for count in (0, 5, 20, 80)]
    assert np.all(np.diff([each.specks for each in found]) > 0)
    assert np.all(np.diff([each.artefacts for each in found]) > 0)
    assert all(each.haze < 1e-3 and each.coloured == 0 for each in found)


def test_specks_spoil_what_is_round_them(content):
    lettering = Lettering(content)
    image = specked(content, 12)
    marks = (image != content).any(-1)
    around = ndimage.distance_transform_edt(~marks) <= max(2, lettering.stroke / 4)
    where = lettering.distance > max(2, lettering.stroke / 4)
    found = Background(lettering, bars()).artefacts(image)
    assert found.specks == pytest.approx(np.mean(around[where]), rel=1e-6)


def test_specks_of_the_style_are_forgiven(content):
    style = at_size(STYLE)
    lettering, image = Lettering(content), specked(content, 15)
    spattered = Background(lettering, specked(style, 60)).artefacts(image)
    assert spattered.specks < Background(lettering, style).artefacts(image).specks


@pytest.mark.parametrize("level", [0.1, 0.3, 0.7, 1.0])
def test_a_grey_ground_is_haze_of_its_level(measure, content, level):
    found = measure(content * (1 - level))
    assert found.haze == pytest.approx((level - 0.02) / 0.98, abs=1e-5)
    assert (found.coloured, found.specks) == (0, 0)


def test_more_haze_is_worse(measure, content):
    width = content.shape[1]
    cloud = np.exp(-(((np.arange(width) - width / 2) / 60) ** 2))[None, :, None]
    found = [measure(content * (1 - level * cloud)) for level in (0, 0.05, 0.15, 0.4)]
    assert np.all(np.diff([each.haze for each in found]) > 0)
    assert found[0].haze == 0


def test_pale_strokes_are_haze_and_dark_ones_marks(measure, content):
    image = content.copy()
    image[4:7, 20:200] = 0.7
    pale = measure(image)
    image[4:7, 20:200] = 0.1
    dark = measure(image)
    assert pale.haze > 1e-3 > pale.specks
    assert dark.specks > 1e-2 > dark.haze


def test_more_coloured_pixels_are_worse(measure, content):
    found = [measure(coloured_pixels(content, share)) for share in (0, 0.01, 0.05, 0.3)]
    assert np.all(np.diff([each.coloured for each in found]) > 0)
    assert found[-1].coloured > 0.15


def test_a_coloured_patch_counts_with_its_area(background, measure, content):
    image = content.copy()
    image[:20, :50] = (1, 0.6, 0.9)
    where = background.lettering.distance > max(2, background.lettering.stroke / 4)
    share = where[:20, :50].sum() / where.sum()
    assert measure(image).coloured == pytest.approx(share, rel=1e-6)


@pytest.mark.parametrize(
    ("ground", "coloured"), [((0.8, 0.9, 1), True), ((0.85, 0.85, 0.85), False)]
)
def test_a_recoloured_ground_is_an_artefact(measure, content, ground, coloured):
    found = measure(np.minimum(content, np.array(ground)))
    assert found.artefacts > 0.05
    assert (found.coloured > 0.3) == coloured


def test_an_inverted_result_has_the_wrong_ground(measure, content):
    assert measure(1 - content).haze == pytest.approx(1, abs=1e-4)


def test_a_ground_of_the_styles_colour_is_no_artefact(content):
    cream = at_size(STYLE) * np.array([1, 0.95, 0.8], np.float32)
    background = Background(Lettering(content), cream)
    found = background.artefacts((content * np.array([1, 0.95, 0.8])).astype(np.float32))
    assert found.artefacts < 1e-3
    inverted = Background(Lettering(content), 1 - at_size(STYLE))
    assert inverted.artefacts(1 - content).artefacts < 1e-3


def test_colours_of_the_content_or_style_are_no_artefact():
    content = at_size(COLOURED)
    lettering = Lettering(content)
    assert Background(lettering, at_size(STYLE)).artefacts(content).artefacts < 1e-3
    image = content.copy()
    image[:16, :40] = (0.1, 0.6, 0.2)
    assert Background(lettering, at_size(STYLE)).artefacts(image).coloured > 0.01
    green = 1 - (1 - at_size(STYLE)) * np.array([0.9, 0.4, 0.8], np.float32)
    assert Background(lettering, green).artefacts(image).coloured < 1e-3


def test_white_on_black_has_haze_above_its_ground():
    content = at_size(INVERTED)
    background = Background(Lettering(content), 1 - at_size(STYLE))
    assert background.artefacts(content).artefacts < 1e-6
    assert background.artefacts(np.maximum(content, np.float32(0.3))).haze > 0.2


def test_each_share_is_one_at_most(measure, content):
    rng = np.random.default_rng(0)
    for image in (rng.uniform(size=content.shape), np.zeros(content.shape), 1 - content):
        assert all(0 <= value <= 1 for value in measure(image))
