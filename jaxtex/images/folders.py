"""Folders of images: which of their files are images, in which order, read one at a time."""

import os
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jaxtex.errors import ImageError
from jaxtex.images.reading import LoadedImage, load_image
from jaxtex.images.writing import OUTPUT_FORMATS

# What a person would call an image, read or not: in a folder, the others are named as unreadable.
_DRAWINGS = (".svg", ".svgz")
_UNREAD = (".heic", ".heif", ".avif", ".jxl", ".psd")
_IMAGE_SUFFIXES = {*OUTPUT_FORMATS, ".gif", *_DRAWINGS, *_UNREAD}


def find_images(
    paths: Iterable[str | os.PathLike[str]], *, without: Path | None = None
) -> list[Path]:
    """Returns files as they are given and, of each folder, the image files anywhere within it.

    Known by their suffix, and so perhaps unreadable; in natural order of their paths. Hidden files
    and folders are left out, and so is the folder `without`, where results go. A file that is met
    twice is listed once, and a folder that links lead to again is searched once.

    Raises:
      ImageError: a path does not exist, a folder cannot be read, or one holds no image.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        with _readable(path):
            kind = "folder" if path.is_dir() else "file" if path.exists() else "nothing"
        if kind == "nothing":
            raise ImageError(f"{path}: no such file or folder")
        members = [path]
        if kind == "folder":
            members = sorted(_within(path, without), key=lambda each: _natural_order(path, each))
            if not members:
                raise ImageError(f"{path}: has no images, nor has any folder within it")
        found |= dict.fromkeys(members)
    return list(found)


def _within(folder: Path, without: Path | None) -> Iterator[Path]:
    """The image files of a folder and of those in it, real folders before those behind links."""
    searched = set()
    if without is not None and without.is_dir() and not without.samefile(folder):
        searched.add(_identity(without))
    waiting = deque([folder])
    while waiting:
        here = waiting.popleft()
        with _readable(here):
            identity = _identity(here)
            if identity in searched:
                continue
            searched.add(identity)
            inner: list[tuple[bool, Path]] = []
            for path in here.iterdir():
                if path.name.startswith("."):
                    continue
                if path.is_dir():
                    inner.append((path.is_symlink(), path))
                elif path.suffix.lower() in _IMAGE_SUFFIXES and path.is_file():
                    yield path
        # Whatever order the disk has them in, a folder with several ways to it has one name.
        inner.sort(key=lambda each: each[1].name)
        waiting.extendleft(path for linked, path in reversed(inner) if not linked)
        waiting.extend(path for linked, path in inner if linked)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror})") from None


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def load_images(
    paths: Iterable[str | os.PathLike[str]],
    *,
    unreadable: Callable[[ImageError], None],
    without: Path | None = None,
    background: str = "#ffffff",
) -> Iterator[LoadedImage]:
    """Reads the images of `find_images(paths, without=without)`, one at a time.

    A file of a folder that cannot be read is skipped; `unreadable` gets the error that names it.

    Raises:
      ImageError: a file that is given itself cannot be read, and all that `find_images` refuses.
    """
    paths = [Path(path) for path in paths]
    given = set(paths)
    for path in find_images(paths, without=without):
        try:
            image = load_image(path, background=background)
        except ImageError as error:
            if path in given:
                raise
            unreadable(error)
        else:
            yield image


def distinct_stems(paths: Sequence[Path]) -> list[str]:
    """A name for each of some files, no two alike, in upper or lower case: that without suffix.

    Where it is there twice, names of folders come before it, `a-logo` and `b-logo`, as far as they
    tell the files apart, and the suffix after it, `logo-png` and `logo-jpg`, if they do not.
    """
    names = [path.stem for path in paths]
    alike: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        alike.setdefault(name.casefold(), []).append(index)
    for members in alike.values():
        if len(members) > 1:
            for index, name in zip(members, _apart([paths[i] for i in members]), strict=True):
                names[index] = name
    # Names as they are come first; one that is made must not be that of another file.
    taken: set[str] = set()
    for index in sorted(range(len(paths)), key=lambda index: names[index] != paths[index].stem):
        name, number = names[index], 2
        while names[index].casefold() in taken:
            names[index], number = f"{name}-{number}", number + 1
        taken.add(names[index].casefold())
    return names


def _apart(paths: Sequence[Path]) -> list[str]:
    """Names of files of one stem."""
    folders = [Path(os.path.normpath(path.absolute())).parent for path in paths]
    common, counts = os.path.commonpath(folders), Counter(folders)
    names = []
    for path, folder in zip(paths, folders, strict=True):
        suffix = [path.suffix[1:]] if counts[folder] > 1 else []
        names.append("-".join([*folder.relative_to(common).parts, path.stem, *suffix]))
    return names


def _natural_order(folder: Path, path: Path) -> list[tuple[list[str | int], str]]:
    """Sorts `2.png` before `10.png`, and so the folders in a folder."""
    return [_natural_words(part) for part in path.relative_to(folder).parts]


def _natural_words(name: str) -> tuple[list[str | int], str]:
    words: list[str | int] = list(re.split(r"([0-9]+)", name.casefold()))
    words[1::2] = map(int, words[1::2])
    return words, name
