"""What an option says of itself, and which values it takes."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxtex.errors import SettingsError
from jaxtex.options import Option, grouped, number, option, options_of


@dataclass(frozen=True, kw_only=True)
class Toy:
    """Fields of every kind."""

    weight: float = option(0.5, "A weight.", group="A", low=0, high=2)
    steps: int | None = option(None, "Steps.", group="B", low=1, high=9, otherwise="as needed")
    form: Literal["round", "square"] = option("round", "A form.", group="A")
    bold: bool = option(False, "Bold.", group="B")
    file: Path | None = option(None, "A file.", group="B", name="other_name")
    parts: tuple[str, ...] = option(tuple, "Parts.", group="A", kind="text", several=True)
    plain: int = 3


TOY = options_of(Toy)


def test_the_options_of_a_class_are_its_declared_fields_in_their_order():
    assert list(TOY) == ["weight", "steps", "form", "bold", "file", "parts"]
    assert [each.kind for each in TOY.values()] == [
        "number", "whole", "choice", "flag", "file", "text",
    ]  # fmt: skip
    assert (Toy().weight, Toy().parts, Toy().plain) == (0.5, (), 3)


def test_choices_and_none_come_from_the_annotation():
    assert TOY["form"].choices == ("round", "square")
    assert [name for name, each in TOY.items() if each.optional] == ["steps", "file"]


def test_a_field_may_have_an_option_of_another_name():
    assert TOY["file"].name == "other_name"
    assert TOY["file"].flag == "--other-name"


def test_groups_keep_the_order_of_options():
    found = grouped(list(TOY.values()))
    assert {group: [each.name for each in members] for group, members in found.items()} == {
        "A": ["weight", "form", "parts"],
        "B": ["steps", "bold", "other_name"],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [("weight", "default: 0.5"), ("steps", "default: as needed"), ("form", "default: round"),
     ("bold", None), ("file", None), ("parts", None)],
)  # fmt: skip
def test_an_option_says_what_holds_where_it_is_not_given(name, said):
    assert TOY[name].said_default == said


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weight", 2.5, "weight: 2.5 is not a number from 0 to 2"),
        ("steps", 1.5, "steps: 1.5 is not a whole number from 1 to 9"),
        ("form", "oval", "form: 'oval' is unknown; allowed are round, square"),
        ("bold", "yes", "bold: 'yes' is neither true nor false"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(name, value, words):
    with pytest.raises(SettingsError) as refusal:
        TOY[name].check(value)
    assert str(refusal.value) == words


@pytest.mark.parametrize(
    ("name", "value"),
    [("weight", 2), ("steps", None), ("steps", 9.0), ("form", "square"), ("bold", True)],
)
def test_a_right_value_comes_back_with_its_type(name, value):
    found = TOY[name].check(value)
    assert found == value
    assert isinstance(
        found, {"weight": float, "steps": int | None, "form": str, "bold": bool}[name]
    )


def test_an_option_that_is_no_jobs_own_is_named_as_on_the_command_line():
    memory = Option(name="most_memory", kind="number", help="", group="", low=0, above=True,
                    unit="GiB", of_a_job=False)  # fmt: skip
    with pytest.raises(SettingsError, match=r"^--most-memory: 0 is not a number of GiB above 0$"):
        memory.check(0)


@settings(deadline=None)
@given(st.floats() | st.integers(), st.floats(-1e6, 1e6), st.floats(0, 1e6), st.booleans())
def test_a_number_is_taken_if_and_only_if_it_is_in_its_range(value, low, span, whole):
    high = low + span
    inside = low <= value <= high and (not whole or value == math.floor(value))
    try:
        assert number("n", value, low, high, whole=whole) == value
    except SettingsError:
        assert not inside
    else:
        assert inside


@pytest.mark.parametrize("value", [True, "3", None, [1], math.nan, math.inf, 10**400])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(SettingsError, match=r"^n: "):
        number("n", value, -math.inf, math.inf)


def test_options_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TOY["weight"].low = 1
