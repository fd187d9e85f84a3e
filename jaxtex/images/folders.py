"""Folders of images: which of their files are images, in which order, read one at a time."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from jaxtex.errors import ImageError
from jaxtex.images.reading import LoadedImage, load_image
from jaxtex.images.writing import OUTPUT_FORMATS

# What a person would call an image, read or not: in a folder, the others are named as unreadable.
_DRAWINGS = (".svg", ".svgz")
_UNREAD = (".heic", ".heif", ".avif", ".jxl", ".psd")
_IMAGE_SUFFIXES = {*OUTPUT_FORMATS, ".gif", *_DRAWINGS, *_UNREAD}


def find_images(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Returns files as they are given and, of each folder, its image files in natural order.

    Known by their suffix, and so perhaps unreadable; hidden files and folders within a folder are
    left out. A file that is met twice is listed once.

    Raises:
      ImageError: a path does not exist, or a folder holds no image.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        try:
            members = list(path.iterdir()) if path.is_dir() else [path]
        except OSError as error:
            raise ImageError(f"{path}: cannot be read ({error.strerror})") from None
        if path.is_dir():
            members = sorted(filter(_looks_like_image, members), key=_natural_order)
            if not members:
                raise ImageError(f"{path}: has no images; folders within it are not searched")
        elif not path.exists():
            raise ImageError(f"{path}: no such file or folder")
        found |= dict.fromkeys(members)
    return list(found)


def load_images(
    paths: Iterable[str | os.PathLike[str]],
    *,
    unreadable: Callable[[ImageError], None],
    background: str = "#ffffff",
) -> Iterator[LoadedImage]:
    """Reads the images of `find_images(paths)`, one at a time.

    A file of a folder that cannot be read is skipped; `unreadable` gets the error that names it.

    Raises:
      ImageError: a file that is given itself cannot be read, and all that `find_images` refuses.
    """
    paths = [Path(path) for path in paths]
    given = set(paths)
    for path in find_images(paths):
        try:
            image = load_image(path, background=background)
        except ImageError as error:
            if path in given:
                raise
            unreadable(error)
        else:
            yield image


def distinct_stems(paths: Sequence[Path]) -> list[str]:
    """The names of files without suffix; with it, `a-jpg`, where two would be one."""
    counts = Counter(path.stem.casefold() for path in paths)
    return [
        path.stem if counts[path.stem.casefold()] == 1 else f"{path.stem}-{path.suffix[1:]}"
        for path in paths
    ]


def _looks_like_image(path: Path) -> bool:
    known = path.suffix.lower() in _IMAGE_SUFFIXES
    return known and not path.name.startswith(".") and path.is_file()


def _natural_order(path: Path) -> tuple[list[str | int], str]:
    """Sorts `2.png` before `10.png`."""
    words: list[str | int] = list(re.split(r"([0-9]+)", path.name.casefold()))
    words[1::2] = map(int, words[1::2])
    return words, path.name
