"""A family of rendered textures: its kinds, and picture `index` of a seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import SettingsError

MIN_SIZE, MAX_SIZE = 8, 4096
_NUMBERS = 2**32  # as one word each: longer seeds would run into the index
_S = TypeVar("_S")


class Layer(NamedTuple, Generic[_S]):
    """What a kind does to a sheet, with a strength in [0, 1].

    `share` is how often a sheet is of the kind, `also` how often one of another kind has something
    of it.
    """

    draw: Callable[[_S, float], None]
    share: float
    also: float


@dataclass(frozen=True)
class Family:
    """Rendered textures of one material.

    Attributes:
      name: of the family.
      shares: how often each kind is drawn, by name.
      draw: a picture of a kind, [size, size, 3] in [0, 1], by a generator, its size and the kind.
    """

    name: str
    shares: Mapping[str, float]
    draw: Callable[[np.random.Generator, int, str], np.ndarray]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds."""
        return tuple(self.shares)

    def kind_of(self, seed: int, index: int) -> str:
        """The kind that picture `index` of `seed` is of."""
        return self._kind(_generator(seed, index))

    def check_request(self, seed: int, size: int, kind: str | None = None) -> None:
        """Refuses what `render` cannot make.

        Raises:
          SettingsError: `size` is not from 8 to 4096, the seed not below 2³², or an unknown kind.
        """
        if not 0 <= seed < _NUMBERS:
            raise SettingsError(
                f"seed is {seed}; it must be a whole number from 0 to {_NUMBERS - 1}"
            )
        if not MIN_SIZE <= size <= MAX_SIZE:
            raise SettingsError(f"size is {size}; it must be from {MIN_SIZE} to {MAX_SIZE} pixels")
        if kind is not None and kind not in self.shares:
            raise SettingsError(f"kind is {kind!r}; it must be one of {', '.join(self.shares)}")

    def render(
        self, seed: int, indices: Sequence[int] | np.ndarray, size: int, kind: str | None = None
    ) -> Float32[np.ndarray, "n {size} {size} 3"]:
        """Pictures number `indices` of `seed`, RGB in [0, 1].

        A picture depends on nothing but its seed, index, size and `kind` (None: drawn as `kind_of`
        says); at another size it is the same one with more or less detail.

        Raises:
          SettingsError: `size` is not from 8 to 4096, a seed or index is not below 2³², or an
            unknown kind.
        """
        self.check_request(seed, size, kind)
        numbers = [int(index) for index in indices]
        for number in numbers:
            if not 0 <= number < _NUMBERS:
                raise SettingsError(
                    f"index is {number}; pictures have numbers from 0 to {_NUMBERS - 1}"
                )
        pictures = np.empty((len(numbers), size, size, 3), np.float32)
        for picture, number in zip(pictures, numbers, strict=True):
            rng = _generator(seed, number)
            drawn = self._kind(rng)
            picture[:] = self.draw(rng, size, kind or drawn)
        return pictures

    def _kind(self, rng: np.random.Generator) -> str:
        shares = np.array(list(self.shares.values()))
        return self.kinds[rng.choice(len(shares), p=shares / shares.sum())]


def _generator(seed: int, index: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, index]))
