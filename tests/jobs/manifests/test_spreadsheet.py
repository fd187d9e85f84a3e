"""Manifests survive a spreadsheet."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxtex.errors import ManifestError
from jaxtex.jobs.manifests.columns import is_column
from jaxtex.jobs.manifests.manifest import parse
from jaxtex.jobs.manifests.spreadsheet import DELIMITERS, read

HEADER = ["content", "style", "output", "steps"]
ROW = ["a.png", "b.png", "o.png", "3"]
VALUES = {"content": "a.png", "style": ("b.png",), "output": "o.png", "steps": 3}


def rows_of(text, **defaults):
    manifest = parse(text, ".csv", Path("jobs.csv"), defaults)
    assert manifest.bad == []
    return [(row.line, dict(row.values)) for row in manifest.rows]


def lines(*rows, delimiter=",", end="\n"):
    return "".join(delimiter.join(row) + end for row in rows)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_columns_are_separated_by_commas_semicolons_or_tabs(delimiter, end):
    assert rows_of(lines(HEADER, ROW, delimiter=delimiter, end=end)) == [(2, VALUES)]


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;;"])
def test_a_first_line_may_say_the_delimiter(first):
    text = f"{first}\n" + lines(["content", "style"], ["a,b.png", "c.png"], delimiter=";")
    assert rows_of(text) == [(3, {"content": "a,b.png", "style": ("c.png",)})]


@pytest.mark.parametrize(
    "comment",
    ["# size = 128", "# size = 128,,,", '"# size = 128",,,', "# size = 128;;;", "#size=128\t\t",
     "# size = 128 , , "],
)  # fmt: skip
def test_defaults_above_the_header_may_be_padded_to_its_width(comment):
    assert rows_of(f"{comment}\n" + lines(HEADER, ROW)) == [(3, VALUES | {"size": 128})]


def test_a_default_of_several_parts_keeps_them_in_quotes_or_without():
    for comment in ('"# style = x.png;y.png",,,', "# style = x.png;y.png,,,"):
        text = f"{comment}\n" + lines(["content"], ["a.png"])
        assert rows_of(text) == [(3, {"content": "a.png", "style": ("x.png", "y.png")})]


@pytest.mark.parametrize(
    "names",
    [["Content", "STYLE", "Output", "Steps"], [" content", "style ", "output", " steps "],
     ["content", "style", "output", "steps", "", ""]],
)  # fmt: skip
def test_capitals_spaces_and_empty_columns_at_the_end_do_no_harm(names):
    row = ROW + [""] * (len(names) - len(ROW))
    assert rows_of(lines(names, row)) == [(2, VALUES)]


def test_a_column_of_two_words_may_have_a_space():
    assert rows_of("content,style,Style Size\na.png,b.png,40\n")[0][1]["style_size"] == 40


def test_spaces_after_a_delimiter_are_none_of_the_cell():
    assert rows_of('content, style, output, steps\na.png, "b.png", o.png, 3\n') == [(2, VALUES)]


def test_cells_beyond_the_last_column_must_be_empty():
    text = lines(HEADER, [*ROW, "", ""], [*ROW, "note"], ROW[:3])
    manifest = parse(text, ".csv", Path("jobs.csv"))
    assert [row.line for row in manifest.rows] == [2]
    assert [(row.line, row.reason) for row in manifest.bad] == [
        (3, "has 5 cells, the header has 4"),
        (4, "has 3 cells, the header has 4"),
    ]


@pytest.mark.parametrize(
    ("delimiter", "word"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs")]
)
def test_an_unknown_column_is_told_with_those_like_it_and_the_delimiter(delimiter, word):
    text = lines(["content", "stile", "output"], ROW[:3], delimiter=delimiter)
    with pytest.raises(ManifestError) as refusal:
        rows_of(text)
    assert str(refusal.value) == (
        "line 1: column 'stile' is unknown; the nearest are style, size, steps "
        f"(read with {word} between columns)"
    )


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@settings(deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5),
    st.sampled_from(list(DELIMITERS)),
    st.integers(0, 3),
)
def test_what_a_spreadsheet_writes_is_read_back(rows, delimiter, padding):
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    header = ["content", "style", "output"]
    writer.writerows([*row, *[""] * padding] for row in [header, *rows])
    table = read(written.getvalue(), is_column)
    assert table.delimiter == delimiter
    assert table.header == header
    told = [row for row in rows if any(cell.strip() for cell in row)]
    assert [cells for _, cells in table.rows] == told
