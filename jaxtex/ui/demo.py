"""`jaxtex ui --demo`: runs of the shipped examples, small and soon done, for a first visit."""

import asyncio
from typing import Any

from jaxtex.ui import examples, inputs
from jaxtex.ui.house import House
from jaxtex.ui.runs.run import DRAFT
from jaxtex.ui.stylise import starting

# After all others, in the order of their names.
_ID = "20000101-000000-{number:06x}"
_SMALL: dict[str, Any] = {"size": 320, "steps": 60, "finish_steps": 15}

_PAIRS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("northgate", "ironwyrm", {}),
    ("coloured", "gold", {}),
    ("brelvanto", "fire", {}),
    ("white-on-black", "gormawl", {"strength": 0.7}),
    ("northgate", "bark", {}),
    ("symbol", "torvhaxt", {}),
)

_tasks: set["asyncio.Task[None]"] = set()


def fill(house: House) -> None:
    """Puts the examples into the gallery, those that are not there yet, and has them done."""
    task = asyncio.get_running_loop().create_task(_fill(house))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _fill(house: House) -> None:
    for number, (content, style, options) in enumerate(_PAIRS, 1):
        run = house.runs.find(_ID.format(number=number))
        files = [examples.example(*each) for each in _names(content, style)]
        if run is None or run.status["state"] != DRAFT or None in files:
            continue
        if not run.exists():
            for role, path in zip(("content", "style"), files, strict=True):
                assert path is not None
                await inputs.take(house, run, role, path.name, path)
        run.ask(options={**_SMALL, **options})
        starting.start(house, run)


def _names(content: str, style: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("content", f"{content}.png"), ("style", f"{style}.png")
