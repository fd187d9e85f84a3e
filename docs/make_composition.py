"""Stylises the pairs of docs/composition.md, makes its pictures anew and prints its table.

python docs/make_composition.py [-o FOLDER] [NAME...]

The names of docs/images/composition are set in fonts under the OFL: Fredoka One, Source Serif Pro,
Manrope, Hanken Grotesk and Source Sans Pro. Results that are in FOLDER already are not computed
again. With `readme` the first picture of the README is made, too, from a result of full size.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from make_styles import ROOT, asked, run
from PIL import Image

from jaxtex import images
from jaxtex.files import write_bytes
from jaxtex.style.separation import Picture

PICTURES = ROOT / "docs" / "images"
SIZE, WIDTH = 384, 300
SETTINGS = ("--composition", "band", "--ends", "0.7")
README = "readme"


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


def stylise(pair: Pair, output: Path, *options: object) -> Path:
    """Runs the command, unless its result is there; returns its path."""
    if not output.is_file():
        run("stylize", *files(pair), "-o", output, *SETTINGS, *options)
    return output


def shown(path: Path, width: int) -> Picture:
    """A picture at a width, what is transparent as it is."""
    picture = images.load_image(path).picture
    height = round(width * picture.shape[0] / picture.shape[1])
    return images.resize(picture, height, width).clip(0, 1)


def sheet(paths: Sequence[Path]) -> bytes:
    """Band, logo and result of each pair in a row, as a WebP file."""
    pictures = [shown(path, WIDTH) for path in paths]
    made = images.contact_sheet(pictures, columns=3, edges=["#dddddd"] * len(pictures))
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


def row(name: str, pair: Pair, result: Path) -> str:
    """The pair's row of the table."""
    content, style = files(pair)
    found = run("score", result, "--content", content, "--style", style, "--no-ocr")
    metrics = ("readability", "artefacts", "composition", "left_end", "right_end", "style")
    figures = [f"{found[each]:.{3 if each == 'artefacts' else 2}f}" for each in metrics]
    return f"| {name} × {pair.style} | {' | '.join(figures)} |"


def main() -> None:
    with asked(__doc__, (*PAIRS, README)) as (names, folder):
        paths: list[Path] = []
        for name in PAIRS:
            if name in names:
                pair = PAIRS[name]
                result = stylise(pair, folder / f"{name}.png", "--size", SIZE)
                paths += [files(pair)[1], files(pair)[0], result]
                print(row(name, pair, result), flush=True)
        if paths:
            write_bytes(PICTURES / "composition-results.webp", sheet(paths))
        if README in names:
            pair = PAIRS["northgate"]
            result = stylise(pair, folder / "northgate-512.png")
            write_bytes(PICTURES / "northgate.png", first_picture(pair, result))


if __name__ == "__main__":
    main()
