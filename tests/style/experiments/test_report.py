import base64
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from logos import SHALLOW, bars
from PIL import Image

from jaxtex.images import LoadedImage
from jaxtex.style import resolve_settings
from jaxtex.style.experiments import Axis, Grid, cells, report, table
from jaxtex.style.experiments.report import CellReport
from jaxtex.style.metrics import Artefacts, Readability, Score


def score_of(readability, artefacts, style):
    return Score(
        Readability(readability, 1.0, 1.0, 1.0, (0, 0)),
        {"artefacts": Artefacts(artefacts, 0.0, 0.0, artefacts)},
        style,
        (style,) * 5,
        None,
        40,
        64,
    )


def reports_of(grid, figures=None):
    found = []
    for index, cell in enumerate(cells(grid)):
        score = score_of(*(figures[index] if figures else (0.9, 0.1, index / 100)))
        row = {"grid": grid.name, "status": "done", **score.to_dict(),
               "style_loss": 1e18, "content_loss": 2.0}  # fmt: skip
        picture = np.full((20, 30, 3), index / 20, np.float32)
        steps = np.arange(4.0)
        found.append(CellReport(cell, picture, score, steps, 1e18 / (1 + steps), row))
    return found


def loaded(name):
    picture = bars()
    return LoadedImage(picture, None, "0" * 64, Path(name), picture)


def free_grid(columns=(1.0, 2.0, 3.0), title="free"):
    return Grid(
        name="free",
        title=title,
        base=resolve_settings("network-of-steel", **SHALLOW),
        columns=Axis(name="deep", values=columns, layers=("conv1_2",)),
    )


class Page(HTMLParser):
    """Tags and the addresses that a page asks for."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.addresses += [value for key, value in attributes if key in ("src", "href", "srcset")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_sheet_is_laid_out_like_the_papers_table():
    grid = table(9)
    pictures = [np.full((20, 60, 3), 0.2 + index / 20, np.float32) for index in range(12)]
    sheet = report.table_sheet(grid, pictures)
    centres = []
    for index in range(12):
        places = np.argwhere(np.abs(sheet[..., 0] - (0.2 + index / 20)) < 1e-4)
        assert len(places) >= 20 * 60
        centres.append(np.median(places, 0))
    centres = np.array(centres).reshape(4, 3, 2)
    assert np.all(np.diff(centres[:, :, 0], axis=0) > 20)
    assert np.all(np.diff(centres[:, :, 1], axis=1) > 60)
    # Headings stand above and to the left of the pictures.
    top, left = int(centres[..., 0].min()) - 10, int(centres[..., 1].min()) - 30
    assert sheet[: top - 4, left:].min() < 0.3
    assert sheet[top:, : left - 8].min() < 0.3


def test_a_row_without_a_heading_has_a_sheet_too():
    sheet = report.table_sheet(table(1), [np.zeros((20, 60, 3), np.float32)] * 3)
    assert sheet.shape[0] == 48 + 20 + 16
    assert sheet.min() == 0


def test_headings_of_narrow_pictures_do_not_run_into_each_other():
    long = ("one heading of a column", "another heading of one", "a third one")
    grid = free_grid(long)
    narrow = [np.full((20, 10, 3), 0.5, np.float32)] * 3
    sheet = report.table_sheet(grid, narrow)
    headings = np.flatnonzero(sheet[28:46].min((0, 2)) < 0.9)
    # Letters and words are at most 7 pixels apart, headings more.
    assert (np.diff(headings) > 7).sum() == 2


def test_the_best_are_those_that_no_other_beats():
    figures = [(0.9, 0.1, 0.5), (0.9, 0.1, 0.4), (0.8, 0.1, 0.6), (0.9, 0.0, 0.5)]
    grid = free_grid((1.0, 2.0, 3.0, 4.0))
    assert report.best_cells(reports_of(grid, figures)) == {2, 3}
    equal = [(0.9, 0.1, 0.5), (0.9001, 0.1, 0.5), (0.9, 0.1, 0.5001), (0.5, 0.5, 0.1)]
    assert report.best_cells(reports_of(grid, equal)) == {0, 1, 2}


def test_the_page_asks_for_nothing_from_elsewhere():
    page = Page(report.page(reports_of(table(9)), loaded("c.png"), loaded("s.png"), b"png"))
    assert page.open == []
    assert len(page.of("img")) == 12 + 2 + 1
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not page.of("script") + page.of("link")
    text = report.page(reports_of(table(9)), loaded("c.png"), loaded("s.png"), None)
    assert not re.search(r"https?://|url\(|@import", text)
    assert all(attributes["alt"] for attributes in page.of("img"))


def test_the_page_holds_the_pictures_of_all_cells():
    reports = reports_of(table(9))
    page = Page(report.page(reports, loaded("c.png"), loaded("s.png"), None))
    sources = [a["src"] for a in page.of("img") if a["alt"].startswith("coarse")]
    for each, source in zip(reports, sources, strict=True):
        data = base64.b64decode(source.removeprefix("data:image/webp;base64,"))
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image, np.float32) / 255
        np.testing.assert_allclose(pixels, each.picture, atol=0.02)


def test_the_page_has_headings_figures_and_settings():
    text = report.page(reports_of(table(9)), loaded("c.png"), loaded("s.png"), None)
    for part in ("Table 9", "coarse 2000", "deep 20", "readability 0.90, artefacts 0.100",
                 "conv4_1, conv4_2, conv4_3", "prefers-color-scheme: dark", "1e+18",
                 "<li>steps: 1000</li>", 'lang="en"'):  # fmt: skip
        assert part in text, part
    assert len(Page(text).of("tr")) == (1 + 4) + (1 + 12)


def test_what_a_file_or_grid_is_called_is_no_html():
    text = report.page(
        reports_of(free_grid(title="<b>&")), loaded("<i>.png"), loaded("s.png"), None
    )
    assert "<b>&" not in text
    assert "<i>" not in text
    assert "&lt;i&gt;.png" in text


def test_a_cell_that_diverged_says_so():
    reports = reports_of(free_grid())
    reports[1].row["status"] = "diverged"
    text = report.page(reports, loaded("c.png"), loaded("s.png"), None)
    assert text.count("diverged") == 1


def test_figure_3_shows_the_cells_with_all_coefficients_at_2000():
    reports = [each for number in (2, 3, 9) for each in reports_of(table(number))]
    panels = report._panels(reports)
    assert list(panels) == ["Tables 2 to 4, all at 2000", "Tables 8 to 10, all at 2000"]
    assert [len(lines) for lines in panels.values()] == [2, 1]
    for lines in panels.values():
        for _, each in lines:
            assert set(each.cell.settings.layers.values()) == {2000.0}
    assert report.curves(reports).startswith(b"\x89PNG")


def test_a_grid_that_has_a_tables_name_is_shown_as_a_free_one():
    reports = reports_of(dataclasses.replace(free_grid(), name="table-9"))
    assert [len(lines) for lines in report._panels(reports).values()] == [3]


@pytest.mark.parametrize(("count", "shown"), [(16, True), (17, False)])
def test_a_free_grid_has_curves_while_they_can_be_told_apart(count, shown):
    reports = reports_of(free_grid(tuple(map(float, range(1, count + 1)))))
    assert (report.curves(reports) is not None) == shown


def test_equal_reports_have_equal_bytes():
    reports = reports_of(table(9))
    assert report.curves(reports) == report.curves(reports)
    pages = [
        report.page(reports_of(table(9)), loaded("c.png"), loaded("s.png"), b"x") for _ in "ab"
    ]
    assert pages[0] == pages[1]
