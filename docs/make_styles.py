"""Stylises the pairs of docs/styles.md, makes their pictures anew and prints their table.

python docs/make_styles.py [-o FOLDER] [NAME...]

What most pairs were before jaxtex took styles apart is kept in docs/images/styles/before. Results
that are in FOLDER already are not computed again.
"""

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from jaxtex import images
from jaxtex.files import write_bytes

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images" / "styles"
WIDTH = 320


class Pair(NamedTuple):
    """A logo and the image whose style it is given."""

    content: str
    style: str
    options: tuple[str, ...] = ()


PAIRS = {
    "grey": Pair("examples/content/northgate", "examples/style/ironwyrm"),
    "white-on-black": Pair("examples/content/white-on-black", "examples/style/gormawl"),
    "red-on-black": Pair(
        "tests/cases/content-blue", "tests/cases/red-on-black", ("--colors", "content")
    ),
    "gold": Pair("examples/content/coloured", "examples/style/gold"),
    "two-inks": Pair("tests/cases/tagline_grey", "examples/style/torvhaxt"),
    "transparent": Pair("examples/content/white-on-transparent", "examples/style/ironwyrm"),
    "on-rust": Pair(
        "tests/cases/content-dark", "tests/cases/lettering-on-rust", ("--colors", "style")
    ),
    "cover": Pair("examples/content/northgate", "examples/style/cover", ("--colors", "content")),
    "rust": Pair("tests/cases/content-dark-2", "tests/cases/rust"),
    "fire": Pair("examples/content/brelvanto", "examples/style/fire"),
    "in-gold": Pair("examples/content/northgate", "examples/style/gold", ("--colors", "style")),
    "bark": Pair("examples/content/northgate", "examples/style/bark"),
}


def run(*words: object) -> dict[str, Any]:
    """What a command of jaxtex prints as JSON."""
    command = [sys.executable, "cli.py", *map(str, words), "--json"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def stylise(pair: Pair, output: Path) -> None:
    """Runs the command, unless its result is there."""
    if not output.is_file():
        names = f"{pair.content}.png", f"{pair.style}.png", *pair.options
        run("stylize", *names, "-o", output, "--size", WIDTH)


def sheet(pair: Pair, before: Path, after: Path) -> bytes:
    """Content, style, before (where there is one) and after side by side, as a WebP file."""
    shown = {"content": ROOT / f"{pair.content}.png", "style": ROOT / f"{pair.style}.png"}
    shown |= {"before": before} if before.is_file() else {}
    shown["after"] = after
    pictures = []
    for path in shown.values():
        picture = images.load_image(path).picture
        height, width = images.fit(picture.shape[0], picture.shape[1], WIDTH)
        pictures.append(images.resize(picture, height, width).clip(0, 1))
    edges = ["#dddddd"] * len(shown)
    made = images.contact_sheet(pictures, columns=4, labels=list(shown), edges=edges)
    file = io.BytesIO()
    Image.fromarray((255 * made + 0.5).astype("uint8")).save(file, "WEBP", quality=90, method=6)
    return file.getvalue()


def row(name: str, pair: Pair, before: Path, after: Path) -> str:
    """The pair's row of the table: scores before and after."""
    ends = "--content", f"{pair.content}.png", "--style", f"{pair.style}.png", "--no-ocr"
    found = [run("score", path, *ends) for path in (before, after) if path.is_file()]
    figures = [
        " → ".join(f"{score[metric]:.2f}" for score in found)
        for metric in ("readability", "artefacts", "style")
    ]
    return f"| {name} | {' | '.join(figures)} |"


@contextlib.contextmanager
def asked(description: str, names: Sequence[str]) -> Iterator[tuple[Sequence[str], Path]]:
    """The names that the command line asks for, all by default, and the folder for results."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("-o", "--out", type=Path, help="folder where results are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = (arguments.out or Path(spare)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield arguments.names or names, folder


def main() -> None:
    with asked(__doc__, tuple(PAIRS)) as (names, folder):
        for name in names:
            before, after = PICTURES / "before" / f"{name}.webp", folder / f"{name}.png"
            stylise(PAIRS[name], after)
            write_bytes(PICTURES / f"{name}.webp", sheet(PAIRS[name], before, after))
            print(row(name, PAIRS[name], before, after), flush=True)


if __name__ == "__main__":
    main()
