"""Training textures: a pool of images, and batches of random squares of them.

Every batch is a function of seed and step: which images, where the square is cut, and which of the
eight flips and right-angle rotations it gets.
"""

import functools
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from jaxtex import images
from jaxtex.errors import ImageError

MINIMUM = 16
"""The fewest images to train on; a discriminator knows fewer by heart at once."""

_POOL = 2
"""Images are kept with a shorter side of at most this many sizes …"""
_LONGEST = 4
"""… and a longer side of at most this many, the middle of it."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to cut squares from.

    Attributes:
      pool: RGB images, both sides at least `size`.
      size: pixels a side of a square.
      seed: of the order and the squares.
    """

    pool: list[UInt8[np.ndarray, "_ _ 3"]]
    size: int
    seed: int

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the images."""
        total = hashlib.sha256()
        for image in self.pool:
            total.update(repr(image.shape).encode() + image.tobytes())
        return total.hexdigest()

    def batch(self, step: int, count: int) -> UInt8[np.ndarray, "{count} s s 3"]:
        """The squares of a step; every image has its turn before one comes again."""
        rng = np.random.default_rng((self.seed, 1, step))
        first = step * count
        out = np.empty((count, self.size, self.size, 3), np.uint8)
        for place in range(count):
            epoch, turn = divmod(first + place, len(self.pool))
            image = self.pool[self._order(epoch)[turn]]
            top, left = rng.integers(0, np.array(image.shape[:2]) - self.size + 1)
            square = image[top : top + self.size, left : left + self.size]
            square = np.rot90(square, int(rng.integers(4)))
            out[place] = square[:, ::-1] if rng.integers(2) else square
        return out

    def _order(self, epoch: int) -> np.ndarray:
        return _permutation(self.seed, epoch, len(self.pool))


@functools.lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def load_images(
    paths: Iterable[str | os.PathLike[str]], size: int
) -> tuple[list[UInt8[np.ndarray, "_ _ 3"]], list[str]]:
    """The usable images of files and folders, scaled down for squares of `size`, and complaints.

    A shorter side of more than twice `size` is scaled down to that, and of a long image the middle
    is kept. A file that cannot be read or is smaller than `size` is left out; the complaint names
    it.

    Raises:
      ImageError: fewer than `MINIMUM` images are usable.
    """
    pool, complaints = [], []
    for path in images.find_images(paths):
        try:
            loaded = images.load_image(path).rgb
        except ImageError as error:
            complaints.append(str(error))
            continue
        height, width = loaded.shape[:2]
        if min(height, width) < size:
            complaints.append(f"{path}: is {width}×{height} pixels; {size}×{size} are needed")
            continue
        pool.append(_reduced(loaded, size))
    if len(pool) < MINIMUM:
        found = f"{len(pool)} usable image{'' if len(pool) == 1 else 's'}"
        because = f" (left out: {complaints[0]})" if complaints else ""
        raise ImageError(f"images: {found} found; at least {MINIMUM} are needed{because}")
    return pool, complaints


def _reduced(image: np.ndarray, size: int) -> UInt8[np.ndarray, "_ _ 3"]:
    factor = min(1.0, _POOL * size / min(image.shape[:2]))
    longest = max(size, round(_LONGEST * size / factor))
    height, width = (min(side, longest) for side in image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    image = image[top : top + height, left : left + width]
    height, width = (max(size, round(side * factor)) for side in (height, width))
    return (images.resize(image, height, width) * 255 + 0.5).astype(np.uint8)
