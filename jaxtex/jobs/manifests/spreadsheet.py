"""CSV as people and spreadsheets write it.

Columns are separated by commas, semicolons or tabs; `sep=;` says which, else the header does. Lines
above the header may hold defaults, `# size = 256`, which a spreadsheet pads to its width; cells
beyond the last column may be there if they are empty.
"""

import csv
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from jaxtex.errors import ManifestError, first_line

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""What may stand between columns, and how it is called."""
_PADDING = " " + "".join(DELIMITERS)


class Table(NamedTuple):
    """A header and its rows, with what stood above them."""

    defaults: dict[str, str]
    delimiter: str
    line: int
    """The header's, from 1."""
    header: list[str]
    rows: Iterator[tuple[int, list[str] | str]]
    """The line that each begins on with its cells, as many as the header's, or why it has none."""


def read(text: str, known: Callable[[str], bool]) -> Table:
    """The table of a text; `known` tells whether a name is that of a column.

    Raises:
      ManifestError: the header is not CSV.
    """
    lines = io.StringIO(text, newline="")
    defaults: dict[str, str] = {}
    told: str | None = None
    above, start, header = 0, 0, ""
    for line in lines:
        bare = _first_cell(line)
        if bare and not bare.startswith("#") and not bare.lower().startswith("sep="):
            header = line
            break
        above, start = above + 1, lines.tell()
        if bare.lower().startswith("sep="):
            told = line.lstrip(' "')[4:5]
            continue
        name, equals, value = bare[1:].partition("=")
        if equals:
            defaults[name.strip()] = value.rstrip(_PADDING).strip()
    delimiter = told if told in DELIMITERS else _delimiter_of(header, known)
    lines.seek(start)
    rows = _rows(lines, above, delimiter)
    number, cells = next(rows, (0, []))
    if isinstance(cells, str):
        raise ManifestError(f"line {number}: {cells}")
    while cells and not cells[-1].strip():
        cells.pop()
    return Table(defaults, delimiter, number, cells, _fitted(rows, len(cells)))


def _first_cell(line: str) -> str:
    """A line as it is, but what is in quotes without them."""
    if not line.startswith('"'):
        return line.strip()
    return "".join(next(csv.reader([line]), [])).strip()


def _delimiter_of(header: str, known: Callable[[str], bool]) -> str:
    """What parts the header into most known names, or else into most names."""

    def parts(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return sum(map(known, cells)), len(cells)

    return max(DELIMITERS, key=parts)


def _rows(lines: io.StringIO, above: int, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The rows that are not blank with the line each begins on, or why one cannot be read."""
    reader = csv.reader(lines, strict=True, delimiter=delimiter, skipinitialspace=True)
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"is not CSV ({first_line(error)})"
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _fitted(
    rows: Iterator[tuple[int, list[str] | str]], count: int
) -> Iterator[tuple[int, list[str] | str]]:
    for line, cells in rows:
        if isinstance(cells, str):
            yield line, cells
        elif len(cells) < count or any(cell.strip() for cell in cells[count:]):
            yield line, f"has {len(cells)} cells, the header has {count}"
        else:
            yield line, cells[:count]
