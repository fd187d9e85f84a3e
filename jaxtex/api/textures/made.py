"""`jaxtex texture render` as a function."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.api.desk import File, path_of, sheet_png
from jaxtex.jobs import Front
from jaxtex.jobs.requests.texture import RenderRequest

_ON_SHEET = 100


@dataclass(frozen=True)
class Rendered:
    """Rendered textures in their folder."""

    folder: Path
    files: list[Path]
    about: dict[str, Any]
    """How many of which kinds, of which seed and size."""

    def _repr_png_(self) -> bytes:
        return sheet_png([images.load_image(path).rgb for path in self.files[:_ON_SHEET]])


def render(
    family: str,
    output: "File",
    *,
    count: int = 1000,
    size: int = 256,
    seed: int = 0,
    kind: str | None = None,
    sheet: "File | None" = None,
    resume: bool = False,
    overwrite: bool = False,
    front: Front | None = None,
) -> Rendered:
    """Renders paper, cloth, wood or marble, to train on or to use.

    Args:
      family: `washi`, `cloth`, `wood` or `marble`.
      output: the folder.
      count: how many pictures.
      size: side of a picture in pixels.
      seed: of all that is drawn at random; picture i of a seed is always the same.
      kind: pictures of one kind, such as `unryu`; by default all, mixed.
      sheet: writes a contact sheet of the first 100 as well.
      resume: keeps the pictures that an earlier run has written.
      overwrite: replaces existing pictures.
      front: where progress goes, and whom to ask whether to stop.

    Raises:
      JaxtexError: an option or the folder cannot be used.
      Stopped: the front asked for it; what is there is kept.
    """
    request = RenderRequest(
        {
            "family": family,
            "output": Path(output),
            "count": count,
            "size": size,
            "seed": seed,
            "kind": kind,
            "sheet": path_of(sheet),
            "resume": resume,
            "overwrite": overwrite,
        }
    )
    request.check()
    about = request.report(request.run(front or Front()))
    return Rendered(request.folder, [request.folder / name for name in request.told], about)
