"""The tasks that the worker knows, by name: nothing else can be asked of it."""

import importlib
from collections.abc import Callable
from enum import IntEnum
from typing import Any


class Rank(IntEnum):
    """Which work may go between two evaluations of other work: that of a higher rank."""

    RUN = 0
    """Minutes; one at a time, in the order of asking."""
    PREVIEW = 1
    """Seconds; one at a time, in the order of asking."""
    CLICK = 2
    """What a person waits for with a finger on the button."""


_WORK = "jaxtex.ui.work"

TASKS: dict[str, str] = {
    "look": f"{_WORK}.look:look",
    "strip": f"{_WORK}.previews:strip",
    "presets": f"{_WORK}.previews:presets",
    "stylise": f"{_WORK}.stylise:stylise",
    "score": f"{_WORK}.stylise:score",
    "film": f"{_WORK}.stylise:film",
    "texture-move": f"{_WORK}.textures:move",
    "texture-reach": f"{_WORK}.textures:reach",
    "texture-image": f"{_WORK}.textures:image",
    "texture-strip": f"{_WORK}.textures:strip",
    "texture-extend": f"{_WORK}.textures:extend",
}
"""Where the function lies: it takes the arguments and a `Turn`, and returns JSON values."""

WARM_UP = f"{_WORK}.textures:warm_up"
"""Gets ready, piece by piece, what a search for textures needs."""


def find_task(name: str) -> Callable[..., Any]:
    """The function of a task.

    Raises:
      KeyError: there is no such task.
    """
    return find(TASKS[name])


def find(place: str) -> Callable[..., Any]:
    """The function that lies at `module:name`."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
