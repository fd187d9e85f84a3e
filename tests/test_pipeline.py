import threading
import time

import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex.pipeline import fetched_behind, made_ahead


def threads() -> set[str]:
    return {each.name for each in threading.enumerate() if each.name.startswith("made-ahead")}


def waited_for(condition) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def test_values_come_in_order_and_the_thread_ends():
    with made_ahead(range(7)) as values:
        assert list(values) == list(range(7))
    assert not threads()


def test_so_many_are_made_before_they_are_asked_for():
    made, by = [], []

    def make():
        for number in range(10):
            made.append(number)
            by.append(threading.current_thread())
            yield number

    with made_ahead(make(), 3) as values:
        assert waited_for(lambda: len(made) == 3)
        assert next(values) == 0
        assert waited_for(lambda: len(made) == 4)
        time.sleep(0.02)
        assert made == [0, 1, 2, 3]
    assert threading.main_thread() not in by
    assert made == [0, 1, 2, 3]


def test_what_goes_wrong_is_raised_where_the_value_is_taken():
    def make():
        yield 1
        raise OSError("the disk is gone")

    with made_ahead(make()) as values:
        assert next(values) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(values)
    assert not threads()


def test_an_interrupt_leaves_no_thread():
    def interrupted():
        with made_ahead(iter(int, 1)) as values:
            next(values)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not threads()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_results_are_fetched_behind_those_under_way(count):
    begun = []

    def results():
        for number in range(5):
            begun.append(number)
            yield jnp.full(2, number), number

    seen = []
    for number, (array, same) in enumerate(fetched_behind(results(), count)):
        assert isinstance(array, np.ndarray)
        np.testing.assert_array_equal(array, [number, number])
        assert same == number
        seen.append(len(begun) - number - 1)
    assert seen == [min(count, 4 - number) for number in range(5)]
