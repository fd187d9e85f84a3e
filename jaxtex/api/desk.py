"""What functions share: arrays laid down as the files that a request reads, and pictures shown."""

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
from jaxtyping import Float32, UInt8

from jaxtex import images
from jaxtex.errors import JaxtexError
from jaxtex.images.arrays import quantise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from jaxtex.style import Result

    File: TypeAlias = str | os.PathLike[str]
    Picture: TypeAlias = str | os.PathLike[str] | ArrayLike | Result
    Pictures: TypeAlias = Picture | Sequence[Picture]
    Files: TypeAlias = File | Sequence[File]
else:
    # Looked at by the functions, which say more of what does not fit.
    File = Files = Picture = Pictures = Any


def is_file(image: Any) -> TypeGuard[str | os.PathLike[str]]:
    """Whether an image is given as the name of a file."""
    return isinstance(image, str | os.PathLike)


def path_of(file: "File | None") -> Path | None:
    """A file as requests take it."""
    return None if file is None else Path(file)


def paths_of(files: Any) -> tuple[Path, ...]:
    """One file or more as requests take them."""
    return tuple(map(Path, [files] if is_file(files) else files))


def several(given: Any) -> list[Any]:
    """One image or more, as a list: a sequence, or an array `[n, h, w, c]`, is more than one."""
    if isinstance(given, list | tuple):
        return list(given)
    return list(given) if not is_file(given) and np.ndim(given) > 3 else [given]


class Desk:
    """A folder for the time of a call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def image(self, image: Any, name: str) -> Path:
        """The file of an image; an array, or a `Result`, is written as `name`.png with 8 bits.

        Raises:
          ImageError: it is no image.
        """
        if is_file(image):
            return Path(image)
        path = self.folder / f"{name}.png"
        picture = images.validate_picture(getattr(image, "image", image), name)
        images.save_image(path, picture, metadata=getattr(image, "metadata", None))
        return path

    def optional(self, image: Any, name: str) -> Path | None:
        """As `image`, of one that need not be given."""
        return None if image is None else self.image(image, name)

    def images(self, given: Any, name: str) -> list[Path]:
        """The files of one image or more; several arrays are numbered from 0."""
        found = several(given)
        if len(found) == 1:
            return [self.image(found[0], name)]
        digits = len(str(len(found) - 1))
        return [self.image(each, f"{name}-{i:0{digits}d}") for i, each in enumerate(found)]

    def output(self, path: "File | None", name: str) -> Path:
        """Where a result goes: where it was asked for, else onto the desk."""
        return self.folder / name if path is None else Path(path)


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk that is cleared in the end; errors name what lies on it without its folder."""
    with tempfile.TemporaryDirectory(prefix="jaxtex-") as folder:
        try:
            yield Desk(Path(folder))
        except JaxtexError as error:
            text = str(error)
            without = text.replace(f"{folder}{os.sep}", "")
            if without == text:
                raise
            raise type(error)(without) from None


def in_8_bits(picture: Float32[np.ndarray, "*n h w c"]) -> UInt8[np.ndarray, "*n h w c"]:
    """A picture in [0, 1] as its file has it."""
    return quantise(picture, "image")


def read_8_bits(path: Path) -> UInt8[np.ndarray, "h w c"]:
    """A file's picture, with straight alpha where it has any."""
    return in_8_bits(images.load_image(path).picture)


def encode_png(picture: Any) -> bytes:
    """A picture as PNG, for `_repr_png_`."""
    return images.encode_image("image.png", images.validate_picture(picture, "image"))


def sheet_png(pictures: "Sequence[Any] | np.ndarray") -> bytes:
    """Pictures side by side as PNG, in about as many rows as columns."""
    found = [images.validate_picture(each, "image") for each in pictures]
    columns = math.ceil(math.sqrt(len(found)))
    return encode_png(images.contact_sheet(found, columns=columns, gap=2))
