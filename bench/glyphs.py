"""How well is lettering taken apart into its letters?

Draws invented names, half of them plain and half in the manner of bands (tall ends, blades, horns,
thorns, arches, rough edges), and takes them apart. A letter is right if one glyph has at least four
fifths of it, and less than three tenths of any other letter. It needs a clone of the repository:
the names are drawn by examples/, in its fonts and in those of --fonts.
"""

import time
from pathlib import Path
from typing import Any

import _table
import numpy as np

_OF_IT, _OF_OTHERS = 0.8, 0.3


def right_letters(labels: np.ndarray, letters: list[np.ndarray]) -> list[bool]:
    """Which letters of a name, given as masks, are glyphs of their own."""
    counts = np.array(
        [np.bincount(labels[mask], minlength=labels.max() + 1) / mask.sum() for mask in letters]
    )
    counts[:, 0] = 0
    found = counts.argmax(1)
    right = []
    for index, glyph in enumerate(found):
        others = np.delete(counts[:, glyph], index)
        right.append(bool(counts[index, glyph] >= _OF_IT and others.max(initial=0) < _OF_OTHERS))
    return right


def measure(options: Any, report: _table.Report) -> None:
    """The table of names by fonts."""
    from _names import names

    from jaxtex.style.composition import find_glyphs

    header = ["names", "number", "letters right", "both ends right", "all right", "median s"]
    rows, everything = [], []
    for font, drawn in names(options.names, options.fonts).items():
        found = []
        for coverage, letters in drawn:
            before = time.perf_counter()
            glyphs = find_glyphs(coverage)
            seconds = time.perf_counter() - before
            right = right_letters(glyphs.labels, letters)
            found.append((np.mean(right), right[0] and right[-1], all(right), seconds))
        rows.append([font, *_figures(found)])
        everything += found
    for manner in ("plain", "band"):
        _table.progress(f"{manner}: {sum(row[0].startswith(manner) for row in rows)} fonts")
    rows.append(["all", *_figures(everything)])
    report.table(header, rows)


def _figures(found: list[tuple[float, bool, bool, float]]) -> list[str]:
    letters, ends, whole, seconds = map(np.array, zip(*found, strict=True))
    shares = [f"{figure.mean():.3f}" for figure in (letters, ends, whole)]
    return [str(len(found)), *shares, f"{np.median(seconds):.2f}"]


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--names", type=_table.count, default=200, help="default: 200")
    arguments.add_argument(
        "--fonts", nargs="+", type=Path, default=[], metavar="FILE", help="further plain fonts"
    )
    options = arguments.parse_args()
    _table.cpu_only()
    report = _table.Report(as_json=options.json)
    measure(options, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
