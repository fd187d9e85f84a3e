"""Even steps of similarity, between textures that a formula draws."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq
from ssim_reference import mssim

from jaxtex.errors import SettingsError
from jaxtex.texture import interpolate as module
from jaxtex.texture.search.interpolate import interpolate

N = 6
GRAIN = jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))


def blend(params, latents):
    """From one grain to another by the first coordinate, with `params` swings on the way."""
    share = latents[:, 0] + params * jnp.sin(4 * jnp.pi * latents[:, 0])
    share = share[:, None, None, None]
    return (1 - share) * GRAIN[0] + share * GRAIN[1]


STRAIGHT, SWINGING = jnp.float32(0), jnp.float32(0.15)
START, END = np.zeros(N, np.float32), np.eye(1, N, dtype=np.float32)[0]


def between(n=5, params=STRAIGHT, start=START, end=END, **options):
    return interpolate(blend, params, start, end, n, **options)


def level(t, params=STRAIGHT):
    """s(t), by scikit-image."""
    return mssim(blend(params, jnp.array([[t] + [0] * (N - 1)]))[0], GRAIN[0])


@pytest.mark.parametrize("n", [1, 5, 12])
def test_similarity_falls_in_even_steps(n):
    found = between(n)
    levels = [mssim(GRAIN[0], texture) for texture in found.textures]
    np.testing.assert_allclose(levels, np.linspace(1, level(1.0), n + 2)[1:-1], atol=1e-4)
    np.testing.assert_allclose(found.mssim_from, levels, atol=1e-5)
    assert found.inside.all()
    assert found.monotone
    assert found.largest_step == pytest.approx(1, abs=2e-3)


def test_locations_are_where_the_similarity_crosses_its_targets():
    found = between(4)
    for t, target in zip(found.t, found.target, strict=True):
        assert t == pytest.approx(brentq(lambda t, s: level(t) - s, 0, 1, args=(target,)), abs=1e-4)


def test_similarity_to_the_other_end_and_the_ends_are_told():
    found = between(3)
    levels = [mssim(GRAIN[1], texture) for texture in found.textures]
    np.testing.assert_allclose(found.mssim_to, levels, atol=1e-5)
    np.testing.assert_allclose(found.ends, GRAIN, atol=1e-6)
    assert found.ends_mssim == pytest.approx(level(1.0), abs=1e-5)
    np.testing.assert_allclose(found.textures, blend(STRAIGHT, found.points), atol=1e-6)


def test_where_similarity_turns_the_first_crossing_behind_the_last_one_is_taken():
    found = between(9, SWINGING)
    assert not found.monotone
    assert np.all(np.diff(found.t) > 0)
    assert found.inside.all()
    grid = np.linspace(0, 1, 2001)
    levels = np.array([level(t, SWINGING) for t in grid[::10]])
    first = [grid[::10][np.argmax(levels <= target)] for target in found.target]
    np.testing.assert_allclose(found.t, first, atol=0.006)


def test_halving_keeps_the_order_even_where_similarity_turns_within_a_bracket(monkeypatch):
    # One interval of the grid: all crossings are looked for between 0 and 1.
    monkeypatch.setattr(module, "_GRID", 1)
    monkeypatch.setattr(module, "_survey", module._survey.__wrapped__)
    found = between(12, jnp.float32(0.5))
    assert np.all(np.diff(found.t) > 0)
    np.testing.assert_allclose(found.mssim_from, found.target, atol=0.01)


def test_inside_follows_the_tolerance(monkeypatch):
    # Without halving t stays in the middle of an interval of the grid.
    monkeypatch.setattr(module, "_HALVINGS", 0)
    monkeypatch.setattr(module, "_refine", module._refine.__wrapped__)
    for tolerance in (1.0, 0.02):
        found = between(5, tolerance=tolerance)
        half = (1 - found.ends_mssim) / 6 / 2 * tolerance
        assert found.half_width == pytest.approx(half)
        off = np.abs(found.mssim_from - np.linspace(1, found.ends_mssim, 7)[1:-1])
        np.testing.assert_array_equal(found.inside, off <= half)
    assert not found.inside.all()


def test_a_linear_path_goes_straight():
    end = np.linspace(0.5, 1, N, dtype=np.float32)
    found = between(4, end=end)
    np.testing.assert_allclose(found.points, found.t[:, None] * end, atol=1e-6)


def test_a_circle_keeps_its_distance_from_the_centre_and_its_plane():
    rng = np.random.default_rng(0)
    center, start, end = rng.normal(size=(3, N)).astype(np.float32)
    found = between(6, start=start, end=end, path="circle", center=center)
    first, last = start - center, end - center
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    radii = np.linalg.norm(found.points - center, axis=1)
    np.testing.assert_allclose(radii, lengths[0] + found.t * (lengths[1] - lengths[0]), rtol=1e-5)

    def angle(one, other):
        return np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    angles = [angle(point - center, first) for point in found.points]
    np.testing.assert_allclose(angles, found.t * angle(first, last), atol=1e-3)
    _, singular, _ = np.linalg.svd(np.stack([first, last, *(found.points - center)]))
    assert singular[2] < 1e-5 * singular[0]


def test_a_circle_of_ends_in_one_direction_is_the_straight_line():
    along = np.ones(N, np.float32)
    found = between(3, start=0.2 * along, end=0.9 * along, path="circle")
    expected = (0.2 + 0.7 * found.t)[:, None] * along
    np.testing.assert_allclose(found.points, expected, atol=1e-6)


def test_the_same_ends_give_the_same_bytes():
    one, other = between(), between()
    assert one.textures.tobytes() == other.textures.tobytes()
    assert one.t.tobytes() == other.t.tobytes()


def along(params, latents):
    """A pattern that moves fast at first, then slowly, and comes back to what it was."""
    t = latents[:, 0, None, None, None]
    phase = 2 * jnp.pi * jnp.sqrt(t + 0.01) + params
    return 0.5 + 0.4 * (jnp.cos(phase) * (GRAIN[0] - 0.5) + jnp.sin(phase) * (GRAIN[1] - 0.5))


def test_neighbours_are_evenly_alike_where_similarity_to_the_first_comes_back():
    found = interpolate(along, jnp.float32(0), START, END, 7, even="neighbours")
    line = [found.ends[0], *found.textures, found.ends[1]]
    levels = np.array([mssim(one, other) for one, other in itertools.pairwise(line)])
    np.testing.assert_allclose(found.mssim_neighbours, levels, atol=1e-4)
    assert (1 - levels).max() < 1.05 * (1 - levels).mean()
    assert found.largest_step == pytest.approx((1 - levels).max() / (1 - levels).mean(), rel=1e-3)
    assert not found.monotone
    np.testing.assert_allclose(found.target, levels.mean(), atol=1e-4)
    assert found.half_width == pytest.approx((1 - levels.mean()) / 4, rel=1e-3)
    np.testing.assert_array_equal(found.reached, found.mssim_neighbours[:-1])
    assert found.inside.all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"even": "odd"}, "even: 'odd' is not first or neighbours"),
        ({"n": 0}, "n: 0 is not a number of textures"),
        ({"tolerance": 0.0}, "tolerance: 0 is not above 0"),
        ({"tolerance": 1.5}, r"tolerance: 1\.5"),
        ({"path": "zigzag"}, "path: 'zigzag' is not linear or circle"),
        ({"end": START}, r"look the same, their MSSIM is 1\.0000"),
        ({"start": -END, "path": "circle"}, "the ends are opposite to each other"),
        ({"path": "circle"}, "an end is the centre of the circle"),
    ],
)
def test_what_has_nothing_between_is_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        between(**options)
