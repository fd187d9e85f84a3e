"""The state machine of a search, on textures that a formula draws."""

import dataclasses

import numpy as np
import pytest
from ssim_reference import mssim

from jaxtex.errors import SettingsError
from jaxtex.texture import sphere, vmf
from jaxtex.texture.search import moves as search
from jaxtex.texture.search.trail import origins

N = 100
NOTHING = np.empty((0, N), np.float32)


def waves(latents):
    """Stripes whose direction, width and colour are the latent's first coordinates."""
    y, x = np.mgrid[0:24, 0:24] / 24
    a, b, c, d, e = np.asarray(latents)[:, :5, None, None].swapaxes(0, 1)
    wave = np.sin(8 * a * x + 8 * b * y + 4 * c)
    red, blue = 0.5 + 0.4 * wave, 0.5 + 0.3 * np.tanh(d) * wave + 0.1 * np.tanh(e)
    return np.stack([red, (red + blue) / 2, blue], -1).astype(np.float32)


def look(state, count=30, clusters=5):
    return search.look(state, waves, count=count, clusters=clusters)


def same_state(one, other):
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name))
        for field in dataclasses.fields(search.State)
    )


def test_a_search_begins_as_in_the_paper():
    (state,) = search.new(N, seed=3)
    np.testing.assert_array_equal(state.center, 0)
    np.testing.assert_array_equal(state.direction, [0, 1, *[0] * 98])
    assert (state.radius, state.kappa, state.seed, state.iteration) == (pytest.approx(7.8), 0, 3, 0)


def test_a_pick_leads_in_its_direction_with_kappa_100():
    rng = np.random.default_rng(0)
    center = rng.normal(size=N).astype(np.float32) / 10
    point = center + 3 * sphere.unit(rng.normal(size=N), "")
    history = search.step(search.new(N, seed=0, center=center), point[None])
    state = history[-1]
    np.testing.assert_allclose(
        state.radius * state.direction, 7.8 / 3 * (point - center), atol=1e-5
    )
    assert (state.kappa, state.iteration) == (100, 1)
    np.testing.assert_array_equal(state.center, center)


def test_several_picks_lead_between_them():
    picked = np.stack([5 * sphere.axis(0, N), 9 * sphere.axis(4, N)])
    direction = search.step(search.new(N, seed=0), picked)[-1].direction
    np.testing.assert_allclose(direction[[0, 4]], np.sqrt(0.5), rtol=1e-6)


def test_without_picks_a_step_draws_again():
    first = search.new(N, seed=0, kappa=30.0)
    second = search.step(first, NOTHING)[-1]
    assert same_state(dataclasses.replace(first[-1], action="step", iteration=1), second)
    assert not np.allclose(look(first[-1]).points, look(second).points)


def test_what_is_given_by_name_wins():
    given = {"kappa": 7.0, "radius": 10.2, "direction": sphere.axis(5, N)}
    state = search.step(search.new(N, seed=0), 8 * sphere.axis(2, N)[None], **given)[-1]
    assert (state.kappa, state.radius) == (7.0, 10.2)
    np.testing.assert_array_equal(state.direction, given["direction"])


def test_the_centre_moves_to_the_picks_and_the_radius_is_halved():
    picked = 7.8 * np.stack([sphere.axis(0, N), sphere.axis(1, N)])
    state = search.step(search.new(N, seed=0), picked, move_center=True)[-1]
    np.testing.assert_allclose(state.center[:2], 3.9, rtol=1e-6)
    assert state.radius == pytest.approx(3.9)


def test_none_of_these_halves_the_mean_cosine_until_it_looks_everywhere():
    history = search.new(N, seed=0, kappa=200.0)
    cosines = [float(vmf.mean_resultant_length(200.0, N))]
    while history[-1].kappa > 0:
        history = search.none_of_these(history)
        cosines.append(float(vmf.mean_resultant_length(history[-1].kappa, N)))
    np.testing.assert_allclose(cosines[1:-1], np.array(cosines[:-2]) / 2, rtol=1e-4)
    assert cosines[-2] > 0.1 > cosines[-2] / 2
    assert [state.iteration for state in history] == list(range(len(history)))
    assert search.none_of_these(history)[-1].kappa == 0


def test_picks_of_a_round_replace_each_other_and_a_step_forgets_them():
    history = search.pick(search.pick(search.new(N, seed=0), ["0a1", "0b1"]), ["0c1", "0c1"])
    assert history[-1].picks == ("0c1",)
    assert search.step(history, NOTHING)[-1].picks == ()


def test_undo_goes_back_one_action_at_a_time():
    first = search.new(N, seed=0)
    second = search.pick(first, ["0a1"])
    third = search.none_of_these(second)
    assert search.undo(third) == second
    assert search.undo(search.undo(third)) == first
    with pytest.raises(SettingsError, match="nothing to undo"):
        search.undo(first)


def test_a_search_goes_back_to_a_round_as_it_was_left_and_on_under_a_new_number():
    begun = search.pick(search.new(N, seed=0), ["0a1"])
    there = search.none_of_these(search.step(begun, sphere.axis(3, N)[None]))
    went = search.back(there, 0)
    assert same_state(dataclasses.replace(went[-1], action="pick"), begun[-1])
    on = search.step(search.clear(went), np.empty((0, N), np.float32))
    assert (on[-1].iteration, on[-1].picks) == (3, ())
    assert [state.iteration for state in search.rounds(on)] == [0, 1, 2, 3]
    assert search.none_of_these(search.back(on, 1))[-1].iteration == 4
    assert search.undo(went) == there


def test_the_trail_tells_where_each_round_comes_from():
    history = search.pick(search.new(N, seed=0), ["0a1"])
    history = search.none_of_these(search.step(history, sphere.axis(3, N)[None]))
    history = search.pick(search.back(history, 0), ["0b1", "0b2"])
    history = search.step(history, sphere.axis(4, N)[None])
    assert origins(history) == [
        (0, None, "new", ()),
        (1, 0, "step", ("0a1",)),
        (2, 1, "none", ()),
        (3, 0, "step", ("0b1", "0b2")),
    ]


def test_there_is_no_way_back_to_a_round_that_is_not_there():
    history = search.none_of_these(search.new(N, seed=0))
    for iteration in (-1, 2):
        with pytest.raises(SettingsError, match=f"no round {iteration}; the last is 1"):
            search.back(history, iteration)
    with pytest.raises(SettingsError, match="stands at round 1 already"):
        search.back(history, 1)


def test_textures_are_shown_before_they_are_compared():
    shown = []
    found = search.look(search.new(N, seed=0)[-1], waves, count=20, clusters=4, drawn=shown.append)
    assert {texture.tobytes() for texture in shown[0]} == {
        texture.tobytes() for texture in found.textures[:-1]
    }


def test_rounds_have_their_last_picks():
    history = search.pick(search.pick(search.new(N, seed=0), ["0a1"]), ["0b1"])
    history = search.pick(search.none_of_these(history), ["1far"])
    assert [state.picks for state in search.rounds(history)] == [("0b1",), ("1far",)]


def test_the_same_state_gives_the_same_round_and_another_seed_another():
    one, again = look(search.new(N, seed=4)[-1]), look(search.new(N, seed=4)[-1])
    other = look(search.new(N, seed=5)[-1])
    assert one.labels == again.labels
    np.testing.assert_array_equal(one.points, again.points)
    np.testing.assert_array_equal(one.textures, again.textures)
    assert not np.allclose(one.points, other.points)


def test_textures_are_those_of_their_points():
    drawn = look(search.new(N, seed=0)[-1])
    np.testing.assert_array_equal(drawn.textures, np.rint(waves(drawn.points) * 255))


def test_labels_name_round_cluster_and_rank_with_one_representative_a_cluster():
    state = dataclasses.replace(search.new(N, seed=0)[-1], iteration=12)
    drawn = look(state)
    clusters = drawn.clusters()
    assert list(clusters) == ["a", "b", "c", "d", "e", "far"]
    assert len(drawn.labels) == len(set(drawn.labels)) == 30
    sizes = [len(members) for name, members in clusters.items() if name != "far"]
    assert sizes == sorted(sizes, reverse=True)
    for name, members in clusters.items():
        if name != "far":
            ranks = range(1, len(members) + 1)
            assert [drawn.labels[m] for m in members] == [f"12{name}{rank}" for rank in ranks]
            assert drawn.representative[members].tolist() == [True] + [False] * (len(members) - 1)
    assert drawn.labels[-1] == "12far"


def test_the_representative_is_the_member_most_like_its_cluster():
    from jaxtex.texture.similarity.ssim import ssim_vectors

    drawn = look(search.new(N, seed=0)[-1])
    floats = drawn.textures[:-1] / np.float32(255)
    vectors = np.asarray(ssim_vectors(floats, floats))
    for name, members in drawn.clusters().items():
        if name != "far":
            # Columns are in another order than in the search: distances are the same.
            distance = np.linalg.norm(vectors[members] - vectors[members].mean(axis=0), axis=1)
            assert np.all(np.diff(distance[1:]) > -1e-5)
            assert distance[0] <= distance.min() + 1e-5


def test_the_far_texture_is_less_like_the_representatives_than_most():
    from jaxtex.texture.similarity.ssim import ssim_vectors

    state = dataclasses.replace(search.new(N, seed=0)[-1], kappa=300.0)
    drawn = look(state)
    floats = drawn.textures / np.float32(255)
    likeness = np.asarray(ssim_vectors(floats, floats[drawn.representative])).max(axis=1)
    others = ~drawn.representative
    assert likeness[-1] == likeness[others].min()
    cosines = drawn.points @ state.direction / state.radius
    assert cosines[-1] < cosines[:-1].min()


def test_likeness_is_the_mean_mssim_of_two_candidates():
    drawn = look(search.new(N, seed=0)[-1], count=6, clusters=2)
    floats = drawn.textures[:-1] / np.float32(255)
    pairs = [(one, two) for one in range(5) for two in range(one)]
    values = [mssim(floats[one], floats[two]) for one, two in pairs]
    assert drawn.likeness == pytest.approx(np.mean(values), abs=1e-4)


@pytest.mark.parametrize(
    ("label", "iteration"),
    [("0a1", 0), ("12z10", 12), ("3far", 3), ("far", None), ("1a", None), ("a1", None), ("", None)],
)
def test_a_label_says_its_round(label, iteration):
    assert search.iteration_of(label) == iteration


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: search.new(N, seed=0, radius=-1.0), "radius: -1 is not a number above 0"),
        (lambda: search.new(N, seed=0, kappa=-1.0), "kappa: -1"),
        (lambda: search.new(N, seed=-1), "seed: -1 is not a whole number"),
        (lambda: search.pick(search.new(N, seed=0), []), "pick: name one label or more"),
        (lambda: search.check_counts(2, 1), "count: 2 is not a number of textures"),
        (lambda: search.check_counts(10, 10), r"clusters: 10 is not from 1 to 9, for 10"),
        (lambda: search.check_counts(100, 27), "clusters: 27 is not from 1 to 26"),
        (
            lambda: search.step(search.new(N, seed=0), NOTHING, move_center=True),
            "nothing is picked yet",
        ),
        (
            lambda: search.step(search.new(N, seed=0), np.zeros((1, N), np.float32)),
            "has no direction",
        ),
        (
            lambda: look(search.new(N, seed=0, radius=20.0)[-1]),
            r"round 0 of radius 20: .* off the prior's shell",
        ),
    ],
)
def test_bad_moves_are_refused(call, message):
    with pytest.raises(SettingsError, match=message):
        call()
