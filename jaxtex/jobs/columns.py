"""The columns of a manifest: the options of `jaxtex stylize` that belong to one job.

Values come as text (CSV, `--set`) or as those of JSON and TOML. Whether a number is in its range
and a word is allowed is known to `Settings`; here values get their types.
"""

import math
from collections.abc import Mapping
from typing import Any

from jaxtex.errors import ManifestError
from jaxtex.jobs.request import FIELDS, FLAGS

_WORDS = ("content", "output", "preset", "mask", "init", "background")
_LISTS = ("style", "style_weight", "layer")
_TEXT_FIELDS = (
    "content_layer",
    "normalization",
    "features",
    "pool",
    "box",
    "optimizer",
    "canvas",
    "precision",
)
_NUMBERS = ("strength", *(name for name in FIELDS if name not in _TEXT_FIELDS))
COLUMNS = ("content", "style", "output", "preset", *_NUMBERS, "layer", "style_weight",
           *_TEXT_FIELDS, *FLAGS, "init", "mask", "background")  # fmt: skip
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
# What a file of a job holds is longer than any of these.
_MOST_CHARACTERS = 4096
_LARGEST = 2**63


def column(name: str) -> str:
    """The column that `name` means: with hyphens or underscores.

    Raises:
      ManifestError: there is none.
    """
    found = name.strip().replace("-", "_")
    if found not in COLUMNS:
        allowed = ", ".join(each.replace("_", "-") for each in COLUMNS)
        raise ManifestError(f"column {name[:80]!r} is unknown; allowed are {allowed}")
    return found


def value_of(name: str, value: Any, *, text: bool) -> Any:
    """The value of a column; in `text`, parts of a list are separated by semicolons.

    Raises:
      ManifestError: the value cannot be of that column.
    """
    if name in _LISTS:
        return _list(name, value, text=text)
    if name in FLAGS:
        return _flag(name, value)
    if name in _NUMBERS:
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
            number = float(value)
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


def _short(value: Any) -> str:
    try:
        return repr(value)[:80]
    except ValueError:
        # Python prints no whole numbers of thousands of digits.
        return "a huge number"
