"""Cubics through closed polylines: near, few, smooth, and with corners where there are corners."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from jaxtex.images.bezier import find_corners, fit_closed

TOLERANCE = 0.4


def curve(cubics: np.ndarray, count: int = 50) -> np.ndarray:
    """Points of the curve by de Casteljau's construction."""
    at = np.linspace(0, 1, count)[:, None, None]
    points = np.repeat(cubics[:, None], count, 1)
    while points.shape[2] > 1:
        points = points[:, :, :-1] * (1 - at) + points[:, :, 1:] * at
    return points.reshape(-1, 2)


def walk(corners, *, clip: float = 0.0) -> np.ndarray:
    """The vertices of a polygon and of its sides, a pixel apart; corners clipped as pixels do."""
    points = []
    for start, end in itertools.pairwise([*corners, corners[0]]):
        start, end = np.asarray(start, float), np.asarray(end, float)
        length = np.hypot(*(end - start))
        for at in np.arange(clip, length - clip + 1e-9, 1.0):
            points.append(start + at / length * (end - start))
    return np.array(points)


def circle(radius: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, round(2 * np.pi * radius), endpoint=False)
    return 70 + radius * np.stack([np.cos(angles), np.sin(angles)], -1)


def turns(cubics: np.ndarray) -> np.ndarray:
    """By how many degrees the curve turns at the start of each cubic."""
    leaving = cubics[:, 1] - cubics[:, 0]
    arriving = np.roll(cubics[:, 3] - cubics[:, 2], 1, axis=0)
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    return np.degrees(np.abs(np.arctan2(cross, np.sum(arriving * leaving, -1))))


@pytest.mark.parametrize("clip", [0.0, 0.4, 0.7])
def test_a_square_becomes_four_straight_sides_with_its_corners(clip):
    corners = np.array([[10.25, 10.5], [60.25, 10.5], [60.25, 40.0], [10.25, 40.0]])
    cubics = fit_closed(walk(corners, clip=clip), TOLERANCE)
    assert len(cubics) == 4
    found = cubics[:, 0]
    assert np.abs(found[:, None] - corners).max(-1).min(0).max() < 0.1
    thirds = cubics[:, :1] + np.arange(4)[:, None] / 3 * (cubics[:, 3:] - cubics[:, :1])
    np.testing.assert_allclose(cubics, thirds)


@pytest.mark.parametrize("radius", [4.0, 10.0, 40.0])
def test_a_circle_is_smooth_and_within_the_tolerance(radius):
    cubics = fit_closed(circle(radius), TOLERANCE)
    assert len(cubics) <= 8
    distance = np.hypot(*(curve(cubics) - 70).T)
    # The blur takes a little off small circles.
    assert np.abs(distance - radius).max() < TOLERANCE + 0.15
    assert turns(cubics).max() < 0.1


def test_the_steps_of_pixels_are_smoothed_away():
    x = np.arange(4.0, 60.0)
    steps = np.stack([x, np.floor(x / 4) + 5], -1)
    cubics = fit_closed(np.concatenate([steps, [[60, 60], [4, 60]]]), TOLERANCE)
    top = curve(cubics)
    top = top[(top[:, 0] > 8) & (top[:, 0] < 56) & (top[:, 1] < 30)]
    slope = np.polynomial.Polynomial.fit(*top.T, 1)
    assert np.abs(top[:, 1] - slope(top[:, 0])).max() < 0.3
    assert len(cubics) <= 8


def test_a_clipped_spike_gets_its_tip_back():
    tip = np.array([60.0, 30.0])
    outline = walk([(10.0, 20.0), tip, (10.0, 40.0)])
    outline = outline[np.hypot(*(outline - tip).T) > 1.2]
    assert outline[:, 0].max() < 58.8
    cubics = fit_closed(outline, TOLERANCE)
    assert len(cubics) == 3
    assert np.hypot(*(cubics[:, 0] - tip).T).min() < 0.5


def test_a_spike_too_thin_to_end_does_not_run_away():
    outline = walk([(10.0, 29.4), (60.0, 29.6), (60.0, 30.4), (10.0, 30.6)])
    assert curve(fit_closed(outline, TOLERANCE))[:, 0].max() < 60 + 1.6


def test_a_smaller_tolerance_takes_more_cubics_and_comes_nearer():
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 50 + 8 * np.sin(5 * angles)
    wave = 70 + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    counts, far = [], []
    for tolerance in (1.0, 0.4, 0.1):
        cubics = fit_closed(wave, tolerance)
        counts.append(len(cubics))
        far.append(cKDTree(curve(cubics)).query(wave)[0].max())
        assert far[-1] < tolerance + 0.2
    assert counts == sorted(counts)
    assert far == sorted(far, reverse=True)


def test_corners_are_where_the_direction_jumps():
    square = walk([(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)])
    np.testing.assert_array_equal(square[find_corners(square)] % 20, 0)
    assert len(find_corners(square)) == 4
    assert len(find_corners(circle(12.0))) == 0


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(4, 60), st.floats(0.3, 1.0)), min_size=3, max_size=12),
)
def test_any_outline_gives_a_closed_curve_near_it(spokes):
    angles = np.cumsum([share for _, share in spokes])
    angles = angles / angles[-1] * 2 * np.pi
    radii = np.array([radius for radius, _ in spokes])
    outline = walk(80 + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1))
    cubics = fit_closed(outline, TOLERANCE)
    assert np.isfinite(cubics).all()
    np.testing.assert_array_equal(cubics[:, 3], np.roll(cubics[:, 0], -1, axis=0))
    dense = walk(outline[np.hypot(*np.diff(outline, axis=0, append=outline[:1]).T) > 0])
    assert cKDTree(dense).query(curve(cubics))[0].max() < 3
    assert cKDTree(curve(cubics)).query(outline)[0].max() < 3


@pytest.mark.parametrize("radius", [0.6, 1.0, 1.5])
def test_a_dot_stays_a_dot(radius):
    found = curve(fit_closed(circle(radius), TOLERANCE))
    assert np.hypot(*(found.mean(0) - 70)) < 0.3
    assert np.hypot(*(found - 70).T).max() < radius + 0.3
