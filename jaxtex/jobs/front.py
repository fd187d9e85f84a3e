"""What a front is to a request that runs: where its words go, and when it shall stop."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage


class Status(NamedTuple):
    """Where a run stands."""

    text: str
    """In words, on one line."""
    last: bool = False
    """Whether it is the end of something, which a front that leaves some out must not."""
    share: float | None = None
    """How much of the work is done, 0 to 1, where that is known."""
    place: Any = None
    """The figures that the words are made of."""


@dataclass(frozen=True, kw_only=True)
class Front:
    """The command line, a page in the browser or a program; by default one that hears nothing."""

    say: Callable[[str], None] = lambda text: None
    """Gets a sentence on what was left out, skipped or found."""
    show: Callable[[Status], None] = lambda status: None
    """Gets where the run stands, as often as that changes."""
    stopped: Callable[[], bool] = lambda: False
    """Whether the run shall stop; asked between chunks of steps."""
    look: Callable[[int, Any], None] | None = None
    """Gets a step of a stylisation and the picture then, `[h, w, 3 or 4]` in [0, 1]."""
    looks: int = 40
    """About how many pictures it gets."""

    def note(self, images: "Iterable[LoadedImage]") -> None:
        """Says what of image files is not used, each sentence once."""
        for text in dict.fromkeys(text for image in images for text in image.notes):
            self.say(text)
