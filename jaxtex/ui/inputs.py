"""Images that come in: written into the run's folder, looked at by the worker, kept or refused."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jaxtex.errors import ImageError
from jaxtex.ui import text
from jaxtex.ui.house import House
from jaxtex.ui.runs.run import DRAFT, MOST_STYLES, Run


async def take(
    house: House, run: Run, role: str, name: str, data: AsyncIterator[bytes] | Path
) -> None:
    """Takes an image as a run's content, as one more style, or as a mask; `name` is its sender's.

    Raises:
      ImageError: it cannot be used, in the command line's sentence, or there is no room for it.
      RunError: the worker failed.
    """
    shown = Path(name.replace("\\", "/")).name or "image"
    if run.status["state"] != DRAFT:
        raise ImageError(text.BEGUN.format(name=shown))
    if role == "style" and len(run.request.get("styles", ())) >= MOST_STYLES:
        raise ImageError(text.TOO_MANY_STYLES.format(name=shown, most=MOST_STYLES))
    run.inputs.mkdir(parents=True, exist_ok=True)
    kept = run.input(run.free_name(shown))
    kept.touch()
    try:
        if isinstance(data, Path):
            await asyncio.to_thread(shutil.copyfile, data, kept)
        else:
            await receive(kept, shown, data)
        look = await house.device.ask(
            "look", {"folder": str(run.folder), "name": kept.name, "role": role}
        )
    except BaseException:
        kept.unlink(missing_ok=True)
        if not run.exists():
            run.remove()
        raise
    put(house, run, role, kept.name, look)


def put(house: House, run: Run, role: str, name: str, look: dict[str, Any]) -> None:
    """Puts an image that lies in the folder into what the run asks for."""
    request = run.request
    if role == "style":
        run.ask(styles=[*request.get("styles", ()), name])
    else:
        before = request.get(role)
        run.ask(**{role: name})
        if before is not None:
            _forget(run, before)
    run.keep_look(name, look)
    house.board.changed(run.id, "runs")


def take_away(house: House, run: Run, role: str, name: str) -> None:
    """Takes an image out of what the run asks for."""
    request = run.request
    if role == "style":
        mask = request.get("style_mask")
        run.ask(styles=[each for each in request["styles"] if each != name], style_mask=None)
        if mask is not None:
            _forget(run, mask)
    else:
        run.ask(**{role: None})
    _forget(run, name)
    house.board.changed(run.id, "runs")


def _forget(run: Run, name: str) -> None:
    run.keep_look(name, None)
    run.input(name).unlink(missing_ok=True)


async def receive(path: Path, name: str, data: AsyncIterator[bytes]) -> None:
    """Writes what is sent as `name` into a file.

    Raises:
      ImageError: it is larger than the command line takes.
    """
    from jaxtex.images import MAX_BYTES

    size = 0
    with path.open("wb") as file:
        async for piece in data:
            size += len(piece)
            if size > MAX_BYTES:
                raise ImageError(text.TOO_LARGE.format(name=name, most=f"{MAX_BYTES >> 30} GiB"))
            file.write(piece)


async def look_again(house: House, run: Run) -> None:
    """Has the styles taken apart as the run's options and its mask now say.

    Raises:
      ImageError: they cannot be.
      RunError: the worker failed.
    """
    request = run.request
    kind, mask = request["options"].get("style_kind"), request.get("style_mask")
    for name in request["styles"]:
        asked = {"folder": str(run.folder), "name": name, "role": "style"}
        look = await house.device.ask("look", {**asked, "style_kind": kind, "style_mask": mask})
        run.keep_look(name, look)
    house.board.changed(run.id)
