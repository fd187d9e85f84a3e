"""Do the claims of Network of Steel hold on the example logos?

Runs the sweeps behind docs/network-of-steel.md into `--folder`, or what is missing there, and
prints the page's tables from their pictures, `metrics.csv` and histories. Each claim is tried under
eq. 3 as printed and under the normalisation `reference`, the reading that comes nearest to what the
paper reports (docs/presets.md). L-BFGS, but for the curves of fig. 3, which are Adam's as in the
paper.
"""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import _table
from _claims import (
    BEST,
    FIGURES,
    FIRST,
    PAIRS,
    READINGS,
    RUNNER_UP,
    SYSTEMS,
    Sweep,
    content,
    curves,
    picture,
    sweeps,
)


def tell_features(found: Mapping[str, Sweep], report: _table.Report) -> None:
    """Claim: features before the ReLU give cleaner pictures than those after it."""
    rows = []
    names = ("readability", "coloured", "specks", "haze", "artefacts", "style")
    for pair in PAIRS:
        for reading, title in READINGS.items():
            for kind in ("conv", "relu"):
                cell = f"features/normalization-{reading}_features-{kind}"
                sweep = found[f"features-{pair[0]}"]
                figures = [f"{sweep.figure(cell, name):.3f}" for name in names]
                rows.append([f"{' × '.join(pair)}, {title}", kind, *figures])
    report.table(["features, table 9 at 2000 and 200", "", *names], rows)


def tell_background(found: Mapping[str, Sweep], report: _table.Report) -> None:
    """Claim: conv1_2 keeps the background clean."""
    rows = []
    for name in ("equation-3", "reference", "reference-2"):
        sweep = found[name]
        for table in dict.fromkeys(cell.partition("/")[0] for cell in sweep.rows):
            for what in ("coloured", "haze", "artefacts", "style"):
                means = [
                    sum(sweep.figure(f"{table}/coarse-{coarse}_deep-{deep}", what)
                        for deep in (20, 200, 2000)) / 3
                    for coarse in (0, 20, 200, 2000)
                ]  # fmt: skip
                rows.append([f"{name}, {table}: {what}", *(f"{mean:.3f}" for mean in means)])
    report.table(["mean of three deep coefficients; coarse at", "0", "20", "200", "2000"], rows)


def tell_speed(found: Mapping[str, Sweep], folder: Path, report: _table.Report) -> None:
    """Claim: block 3 learns fastest (fig. 3): the style loss that is left after some steps."""
    rows, at = [], [10, 30, 60]
    for reading, title in READINGS.items():
        for number, loss in curves(found[f"figure-3-{reading}"], folder).items():
            left = [f"{loss[min(step, len(loss) - 1)] / loss[0]:.3f}" for step in at]
            rows.append([f"{title}, table {number}", f"{loss[0]:.1e}", *left])
    header = ["style loss, all at 2000, Adam", "step 0", *(f"left at {step}" for step in at)]
    report.table(header, rows)


def tell_say(found: Mapping[str, Sweep], folder: Path, report: _table.Report) -> None:
    """Claim: conv5_3 contributes little: how far pixels move with the deep layers and for them."""
    import numpy as np

    sweep = found["reference"]
    rows = []
    for table in (f"table-{number}" for number in range(2, 11)):
        alone = picture(sweep, folder, f"{table}/coarse-0_deep-2000")
        low, high = (
            picture(sweep, folder, f"{table}/coarse-2000_deep-{deep}") for deep in (20, 2000)
        )
        moved = 255 * np.abs(alone - content(sweep, alone.shape)).mean()
        changed = 255 * np.abs(high - low).mean()
        style = sweep.figure(f"{table}/coarse-0_deep-2000", "style")
        rows.append([table.replace("-", " "), f"{moved:.1f}", f"{style:.2f}", f"{changed:.1f}"])
    header = ["`reference`, grey levels", "moved by deep layers alone", "their style",
              "changed by 20 → 2000 beside 2000"]  # fmt: skip
    report.table(header, rows)


def tell_best(found: Mapping[str, Sweep], report: _table.Report) -> None:
    """Claim: table 9 at 2000 and 200 is the best trade-off, table 10 at 2000 and 20 the second."""
    for name in ("reference", "reference-2"):
        sweep = found[name]
        order = sorted(sweep.rows, key=lambda cell: -product(sweep, cell))
        shown = dict.fromkeys([*order[:3], BEST, RUNNER_UP])
        rows = [
            [
                cell,
                *(f"{sweep.figure(cell, figure):.3f}" for figure in FIGURES),
                f"{product(sweep, cell):.3f}",
                f"{order.index(cell) + 1} of {len(order)}",
                beaten_by(sweep, cell),
            ]
            for cell in shown
        ]
        title = f"{' × '.join(sweep.pair)}, `reference`"
        report.table([title, *FIGURES, "product", "rank", "cells that beat it in all"], rows)


def product(sweep: Sweep, cell: str) -> float:
    """Readability, freedom from artefacts and style as one figure, for an order."""
    readability, artefacts, style = (sweep.figure(cell, name) for name in FIGURES)
    return readability * (1 - artefacts) * max(style, 0)


def beaten_by(sweep: Sweep, cell: str) -> int:
    """How many cells are better in all three figures."""

    def better(other: str) -> bool:
        one, two = ([sweep.figure(each, name) for name in FIGURES] for each in (other, cell))
        return one[0] > two[0] and one[1] < two[1] and one[2] > two[2]

    return sum(map(better, sweep.rows))


def tell_systems(found: Mapping[str, Sweep], report: _table.Report) -> None:
    """The paper's table 11: the systems beside each other."""
    rows = [
        [title, *(f"{found[name].figure(cell, figure):.3f}" for figure in FIGURES)]
        for title, (name, cell) in SYSTEMS.items()
    ]
    report.table([" × ".join(FIRST), *FIGURES], rows)


def draw_all(found: Mapping[str, Sweep], folder: Path, pictures: Path) -> None:
    """Writes the pictures of the page."""
    from jaxtex import images

    for name in ("equation-3", "reference", "reference-2"):
        sheet = images.load_image(folder / name / "table-9.png").rgb
        _save(pictures / f"claims-table-9-{name}.webp", sheet)
    shown, labels = [], []
    for pair in PAIRS:
        sweep = found[f"features-{pair[0]}"]
        for kind in ("conv", "relu"):
            cell = f"features/normalization-reference_features-{kind}"
            shown.append(picture(sweep, folder, cell))
            labels.append(f"{pair[0]}, {kind} features")
    sheet = images.contact_sheet(shown, columns=2, labels=labels)
    _save(pictures / "claims-features.webp", sheet)
    shown = [picture(found[name], folder, cell) for name, cell in SYSTEMS.values()]
    sheet = images.contact_sheet(
        shown, columns=2, labels=[name.replace("`", "") for name in SYSTEMS]
    )
    _save(pictures / "claims-systems.webp", sheet)
    draw_curves(found, folder, pictures / "claims-figure-3.png")


def draw_curves(found: Mapping[str, Sweep], folder: Path, path: Path) -> None:
    """Fig. 3: the style loss relative to its start, a panel for each reading."""
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, len(READINGS), sharey=True)
    colours, lines = {3: "tab:blue", 4: "tab:orange", 5: "tab:green"}, (":", "--", "-")
    for axes, (reading, title) in zip(panels, READINGS.items(), strict=True):
        for number, loss in curves(found[f"figure-3-{reading}"], folder).items():
            block = 5 - (number - 2) % 3
            count = (number - 2) // 3
            label = f"table {number}: block {block}"
            axes.semilogy(loss / loss[0], lines[count], color=colours[block], label=label)
        axes.set_title(title.strip("`"), fontsize=10)
        axes.set_xlabel("step")
    panels[0].set_ylabel("style loss, relative to step 0")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=90, format="png")
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)


def _save(path: Path, picture: Any) -> None:
    """A small WebP."""
    import numpy as np
    from PIL import Image

    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(path, quality=75, method=6)


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--folder", type=Path, required=True, help="where the sweeps lie")
    arguments.add_argument("--size", type=_table.count, default=192, help="default: 192")
    arguments.add_argument("--steps", type=_table.count, default=40, help="default: 40")
    arguments.add_argument("--pictures", type=Path, help="a folder for the page's pictures")
    options = arguments.parse_args()

    report = _table.Report(as_json=options.json)
    options.folder.mkdir(parents=True, exist_ok=True)
    found = sweeps()
    for sweep in found.values():
        sweep.run(options.folder, options.size, options.steps)
    tell_features(found, report)
    tell_background(found, report)
    tell_speed(found, options.folder, report)
    tell_say(found, options.folder, report)
    tell_best(found, report)
    tell_systems(found, report)
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        draw_all(found, options.folder, options.pictures)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
