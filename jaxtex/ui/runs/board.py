"""What pages watch: topics whose number grows when something changes."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from nicegui import ui

# Soon enough for the eye, seldom enough for many pages.
_EVERY = 0.25


class Board:
    """Numbers of changes, and what is told of a topic between two writes to disk."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self.live: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        """By topic: the newest of what its work told."""

    def changed(self, *topics: str) -> None:
        """Has all pages that watch these topics look again."""
        for topic in topics:
            self._numbers[topic] += 1

    def tell(self, topic: str, **event: Any) -> None:
        """Puts down what work told of a topic, and has pages look."""
        self.live[topic].update(event)
        self.changed(topic)

    def number(self, *topics: str) -> tuple[int, ...]:
        """Where these topics stand."""
        return tuple(self._numbers[topic] for topic in topics)

    def watch(self, look: Callable[[], Any], *topics: str) -> None:
        """Calls `look` on this page whenever one of the topics has changed; ends with the page."""
        seen = self.number(*topics)

        def check() -> Any:
            nonlocal seen
            now = self.number(*topics)
            if now == seen:
                return None
            seen = now
            return look()

        ui.timer(_EVERY, check)
