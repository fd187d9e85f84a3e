"""Values that were used last, up to a limit: of files, features and models that jobs share."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Keeps what was used last, the newest in any case; `size` is what a value takes of `most`."""

    def __init__(self, most: int, size: Callable[[T], int] = lambda value: 1) -> None:
        self.most = most
        self._size = size
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._sum = 0

    def find(self, key: Hashable) -> T | None:
        """The value of a key, if it is there."""
        return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made where it is not there."""
        if key not in self._kept:
            self._kept[key] = make()
            self._sum += self._size(self._kept[key])
        self._kept.move_to_end(key)
        found = self._kept[key]
        while self._sum > self.most and len(self._kept) > 1:
            self._sum -= self._size(self._kept.popitem(last=False)[1])
        return found
