"""Manifests: the jobs of a batch as rows of CSV, JSONL or TOML, or as two folders' product.

A row has the columns of its kind in `columns.COLUMNS`; defaults for all rows that have such a
column stand once at the top: `# size = 256` above the header of a CSV, `{"defaults": {…}}` as the
first line of a JSONL, and `[defaults]` of a TOML whose jobs are `[[job]]`. Files are named relative
to the manifest.
"""

import io
import itertools
import json
import math
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jaxtex import images
from jaxtex.errors import ManifestError, first_line
from jaxtex.jobs.manifests import spreadsheet
from jaxtex.jobs.manifests.columns import (
    COLUMNS,
    STYLIZE,
    column,
    is_column,
    nearest,
    of_one_kind,
    value_of,
)

SUFFIXES = (".csv", ".jsonl", ".toml")
_MAX_BYTES = 2**31


class Row(NamedTuple):
    """One job by its columns, defaults among them."""

    line: int
    """Where it begins in the file, from 1; of a product of folders, its number."""
    values: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What its column `job` says."""
        return self.values.get("job", STYLIZE)


class BadRow(NamedTuple):
    """A row that cannot be run."""

    line: int
    reason: str


@dataclass(kw_only=True)
class Manifest:
    """The rows of a manifest, and those that cannot be read."""

    name: str
    folder: Path
    """What files are named relative to."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    def add(self, line: int, values: Mapping[str, Any], *, text: bool) -> None:
        """Adds a row of raw values, or says why it cannot be one."""
        try:
            own = typed(values, text=text)
            self.rows.append(Row(line, of_one_kind(own, self.defaults)))
        except ManifestError as error:
            self.bad.append(BadRow(line, str(error)))

    def check_defaults(self) -> None:
        """Says whether every default is one of some row, if all rows can be read.

        Raises:
          ManifestError: one is of no kind that the rows have.
        """
        kinds = {row.kind for row in self.rows}
        used = {"job"}.union(*(COLUMNS[kind] for kind in kinds))
        for name in self.defaults:
            if kinds and not self.bad and name not in used:
                raise ManifestError(
                    f"{name.replace('_', '-')}: is a default that no row has; all are of "
                    f"{' and '.join(sorted(kinds))}"
                )


def typed(values: Mapping[str, Any], *, text: bool) -> dict[str, Any]:
    """Raw values by column, with their types; text that is empty is left out.

    Raises:
      ManifestError: an unknown column, one that is given twice, or a value that cannot be of it.
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        key = column(name)
        if key in found:
            raise ManifestError(f"column {name!r} is given twice")
        if text and isinstance(value, str) and not value.strip():
            continue
        found[key] = value_of(key, value, text=text)
    return found


def read_manifest(path: Path, defaults: Mapping[str, Any] | None = None) -> Manifest:
    """Reads a manifest; `defaults`, typed, overrule those at its top.

    Raises:
      ManifestError: the file cannot be read at all, or its defaults or header cannot.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ManifestError(f"{path}: a manifest is named {', '.join(SUFFIXES)}")
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ManifestError(f"{path}: is larger than {_MAX_BYTES >> 30} GiB; split it")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: is not UTF-8 text ({first_line(error)})") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ManifestError(f"{path}: cannot be read ({reason})") from None
    try:
        found = parse(text, suffix, path, defaults)
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None
    if not found.rows and not found.bad:
        raise ManifestError(f"{path}: has no jobs")
    return found


def parse(
    text: str, suffix: str, path: Path, defaults: Mapping[str, Any] | None = None
) -> Manifest:
    """`read_manifest` of what a file of this suffix holds.

    Raises:
      ManifestError: its syntax, header or defaults cannot be read.
    """
    manifest = Manifest(name=str(path), folder=path.parent)
    reader = {".csv": _csv, ".jsonl": _jsonl, ".toml": _toml}[suffix]
    reader(text, manifest, defaults or {})
    manifest.check_defaults()
    return manifest


def of_rows(rows: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any]) -> Manifest:
    """The manifest of rows in memory, whose files are named relative to the working folder.

    `defaults` are typed; what is None or NaN in a row is left out, as a table's empty cells.

    Raises:
      ManifestError: there are no rows, or a default is one that no row has.
    """
    manifest = Manifest(name="the rows", folder=Path(), defaults=defaults)
    for number, row in enumerate(rows, 1):
        values = {name: _plain(value) for name, value in row.items()}
        given = {name: value for name, value in values.items() if value is not None}
        manifest.add(number, given, text=False)
    if not rows:
        raise ManifestError("the rows: are none; there are no jobs")
    manifest.check_defaults()
    return manifest


def _plain(value: Any) -> Any:
    """A path, an array's number or NaN as JSON would have it."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def product(
    contents: Path, styles: Path, values: Mapping[str, Any], *, without: Path | None = None
) -> Manifest:
    """Every image of one folder with every image of another, as `images.find_images` finds them.

    Raises:
      ImageError: a folder does not exist or holds no images.
      ManifestError: the values are those of jobs without contents and styles.
    """
    manifest = Manifest(name=f"{contents} × {styles}", folder=Path(), defaults=values)
    sides = [images.find_images([folder], without=without) for folder in (contents, styles)]
    named = [list(zip(side, images.distinct_stems(side), strict=True)) for side in sides]
    for number, ((content, first), (style, second)) in enumerate(itertools.product(*named), 1):
        row = {"content": str(content), "style": (str(style),), "output": f"{first}-{second}.png"}
        manifest.rows.append(Row(number, of_one_kind(row, values)))
    manifest.check_defaults()
    return manifest


def parse_settings(words: Sequence[str]) -> dict[str, Any]:
    """The typed values of `--set NAME=VALUE`.

    Raises:
      ManifestError: one looks otherwise, or its value cannot be of that column.
    """
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value.strip():
            raise ManifestError(f"--set: {word!r} must look like steps=100")
        values[name] = value
    try:
        return _defaults(values, text=True)
    except ManifestError as error:
        raise ManifestError(f"--set: {error}") from None


def _defaults(values: Any, *, text: bool) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ManifestError("the defaults must be a table of columns and values")
    found = typed(values, text=text)
    if "output" in found:
        raise ManifestError("output: is each job's own, and cannot be a default")
    return found


def _csv(text: str, manifest: Manifest, given: Mapping[str, Any]) -> None:
    table = spreadsheet.read(text, known=is_column)
    manifest.defaults = {**_defaults(table.defaults, text=True), **given}
    names = [_header_column(name, table) for name in table.header]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ManifestError(f"line {table.line}: column {twice!r} is given twice")
    for line, cells in table.rows:
        if isinstance(cells, str):
            manifest.bad.append(BadRow(line, cells))
        else:
            manifest.add(line, dict(zip(names, cells, strict=True)), text=True)


def _header_column(name: str, table: "spreadsheet.Table") -> str:
    if is_column(name):
        return column(name)
    between = spreadsheet.DELIMITERS[table.delimiter]
    raise ManifestError(
        f"line {table.line}: column {name[:80]!r} is unknown; the nearest are "
        f"{', '.join(nearest(name))} (read with {between} between columns)"
    )


def _jsonl(text: str, manifest: Manifest, given: Mapping[str, Any]) -> None:
    manifest.defaults = dict(given)
    first = True
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if not line.strip():
            continue
        try:
            values = _json_object(line)
            if "defaults" in values:
                if not first or len(values) > 1:
                    raise ManifestError("defaults stand alone on the first line")
                manifest.defaults = {**_defaults(values["defaults"], text=False), **given}
                continue
        except ManifestError as error:
            if first and "defaults" in line:
                raise ManifestError(f"line {number}: {error}") from None
            manifest.bad.append(BadRow(number, str(error)))
        else:
            manifest.add(number, values, text=False)
        finally:
            first = False


def _json_object(line: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise ManifestError("a name is given twice")
        return dict(pairs)

    try:
        value = json.loads(line, object_pairs_hook=unique)
    except ManifestError:
        raise
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"is not JSON ({first_line(error)})") from None
    if not isinstance(value, dict):
        raise ManifestError("is not a JSON object")
    return value


def _toml(text: str, manifest: Manifest, given: Mapping[str, Any]) -> None:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"is not TOML ({first_line(error)})") from None
    jobs = content.pop("job", [])
    manifest.defaults = {**_defaults(content.pop("defaults", {}), text=False), **given}
    if content:
        raise ManifestError(f"{min(content)[:80]!r} is unknown; it has [defaults] and [[job]]")
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise ManifestError("the jobs must be [[job]] tables")
    heads = re.compile(r"^[ \t]*\[\[[ \t]*(?:job|\"job\"|'job')[ \t]*\]\]")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if heads.match(line)]
    # Jobs of an inline list have no lines of their own: they are counted.
    places = lines if len(lines) == len(jobs) else range(1, len(jobs) + 1)
    for line, values in zip(places, jobs, strict=True):
        manifest.add(line, values, text=False)
