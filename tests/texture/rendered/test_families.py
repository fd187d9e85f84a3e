"""What every family keeps to, and what makes each what it is."""

import numpy as np
import pytest

from jaxtex.errors import SettingsError
from jaxtex.texture.rendered import FAMILIES

OTHERS = [name for name in FAMILIES if name != "washi"]
KINDS = [(name, kind) for name in OTHERS for kind in FAMILIES[name].kinds]


def shrunk(pictures: np.ndarray, side: int) -> np.ndarray:
    count, size = pictures.shape[:2]
    step = size // side
    return pictures.mean(3).reshape(count, side, step, side, step).mean((2, 4)).reshape(count, -1)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_pictures_are_within_range_and_not_flat(name, kind):
    pictures = FAMILIES[name].render(1, range(4), 48, kind)
    assert pictures.dtype == np.float32
    assert pictures.shape == (4, 48, 48, 3)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert (pictures.std((1, 2)).max(-1) > 0.005).all()


@pytest.mark.parametrize("size", [8, 13])
@pytest.mark.parametrize("name", OTHERS)
def test_any_size_can_be_drawn(name, size):
    assert np.isfinite(FAMILIES[name].render(2, range(6), size)).all()


@pytest.mark.parametrize("name", OTHERS)
def test_a_picture_depends_on_seed_and_number_alone(name):
    family = FAMILIES[name]
    batch = family.render(5, [3, 1, 3], 24)
    np.testing.assert_array_equal(batch[0], batch[2])
    np.testing.assert_array_equal(batch[1], family.render(5, [1], 24)[0])
    assert (batch[0] != family.render(6, [3], 24)[0]).any()


@pytest.mark.parametrize("name", OTHERS)
def test_a_larger_size_shows_the_same_picture(name):
    family = FAMILIES[name]
    small, large = (shrunk(family.render(2, range(16), size), 16) for size in (64, 128))
    alike = np.corrcoef(large, small)[:16, 16:]
    assert np.median(np.diag(alike)) > 0.9


@pytest.mark.parametrize("name", OTHERS)
def test_colours_are_many(name):
    means = FAMILIES[name].render(3, range(40), 16).mean((1, 2))
    assert means.std(0).mean() > 0.08


def peak(picture: np.ndarray) -> float:
    """The share of a grey picture's fine power that is in its strongest waves."""
    grey = picture.mean(2) - picture.mean()
    window = np.hanning(len(grey))
    power = np.square(abs(np.fft.fft2(grey * window[:, None] * window)))
    frequency = np.fft.fftfreq(len(grey))
    power[np.hypot(frequency[:, None], frequency) < 1 / 20] = 0
    return float(np.sort(power, None)[-16:].sum() / power.sum())


def test_cloth_repeats_as_marble_does_not():
    cloth = FAMILIES["cloth"].render(1, range(12), 128, "twill")
    marble = FAMILIES["marble"].render(1, range(12), 128, "veined")
    weave, stone = (np.median([peak(each) for each in family]) for family in (cloth, marble))
    assert weave > 1.5 * stone


def test_the_grain_of_wood_runs_along_a_side():
    pictures = FAMILIES["wood"].render(1, range(16), 64, "quarter").mean(3)
    slopes = [np.square(np.diff(pictures, axis=axis)).mean((1, 2)) for axis in (1, 2)]
    ratio = np.maximum(*slopes) / np.minimum(*slopes)
    assert np.median(ratio) > 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [0], 7), "size is 7"),
        ((-1, [0], 16), "seed is -1"),
        ((0, [2**32], 16), "index is 4294967296"),
        ((0, [0], 16, "kozo"), "kind is 'kozo'; it must be one of plain, basket"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, message):
    with pytest.raises(SettingsError, match=message):
        FAMILIES["cloth"].render(*arguments)
