import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxtex.recent import Recent


@given(most=st.integers(0, 30), keys=st.lists(st.integers(0, 9), max_size=40))
def test_the_last_ones_that_fit_are_there_and_made_once(most, keys):
    made: list[int] = []
    recent: Recent[int] = Recent(most, size=lambda value: value)

    def make(key: int) -> int:
        made.append(key)
        return key

    expected: list[int] = []
    for key in keys:
        if key not in expected:
            assert recent.find(key) is None
        before = len(made)
        assert recent.get(key, lambda key=key: make(key)) == key
        assert len(made) - before == (key not in expected)
        expected = [each for each in expected if each != key] + [key]
        while sum(expected) > most and len(expected) > 1:
            del expected[0]
        assert [each for each in range(10) if recent.find(each) is not None] == sorted(expected)


def test_a_value_that_cannot_be_made_leaves_nothing():
    recent: Recent[int] = Recent(3)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.find("a") is None
    assert recent.get("a", lambda: 5) == 5
