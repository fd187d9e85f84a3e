"""The columns of a manifest: the options of a command that belong to one job.

The column `job` says which command a row stands for. Values come as text (CSV, `--set`) or as those
of JSON and TOML. Whether a number is in its range and a word is allowed is known to those who use
them; here values get their types.
"""

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jaxtex.errors import ManifestError
from jaxtex.jobs.requests import OPTIONS
from jaxtex.options import Kind

STYLIZE = "stylize"
"""The kind of rows that do not say it."""

_KINDS: dict[str, dict[str, Kind]] = {
    STYLIZE: {
        "content": "file",
        "style": "file",
        **{name: option.kind for name, option in OPTIONS.items() if option.of_a_job},
    },
    "msgnet": {
        "content": "file",
        "style": "file",
        "output": "file",
        "model": "file",
        "size": "whole",
        "style_size": "whole",
    },
    "texture": {
        "output": "file",
        "model": "file",
        "count": "whole",
        "center": "file",
        "radius": "number",
        "direction": "text",
        "kappa": "number",
        "angle": "number",
        "similarity": "number",
        "seed": "whole",
        "labels": "flag",
    },
    "extend": {
        "texture": "text",
        "output": "file",
        "model": "file",
        "size": "whole",
        "width": "whole",
        "height": "whole",
        "seamless": "text",
        "zoom": "number",
        "steps": "whole",
        "seed": "whole",
    },
}
_LISTS = ("style", *(name for name, option in OPTIONS.items() if option.several))
_ANY = {name: kind for columns in _KINDS.values() for name, kind in columns.items()}

COLUMNS: dict[str, tuple[str, ...]] = {job: tuple(columns) for job, columns in _KINDS.items()}
"""The columns of each kind of jobs, besides `job` itself."""

ALL_COLUMNS = (*_ANY, "job")
"""Those of any kind."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
# What a file of a job holds is longer than any of these.
_MOST_CHARACTERS = 4096
_LARGEST = 2**63


def column(name: str) -> str:
    """The column that `name` means: with hyphens, underscores or spaces, in small letters or not.

    Raises:
      ManifestError: there is none.
    """
    if not is_column(name):
        raise ManifestError(f"column {name[:80]!r} is unknown; allowed are {_listed(ALL_COLUMNS)}")
    return _plain(name)


def is_column(name: str) -> bool:
    """Whether `name` means a column."""
    return _plain(name) in ALL_COLUMNS


def nearest(name: str) -> list[str]:
    """The columns that look most like a name that means none, as they are written."""
    close = difflib.get_close_matches(_plain(name)[:80], ALL_COLUMNS, cutoff=0.0)
    return [_shown(each) for each in close]


def _plain(name: str) -> str:
    return re.sub(r"[-\s]+", "_", name.strip()).lower()


def of_one_kind(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values, and the defaults that jobs of its kind have.

    Raises:
      ManifestError: a value does not belong to jobs of its kind.
    """
    kind = values.get("job", defaults.get("job", STYLIZE))
    allowed = (*COLUMNS[kind], "job")
    odd = next((name for name in values if name not in allowed), None)
    if odd is not None:
        raise ManifestError(
            f"column {_shown(odd)!r} does not belong to {kind}; allowed are {_listed(allowed)}"
        )
    return {name: value for name, value in defaults.items() if name in allowed} | dict(values)


def value_of(name: str, value: Any, *, text: bool) -> Any:
    """The value of a column; in `text`, parts of a list are separated by semicolons.

    Raises:
      ManifestError: the value cannot be of that column.
    """
    if name == "job":
        return _kind(value)
    if name in _LISTS:
        return _list(name, value, text=text)
    if _ANY[name] == "flag":
        return _flag(name, value)
    if _ANY[name] in ("number", "whole"):
        return _number(name, value, text=text)
    return _word(name, value)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ManifestError(f"{_shown(name)}: {_short(value)} is not a text")
    if len(value) > _MOST_CHARACTERS or "\0" in value or not _encodable(value):
        raise ManifestError(
            f"{_shown(name)}: {_short(value)} is longer than {_MOST_CHARACTERS} characters or not "
            "valid text"
        )
    return value


def _kind(value: Any) -> str:
    word = value.strip().lower() if isinstance(value, str) else None
    if word not in COLUMNS:
        raise ManifestError(f"job: {_short(value)} is not one of {', '.join(COLUMNS)}")
    return word


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word not in (*_TRUE, *_FALSE):
        raise ManifestError(f"{_shown(name)}: {_short(value)} is neither true nor false")
    return word in _TRUE


def _number(name: str, value: Any, *, text: bool) -> float | int:
    number = value
    if text and isinstance(value, str):
        try:
            number = int(value) if value.strip().isdecimal() else float(value)
        except ValueError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ManifestError(f"{_shown(name)}: {_short(value)} is not a number")
    if not math.isfinite(number) if isinstance(number, float) else abs(number) > _LARGEST:
        raise ManifestError(f"{_shown(name)}: {_short(value)} is not finite or too large")
    return number


def _list(name: str, value: Any, *, text: bool) -> Any:
    if text and isinstance(value, str):
        value = [part.strip() for part in value.split(";")]
    if name == "layer" and isinstance(value, Mapping) and value:
        return {
            _word(name, layer): _number(name, coefficient, text=False)
            for layer, coefficient in value.items()
        }
    parts = value if isinstance(value, list) else [value]
    if not parts:
        raise ManifestError(f"{_shown(name)}: the list is empty")
    if name == "style_weight":
        return tuple(float(_number(name, part, text=text)) for part in parts)
    return tuple(_word(name, part) for part in parts)


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    return name.replace("_", "-")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(_shown, names))


def _short(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:
        # Python prints no whole numbers of thousands of digits.
        return "a huge number"
