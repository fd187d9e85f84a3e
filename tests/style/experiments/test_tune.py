import itertools

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from jaxtex.errors import SettingsError
from jaxtex.style import PRESETS, Settings
from jaxtex.style.experiments import Figures, Space, plan, search
from jaxtex.style.experiments.tune import CLEAN, allowed_artefacts, choose, front, gain, survivors
from jaxtex.style.experiments.tune_space import breed, draw

KEY = jax.random.key(5)
STEEL = Space(PRESETS["steel"])
SHARES = st.integers(0, 20).map(lambda value: value / 20)
TABLES = st.lists(st.builds(Figures, SHARES, SHARES, SHARES), min_size=1, max_size=12)


class Problem:
    """A search whose figures are known: the best has twice the content weight of the preset."""

    def __init__(self, time=10**6):
        self.calls, self.time = [], time

    def __call__(self, this, candidates):
        self.calls.append((this, list(candidates)))
        found = {}
        for each in candidates:
            if not this.full and self.time <= 0 and found:
                break
            self.time -= 1
            places = dict(zip([knob.name for knob in STEEL.knobs], each.point, strict=True))
            gain = 0.3 * np.exp(-((places["content_weight"] - 1) ** 2))
            turn = 0.1 * np.tanh(places["block1"])
            found[each.number] = Figures(0.5 + gain - turn, 0.3 + gain + turn, 0.0)
        return found


def numbers(candidates):
    return [each.number for each in candidates]


def test_the_first_candidate_is_the_preset_itself():
    settings = STEEL.settings(STEEL.preset.tolist())
    assert settings.style_layers == PRESETS["steel"].style_layers
    assert settings.with_options(layers=PRESETS["steel"].layers) == PRESETS["steel"]
    assert all(settings.layers[layer] == 1 for layer in settings.style_layers)


def test_every_candidate_has_the_same_layers_in_the_same_order():
    for point in draw(KEY, STEEL, 20).tolist():
        assert list(STEEL.settings(point).layers) == list(
            STEEL.settings(STEEL.preset.tolist()).layers
        )


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_tuned(name):
    space = Space(PRESETS[name])
    itself = space.settings(space.preset.tolist())
    assert itself.with_options(layers=PRESETS[name].layers) == PRESETS[name]
    for point in draw(KEY, space, 8).tolist():
        settings = space.settings(point)
        changed = {
            key for key, value in settings.to_dict().items() if value != itself.to_dict()[key]
        }
        assert changed <= {"layers", "content_weight", "silhouette", "skeleton"}
        # What the preset has not stays off, but for the layers of blocks that it skips.
        assert all(settings.layers[layer] for layer in PRESETS[name].style_layers)


def test_a_preset_without_anything_to_tune_is_refused():
    nothing = Settings(layers={"conv1_1": 1.0}, content_weight=0, silhouette=0, skeleton=0)
    with pytest.raises(SettingsError, match="preset: nothing of it can be tuned"):
        Space(nothing)


@pytest.mark.parametrize("count", [1, 7, 15])
def test_points_are_a_latin_hypercube_of_normal_quantiles(count):
    points = draw(KEY, STEEL, count)
    means = [knob.mean for knob in STEEL.knobs]
    spreads = [knob.spread for knob in STEEL.knobs]
    strata = np.floor(norm.cdf(points, means, spreads) * count - 1e-9)
    assert points.shape == (count, len(STEEL.knobs))
    for column in strata.T:
        assert sorted(column) == list(range(count))


def test_children_are_firmer_by_what_their_parents_lack_in_readability():
    parents = np.zeros((3, len(STEEL.knobs)))
    children = breed(STEEL, parents, np.array([0.025, -0.0125, 9.0]))
    for name, firmer in {"skeleton": 1.0, "silhouette": 0.5, "content_weight": 0.0}.items():
        column = [knob.name for knob in STEEL.knobs].index(name)
        np.testing.assert_allclose(children[:, column], firmer * np.array([1.0, -0.5, 1.5]))


def test_a_preset_without_skeleton_is_firmer_by_its_content_weight():
    plain = Space(PRESETS["network-of-steel"])
    assert dict(zip([knob.name for knob in plain.knobs], plain.firmness, strict=True)) == {
        "block1": 0, "conv2_1": 0, "conv3_1": 0, "content_weight": 1,
    }  # fmt: skip


def test_with_a_key_children_differ_in_everything_by_a_quarter_of_what_is_drawn():
    children = breed(STEEL, np.zeros((4000, len(STEEL.knobs))), np.zeros(4000), key=KEY)
    np.testing.assert_allclose(children.mean(0), 0, atol=0.02)
    spreads = np.array([knob.spread for knob in STEEL.knobs])
    np.testing.assert_allclose(children.std(0), 0.25 * spreads, rtol=0.05)


@pytest.mark.parametrize(
    ("candidates", "finalists", "counts", "shares"),
    [
        (16, 4, [16, 8, 4, 2], [0.25, 0.5, 1, 1]),
        (64, 4, [64, 32, 16, 8, 4, 2], [0.25, 0.25, 0.25, 0.5, 1, 1]),
        (9, 4, [9, 4, 2], [0.5, 1, 1]),
        (4, 2, [4, 2, 1], [0.5, 1, 1]),
        (15, 3, [15, 7, 3, 1], [0.25, 0.5, 1, 1]),
    ],
)
def test_rounds_halve_the_candidates_and_double_the_steps(candidates, finalists, counts, shares):
    rounds = plan(candidates, finalists, 100, 200)
    assert [each.count for each in rounds] == counts
    assert [each.share for each in rounds] == shares
    small = len(counts) - 2
    assert [each.size for each in rounds] == [100] * small + [200, 200]
    assert [each.full for each in rounds] == [False] * small + [True, True]
    assert [each.number for each in rounds] == list(range(1, len(counts) + 1))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((16, 1, 64, 128), "finalists: 1 is too few"),
        ((7, 4, 64, 128), "candidates: 7 is too few; at least 8"),
        ((16, 4, 200, 128), "small-size: 200 must not be above size, 128"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(arguments, part):
    with pytest.raises(SettingsError, match=part):
        plan(*arguments)


def test_each_round_runs_as_planned_with_the_preset_itself_first():
    problem, rounds = Problem(), plan(32, 4, 64, 128)
    tuned = search(KEY, STEEL, rounds, problem)
    assert [this for this, _ in problem.calls] == rounds
    assert [len(candidates) for _, candidates in problem.calls] == [32, 16, 8, 4, 2]
    assert all(candidates[0].number == 0 for _, candidates in problem.calls[:-1])
    seen = [set(numbers(candidates)) for _, candidates in problem.calls]
    assert [len(each) for each in seen] == [32, 16, 8, 4, 2]
    # Half of a round is bred; no finalist is; and all that comes after the finalists is.
    new = [len(after - before) for before, after in itertools.pairwise(seen)]
    assert new == [8, 4, 0, 2]
    by_number = {}
    for _, candidates in problem.calls:
        for each in candidates:
            assert by_number.setdefault(each.number, each) == each
    assert numbers(tuned.candidates) == [
        number for _, candidates in problem.calls[-2:] for number in numbers(candidates)
    ]
    assert tuned.rounds == [rounds[-2]] * 4 + [rounds[-1]] * 2


def test_a_round_runs_its_share_of_the_steps_at_its_size():
    first, _, last, _ = plan(16, 4, 64, 128)
    (candidate,) = STEEL.candidates(STEEL.preset[None], 0)
    settings = first.settings(candidate)
    assert (settings.size, settings.steps, settings.finish_steps) == (64, 38, 4)
    settings = last.settings(candidate)
    assert (settings.size, settings.steps, settings.finish_steps) == (128, 150, 15)
    plain = Space(PRESETS["network-of-steel"])
    (candidate,) = plain.candidates(plain.preset[None], 0)
    assert first.settings(candidate).finish_steps == 0


def test_the_same_key_gives_the_same_search_and_another_another():
    def searched(key):
        problem = Problem()
        search(key, STEEL, plan(16, 4, 64, 128), problem)
        return [candidates for _, candidates in problem.calls]

    assert searched(KEY) == searched(KEY)
    assert searched(KEY)[0][1:] != searched(jax.random.key(6))[0][1:]


def test_the_search_finds_what_is_better_than_the_preset():
    tuned = search(KEY, STEEL, plan(32, 4, 64, 128), Problem())
    itself, chosen = tuned.figures[0], tuned.figures[tuned.chosen]
    assert chosen.readability >= itself.readability
    assert chosen.style > itself.style + 0.1
    assert tuned.chosen in tuned.front


def test_children_of_finalists_lie_where_the_preset_s_readability_is_expected():
    def evaluate(this, candidates):
        # As many points as firmness is thought to bring, in a measure that knows nothing else.
        firm = [np.dot(each.point, STEEL.firmness) / 1.25 for each in candidates]
        return {
            each.number: Figures(0.7 + 0.025 * value, 0.5 + 0.1 * (each.number > 0), 0.0)
            for each, value in zip(candidates, firm, strict=True)
        }

    for give_up in (0.0, -0.02):
        tuned = search(KEY, STEEL, plan(16, 4, 64, 128), evaluate, give_up=give_up)
        found = [figures.readability for figures in tuned.figures[4:]]
        assert found == pytest.approx([0.7 - give_up + 0.003] * len(found), abs=1e-3)
        assert found


def test_when_time_is_up_those_that_are_measured_go_to_full_size():
    problem = Problem(time=20)
    rounds = plan(32, 4, 64, 128)
    tuned = search(KEY, STEEL, rounds, problem)
    assert [this for this, _ in problem.calls] == [rounds[0], *rounds[-2:]]
    assert max(numbers(tuned.candidates[:4])) < 20
    assert tuned.rounds == [rounds[-2]] * 4 + [rounds[-1]] * 2


def test_with_no_time_at_all_the_preset_itself_is_the_answer():
    tuned = search(KEY, STEEL, plan(16, 4, 64, 128), Problem(time=0))
    assert (numbers(tuned.candidates), tuned.chosen, tuned.front) == ([0], 0, [0])


@given(TABLES)
def test_the_choice_is_never_worse_than_the_preset_itself(figures):
    chosen, itself = figures[choose(figures)], figures[0]
    assert chosen.readability >= itself.readability
    assert chosen.style >= itself.style
    assert chosen.artefacts <= max(itself.artefacts, CLEAN)


@given(TABLES, st.integers(-20, 20).map(lambda value: value / 20))
def test_no_clean_candidate_that_is_readable_enough_has_more_style(figures, give_up):
    chosen = figures[choose(figures, give_up)]
    clean = [each for each in figures if each.artefacts <= allowed_artefacts(figures[0])]
    least = figures[0].readability - give_up
    readable = [each for each in clean if each.readability >= least]
    if readable:
        assert chosen in readable
        assert chosen.style == max(each.style for each in readable)
    else:
        assert chosen.readability == max(each.readability for each in clean)


@given(TABLES)
def test_the_front_holds_the_clean_that_none_beats(figures):
    def beats(first, second):
        return all(np.array(first[:2]) >= second[:2]) and first[:2] != second[:2]

    clean = [i for i, each in enumerate(figures) if each.artefacts <= allowed_artefacts(figures[0])]
    expected = {i for i in clean if not any(beats(figures[j], figures[i]) for j in clean)}
    found = front(figures)
    assert set(found) == expected
    assert [figures[i].readability for i in found] == sorted(
        (figures[i].readability for i in found), reverse=True
    )


@given(TABLES, st.integers(1, 14))
def test_survivors_are_as_many_as_asked_for_and_come_by_gain(figures, count):
    kept = survivors(figures, count)
    assert len(kept) == len(set(kept)) == min(count, len(figures))
    assert kept[0] == 0
    default = figures[0]

    def good(index):
        own = figures[index]
        clean = own.artefacts <= allowed_artefacts(default)
        return clean and own.readability >= default.readability - 0.05

    others = range(1, len(figures))
    expected = sorted(filter(good, others), key=lambda i: -gain(figures[i], default))
    found = [index for index in kept[1:] if good(index)]
    assert found == expected[: len(kept) - 1]
    assert kept[1 : 1 + len(found)] == found


def test_gain_is_style_and_twice_the_readability_over_the_preset_itself():
    default = Figures(0.9, 0.5, 0.0)
    assert gain(default, default) == 0
    assert gain(Figures(0.95, 0.45, 0.0), default) == pytest.approx(0.05)
    assert gain(Figures(0.88, 0.55, 0.0), default) == pytest.approx(0.01)


def test_what_is_dirty_or_far_less_readable_goes_first():
    figures = [
        Figures(0.9, 0.5, 0.0),
        Figures(0.95, 0.9, 0.2),
        Figures(0.5, 0.9, 0.0),
        Figures(0.88, 0.55, 0.0),
        Figures(0.91, 0.47, 0.0),
    ]
    assert survivors(figures, 3) == [0, 3, 4]
