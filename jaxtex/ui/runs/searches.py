"""Where searches for textures are kept: the command line's own folders, a tray, what is made of it.

All of it can be read without JAX; what changes a search is done by the worker.
"""

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from jaxtex.errors import JaxtexError, SettingsError
from jaxtex.files import write_bytes
from jaxtex.recent import Recent
from jaxtex.ui import text_textures
from jaxtex.ui.runs.folders import free_name
from jaxtex.ui.runs.made import Piece, Strip

if TYPE_CHECKING:
    from jaxtex.texture.search import Round, Session

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
"""Names of searches and of what is in the tray."""

DRAWN_COLUMNS = 10
"""Textures a row in the picture of those that are not compared yet."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")

_rounds: Recent["Round"] = Recent(24)


def safe_name(words: str, other: str) -> str:
    """Words as a name; `other` where nothing is left of them."""
    return _UNSAFE.sub("-", words).strip("-_")[:48].strip("-_") or other


@dataclass(frozen=True)
class Search:
    """The folder of one search."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name, in addresses too."""
        return self.folder.name

    def stamp(self) -> tuple[int, int] | None:
        """Changes with every move, whoever makes it; None where there is no search yet."""
        with suppress(OSError):
            found = (self.folder / "session.json").stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def open(self) -> "Session":
        """Reads it.

        Raises:
          CheckpointError: it is damaged.
        """
        from jaxtex.texture.search import open_session

        return open_session(self.folder)

    def round_stamp(self, iteration: int) -> int:
        """Changes when a round is drawn anew; 0 where it is not there."""
        with suppress(OSError):
            return (self.folder / f"round-{iteration:02d}.npz").stat().st_mtime_ns
        return 0

    def round(self, iteration: int) -> "Round":
        """A round, from memory where it was read before.

        Raises:
          CheckpointError: it is missing or damaged.
        """
        key = self.folder, iteration, self.round_stamp(iteration)
        return _rounds.get(key, lambda: self.open().round(iteration))

    def picture(self, label: str) -> bytes | None:
        """A texture as PNG; None where there is no such label."""
        from jaxtex.images import encode_image
        from jaxtex.texture.search import iteration_of

        iteration = iteration_of(label)
        if iteration is None or not self.round_stamp(iteration):
            return None
        found = self.round(iteration)
        if label not in found.labels:
            return None
        texture = found.textures[found.labels.index(label)]
        return encode_image("texture.png", texture.astype("float32") / 255)

    def rename(self, name: str) -> None:
        """Moves the folder beside itself, to a name that is free."""
        self.folder.rename(self.folder.with_name(name))

    def remove(self) -> None:
        """Removes the folder with all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def exported(self, labels: Sequence[str]) -> list[tuple[str, bytes]]:
        """Names and bytes of the files that `search export` writes of these labels.

        Raises:
          SettingsError: there are no labels, or one is unknown.
        """
        with TemporaryDirectory() as folder:
            paths = self.open().export(Path(folder) / "export", labels)
            return [(path.name, path.read_bytes()) for path in paths]


@dataclass(frozen=True)
class Kept:
    """A texture of the tray: a PNG with its latent."""

    path: Path

    @property
    def id(self) -> str:
        """Its name, in addresses too."""
        return self.path.stem

    @property
    def about(self) -> dict[str, Any]:
        """What its file says of it."""
        from jaxtex.images import read_metadata

        try:
            return read_metadata(self.path)
        except JaxtexError:
            return {}


@dataclass(frozen=True)
class Searches:
    """All searches of a server, its tray, and what was made of that: strips and pieces."""

    folder: Path
    """Holds a folder a search; the others lie beside it."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for place in (self.tray, self.strips, self.pieces, self.drawn):
            place.mkdir(exist_ok=True)

    @property
    def tray(self) -> Path:
        """Where kept textures lie."""
        return self.folder.parent / "tray"

    @property
    def strips(self) -> Path:
        """Where what lies between two lies."""
        return self.folder.parent / "strips"

    @property
    def pieces(self) -> Path:
        """Where larger pieces of textures lie."""
        return self.folder.parent / "pieces"

    @property
    def drawn(self) -> Path:
        """Where textures lie that are shown before they are compared."""
        return self.folder.parent / "drawn"

    def all(self) -> list[Search]:
        """Those that have begun, the last used first."""
        found = [Search(path) for path in self.folder.iterdir() if NAME.fullmatch(path.name)]
        stamps = {each: each.stamp() for each in found}
        begun = [(stamp[1], each) for each, stamp in stamps.items() if stamp is not None]
        return [each for _, each in sorted(begun, key=lambda pair: pair[0], reverse=True)]

    def find(self, name: str) -> Search | None:
        """The search of this name, begun or not; None for what is no name."""
        return Search(self.folder / name) if NAME.fullmatch(name) else None

    def new(self, words: str) -> Search:
        """An empty folder for a search, under a name of these words that no other has."""
        name = free_name(safe_name(words, "search"), lambda name: (self.folder / name).exists())
        (self.folder / name).mkdir()
        return Search(self.folder / name)

    def name_for(self, search: Search, words: str) -> str:
        """These words as another name of a search.

        Raises:
          SettingsError: nothing is left of them, or another search has that name.
        """
        name = safe_name(words, "")
        if not name:
            raise SettingsError(text_textures.NAME_EMPTY)
        if name != search.name and (self.folder / name).exists():
            raise SettingsError(text_textures.NAME_TAKEN.format(name=name))
        return name

    def kept(self) -> list[Kept]:
        """The tray, in the order in which it was filled."""
        paths = [path for path in self.tray.glob("*.png") if NAME.fullmatch(path.stem)]
        return [Kept(path) for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns)]

    def find_kept(self, id: str) -> Kept | None:
        """A texture of the tray; None where there is none of this name."""
        path = self.tray / f"{id}.png"
        return Kept(path) if NAME.fullmatch(id) and path.is_file() else None

    def free_kept(self, words: str) -> Path:
        """Where a texture that comes into the tray belongs."""
        name = free_name(safe_name(words, "texture"), lambda name: any(self.tray.glob(f"{name}.*")))
        return self.tray / f"{name}.png"

    def keep(self, search: Search, label: str) -> Kept:
        """Puts a texture of a search into the tray; the same one lies there once.

        Raises:
          SettingsError: there is no such label.
        """
        ((_, data),) = search.exported([label])
        return self._keep(data, f"{search.name[:36]}-{label}")

    def keep_file(self, path: Path, words: str) -> Kept:
        """Puts a copy of a texture into the tray, under a name of these words."""
        return self._keep(path.read_bytes(), words)

    def _keep(self, data: bytes, words: str) -> Kept:
        for each in self.kept():
            if each.path.read_bytes() == data:
                return each
        path = self.free_kept(words)
        write_bytes(path, data)
        return Kept(path)

    def all_strips(self) -> list[Strip]:
        """The strips, the newest first."""
        return Strip.all(self.strips)

    def find_strip(self, id: str) -> Strip | None:
        """A strip; None where there is none of this name."""
        return Strip.find(self.strips, id)

    def new_strip(self, ends: Sequence[Kept], asked: Mapping[str, Any]) -> Strip:
        """A strip between two textures of the tray, of which it has copies."""
        strip = Strip.new(self.strips, [each.path for each in ends])
        strip.ask(names=[each.id for each in ends], **asked)
        return strip

    def all_pieces(self) -> list[Piece]:
        """The larger pieces, the newest first."""
        return Piece.all(self.pieces)

    def find_piece(self, id: str) -> Piece | None:
        """A larger piece; None where there is none of this name."""
        return Piece.find(self.pieces, id)

    def new_piece(self, kept: Kept, asked: Mapping[str, Any]) -> Piece:
        """A larger piece of a texture of the tray, of which it has a copy."""
        piece = Piece.new(self.pieces, [kept.path])
        piece.ask(name=kept.id, **asked)
        return piece

    def plain(self, said: str) -> str:
        """A sentence without the paths of this server."""
        for folder in (self.folder, self.tray, self.strips, self.pieces, self.folder.parent):
            said = said.replace(f"{folder}/", "")
        return said
