"""What is made of textures of the tray: strips between two, and larger pieces of one.

Each is a folder with copies of its textures, what is asked for, and the results for each that was.
"""

import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from jaxtex.ui.runs.folders import read_json, write_json

_NUMBER = re.compile(r"[0-9a-f]{8}")
_STRIP_RESULTS = re.compile(r"texture-\d{1,4}\.png|strip\.png|plot\.png|interpolation\.csv")
_PIECE_RESULT = re.compile(r"(none|x|y|both)-\d{1,5}\.png")

_M = TypeVar("_M", bound="Made")


@dataclass(frozen=True)
class Made:
    """A folder of something that is asked for."""

    folder: Path
    kind: ClassVar[str]

    @classmethod
    def new(cls: type[_M], place: Path, textures: Sequence[Path]) -> _M:
        """A new one in `place`, with copies of textures."""
        made = cls(place / f"{cls.kind}-{secrets.token_hex(4)}")
        made.folder.mkdir()
        for which, path in enumerate(textures):
            shutil.copyfile(path, made.end(which))
        made.ask(created=time.time())
        return made

    @classmethod
    def all(cls: type[_M], place: Path) -> list[_M]:
        """Those in `place`, the newest first."""
        found = map(cls, place.glob(f"{cls.kind}-*"))
        made = [(each.asked["created"], each) for each in found if "created" in each.asked]
        return [each for _, each in sorted(made, key=lambda pair: pair[0], reverse=True)]

    @classmethod
    def find(cls: type[_M], place: Path, id: str) -> _M | None:
        """The one of this name in `place`; None where there is none."""
        kind, _, number = id.partition("-")
        made = cls(place / id)
        known = kind == cls.kind and _NUMBER.fullmatch(number)
        return made if known and made.asked else None

    @property
    def id(self) -> str:
        """Its name, in addresses too."""
        return self.folder.name

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for; `refused` with why, where it cannot be had."""
        return read_json(self.folder / f"{self.kind}.json")

    def ask(self, **changes: Any) -> None:
        """Changes what is asked for."""
        write_json(self.folder / f"{self.kind}.json", {**self.asked, "refused": None, **changes})

    def end(self, which: int) -> Path:
        """The first texture or another one, a copy of the tray's."""
        return self.folder / f"end-{which}.png"

    def remove(self) -> None:
        """Removes the folder with all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Strip(Made):
    """Textures between two: `names` of both ends, `count` and `even` are asked for."""

    kind = "strip"

    @property
    def results(self) -> Path:
        """Where the results of what is asked for now belong."""
        asked = self.asked
        return self.folder / f"{asked.get('even', 'first')}-{asked.get('count', 0)}"

    @property
    def found(self) -> dict[str, Any] | None:
        """What came of it; None as long as it is not there."""
        return read_json(self.results / "interpolation.json") or None

    def file(self, results: str, name: str) -> Path | None:
        """A result, if it may be shown and is there."""
        known = re.fullmatch(r"(first|neighbours)-\d{1,4}", results)
        known = known and _STRIP_RESULTS.fullmatch(name)
        path = self.folder / results / name
        return path if known and path.is_file() and not path.is_symlink() else None

    def files(self) -> list[tuple[str, bytes]]:
        """Names and bytes of all results that are handed out."""
        paths = sorted(self.results.glob("*"))
        return [
            (path.name, path.read_bytes()) for path in paths if _STRIP_RESULTS.fullmatch(path.name)
        ]


class Piece(Made):
    """A larger piece of a texture: its `name`, `size` and `seamless` are asked for."""

    kind = "piece"

    @property
    def result(self) -> Path:
        """Where the result of what is asked for now belongs."""
        asked = self.asked
        return self.folder / f"{asked.get('seamless', 'both')}-{asked.get('size', 0)}.png"

    @property
    def checkpoint(self) -> Path:
        """What is begun of it."""
        return self.folder / f"begun-{self.result.stem}"

    def file(self, name: str) -> Path | None:
        """A result, if it may be shown and is there."""
        path = self.folder / name
        known = _PIECE_RESULT.fullmatch(name)
        return path if known and path.is_file() and not path.is_symlink() else None
