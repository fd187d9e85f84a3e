"""Grids of settings: the tables of Network of Steel (Ter-Sarkisov, ICPRAM 2020) and free ones.

A grid has an axis of columns and mostly one of rows; each value of an axis is a coefficient of some
layers or the value of an option.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from jaxtex.errors import SettingsError
from jaxtex.style.presets import PRESETS, settings_from
from jaxtex.style.settings import Settings
from jaxtex.vgg import check_layer

_COARSE = (0.0, 20.0, 200.0, 2000.0)
_DEEP = (20.0, 200.0, 2000.0)
_BASELINE = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
# Table: coarse layers (rows) and deep layers (columns). Table 1 is the baseline, a single row.
_LAYERS: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    2: (("conv1_2",), ("conv5_3",)),
    3: (("conv1_2",), ("conv4_3",)),
    4: (("conv1_2",), ("conv3_3",)),
    5: (("conv1_2",), ("conv5_2", "conv5_3")),
    6: (("conv1_2",), ("conv4_2", "conv4_3")),
    7: (("conv1_2",), ("conv3_2", "conv3_3")),
    8: (("conv1_1", "conv1_2"), ("conv5_1", "conv5_2", "conv5_3")),
    9: (("conv1_1", "conv1_2"), ("conv4_1", "conv4_2", "conv4_3")),
    10: (("conv1_1", "conv1_2"), ("conv3_1", "conv3_2", "conv3_3")),
}
TABLES = (1, *_LAYERS)
FIGURE_3 = ((2, 3, 4), (5, 6, 7), (8, 9, 10))
"""The tables that share a plot of fig. 3: style loss with all coefficients at 2000."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# A grid's sheet of this name would be the file of the loss curves.
_TAKEN = "curves"
_NOT_AXES = ("preset", "layers", "init", "keep_margin", "preserve_color")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One direction of a grid: coefficients of `layers`, or values of `option`."""

    name: str
    values: tuple[Any, ...]
    layers: tuple[str, ...] = ()
    option: str | None = None

    @property
    def title(self) -> str:
        """What the axis changes."""
        what = ", ".join(self.layers) if self.layers else str(self.option)
        return what if what == self.name else f"{self.name}: {what}"

    def label(self, index: int) -> str:
        """The heading of one row or column."""
        value = self.values[index]
        return f"{self.name} {value:g}" if isinstance(value, float) else f"{self.name} {value}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of settings that differ along its axes."""

    name: str
    """As in the names of its files."""
    title: str
    base: Settings
    columns: Axis
    rows: Axis | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """All style layers of its cells: one program computes them all."""
        axes = [axis for axis in (self.rows, self.columns) if axis is not None]
        named = dict.fromkeys(layer for axis in axes for layer in axis.layers)
        return tuple(dict.fromkeys((*named, *self.base.style_layers)))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One place of a grid, and its settings."""

    grid: Grid
    row: int
    column: int
    settings: Settings

    @property
    def labels(self) -> tuple[str, str]:
        """The headings of its row and column; the row's may be empty."""
        rows = self.grid.rows
        return ("" if rows is None else rows.label(self.row)), self.grid.columns.label(self.column)

    @property
    def stem(self) -> str:
        """The name of its files, without a suffix."""
        named = "_".join(filter(None, self.labels))
        return re.sub(r"[^A-Za-z0-9._-]+", "-", named)


def cells(grid: Grid) -> list[Cell]:
    """The cells of a grid, row by row.

    Raises:
      SettingsError: a value is not allowed; it names the cell.
    """
    found = []
    for row in range(1 if grid.rows is None else len(grid.rows.values)):
        for column in range(len(grid.columns.values)):
            options: dict[str, Any] = {}
            layers = dict.fromkeys(grid.layers, 0.0) | dict(grid.base.layers)
            for axis, index in ((grid.rows, row), (grid.columns, column)):
                if axis is None:
                    continue
                if axis.layers:
                    layers |= dict.fromkeys(axis.layers, axis.values[index])
                elif axis.option is not None:
                    options[axis.option] = axis.values[index]
            cell = Cell(grid=grid, row=row, column=column, settings=grid.base)
            try:
                settings = grid.base
                if "strength" in options:
                    settings = settings.at_strength(options.pop("strength"))
                settings = settings.with_options(layers=layers, **options)
            except SettingsError as error:
                where = ", ".join(filter(None, cell.labels))
                raise SettingsError(f"grid {grid.name}, {where}: {error}") from None
            found.append(replace(cell, settings=settings))
    return found


def table(number: int, base: Settings | None = None, **options: Any) -> Grid:
    """Table `number` of Network of Steel, on `base` or on the paper's own settings.

    Raises:
      SettingsError: there is no such table, or an option is not allowed.
    """
    if number not in TABLES:
        raise SettingsError(f"table: {number} is unknown; allowed are 1 to {TABLES[-1]}")
    if base is None:
        base = PRESETS["gatys" if number == 1 else "network-of-steel"]
    base = base.with_options(**options)
    rows = None
    if number == 1:
        columns = Axis(name="all", values=_DEEP, layers=_BASELINE)
    else:
        coarse, deep = _LAYERS[number]
        rows = Axis(name="coarse", values=_COARSE, layers=coarse)
        columns = Axis(name="deep", values=_DEEP, layers=deep)
    return _grid(f"table-{number}", f"Table {number}", base, rows, columns, keep_layers=False)


def _grid(
    name: str, title: str, base: Settings, rows: Axis | None, columns: Axis, *, keep_layers: bool
) -> Grid:
    """A grid; where its axes name layers, those of `base` give way unless they shall stay."""
    layers = [layer for axis in (rows, columns) if axis is not None for layer in axis.layers]
    if layers and not keep_layers:
        # Some layer must have a coefficient; every cell sets its own.
        base = base.with_options(layers=dict.fromkeys(layers, 1.0))
    return Grid(name=name, title=title, base=base, rows=rows, columns=columns)


def read_grids(path: str | os.PathLike[str], **options: Any) -> list[Grid]:
    """The grids of a TOML file; `options` overrule what it says of all cells.

    The file has any fields of `Settings` (`preset` is the one to start from), `tables`, a list of
    the paper's tables to run on them, and `[[grid]]` tables with `name`, `columns` and perhaps
    `rows`, each `{ layers = […], values = […] }` or `{ option = "…", values = […] }`. `[layers]`
    are layers that all cells have besides those of the axes.

    Raises:
      SettingsError: the file cannot be read, has no grid, or holds what is not allowed.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"grid: {path} cannot be read as TOML ({error})") from None
    try:
        return _grids(content, options)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def _grids(content: dict[str, Any], options: Mapping[str, Any]) -> list[Grid]:
    tables, described = content.pop("tables", []), content.pop("grid", [])
    if not _is_list(tables, int) or not _is_list(described, dict):
        raise SettingsError("tables must be a list of numbers, and grid a list of [[grid]] tables")
    if not tables and not described:
        raise SettingsError("grid: there is none; give [[grid]] tables, or tables = [9]")
    keep_layers = "layers" in content
    content.setdefault("preset", "network-of-steel")
    base = settings_from(content).with_options(**options)
    grids = [table(number, base) for number in tables]
    for number, each in enumerate(described, 1):
        grids.append(_read_grid(each, number, base, keep_layers))
    # As files, which may not differ in case alone.
    names = [grid.name.lower() for grid in grids]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"grid: the name {twice!r} is given twice")
    return grids


def _read_grid(each: dict[str, Any], number: int, base: Settings, keep_layers: bool) -> Grid:
    name = each.get("name", f"grid-{number}")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.lower() == _TAKEN:
        raise SettingsError(
            f"grid {number}: name {name!r} must be of letters, digits, '-' and '_', "
            f"and not {_TAKEN!r}"
        )
    unknown = sorted(set(each) - {"name", "title", "rows", "columns"})
    if unknown:
        raise SettingsError(
            f"grid {name}: {unknown[0]!r} is unknown; allowed are name, title, rows and columns"
        )
    if "columns" not in each:
        raise SettingsError(f"grid {name}: columns are missing")
    rows = _axis(each["rows"], "rows", name) if "rows" in each else None
    columns = _axis(each["columns"], "columns", name)
    if rows is not None:
        both = set(rows.layers) & set(columns.layers)
        if both or (rows.option is not None and rows.option == columns.option):
            what = min(both) if both else rows.option
            raise SettingsError(f"grid {name}: {what} is on both axes")
    return _grid(name, str(each.get("title", name)), base, rows, columns, keep_layers=keep_layers)


def _axis(given: Any, direction: str, grid: str) -> Axis:
    where = f"grid {grid}, {direction}"
    if not isinstance(given, dict) or ("layers" in given) == ("option" in given):
        raise SettingsError(
            f"{where}: must be {{ layers = […], values = […] }} or {{ option = …, values = […] }}"
        )
    unknown = sorted(set(given) - {"name", "layers", "option", "values"})
    if unknown:
        raise SettingsError(
            f"{where}: {unknown[0]!r} is unknown; allowed are name, layers, option and values"
        )
    values = given.get("values")
    if not isinstance(values, list) or not values:
        raise SettingsError(f"{where}: values must be a list with at least one value")
    if "option" in given:
        option = given["option"]
        allowed = sorted(each.name for each in fields(Settings) if each.name not in _NOT_AXES)
        if option not in allowed:
            raise SettingsError(
                f"{where}: option {option!r} is unknown; allowed are {', '.join(allowed)}"
            )
        name = str(given.get("name", option))
        return _distinct(Axis(name=name, values=tuple(values), option=option), where)
    layers = given["layers"]
    if not _is_list(layers, str) or not layers:
        raise SettingsError(f"{where}: layers must be a list of names such as conv4_1")
    for layer in layers:
        check_layer(layer)
    if not _is_list(values, int | float):
        raise SettingsError(f"{where}: values {values} must be numbers, the layers' coefficients")
    name = str(given.get("name", "+".join(layers)))
    axis = Axis(name=name, values=tuple(map(float, values)), layers=tuple(layers))
    return _distinct(axis, where)


def _distinct(axis: Axis, where: str) -> Axis:
    """The axis, whose labels name files and so must differ."""
    labels = {axis.label(index) for index in range(len(axis.values))}
    if len(labels) < len(axis.values):
        raise SettingsError(f"{where}: values {list(axis.values)} hold one value twice")
    return axis


def _is_list(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, kind) and not isinstance(each, bool) for each in value
    )


def parse_tables(text: str) -> Sequence[int]:
    """The numbers of `1-10`, `2,4,9` or `1,5-7`, each once.

    Raises:
      SettingsError: `text` is something else, or names an unknown table.
    """
    numbers: dict[int, None] = {}
    for part in text.split(","):
        found = re.fullmatch(r"\s*([0-9]{1,3})\s*(?:-\s*([0-9]{1,3})\s*)?", part)
        if found is None:
            raise SettingsError(f"tables: {text!r} must look like 1-10 or 2,4,9")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last:
            raise SettingsError(f"tables: {part.strip()!r} must begin with the smaller number")
        numbers |= dict.fromkeys(range(first, last + 1))
    for number in numbers:
        if number not in TABLES:
            raise SettingsError(f"table: {number} is unknown; allowed are 1 to {TABLES[-1]}")
    return list(numbers)
