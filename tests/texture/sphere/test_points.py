import jax
import numpy as np
import pytest
from scipy import stats

from jaxtex.errors import SettingsError
from jaxtex.texture import sphere

N = 100
ORIGIN = np.zeros(N, np.float32)


def test_satohs_radii_are_the_default_and_on_the_shell():
    assert sphere.default_radius(N) == pytest.approx(7.8)
    low, high = sphere.shell(N)
    assert low < 7.8 < 10.2 < high


@pytest.mark.parametrize("n", [2, 16, 100, 1024])
def test_the_shell_holds_all_of_the_prior_but_one_in_a_million(n):
    low, high = sphere.shell(n)
    assert stats.chi(n).cdf(low) + stats.chi(n).sf(high) < 1e-6


def test_points_lie_on_the_sphere_about_the_centre():
    center = np.linspace(-0.3, 0.3, N, dtype=np.float32)
    points = sphere.sample(jax.random.key(0), center, 2.5, sphere.axis(1, N), 50.0, 64)
    np.testing.assert_allclose(np.linalg.norm(points - center, axis=1), 2.5, rtol=1e-5)


def test_points_gather_about_the_direction_as_kappa_says():
    points = sphere.sample(jax.random.key(1), ORIGIN, 4.0, sphere.axis(7, N), 200.0, 512)
    mean = stats.vonmises_fisher(np.eye(N)[7], 200).rvs(2048, random_state=0)[:, 7].mean()
    assert points[:, 7].mean() / 4 == pytest.approx(mean, abs=0.01)


def test_a_direction_leads_back_to_its_point():
    rng = np.random.default_rng(0)
    center, point = rng.normal(size=(2, N)).astype(np.float32)
    direction = sphere.direction_to(point, center, "p")
    radius = np.linalg.norm(point - center)
    np.testing.assert_allclose(radius * direction + center, point, atol=1e-5)


def test_the_mean_direction_makes_equal_angles_with_two():
    one, two = sphere.axis(0, N), sphere.axis(3, N)
    mean = sphere.mean_direction([one, two], "m")
    assert mean @ one == pytest.approx(np.sqrt(0.5)) == mean @ two


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sphere.unit(ORIGIN, "d"), "d: a vector of length 0 has no direction"),
        (lambda: sphere.direction_to(ORIGIN, ORIGIN, "p"), "p: a vector of length 0"),
        (lambda: sphere.axis(N, N), r"axis:100 is not one of the axes 0 to 99"),
        (
            lambda: sphere.mean_direction([sphere.axis(0, N), -sphere.axis(0, N)], "picks"),
            "picks: the directions cancel out",
        ),
        (lambda: sphere.check_sphere(0.0, 1.0), "radius: 0 is not a number above 0"),
        (lambda: sphere.check_sphere(float("inf"), 1.0), "radius: inf"),
        (lambda: sphere.check_sphere(1.0, -1.0), "kappa: -1 is not a number from 0 to 1e6"),
        (lambda: sphere.check_sphere(1.0, float("nan")), "kappa: nan"),
    ],
)
def test_what_is_no_sphere_or_direction_is_refused(call, message):
    with pytest.raises(SettingsError, match=message):
        call()


def on_shell(count=3):
    return np.full((count, N), 0.9, np.float32)


def test_latents_come_back_as_rows_of_float32():
    checked = sphere.check_latents(on_shell(1)[0].astype(np.float64), N, "p")
    assert checked.shape == (1, N)
    assert checked.dtype == np.float32


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (on_shell()[:, :99], r"p: has the shape \[3, 99\]; the model's latents have 100"),
        (np.empty((0, N)), r"has the shape \[0, 100\]"),
        (on_shell()[None], r"has the shape \[1, 3, 100\]"),
        (on_shell() * np.nan, "not finite"),
        (np.full((1, N), "a"), "not finite numbers"),
        (on_shell() * 2, r"p: 3 of 3 points lie off the prior's shell, at 18 .* knows 5 to 15"),
        (on_shell(1)[0] / 10, r"p: the point lies off the prior's shell, at 0\.9 "),
    ],
)
def test_latents_that_do_not_fit_are_refused(points, message):
    with pytest.raises(SettingsError, match=message):
        sphere.check_latents(points, N, "p")


def test_a_seed_is_a_place_on_the_default_sphere():
    places = [sphere.seeded(seed, N) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(places[0], places[1])
    assert not np.allclose(places[0], places[2])
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 7.8, rtol=1e-5)
