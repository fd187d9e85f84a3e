from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jaxtex.style.experiments import pareto

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
