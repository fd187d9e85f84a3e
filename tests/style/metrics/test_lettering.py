import io

import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, STYLE, at_size, bars, picture
from PIL import Image
from scipy import ndimage

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style.metrics import Lettering
from jaxtex.style.metrics.lettering import shifted


@pytest.fixture(scope="module")
def content():
    return at_size(CONTENT)


@pytest.fixture(scope="module")
def lettering(content):
    return Lettering(content)


@pytest.fixture
def readable(lettering):
    return lambda image: lettering.readability(image.astype(np.float32))


def holes(ink):
    """The counters of letters."""
    labels, _ = ndimage.label(~ink)
    return (labels > 0) & (labels != labels[0, 0])


def letters(ink):
    labels, _ = ndimage.label(ink)
    return [labels == index for index in range(1, labels.max() + 1)]


def without(content, where):
    return np.where(where[..., None], 1.0, content)


def filled(content, share=1.0):
    """The first so many of the counters filled with ink."""
    labels, count = ndimage.label(holes(content[..., 0] < 0.5))
    where = (labels > 0) & (labels <= round(share * count))
    return np.where(ndimage.binary_dilation(where, iterations=2)[..., None], 0.0, content)


def blurred(image, sigma):
    return ndimage.gaussian_filter(image, (sigma, sigma, 0))


def recoloured(content, ink, ground):
    return content * np.array(ground) + (1 - content) * np.array(ink)


def as_jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32) / 255


def test_the_content_itself_is_perfectly_readable(readable, content):
    found = readable(content)
    np.testing.assert_allclose(found[:4], 1, atol=1e-6)
    assert found.shift == (0, 0)


HARMLESS = {
    "shifted by a pixel": lambda image: np.roll(image, (1, -1), (0, 1)),
    "shifted by three pixels": lambda image: np.roll(image, (-2, 3), (0, 1)),
    "darker midtones": lambda image: image**2.2,
    "lighter midtones": lambda image: image**0.45,
    "half the contrast": lambda image: 0.3 + 0.5 * image,
    "inverted": lambda image: 1 - image,
    "red on yellow": lambda image: recoloured(image, (0.7, 0, 0), (1, 1, 0.5)),
    "JPEG": lambda image: as_jpeg(image, 60),
    "resampled": lambda image: images.resize(
        images.resize(image, image.shape[0] * 2 // 3, image.shape[1] * 2 // 3), *image.shape[:2]
    ),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_leaves_letters_alone_costs_no_readability(readable, content, change):
    assert readable(change(content)).readability > 0.97


@pytest.mark.parametrize("shift", [(0, 0), (1, -1), (-2, 3)])
def test_a_shift_is_found_and_undone(readable, content, shift):
    moved = np.roll(content, shift, (0, 1))
    assert readable(moved).shift == shift
    np.testing.assert_allclose(shifted(moved, shift)[4:-4, 4:-4], content[4:-4, 4:-4])


def test_the_more_blurred_the_less_readable(readable, content):
    found = [readable(blurred(content, sigma)) for sigma in (0.01, 1, 2, 4, 8)]
    assert np.all(np.diff([each.readability for each in found]) < -0.005)
    # A slight blur costs edges alone; the letters stand where they were.
    assert found[2].edges < 0.95 < found[2].overlap


def test_fainter_letters_lose_contrast_alone(readable, content):
    found = readable(0.8 + 0.2 * content)
    assert found.contrast == pytest.approx(0.4, abs=1e-3)
    assert found.readability == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("which", [0, 3, 8])
def test_one_missing_letter_costs_much(readable, content, which):
    found = readable(without(content, letters(content[..., 0] < 0.5)[which]))
    assert found.overlap < 0.75
    assert found.readability < 0.85


def test_each_further_missing_letter_costs_more(readable, content):
    ink = letters(content[..., 0] < 0.5)
    found = [1.0]
    for count in (1, 2, 4, 9):
        found.append(readable(without(content, np.any(ink[:count], 0))).readability)
    assert np.all(np.diff(found) < 0)
    assert found[-1] == 0


def test_filled_counters_cost_readability(readable, content):
    found = [readable(filled(content, share)).readability for share in (0, 0.5, 1)]
    assert found[0] > 0.99
    assert found[1] < 0.9
    assert found[2] <= found[1]
    assert found[2] < 0.85


def test_strokes_cut_in_two_cost_readability(readable, content):
    cut = content.copy()
    height = content.shape[0]
    found = [1.0]
    for tall in (3, 6, 12):
        cut[height // 2 : height // 2 + tall] = 1
        found.append(readable(cut).readability)
    assert np.all(np.diff(found) < -0.02)
    assert found[-1] < 0.75


def test_rough_edges_and_spikes_cost_less_than_lost_letters(readable, content):
    rng = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(rng.normal(size=content.shape[:2]), 2)
    ink = ndimage.gaussian_filter((content[..., 0] < 0.5).astype(float), 2)
    rough = np.repeat((ink + 0.8 * noise / noise.std() * 0.2 < 0.5)[..., None], 3, -1)
    worse = without(content, letters(content[..., 0] < 0.5)[4])
    assert 0.8 < readable(rough.astype(float)).readability < 0.99
    assert readable(rough.astype(float)).readability > readable(worse).readability


def test_specks_far_from_letters_cost_nothing(readable, content):
    found = content.copy()
    found[2:5, 2:5] = found[-5:-2, -5:-2] = 0
    assert readable(found).readability > 0.999


def test_other_words_are_not_the_content(readable, content):
    style = images.resize(picture(STYLE), *content.shape[:2])
    found = [readable((1 - share) * content + share * style).readability
             for share in (0, 0.25, 0.5, 1)]  # fmt: skip
    assert np.all(np.diff(found) < 0)
    assert found[-1] < 0.2


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_plain_image_has_nothing_to_read(readable, content, value):
    found = readable(np.full_like(content, value))
    assert found.readability == 0
    assert np.isfinite(found[:4]).all()


def test_noise_has_nothing_to_read(readable, content):
    noise = np.random.default_rng(0).uniform(size=content.shape)
    assert readable(noise).readability < 0.2


def test_overlap_is_youdens_j_where_it_is_worst():
    content = bars()
    lettering = Lettering(content)
    gone = content.copy()
    gone[:, 32:40] = 1  # one of two bars
    # On that bar no stroke is inked and all gaps are free: J is 0. On the other one it is 1.
    assert lettering.readability(gone).overlap == pytest.approx((0.5 + 0) / 2, abs=0.05)
    all_ink = content.copy()
    all_ink[4:-4, 8:-8] = 0
    assert lettering.readability(all_ink).overlap < 0.3


@pytest.mark.parametrize("path", [COLOURED, INVERTED, STYLE])
def test_any_logo_is_its_own_measure(path):
    content = at_size(path, 256)
    assert Lettering(content).readability(content).readability == pytest.approx(1, abs=1e-6)


def test_a_wide_mark_beside_letters_is_judged_too():
    content = np.ones((60, 200, 3), np.float32)
    content[6:54, 6:54] = 0
    for left in range(80, 190, 16):
        content[20:40, left : left + 4] = 0
    lettering = Lettering(content)
    assert lettering.readability(content).readability == pytest.approx(1, abs=1e-6)
    hollow = content.copy()
    hollow[10:50, 10:50] = 1
    assert lettering.readability(hollow).overlap < 0.4


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_content_without_lettering_is_refused(value):
    with pytest.raises(ImageError, match="content: no lettering"):
        Lettering(np.full((40, 60, 3), value, np.float32))
