"""What a sweep shows: sheets laid out like the paper's tables, loss curves, and one page of HTML.

The page holds its pictures itself and asks for nothing from elsewhere, so that it can be sent on.
"""

import html
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image, ImageDraw, ImageFont

from jaxtex import images
from jaxtex.images import LoadedImage
from jaxtex.images.pages import data_url, document, webp
from jaxtex.style.experiments import pareto
from jaxtex.style.experiments.tables import FIGURE_3, Cell, Grid
from jaxtex.style.metrics import BLOCKS, Score
from jaxtex.style.separation import Picture
from jaxtex.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GAP = 8
# A free grid of more cells has no curves: they could not be told apart.
_MOST_CURVES = 16


@dataclass(frozen=True, eq=False)
class CellReport:
    """All that is shown of one cell."""

    cell: Cell
    picture: Picture
    score: Score
    steps: Float[np.ndarray, " n"]
    style_loss: Float[np.ndarray, " n"]
    """The weighted style loss after each step."""
    row: Mapping[str, Any]
    """The cell's row of `metrics.csv`."""

    @property
    def figures(self) -> tuple[float, float, float]:
        """Readability, freedom from artefacts, style: more is better."""
        score = self.score
        return score.readability.readability, 1 - score.artefacts.artefacts, score.style


def by_grid(reports: Sequence[CellReport]) -> Iterator[tuple[Grid, list[CellReport]]]:
    """The cells of each grid, in order."""
    grids: dict[str, list[CellReport]] = {}
    for each in reports:
        grids.setdefault(each.cell.grid.name, []).append(each)
    for members in grids.values():
        yield members[0].cell.grid, members


def table_sheet(grid: Grid, pictures: Sequence[Picture]) -> Float32[np.ndarray, "h w 3"]:
    """The pictures of a grid's cells as a table, headings of rows and columns beside them."""
    columns = len(grid.columns.values)
    rows = 1 if grid.rows is None else len(grid.rows.values)
    font = ImageFont.load_default(size=14)
    column_labels = [grid.columns.label(column) for column in range(columns)]
    # Wide enough for the headings, or they would run into each other.
    widest = math.ceil(max(map(font.getlength, column_labels)))
    pictures = [_widened(picture, widest) for picture in pictures]
    body = images.contact_sheet(pictures, columns=columns, gap=_GAP)
    row_labels = [] if grid.rows is None else [grid.rows.label(row) for row in range(rows)]
    title = f"{grid.title}   {_axes(grid)}"
    top = 48
    left = round(max((font.getlength(label) for label in row_labels), default=0))
    left += 2 * _GAP if left else 0
    width = max(left + body.shape[1], round(font.getlength(title)) + 2 * _GAP)
    sheet = np.ones((top + body.shape[0], width, 3), np.float32)
    sheet[top:, left : left + body.shape[1]] = body
    texts = Image.new("L", (width, sheet.shape[0]))
    draw = ImageDraw.Draw(texts)
    draw.text((_GAP, 12), title, fill=255, font=font, anchor="lm")
    step_x, step_y = (body.shape[1] - _GAP) / columns, (body.shape[0] - _GAP) / rows
    for column, label in enumerate(column_labels):
        middle = left + _GAP / 2 + (column + 0.5) * step_x
        draw.text((middle, 36), label, fill=255, font=font, anchor="mm")
    for row, label in enumerate(row_labels):
        middle = top + _GAP / 2 + (row + 0.5) * step_y
        draw.text((left - _GAP, middle), label, fill=255, font=font, anchor="rm")
    coverage = np.asarray(texts, np.float32)[..., None] / 255
    return (sheet * (1 - coverage)).astype(np.float32)


def _widened(picture: Picture, width: int) -> Picture:
    """With white on both sides, at least so wide."""
    missing = max(0, width - picture.shape[1])
    sides = (missing // 2, missing - missing // 2)
    return np.pad(picture, ((0, 0), sides, (0, 0)), constant_values=1)


def _axes(grid: Grid) -> str:
    rows = "" if grid.rows is None else f"rows {grid.rows.title}; "
    return f"{rows}columns {grid.columns.title}"


def curves(reports: Sequence[CellReport]) -> bytes | None:
    """Style loss against step as a PNG, or None without matplotlib or without anything to show.

    Of the paper's tables it is fig. 3: the cells with all coefficients at 2000, three tables a
    panel. Of other grids every cell is shown, if there are not too many.
    """
    panels = _panels(reports)
    if not panels:
        return None
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(4.2 * len(panels), 3.6), layout="constrained")
    for axes, (title, lines) in zip(
        np.ravel(figure.subplots(1, len(panels))), panels.items(), strict=True
    ):
        for label, each in lines:
            positive = np.where(each.style_loss > 0, each.style_loss, np.nan)
            axes.semilogy(each.steps, positive, label=label)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step")
        axes.set_ylabel("style loss, weighted")
        axes.legend(fontsize=8)
    return plot_png(figure, dpi=120)


def plot_png(figure: "Figure", *, dpi: int) -> bytes:
    """A figure of matplotlib as a PNG; equal figures give equal bytes."""
    written = io.BytesIO()
    figure.savefig(written, dpi=dpi, format="png", metadata={"Software": None})
    return written.getvalue()


def _panels(reports: Sequence[CellReport]) -> dict[str, list[tuple[str, CellReport]]]:
    panels: dict[str, list[tuple[str, CellReport]]] = {}
    for grid, members in by_grid(reports):
        figure_3 = [tables for tables in FIGURE_3 if grid.name in map(_table_name, tables)]
        last = [each for each in members if set(each.cell.settings.layers.values()) == {2e3}]
        # A grid of another file may have a table's name.
        if figure_3 and len(last) == 1:
            title = f"Tables {figure_3[0][0]} to {figure_3[0][-1]}, all at 2000"
            panels.setdefault(title, []).append((f"{grid.title}: {grid.columns.title}", last[0]))
        elif len(members) <= _MOST_CURVES:
            panels[grid.title] = [(", ".join(filter(None, m.cell.labels)), m) for m in members]
    return panels


def _table_name(number: int) -> str:
    return f"table-{number}"


def best_cells(reports: Sequence[CellReport]) -> set[int]:
    """The indices of the cells that no other one beats: as good in all figures, better in one.

    Differences below a thousandth are none.
    """
    figures = np.round([each.figures for each in reports], 3)
    return set(np.flatnonzero(pareto.front(figures)).tolist())


def page(
    reports: Sequence[CellReport], content: LoadedImage, style: LoadedImage, plot: bytes | None
) -> str:
    """The report as one page of HTML."""
    best = {id(reports[index]) for index in best_cells(reports)}
    tables = "".join(_table(grid, members, best) for grid, members in by_grid(reports))
    title = f"{content.path.name} × {style.path.name}"
    plot_part = ""
    if plot is not None:
        source = data_url("image/png", plot)
        alt = "Weighted style loss against the step"
        plot_part = f'<h2>Style loss</h2><img class="plot" src="{source}" alt="{alt}">'
    body = _BODY.format(
        version=html.escape(__version__),
        cells=len(reports),
        content=_figure(content.picture, f"content: {content.path.name}"),
        band=_figure(style.picture, f"style: {style.path.name}"),
        settings=_settings(reports),
        tables=tables,
        plot=plot_part,
        metrics=_metrics(reports, best),
    )
    return document(title, body)


def _table(grid: Grid, members: Sequence[CellReport], best: set[int]) -> str:
    columns = len(grid.columns.values)
    head = "".join(
        f'<th scope="col">{html.escape(grid.columns.label(column))}</th>'
        for column in range(columns)
    )
    body = []
    for start in range(0, len(members), columns):
        row = members[start : start + columns]
        label = html.escape(row[0].cell.labels[0])
        cells = "".join(_cell(each, id(each) in best) for each in row)
        body.append(f'<tr><th scope="row">{label}</th>{cells}</tr>')
    return (
        f'<h2>{html.escape(grid.title)}</h2><p>{html.escape(_axes(grid))}</p><div class="wide">'
        f'<table class="grid"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(each: CellReport, best: bool) -> str:
    label = ", ".join(filter(None, each.cell.labels))
    status = each.row["status"]
    note = f'<span class="note">{html.escape(str(status))}</span> ' if status != "done" else ""
    mark = '<span class="star" title="no cell is better in all three">★</span> ' if best else ""
    picture = f'<img src="{webp(each.picture)}" alt="{html.escape(label)}" loading="lazy">'
    return (
        f"<td{' class=best' if best else ''}><figure>{picture}"
        f"<figcaption>{note}{mark}{each.score}</figcaption></figure></td>"
    )


def _metrics(reports: Sequence[CellReport], best: set[int]) -> str:
    names = ["readability", "overlap", "edges", "contrast", "artefacts", "coloured", "specks",
             "haze", "style", *(f"block{block + 1}" for block in range(BLOCKS)),
             "style_loss", "content_loss"]  # fmt: skip
    head = "".join(f'<th scope="col">{name.replace("_", " ")}</th>' for name in names)
    body = []
    for each in reports:
        cells = "".join(f"<td>{_number(each.row[name])}</td>" for name in names)
        label = " · ".join(filter(None, (each.cell.grid.title, *each.cell.labels)))
        mark = " ★" if id(each) in best else ""
        body.append(f'<tr><th scope="row">{html.escape(label)}{mark}</th>{cells}</tr>')
    return (
        f'<div class="wide"><table class="figures"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"


def _settings(reports: Sequence[CellReport]) -> str:
    """The options that all cells share, without the layers, which are the tables' own."""
    all_settings = [each.cell.settings.to_dict() for each in reports]
    first = all_settings[0]
    shared = {
        name: value
        for name, value in first.items()
        if name != "layers" and all(each[name] == value for each in all_settings)
    }
    items = (f"<li>{html.escape(name)}: {html.escape(str(v))}</li>" for name, v in shared.items())
    return f"<ul class=settings>{''.join(items)}</ul>"


def _figure(picture: Picture, caption: str) -> str:
    text = html.escape(caption)
    return (
        f'<figure><img src="{webp(picture)}" alt="{text}"><figcaption>{text}</figcaption></figure>'
    )


_BODY = """<p>{cells} stylised images by jaxtex {version}.</p>
<div class="pair">{content}{band}</div>
<p><b>Readability</b> is 1 where every letter is as in the content. <b>Artefacts</b> is the share of
the background that is spoiled by colour, specks or haze; 0 is best. <b>Style</b> is 0 for the
content itself and 1 for the style itself. ★ marks the images that no other one beats in all
three.</p>
{tables}
{plot}
<h2>All figures</h2>
{metrics}
<h2>Settings</h2>
{settings}"""
