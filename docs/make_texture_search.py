"""Puts what `jaxtex bench texture-search` printed into docs/texture-search.md.

    jaxtex bench texture-search > found.txt && python docs/make_texture_search.py found.txt

Several files, of runs with `--only`, `--kind` or `--ways`, come one after the other; rows of one
table come together. The words around the tables are written by hand: read them again.
"""

import sys
from pathlib import Path

PAGE = Path(__file__).parent / "texture-search.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"


def figures(printed: str) -> list[str]:
    """The notes and tables of an output, without the line on the machine and its load."""
    parts = [part.strip() for part in printed.split("\n\n") if part.strip()]
    return [part for part in parts[1:] if not part.startswith("The machine is busy")]


def main() -> None:
    """Rewrites the page."""
    found: dict[str, list[str]] = {}
    for file in sys.argv[1:]:
        for part in figures(Path(file).read_text(encoding="utf-8")):
            first, *rows = part.splitlines()
            known = found.setdefault(" ".join(first.split()), [first, *rows[:1]])
            known += rows[1:]
    if not found:
        sys.exit("name a file with what `jaxtex bench texture-search` printed")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    parts = ["\n".join(lines) for lines in found.values()]
    PAGE.write_text(before + BEGIN + "\n" + "\n\n".join([*parts, ""]) + END + after, "utf-8")


if __name__ == "__main__":
    main()
