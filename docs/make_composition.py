"""Stylises the pairs of docs/composition.md, makes its pictures anew and prints its table.

python docs/make_composition.py [-o FOLDER] [NAME...]

The names of docs/images/composition are set in fonts under the OFL: Fredoka One, Source Serif Pro,
Manrope, Hanken Grotesk and Source Sans Pro. Results that are in FOLDER already are not computed
again. With `ways` every pair is made in each of the ways of the page's second table, and with
`readme` the first picture of the README from a result of full size.
"""

import io
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from make_styles import ROOT, asked, run
from PIL import Image

from jaxtex import images
from jaxtex.files import write_bytes
from jaxtex.style.separation import Picture

PICTURES = ROOT / "docs" / "images"
SIZE, WIDTH = 384, 300
ENDS = 0.7
METRICS = (
    "readability", "weakest_letter", "artefacts", "composition", "left_end", "right_end", "style"
)  # fmt: skip
WAYS = tuple(itertools.product((0, 0.5, 1), (0, 1)))
"""How far a logo is laid out as the band, and how much its ends are given the band's manner."""
EVERY_WAY, README = "ways", "readme"


class Pair(NamedTuple):
    """A logo and the band that it is laid out as."""

    content: str
    style: str


_MORE = "docs/images/composition"
PAIRS = {
    "northgate": Pair("examples/content/northgate", "ironwyrm"),
    "brelvanto": Pair("examples/content/brelvanto", "gormawl"),
    "quillomar": Pair("examples/content/white-on-black", "torvhaxt"),
    "ostrevel": Pair("examples/content/coloured", "nachtwyrd"),
    "tarnwick": Pair("examples/content/white-on-transparent", "xathtax"),
    "bellomar": Pair(f"{_MORE}/bellomar", "torvhaxt"),
    "hartwen": Pair(f"{_MORE}/hartwen", "nachtwyrd"),
    "veridan": Pair(f"{_MORE}/veridan", "ironwyrm"),
    "luxmere": Pair(f"{_MORE}/luxmere", "xathtax"),
    "drumlane": Pair(f"{_MORE}/drumlane", "gormawl"),
}


def files(pair: Pair) -> tuple[Path, Path]:
    """The images of a pair."""
    return ROOT / f"{pair.content}.png", ROOT / "examples" / "style" / f"{pair.style}.png"


def stylise(
    pair: Pair, output: Path, *options: object, composition: float = 1, ends: float = ENDS
) -> Path:
    """Runs the command, unless its result is there; returns its path."""
    if not output.is_file():
        layout = "--composition", composition, "--ends", ends
        run("stylize", *files(pair), "-o", output, *layout, *options)
    return output


def shown(path: Path, width: int) -> Picture:
    """A picture at a width, what is transparent as it is."""
    picture = images.load_image(path).picture
    height = round(width * picture.shape[0] / picture.shape[1])
    return images.resize(picture, height, width).clip(0, 1)


def sheet(
    paths: Sequence[Path], columns: int = 3, width: int = WIDTH, labels: Sequence[str] | None = None
) -> bytes:
    """Pictures in rows, such as band, logo and result of each pair, as a WebP file."""
    pictures = [shown(path, width) for path in paths]
    edges = ["#dddddd"] * len(pictures)
    made = images.contact_sheet(pictures, columns=columns, labels=labels, edges=edges)
    file = io.BytesIO()
    Image.fromarray((255 * made + 0.5).astype("uint8")).save(file, "WEBP", quality=80, method=6)
    return file.getvalue()


def first_picture(pair: Pair, result: Path) -> bytes:
    """Content and style side by side, the result under them; 32 greys as a PNG file."""
    width, gap = 860, 20
    halves = [Image.open(path).convert("L") for path in files(pair)]
    half = (width - gap) // 2
    halves = [each.resize((half, round(half * each.height / each.width))) for each in halves]
    whole = Image.open(result).convert("L")
    whole = whole.resize((width, round(width * whole.height / whole.width)))
    tall = max(each.height for each in halves)
    canvas = Image.new("L", (width, tall + whole.height), 255)
    for left, each in zip((0, half + gap), halves, strict=True):
        canvas.paste(each, (left, (tall - each.height) // 2))
    canvas.paste(whole, (0, tall))
    file = io.BytesIO()
    canvas.quantize(32).save(file, "PNG", optimize=True)
    return file.getvalue()


def scores(pair: Pair, *results: Path) -> list[list[float]]:
    """The `METRICS` of each result."""
    content, style = files(pair)
    found = run("score", *results, "--content", content, "--style", style, "--no-ocr")
    return [[each[metric] for metric in METRICS] for each in found.get("scores", [found])]


def row(title: str, figures: Iterable[float]) -> str:
    """A row of `METRICS`."""
    places = [3 if metric == "artefacts" else 2 for metric in METRICS]
    cells = [f"{each:.{place}f}" for each, place in zip(figures, places, strict=True)]
    return f"| {title} | {' | '.join(cells)} |"


def every_way(folder: Path) -> bytes:
    """Every pair, a row of the sheet each, in every way; prints the table of their means.

    Its last two columns are the least readability and the least weakest letter.
    """
    made: list[Path] = []
    found = []
    for name, pair in PAIRS.items():
        results = []
        for composition, ends in WAYS:
            output = folder / f"{name}-{composition}-{ends}.png"
            layout = {"composition": composition, "ends": ends}
            results.append(stylise(pair, output, "--size", SIZE, **layout))
        made += results
        found.append(scores(pair, *results))
    # pair, way, metric
    figures = np.array(found, float)
    for way, means, least in zip(WAYS, figures.mean(0), figures.min(0), strict=True):
        print(row("{}, {}".format(*way), means), f"{least[0]:.2f} | {least[1]:.2f} |", flush=True)
    labels = ["{}, {}".format(*way) for way in WAYS] * len(PAIRS)
    return sheet(made, len(WAYS), WIDTH * 2 // 3, labels)


def main() -> None:
    with asked(__doc__, (*PAIRS, EVERY_WAY, README)) as (names, folder):
        paths: list[Path] = []
        for name in PAIRS:
            if name in names:
                pair = PAIRS[name]
                result = stylise(pair, folder / f"{name}.png", "--size", SIZE)
                paths += [files(pair)[1], files(pair)[0], result]
                print(row(f"{name} × {pair.style}", *scores(pair, result)), flush=True)
        if paths:
            write_bytes(PICTURES / "composition-results.webp", sheet(paths))
        if EVERY_WAY in names:
            write_bytes(PICTURES / "composition-ways.webp", every_way(folder))
        if README in names:
            pair = PAIRS["northgate"]
            result = stylise(pair, folder / "northgate-512.png")
            write_bytes(PICTURES / "northgate.png", first_picture(pair, result))


if __name__ == "__main__":
    main()
