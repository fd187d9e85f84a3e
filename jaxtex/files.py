"""Output files: checked before work starts, written whole or not at all."""

import csv
import hashlib
import io
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from jaxtex.errors import OutputError, RunError

_TEMPORARY = ".jaxtex-"


def check_output(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Returns `path` if a file can be written there.

    Raises:
      OutputError: the folder is missing or not writable, `path` is a folder, or it exists
        and `overwrite` is false.
    """
    path = Path(path)
    folder = path.parent
    try:
        if not folder.exists():
            raise OutputError(f"{path}: the folder {folder} does not exist; create it first")
        if not folder.is_dir():
            raise OutputError(f"{path}: {folder} is not a folder")
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file in it")
        if path.exists() and not overwrite:
            raise OutputError(f"{path}: exists already; choose another name or give --overwrite")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"{path}: cannot be written there ({error.strerror})") from None
    return path


def check_not_input(output: str | os.PathLike[str], inputs: Iterable[Path]) -> None:
    """Says whether a file may be written, as far as what is read goes: that is never overwritten.

    Raises:
      OutputError: it is one of the inputs, whatever the name.
    """
    path = Path(output)
    for each in inputs:
        same = path.exists() and each.exists() and path.samefile(each)
        if same or path.absolute() == each.absolute():
            raise OutputError(f"{path}: is an input, and would be overwritten; name another output")


def check_folder(folder: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Returns `folder` if outputs can be put into it; `make_folder` makes it when work is done.

    Raises:
      OutputError: its parent is missing or not writable, it is a file, or it holds files and
        `overwrite` is false.
    """
    folder = Path(folder)
    try:
        if folder.is_dir():
            if not overwrite and any(folder.iterdir()):
                raise OutputError(
                    f"{folder}: holds files already; choose another name or give --overwrite"
                )
            with tempfile.TemporaryFile(dir=folder):
                pass
        elif folder.exists():
            raise OutputError(f"{folder}: is a file; name a folder")
        else:
            check_output(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written there ({error.strerror})") from None
    return folder


def make_folder(folder: str | os.PathLike[str]) -> Path:
    """Makes a folder where there is none yet.

    Raises:
      OutputError: it cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{folder}: is a file; name a folder") from None
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror})") from None
    return folder


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path` with its suffix, renamed to `path` at the end.

    When the body raises, or the file cannot be written, `path` stays as it was and the temporary
    file is removed.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=_TEMPORARY, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write(path: str | os.PathLike[str], save: Callable[[Path], Any]) -> None:
    """Writes a file by `save`, which gets a temporary path: whole or not at all.

    Raises:
      RunError: the disk is full or fails.
    """
    try:
        with atomic_path(path) as temporary:
            save(temporary)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror})") from error


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """`write` of bytes."""
    write(path, lambda temporary: temporary.write_bytes(data))


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Removes the temporary files that killed processes left in a folder of one job."""
    for path in Path(folder).glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            path.unlink()


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def csv_table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows of equal columns as CSV: six digits a float, nothing for None and what is not finite."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows([_csv_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return " ".join(map(str, value)) if isinstance(value, list) else value
