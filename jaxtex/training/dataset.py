"""Training images: a pool of them, and batches of random squares.

Every batch is a function of seed and step: which images, where the square is cut, and, for
textures, which of the eight flips and right-angle rotations it gets.
"""

import functools
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Shaped, UInt8

from jaxtex import images
from jaxtex.errors import ImageError

MINIMUM = 16
"""The fewest textures to train on; a discriminator knows fewer by heart at once."""

_PIXEL = np.dtype("V3")
"""The three bytes of a pixel as one element."""

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
      turned: whether squares are flipped and rotated; lettering is not.
    """

    pool: list[UInt8[np.ndarray, "_ _ 3"]]
    size: int
    seed: int
    turned: bool = True

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of the images."""
        total = hashlib.sha256()
        for image in self.pool:
            total.update(repr(image.shape).encode() + image.tobytes())
        return total.hexdigest()

    def batch(self, step: int, count: int) -> UInt8[np.ndarray, "{count} s s 3"]:
        """The squares of a step."""
        rng = np.random.default_rng((self.seed, 1, step))
        chosen = [self.image(turn) for turn in range(step * count, (step + 1) * count)]
        # All at once: place, and which of the ways to turn a square.
        ends = np.array([(*image.shape[:2], 0, 0) for image in chosen]) - (self.size - 1)
        ends[:, 2:] = 4, 2
        draws = rng.integers(0, ends if self.turned else ends[:, :2]).tolist()
        out = np.empty((count, self.size, self.size, 3), np.uint8)
        # Pixels, not bytes, are copied one by one where a square is turned.
        pixels = out.view(_PIXEL)[..., 0]
        for place, (image, (top, left, *turns)) in enumerate(zip(chosen, draws, strict=True)):
            square = image[top : top + self.size, left : left + self.size].view(_PIXEL)[..., 0]
            pixels[place] = _turned(square, *turns) if turns else square
        return out

    def image(self, turn: int) -> UInt8[np.ndarray, "_ _ 3"]:
        """The image whose turn it is; every one has its own before one comes again."""
        epoch, turn = divmod(turn, len(self.pool))
        return self.pool[self._order(epoch)[turn]]

    def _order(self, epoch: int) -> np.ndarray:
        return _permutation(self.seed, epoch, len(self.pool))


def _turned(
    square: Shaped[np.ndarray, "s s"], quarters: int, flipped: int
) -> Shaped[np.ndarray, "s s"]:
    """`rot90` by so many quarters, its columns then flipped, without its checks."""
    if quarters in (1, 2):
        square = square[:, ::-1]
    if quarters in (2, 3):
        square = square[::-1]
    if quarters % 2:
        square = square.T
    return square[:, ::-1] if flipped else square


def cut_square(
    rng: np.random.Generator, image: Shaped[np.ndarray, "_ _ 3"], size: int
) -> Shaped[np.ndarray, "{size} {size} 3"]:
    """A random square of an image whose sides are at least `size`."""
    top, left = rng.integers(0, np.array(image.shape[:2]) - size + 1)
    return image[top : top + size, left : left + size]


@functools.lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def load_images(
    paths: Iterable[str | os.PathLike[str]],
    size: int,
    *,
    smallest: int | None = None,
    minimum: int = MINIMUM,
    what: str = "images",
    without: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[list[UInt8[np.ndarray, "_ _ 3"]], list[str]]:
    """The usable images of files and folders, scaled down for squares of `size`, and complaints.

    Folders are searched as by `images.find_images`, `without` that of the training. `say` gets what
    of a usable file is not used, its further frames.
    A shorter side of more than twice `size` is scaled down to that, and of a long image the middle
    is kept. A file that cannot be read or is smaller than `smallest` (`size`, if that is not given)
    is left out; the complaint names it.

    Raises:
      ImageError: fewer than `minimum` images are usable; `what` says of what.
    """
    smallest = size if smallest is None else smallest
    pool, complaints = [], []
    for path in images.find_images(paths, without=without):
        try:
            image = images.load_image(path)
        except ImageError as error:
            complaints.append(str(error))
            continue
        height, width = image.rgb.shape[:2]
        if min(height, width) < smallest:
            needed = f"{smallest}×{smallest} are needed"
            complaints.append(f"{path}: is {width}×{height} pixels; {needed}")
            continue
        for note in image.notes:
            say(note)
        pool.append(_reduced(image.rgb, size))
    if len(pool) < minimum:
        found = f"{len(pool)} usable image{'' if len(pool) == 1 else 's'}"
        because = f" (left out: {complaints[0]})" if complaints else ""
        raise ImageError(f"{what}: {found} found; at least {minimum} are needed{because}")
    return pool, complaints


def _reduced(image: np.ndarray, size: int) -> UInt8[np.ndarray, "_ _ 3"]:
    factor = min(1.0, _POOL * size / min(image.shape[:2]))
    longest = max(size, round(_LONGEST * size / factor))
    height, width = (min(side, longest) for side in image.shape[:2])
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    image = image[top : top + height, left : left + width]
    height, width = (max(1, round(side * factor)) for side in (height, width))
    return (images.resize(image, height, width) * 255 + 0.5).astype(np.uint8)
