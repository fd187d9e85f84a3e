"""Draws one untrusted SVG as PNG, in a process of its own: `python _resvg.py SIZE BYTES`.

`jaxtex.images.svg` runs this file. SVG in on stdin, PNG out on stdout; exit 3 with a sentence on
stderr. It imports nothing of jaxtex: a hostile drawing may exhaust the stack, the memory (BYTES) or
the time, and takes only this process with it, which can open no file and no connection.
"""

import contextlib
import re
import sys
from typing import NoReturn
from xml.parsers import expat

import resvg_py

_REFUSED = 3
_SECONDS = 60
_DEPTH = 250
_DPI = 96
# What a drawing may embed: pixels. Another SVG could hide what is refused here.
_PIXELS = re.compile(r"\s*data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)


class _Checker:
    """Reads an SVG's elements as they come, and refuses what cannot be drawn faithfully here."""

    def __init__(self) -> None:
        self.path: list[str] = []

    def check(self, text: str) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = lambda name: self.path.pop()
        parser.CharacterDataHandler = self.characters
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            _refuse(f"the SVG is damaged or cut short ({error})")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(" ")[2]
        if not self.path:
            _check_root(element, attributes)
        self.path.append(element)
        if len(self.path) > _DEPTH:
            _refuse(f"the SVG has elements in elements, more than {_DEPTH} deep")
        for attribute, value in attributes.items():
            if attribute.rpartition(" ")[2] == "href":
                _check_reference(element, value)

    def characters(self, text: str) -> None:
        if "text" in self.path and not text.isspace():
            _refuse("the SVG has text, which needs fonts; turn it into paths in its editor first")


def _check_root(element: str, attributes: dict[str, str]) -> None:
    if element != "svg":
        _refuse(f"is XML, but not SVG: its first element is {element!r}")
    sides = [attributes.get(side, "auto").strip() for side in ("width", "height")]
    if any(side == "auto" or side.endswith("%") for side in sides):
        box = attributes.get("viewBox", "").replace(",", " ").split()
        with contextlib.suppress(ValueError):
            if len(box) == 4 and all(float(part) > 0 for part in box[2:]):
                return
        _refuse("the SVG has no size; give its first element a viewBox, or width and height")


def _check_reference(element: str, target: str) -> None:
    """Refuses files and addresses; `a` and metadata may name them, for they draw nothing."""
    inside = target.lstrip().startswith("#")
    outside = {"image": not _PIXELS.match(target), "feImage": not (inside or _PIXELS.match(target))}
    if outside.get(element, element == "use" and not inside):
        _refuse(
            f"the SVG refers to {target.strip()[:60]!r}; what it shows must be part of it, and "
            "images in it PNG, JPEG, GIF or WebP"
        )


def _decode(data: bytes) -> str:
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", data[:200])
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        return data.decode("utf-8-sig" if encoding.lower() == "utf-8" else encoding)
    except (UnicodeError, LookupError):
        _refuse(f"the SVG is not text in {encoding}")


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(sentence)
    sys.exit(_REFUSED)


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: there the time limit of `jaxtex.images.svg` is all
        return
    wanted = {"RLIMIT_NOFILE": 0, "RLIMIT_CORE": 0, "RLIMIT_CPU": _SECONDS, "RLIMIT_AS": memory}
    for name, limit in wanted.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))


def main() -> None:
    """Checks the SVG on stdin and draws it with its longer side of `sys.argv[1]` pixels."""
    size, memory = map(int, sys.argv[1:])
    text = _decode(sys.stdin.buffer.read())
    _limit(memory)
    _Checker().check(text)
    try:
        # A square that the drawing is fitted into.
        png = resvg_py.svg_to_bytes(text, width=size, height=size, dpi=_DPI, skip_system_fonts=True)
    except ValueError as error:
        _refuse(f"the SVG cannot be drawn ({error})")
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
