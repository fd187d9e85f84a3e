"""What an option is: its type, range, words and group, said once, and how its values are checked.

A frozen class of settings declares its options as fields by `option`; others are `Option`s of their
own. The command line, manifests, preset files, the reference page and forms are made from these.
"""

import dataclasses
import inspect
import math
import sys
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from jaxtex.errors import SettingsError

Kind = Literal["number", "whole", "choice", "flag", "text", "file"]
"""`whole` is a whole number, `choice` one of some words."""

_KINDS: dict[Any, Kind] = {
    float: "number", int: "whole", bool: "flag", str: "text", Path: "file",
}  # fmt: skip
_METADATA = "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a command, a manifest, a preset or a form."""

    name: str
    """With underscores; the command line has it with hyphens."""
    kind: Kind
    help: str
    """What it does, in a sentence or two."""
    group: str
    """Where help and forms show it."""
    default: Any = None
    """Its value where it is not given."""
    otherwise: str | None = None
    """What holds where it is not given, in words, if `default` does not say it."""
    low: float | int = -math.inf
    high: float | int = math.inf
    above: bool = False
    """Whether `low` itself is not allowed."""
    unit: str | None = None
    """What a number counts, such as GiB."""
    choices: tuple[str, ...] = ()
    """The words of a choice; of a text or a file some that have a meaning of their own."""
    optional: bool = False
    """Whether None is a value."""
    several: bool = False
    """Whether it may be given more than once."""
    first: bool = False
    """Whether it is among the few that people use first."""
    of_a_job: bool = True
    """Whether each job of a batch has its own; the others are the run's."""
    short: str | None = None
    """Its letter on the command line, `-o`."""
    shape: str | None = None
    """What a value looks like, `NAME=C`, where its kind does not say it."""
    required: bool = False
    """Whether it must be given."""
    whose: str = "default"
    """Whose value `default` is, in words: that of a preset, where a preset decides."""

    @property
    def flag(self) -> str:
        """As the command line has it."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def shown(self) -> str:
        """Its name in a sentence: those of a job stand in manifests and presets, too."""
        return self.flag.removeprefix("--") if self.of_a_job else self.flag

    @property
    def range(self) -> str:
        """The numbers that are allowed, in words."""
        return _range(self.low, self.high, above=self.above)

    @property
    def said_default(self) -> str | None:
        """What holds where it is not given, in words; None where that is nothing."""
        if self.otherwise is not None:
            return f"default: {self.otherwise}"
        if self.default is None or self.kind == "flag" or self.several:
            return None
        value = f"{self.default:g}" if isinstance(self.default, float) else self.default
        return f"{self.whose}: {value}"

    def check(self, value: Any) -> Any:
        """The value with its type.

        Raises:
          SettingsError: it is of another type, outside the range, or none of the words.
        """
        if value is None and self.optional:
            return None
        if self.kind in ("number", "whole"):
            return number(
                self.shown,
                value,
                self.low,
                self.high,
                whole=self.kind == "whole",
                above=self.above,
                unit=self.unit,
            )
        if self.kind == "choice" and value not in self.choices:
            allowed = ", ".join(self.choices)
            raise SettingsError(f"{self.shown}: {value!r} is unknown; allowed are {allowed}")
        if self.kind == "flag" and not isinstance(value, bool):
            raise SettingsError(f"{self.shown}: {value!r} is neither true nor false")
        return value


def option(
    default: Any,
    help: str,
    *,
    group: str,
    name: str | None = None,
    **more: Any,
) -> Any:
    """A field of a frozen class of settings, and the option that it is.

    Type, choices and whether None is allowed come from the field's annotation, unless `more`, which
    are fields of `Option`, says otherwise. A callable `default` makes the value.
    """
    said = {"help": help, "group": group, "name": name, **more}
    metadata = {_METADATA: said}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def options_of(settings: type) -> dict[str, Option]:
    """The options that a class of settings declares, by the names of its fields, in their order."""
    annotations = inspect.get_annotations(settings)
    return {
        each.name: _declared(each, annotations[each.name])
        for each in dataclasses.fields(settings)
        if _METADATA in each.metadata
    }


def _declared(each: "dataclasses.Field[Any]", annotation: Any) -> Option:
    said = {key: value for key, value in each.metadata[_METADATA].items() if value is not None}
    members = [annotation]
    if get_origin(annotation) in (types.UnionType, typing.Union):
        members = [member for member in get_args(annotation) if member is not type(None)]
        said.setdefault("optional", True)
    if "kind" not in said:
        if get_origin(members[0]) is Literal:
            said |= {"kind": "choice", "choices": get_args(members[0])}
        else:
            said["kind"] = "choice" if "choices" in said else _KINDS[members[0]]
    if each.default is not dataclasses.MISSING:
        said.setdefault("default", each.default)
    said.setdefault("name", each.name)
    return Option(**said)


def grouped(options: Sequence[Option]) -> dict[str, list[Option]]:
    """Options by their groups, both in the order in which they come."""
    found: dict[str, list[Option]] = {}
    for each in options:
        found.setdefault(each.group, []).append(each)
    return found


def number(
    name: str,
    value: Any,
    low: float | int,
    high: float | int,
    *,
    whole: bool = False,
    above: bool = False,
    unit: str | None = None,
) -> float | int:
    """A finite number from `low` to `high`, as an int where it must be whole.

    Raises:
      SettingsError: it is no such number; `name` is what the sentence begins with.
    """
    fits = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and low <= value <= high
        and not (above and value == low)
        and abs(value) <= sys.float_info.max
        and not (whole and value != int(value))
    )
    if not fits:
        kind = "a whole number" if whole else "a number"
        of = f" of {unit}" if unit else ""
        allowed = _range(low, high, above=above)
        raise SettingsError(f"{name}: {value!r} is not {kind}{of} {allowed}")
    return int(value) if whole else float(value)


def word_or_share(name: str, value: Any, none: str, all_: str) -> str:
    """A word or a number from 0 to 1, as text; 0 is the word for none of it, 1 that for all.

    Raises:
      SettingsError: it is something else; `name` is what the sentence begins with.
    """
    if value in (none, all_):
        return value
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = math.nan
    if isinstance(value, bool) or not 0 <= share <= 1:
        raise SettingsError(
            f"{name}: {value!r} is neither {none} nor {all_} nor a number from 0 to 1"
        )
    return {0.0: none, 1.0: all_}.get(share, f"{share:g}")


def _range(low: float | int, high: float | int, *, above: bool) -> str:
    if high < math.inf:
        return f"from {low:g} to {high:g}"
    return f"above {low:g}" if above else f"of {low:g} or more"


def whole(name: str, value: float | int, low: int, high: int, what: str = "a whole number") -> int:
    """The value of an option of the command line or a manifest, which may have it as 64.0.

    Raises:
      SettingsError: it is not whole, or not from `low` to `high`; `what` says what it should be.
    """
    if not low <= value <= high or value != int(value):
        shown = name.replace("_", "-")
        raise SettingsError(f"--{shown}: {value} is not {what} from {low} to {high}")
    return int(value)
