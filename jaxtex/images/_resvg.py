"""Draws one untrusted SVG as PNG, in a process of its own: `python _resvg.py SIZE BYTES`.

`jaxtex.images.svg` runs this file. SVG in on stdin, PNG out on stdout; exit 3 with a sentence on
stderr. It imports nothing of jaxtex: a hostile drawing may exhaust the stack, the memory (BYTES) or
the time, and takes only this process with it, which can open no file and no connection.
"""

import contextlib
import math
import re
import sys
from typing import NamedTuple, NoReturn
from xml.parsers import expat

import resvg_py

_REFUSED = 3
_SECONDS = 60
_DEPTH = 250
_DPI = 96
_UNITS = {"": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 4 / 3, "pc": 16.0}
# Elements whose content is drawn only where something refers to it.
_STORED = {"defs", "symbol", "clipPath", "mask", "pattern", "marker"}
_TAG = re.compile(rb"""(<[^\s/>]+)((?:\s+[^\s=>]+\s*=\s*(?:"[^"]*"|'[^']*'))*)(\s*/?>)""")
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
_MOST_VARIABLES = 20
# What a drawing may embed: pixels. Another SVG could hide what is refused here.
_PIXELS = re.compile(r"\s*data:image/(png|jpe?g|gif|webp)[;,]", re.IGNORECASE)


class _Open(NamedTuple):
    """An element whose end has not come yet."""

    name: str
    unseen: bool
    """Whether it is hidden."""
    stored: bool
    """Whether it is drawn only where something refers to it."""
    ids: frozenset[str]
    """Its own id and those of what it is in, as far as that is stored."""


class _Checker:
    """Reads an SVG's elements as they come, and refuses what cannot be drawn faithfully here."""

    def __init__(self) -> None:
        self.path: list[_Open] = []
        self.root: dict[str, str] = {}
        self.start_byte = 0
        self.referred: set[str] = set()
        self.stored_text: list[frozenset[str]] = []

    def check(self, text: str) -> None:
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self.start
        parser.EndElementHandler = lambda name: self.path.pop()
        parser.CharacterDataHandler = self.characters
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            _refuse(f"the SVG is damaged or cut short ({error})")
        if any(ids & self.referred for ids in self.stored_text):
            _refuse_text()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(" ")[2]
        if not self.path:
            if element != "svg":
                _refuse(f"is XML, but not SVG: its first element is {element!r}")
            self.root, self.start_byte = attributes, self.parser.CurrentByteIndex
        self._open(element, attributes)
        if len(self.path) > _DEPTH:
            _refuse(f"the SVG has elements in elements, more than {_DEPTH} deep")
        for attribute, value in attributes.items():
            self.referred.update(re.findall(r"#([^\s\"')]+)", value))
            if attribute.rpartition(" ")[2] == "href":
                _check_reference(element, value)

    def _open(self, element: str, attributes: dict[str, str]) -> None:
        within = self.path[-1] if self.path else _Open("", False, False, frozenset())
        stored = within.stored or element in _STORED
        own = {attributes["id"]} if stored and "id" in attributes else set()
        hidden = attributes.get("display") == "none" or bool(
            re.search(r"(^|;)\s*display\s*:\s*none\b", attributes.get("style", ""))
        )
        self.path.append(_Open(element, within.unseen or hidden, stored, within.ids | own))

    def characters(self, text: str) -> None:
        here = self.path[-1]
        if text.isspace() or here.unseen or not any(each.name == "text" for each in self.path):
            return
        if not here.stored:
            _refuse_text()
        self.stored_text.append(here.ids)


def _refuse_text() -> NoReturn:
    _refuse("the SVG has text, which needs fonts; turn it into paths in its editor first")


def _size_of(root: dict[str, str]) -> tuple[float, float]:
    """Width and height of a drawing, in whatever unit, of any size."""
    box = _box_of(root)
    width, height = (_length(root.get(side, "auto").strip()) for side in ("width", "height"))
    if width is not None and height is not None:
        return width, height
    if box is None:
        _refuse("the SVG has no size; give its first element a viewBox, or width and height")
    if width is not None:
        return width, width * box[3] / box[2]
    if height is not None:
        return height * box[2] / box[3], height
    return box[2], box[3]


def _box_of(root: dict[str, str]) -> tuple[float, float, float, float] | None:
    parts = root.get("viewBox", "").replace(",", " ").split()
    with contextlib.suppress(ValueError):
        left, top, width, height = map(float, parts)
        if width > 0 and height > 0 and math.isfinite(width * height):
            return left, top, width, height
    return None


def _length(text: str) -> float | None:
    """A length in pixels; None where it is none, a share, or relative to nothing known here."""
    found = re.fullmatch(r"([+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)\s*([a-z]*)", text)
    if found is None or found[2] not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2]]


def _scaled(text: str, checker: _Checker, size: int) -> tuple[str, int, int]:
    """The drawing with a size of whole pixels, the longer side of which is `size`.

    What draws it rounds its own size to whole units first, which spoils small ones.
    """
    width, height = _size_of(checker.root)
    if not (width > 0 and height > 0):
        _refuse("the SVG cannot be drawn: its width or height is 0")
    scale = size / max(width, height)
    wide, tall = (max(1, round(side * scale)) for side in (width, height))
    data = text.encode()
    tag = _TAG.match(data, checker.start_byte)
    if tag is None:
        _refuse("the SVG cannot be drawn: its first element cannot be read")
    attributes = re.sub(rb"""\s(?:width|height)\s*=\s*(?:"[^"]*"|'[^']*')""", b"", tag[2])
    box = _box_of(checker.root)
    more = f' width="{wide}" height="{tall}"'
    if box is None:
        more += f' viewBox="0 0 {width!r} {height!r}"'
    if "preserveAspectRatio" not in checker.root and (
        box is None or math.isclose(box[2] / box[3], width / height, rel_tol=1e-6)
    ):
        # Nothing but the rounding of the sides makes them differ.
        more += ' preserveAspectRatio="none"'
    drawn = data[: tag.start()] + tag[1] + attributes + more.encode() + tag[3] + data[tag.end() :]
    return drawn.decode(), wide, tall


def _without_variables(text: str) -> str:
    """CSS variables by their values, as browsers see them where a drawing stands alone."""
    if "var(" not in text:
        return text
    told: dict[str, set[str]] = {}
    for name, value in re.findall(r"(--[\w-]+)\s*:\s*([^;}\"']+)", text):
        told.setdefault(name, set()).add(value.strip())

    def value_of(found: re.Match[str]) -> str:
        name, otherwise = found[1], found[2]
        values = told.get(name, set())
        if len(values) > 1:
            _refuse(f"the SVG gives its CSS variable {name} several values; write them out in it")
        if not values and otherwise is None:
            _refuse(f"the SVG uses the CSS variable {name}, which it does not define")
        return next(iter(values)) if values else otherwise.strip()

    for _ in range(_MOST_VARIABLES):
        text, count = _VARIABLE.subn(value_of, text)
        if not count:
            break
    else:
        _refuse("the SVG has CSS variables that refer to each other without end")
    return text


def _background(text: str, root: dict[str, str]) -> str | None:
    """The colour that browsers paint behind a drawing whose first element asks for one."""
    styles = [found[1] for found in re.finditer(r"(?:^|[\s},>])(?:svg|:root)\s*\{([^}]*)\}", text)]
    color = None
    for style in [*styles, root.get("style", "")]:
        for value in re.findall(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;]+)", style):
            color = value.strip()
    return None if color in (None, "none", "transparent", "initial", "inherit") else color


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
    text = _without_variables(text)
    checker = _Checker()
    checker.check(text)
    color = _background(text, checker.root)
    text, width, height = _scaled(text, checker, size)
    try:
        png = resvg_py.svg_to_bytes(
            text,
            background=color,
            width=width,
            height=height,
            dpi=_DPI,
            skip_system_fonts=True,
        )
    except ValueError as error:
        if color is not None and "background" in str(error):
            _refuse(f"the SVG's background is {color[:60]!r}, no colour; draw it as a shape in it")
        _refuse(f"the SVG cannot be drawn ({error})")
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    main()
