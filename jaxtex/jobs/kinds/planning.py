"""What the plans of all kinds of jobs need: files, digests, models, and names of outputs."""

import functools
import hashlib
import re
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from jaxtex import images
from jaxtex.errors import ManifestError
from jaxtex.jobs.caches import Models
from jaxtex.jobs.manifests import Row

T = TypeVar("T")

# Most file systems allow no more for one name.
_NAME_BYTES = 255
_PATH_BYTES = 1024


class Planning:
    """Where a manifest's files lie and its results go, and what its rows share."""

    def __init__(self, base: Path, folder: Path, weights: str | None, models: Models) -> None:
        """Rows name files relative to `base`; `weights` is the digest of other VGG16 weights."""
        self.base, self.folder, self.weights, self.models = base, folder, weights, models
        self._lines: dict[str, int] = {}
        self._made: dict[Hashable, Any] = {}
        self._digest = functools.cache(_digest)
        self._is_inside = functools.cache(self._inside)

    def file(self, name: str | None) -> Path | None:
        """The file that a row names, if it does."""
        return None if name is None else self.base / name

    def digests(self, files: Iterable[Path]) -> tuple[str, ...]:
        """SHA-256 of image files that are there.

        Raises:
          ImageError: one is missing, not a regular file, empty or too large.
        """
        return tuple(self._digest(path) for path in files)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, once for all rows with an equal key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def output(self, row: Row, otherwise: str, *, alpha: bool = False) -> str:
        """The name of a row's result, by default `otherwise`.

        Raises:
          ManifestError: it is no safe name, or that of another row, or leads out by a link.
          OutputError: its suffix is none of a format, or the format has no transparency and `alpha`
            is true.
        """
        output = safe_name(row.values.get("output", otherwise))
        images.output_format(output, alpha=alpha)
        # On some file systems names that differ in case alone are one.
        line = self._lines.setdefault(output.casefold(), row.line)
        if line != row.line:
            raise ManifestError(f"output: {output!r} is also that of line {line}; name another")
        if not self._is_inside(PurePosixPath(output).parent):
            raise ManifestError(f"output: {output!r} leads out of {self.folder} by a link")
        return output

    def _inside(self, parent: PurePosixPath) -> bool:
        return is_inside(self.folder / parent, self.folder)


def need(row: Row, *names: str) -> None:
    """Raises ManifestError where a row lacks one of the columns."""
    for name in names:
        if name not in row.values:
            raise ManifestError(f"{name} is missing")


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is in the folder, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def safe_name(name: str) -> str:
    """The name of an output in its folder, made plain: `a/./b.png` is `a/b.png`.

    Raises:
      ManifestError: it is absolute, leads out of the folder, is hidden, is one of a batch's own
        files, or is no name that file systems in general allow.
    """
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    parts = path.parts
    if path.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise ManifestError(f"output: {name[:80]!r} leads out of the output folder")
    if not parts or not name.isprintable() or "\\" in name or name.endswith("/"):
        raise ManifestError(f"output: {name[:80]!r} is not a file's name")
    if any(part.startswith(".") or part != part.strip() for part in parts):
        raise ManifestError(f"output: {name[:80]!r} has a part that begins with a dot or a space")
    sizes = [len(part.encode(errors="replace")) for part in parts]
    if max(sizes) > _NAME_BYTES or sum(sizes) + len(sizes) > _PATH_BYTES:
        raise ManifestError(f"output: {name[:80]!r} is too long for a file's name")
    first = parts[0].casefold()
    if re.fullmatch(r"results.*\.jsonl|summary\.html", first):
        raise ManifestError(f"output: {name[:80]!r} is the name of a batch's own file")
    return path.as_posix()


def _digest(path: Path) -> str:
    return hashlib.sha256(images.read_bytes(path)).hexdigest()
