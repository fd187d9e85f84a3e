"""Sets of textures, given as files and folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError

_WINDOW = 11  # SSIM's, in pixels
_LARGEST = 4096


@dataclass(frozen=True, eq=False)
class Textures:
    """Images of one size, where they come from, and what was left out."""

    images: Float32[np.ndarray, "n h w 3"]
    paths: list[Path]
    skipped: list[str]

    @property
    def names(self) -> list[str]:
        """Names of the files, or their paths where a name is there twice."""
        names = [path.name for path in self.paths]
        return names if len(set(names)) == len(names) else list(map(str, self.paths))


def check_size(size: int | None) -> None:
    """Refuses a --size that SSIM's window does not fit into."""
    if size is not None and not _WINDOW <= size <= _LARGEST:
        raise SettingsError(
            f"--size: {size} is not a number of pixels from {_WINDOW} to {_LARGEST}"
        )


def load_textures(
    paths: Sequence[Path],
    size: int | None,
    say: Callable[[str], None],
    like: Textures | None = None,
    *,
    without: Path | None = None,
) -> Textures:
    """Reads files and folders; what cannot be read in a folder is left out, and `say` told so.

    All are of one size, that of `like` where it is given, or are made so by `size`. The folder
    `without`, where results go, is not searched.

    Raises:
      ImageError: a file that is missing or damaged, of another size, or too small for SSIM.
    """
    skipped: list[str] = []

    def skip(error: ImageError) -> None:
        say(f"left out: {error}")
        skipped.append(str(error))

    # Into one array from the start: a list made into an array would need twice the memory.
    stack = np.empty((0, 0, 0, 3), np.float32)
    kept: list[Path] = []
    for image in images.load_images(paths, unreadable=skip, without=without):
        rgb = image.rgb if size is None else images.square(image.rgb, size)
        if not kept:
            count = len(images.find_images(paths, without=without))
            stack = np.empty((count, *rgb.shape), np.float32)
        kept.append(image.path)
        for note in image.notes:
            say(note)
        _check_like(
            rgb,
            image.path,
            *((stack[0], kept[0]) if like is None else (like.images[0], like.paths[0])),
        )
        stack[len(kept) - 1] = rgb
    if not kept:
        raise ImageError(f"{paths[0]}: has no image that can be read")
    return Textures(stack[: len(kept)], kept, skipped)


def _check_like(
    rgb: Float32[np.ndarray, "h w 3"], path: Path, other: Float32[np.ndarray, "_ _ 3"], first: Path
) -> None:
    height, width = rgb.shape[:2]
    if min(height, width) < _WINDOW:
        needed = f"{_WINDOW}×{_WINDOW}"
        raise ImageError(f"{path}: {width}×{height} pixels are too few for SSIM; it needs {needed}")
    if rgb.shape != other.shape:
        raise ImageError(
            f"{path}: has {width}×{height} pixels, {first} has {other.shape[1]}×{other.shape[0]}; "
            "give --size to cut and resample all to one size"
        )
