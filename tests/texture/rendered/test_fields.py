"""The parts of paper: statistics, orientation, scale, and what stays when the size changes."""

import numpy as np
import pytest
from scipy.interpolate import BSpline

from jaxtex.texture.rendered import fields


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def smaller(image: np.ndarray) -> np.ndarray:
    """The mean of each 2 × 2 pixels."""
    side = image.shape[0] // 2
    return image.reshape(side, 2, side, 2).mean(axis=(1, 3))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def direction(image: np.ndarray) -> tuple[float, float]:
    """Angle from x along which the image changes least, in [0, π), and how much it is one."""
    dy, dx = np.gradient(image)
    double = np.arctan2(2 * (dx * dy).mean(), (dx**2 - dy**2).mean())
    coherence = np.hypot(2 * (dx * dy).mean(), (dx**2 - dy**2).mean()) / (dx**2 + dy**2).mean()
    return float((double / 2 + np.pi / 2) % np.pi), float(coherence)


def test_splines_are_scipys():
    positions = np.linspace(1, 7, 50, dtype=np.float32)
    weights = fields._splines(positions, 9)
    for knot in range(9):
        element = BSpline.basis_element(knot + np.arange(-2, 3), extrapolate=False)
        np.testing.assert_allclose(weights[:, knot], np.nan_to_num(element(positions)), atol=1e-6)


@pytest.mark.parametrize(("octaves", "gain"), [(1, 0.5), (4, 0.8)])
def test_noise_has_mean_zero_and_variance_one(octaves, gain):
    rng = generator()
    drawn = np.stack(
        [fields.noise(rng, 64, scale=8, octaves=octaves, gain=gain) for _ in range(150)]
    )
    assert abs(drawn.mean()) < 0.03
    assert drawn.std() == pytest.approx(1, abs=0.06)
    # Everywhere alike: the knots of the grid do not show.
    assert drawn.std(axis=0).std() < 0.1


@pytest.mark.parametrize("stretch", [(1.0, 1.0), (3.0, 1.0), (1.0, 3.0)])
def test_noise_has_clouds_of_its_scale(stretch):
    rng = generator(1)
    drawn = np.stack([fields.noise(rng, 64, scale=6, stretch=stretch) for _ in range(60)])
    for axis, factor in enumerate(stretch, 1):
        moved = {part: int(part * 6 * factor) for part in (0.33, 2.5)}
        near, far = (
            correlation(
                np.take(drawn, range(64 - step), axis), np.take(drawn, range(step, 64), axis)
            )
            for step in moved.values()
        )
        assert near > 0.8
        assert abs(far) < 0.1


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, size: fields.noise(rng, size, scale=9, octaves=3),
        lambda rng, size: fields.fibres(
            rng, size, count=40, length=40, width=1.2, depth=1, curl=1, filaments=3
        ),
        lambda rng, size: fields.flecks(rng, size, count=30, radius=4, aspect=3, sides=5)[0],
        lambda rng, size: fields.drops(rng, size, count=30, radius=6, jitter=0.4, ragged=0.4),
        lambda rng, size: fields.folds(rng, size, count=20, reach=15)[0],
        lambda rng, size: fields.lines(rng, size, spacing=6, angle=0.3, wobble=0.1),
    ],
    ids=["noise", "fibres", "flecks", "drops", "folds", "lines"],
)
def test_a_larger_size_shows_the_same_sheet(draw):
    large, small = draw(generator(2), 128), draw(generator(2), 64)
    assert correlation(smaller(large), small) > 0.98
    assert abs(correlation(smaller(large), draw(generator(3), 64))) < 0.8


@pytest.mark.parametrize("width", [0.2, 1.0, 4.0])
def test_fibres_have_the_same_ink_at_every_size(width):
    def ink(size: int) -> float:
        options = {"count": 80, "length": 30, "width": width, "depth": 0.8, "curl": 1}
        return float(fields.fibres(generator(4), size, **options).mean())

    assert ink(64) == pytest.approx(ink(256), rel=0.02)
    assert ink(16) == pytest.approx(ink(256), rel=0.1)


def test_filaments_share_the_ink_of_their_strand():
    options = {"count": 300, "length": 30, "width": 3, "depth": 0.8, "curl": 1}
    one, many = (
        fields.fibres(generator(5), 64, **options, filaments=filaments).mean()
        for filaments in (1, 10)
    )
    assert many == pytest.approx(one, rel=0.1)


@pytest.mark.parametrize("angle", [0.0, 0.6, 1.5, 2.4])
def test_straight_fibres_lie_in_their_direction(angle):
    options = {"count": 60, "length": 50, "width": 1, "depth": 1, "curl": 0}
    drawn = fields.fibres(generator(6), 256, **options, direction=angle, spread=0.05)
    found, coherence = direction(drawn)
    assert abs((found - angle + np.pi / 2) % np.pi - np.pi / 2) < 0.05
    assert coherence > 0.8
    every = fields.fibres(generator(6), 256, **options)
    assert direction(every)[1] < 0.4


def test_scattered_mass_is_kept_and_its_centre_is_exact():
    rng = generator(7)
    y, x, mass = rng.uniform(1, 30, (3, 200)).astype(np.float32)
    density = fields._scatter(y, x, mass, 32)
    rows, columns = np.indices(density.shape)
    assert density.sum() == pytest.approx(mass.sum(), rel=1e-5)
    assert (rows * density).sum() == pytest.approx((y * mass).sum(), rel=1e-5)
    assert (columns * density).sum() == pytest.approx((x * mass).sum(), rel=1e-5)


def test_flecks_cover_the_same_area_at_every_size():
    areas = [
        fields.flecks(generator(8), size, count=25, radius=5, aspect=2, sides=4)[0].mean()
        for size in (64, 256)
    ]
    assert areas[0] == pytest.approx(areas[1], rel=0.03)
    assert 0.01 < areas[0] < 0.4


def test_flecks_have_one_tone_each():
    cover, tone = fields.flecks(generator(9), 128, count=6, radius=5, aspect=2, sides=5)
    tones = np.unique(tone[cover == 1].round(4))
    assert 3 <= len(tones) <= 6
    assert (tone[cover == 0] == 0).all()


def test_drops_measure_distance():
    edge = fields.drops(generator(10), 256, count=40, radius=5, jitter=0.4, ragged=0)
    slope = np.hypot(*np.gradient(edge, 0.25))
    assert np.quantile(slope, 0.99) < 1.01  # units a unit, except where two drops meet
    assert np.median(slope) == pytest.approx(1, abs=0.01)
    assert -5 <= edge.min() < -2


def test_folds_are_creased_where_the_slope_turns():
    slope, crease = fields.folds(generator(11), 256, count=6, reach=25)
    assert slope.std() == pytest.approx(1, abs=1e-4)
    assert crease.min() >= 0
    assert 0.5 < crease.max() <= 1
    steep = np.hypot(*np.gradient(slope))
    assert steep[crease > 0.4].mean() > 5 * steep[crease < 0.01].mean()


@pytest.mark.parametrize("spacing", [4.0, 8.0])
def test_lines_have_their_spacing(spacing):
    drawn = fields.lines(generator(12), 128, spacing=spacing, angle=0.0, wobble=0.0)
    assert np.ptp(drawn, axis=1).max() < 1e-5
    assert np.abs(np.fft.rfft(drawn[:, 0])).argmax() == 64 / spacing
