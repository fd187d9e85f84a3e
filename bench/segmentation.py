"""How well is lettering told from the ground of a style image?

Draws invented band names on ten kinds of grounds, and textures without lettering, takes them apart
with `separate_style`, and compares the ink (coverage above a half) with what was drawn: the
intersection over the union, 1 where they are equal. Half of the pictures are compressed as JPEG, a
quarter has grain. A picture without lettering that was found counts as 0. It needs a clone of the
repository: the names are drawn by examples/.
"""

import time
from typing import Any

import _table
import numpy as np

# A word on one of these is on a plain ground, on others it is not; film grain may be either.
_PLAIN, _EITHER = ("plain black", "plain colour"), ("film grain",)


def intersection_over_union(first: np.ndarray, second: np.ndarray) -> float:
    """Of two masks."""
    return float((first & second).sum() / max((first | second).sum(), 1))


def kind_is_right(kind: str, ground: str) -> bool:
    """Whether lettering on a ground was judged to be what it is."""
    if ground in _EITHER:
        return kind != "texture"
    return kind == ("plain" if ground in _PLAIN else "busy")


def measure(options: Any, report: _table.Report) -> None:
    """The table of lettering."""
    from _lettering import names, picture

    from jaxtex.style.separation import separate_style

    drawn = names(options.names)
    header = ["ground", "pictures", "median IoU", "10 % below", "least", "kind right", "median s"]
    rows, everything = [], []
    for number, ground in enumerate(options.grounds):
        found = []
        for index, cover in enumerate(drawn):
            image, truth = picture(cover, ground, (options.seed, number, index))
            before = time.perf_counter()
            parts = separate_style(image)
            seconds = time.perf_counter() - before
            overlap = 0.0
            if parts.coverage is not None:
                overlap = intersection_over_union(parts.coverage > 0.5, truth > 0.5)
            found.append((overlap, kind_is_right(parts.kind, ground), seconds))
        rows.append([ground, *_figures(found)])
        # So that one who stops before the end has what there is.
        said = (f"{word} {figure}" for word, figure in zip(header[1:], rows[-1][1:], strict=True))
        _table.progress(f"{ground}: {', '.join(said)}")
        everything += found
    rows.append(["all", *_figures(everything)])
    report.table(header, rows)


def _figures(found: list[tuple[float, bool, float]]) -> list[str]:
    overlaps, right, seconds = map(np.array, zip(*found, strict=True))
    figures = [np.median(overlaps), np.percentile(overlaps, 10), overlaps.min(), right.mean()]
    return [str(len(found)), *(f"{figure:.3f}" for figure in figures), f"{np.median(seconds):.2f}"]


def measure_textures(options: Any, report: _table.Report) -> None:
    """The table of textures."""
    from _grounds import TEXTURES
    from _lettering import worn

    from jaxtex.style.separation import separate_style

    judged: dict[str, list[bool]] = {name: [] for name in TEXTURES}
    for index in range(options.textures):
        name = list(TEXTURES)[index % len(TEXTURES)]
        rng = np.random.default_rng((options.seed, 99, index))
        image = worn(rng, TEXTURES[name](rng, int(rng.integers(128, 513)), 512))
        judged[name].append(separate_style(image).kind == "texture")
    _table.progress(f"{options.textures} textures")
    rows = [[name, str(len(each)), str(sum(each))] for name, each in judged.items() if each]
    every = [one for each in judged.values() for one in each]
    rows.append(["all", str(len(every)), f"{sum(every)} ({np.mean(every):.3f})"])
    report.table(["texture", "pictures", "judged texture"], rows)


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--names", type=_table.count, default=100, help="default: 100")
    arguments.add_argument("--textures", type=_table.count, default=50, help="default: 50")
    arguments.add_argument("--seed", type=int, default=0, help="of places and colours; default: 0")
    arguments.add_argument("--grounds", nargs="+", metavar="GROUND", help="default: all ten")
    options = arguments.parse_args()
    from _grounds import GROUNDS

    options.grounds = options.grounds or list(GROUNDS)
    for ground in options.grounds:
        if ground not in GROUNDS:
            arguments.error(f"--grounds: {ground!r} is none of {', '.join(GROUNDS)}")
    _table.cpu_only()
    report = _table.Report(as_json=options.json)
    measure(options, report)
    measure_textures(options, report)
    report.note(f"seed {options.seed}; pictures 512 pixels wide; film grain may be plain or busy")
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
