"""An image looked at as it comes in: read by the command line's limits, shown, taken apart."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.images import svg
from jaxtex.jobs.requests import InspectRequest
from jaxtex.ui.device.worker import Turn
from jaxtex.ui.runs.run import Run

# What a page shows of an image, in pixels of the longer side.
_SHOWN = 640


def look(arguments: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Reads `name` of the run in `folder` and writes what is shown of it into `shown`.

    `role` is what it shall be; of a style `style_kind` and `style_mask` may be given. Returns its
    size, what it was taken for in words, the pictures' names, and notes on what of it is not used.

    Raises:
      ImageError: it cannot be used.
    """
    run, name, role = Run(Path(arguments["folder"])), arguments["name"], arguments["role"]
    path = run.input(name)
    image = images.load_image(path, svg_size=svg.SIZE)
    height, width = image.rgb.shape[:2]
    found: dict[str, Any] = {"width": width, "height": height, "role": role}
    found["clear"] = image.alpha is not None
    shown = run.folder / "shown"
    shown.mkdir(exist_ok=True)
    cells: tuple[Any, ...] = ()
    if role in ("content", "style"):
        request = InspectRequest(_inspect(arguments, path, role))
        request.check()
        (inspected,) = request.run(turn.front(), cells=True)
        taken = inspected.taken[role]
        cells, found["about"] = taken.cells, taken.about
    # A mask's white is what counts, so it is shown on black.
    for part, picture in zip(("image", "ink"), _pictures(image, cells), strict=False):
        target = shown / f"{_stem(name)}-{part}.png"
        images.save_image(target, picture)
        found[part] = f"shown/{target.name}"
    found["notes"] = [run.plain(note) for note in image.notes]
    return found


def _inspect(arguments: Mapping[str, Any], path: Path, role: str) -> dict[str, Any]:
    options: dict[str, Any] = {"images": [path], "as": role, "output": None}
    if role == "style":
        options["style_kind"] = arguments.get("style_kind") or "auto"
        if arguments.get("style_mask") is not None:
            options["style_mask"] = path.parent / arguments["style_mask"]
    return options


def _pictures(image: images.LoadedImage, cells: tuple[Any, ...]) -> list[Any]:
    """The image itself, and where it was taken apart the mask of its ink, white on black."""
    height, width = image.rgb.shape[:2]
    tall, wide = images.fit(height, width, min(_SHOWN, max(height, width)))
    color, alpha = images.split(image.picture)
    color = images.resize(color, tall, wide)
    alpha = None if alpha is None else images.resize(alpha, tall, wide)
    shown = [images.join(color, alpha)]
    if len(cells) > 1:
        shown.append(1 - cells[1][0])
    return shown


def _stem(name: str) -> str:
    return name.replace(".", "_")


def device() -> str | None:
    """The device that the server was told to use."""
    return os.environ.get("JAXTEX_UI_DEVICE")
