import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxtex.style import pareto

# Few values, so that ties are common.
TABLES = hnp.arrays(
    float,
    st.tuples(st.integers(1, 12), st.integers(1, 3)),
    elements=st.integers(0, 4).map(lambda value: value / 4),
)


def beats(first, second):
    return all(a >= b for a, b in zip(first, second, strict=True)) and any(
        a > b for a, b in zip(first, second, strict=True)
    )


@given(TABLES)
def test_the_front_is_what_brute_force_finds(figures):
    expected = [not any(beats(other, own) for other in figures) for own in figures]
    assert pareto.front(figures).tolist() == expected


@given(TABLES)
def test_ranks_are_fronts_of_what_is_left(figures):
    left, expected = set(range(len(figures))), {}
    rank = 0
    while left:
        members = {i for i in left if not any(beats(figures[j], figures[i]) for j in left)}
        expected |= dict.fromkeys(members, rank)
        left -= members
        rank += 1
    assert pareto.ranks(figures).tolist() == [expected[index] for index in range(len(figures))]


def test_crowding_distances_are_those_of_a_worked_example():
    figures = np.array([[0.0, 10.0], [1.0, 8.0], [2.0, 2.0], [4.0, 0.0]])
    found = pareto.crowding(figures)
    assert np.isinf(found[[0, 3]]).all()
    np.testing.assert_allclose(found[1:3], [2 / 4 + 8 / 10, 3 / 4 + 8 / 10])


def test_equal_figures_crowd_nothing_but_the_first_and_last():
    assert pareto.crowding(np.ones((3, 2))).tolist() == [np.inf, 0, np.inf]


@given(TABLES, st.data())
def test_best_first_is_by_rank_then_by_violation(figures, data):
    levels = st.sampled_from([0.0, 0.0, 0.1, 0.2])
    violations = np.array([data.draw(levels) for _ in figures])
    order = pareto.best_first(figures, violations)
    assert sorted(order.tolist()) == list(range(len(figures)))
    allowed = [index for index in order if violations[index] <= 0]
    assert order[: len(allowed)].tolist() == allowed
    ranks = pareto.ranks(figures[sorted(allowed)])
    by_index = dict(zip(sorted(allowed), ranks, strict=True))
    assert [by_index[index] for index in allowed] == sorted(ranks)
    beyond = violations[order[len(allowed) :]]
    assert (np.diff(beyond) >= 0).all()


def test_of_a_front_the_extremes_and_the_lonely_come_first():
    figures = np.array([[0, 1], [0.1, 0.95], [0.15, 0.9], [0.6, 0.5], [1, 0]])
    order = pareto.best_first(figures, np.zeros(5)).tolist()
    assert order[:3] == [0, 4, 3]
