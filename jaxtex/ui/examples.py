"""The example images that ship: contents and styles to begin with."""

from pathlib import Path
from typing import Literal

Role = Literal["content", "style"]


def folder() -> Path:
    """Where they lie, in a clone or an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_examples"
    return installed if installed.is_dir() else package.parent / "examples"


def examples(role: Role) -> list[Path]:
    """Those of a role, by name; none where they were left out."""
    return sorted((folder() / role).glob("*.png"))


def is_clear(path: Path) -> bool:
    """Whether an example has an alpha channel, by the header of its PNG."""
    with path.open("rb") as file:
        return file.read(26)[25] in (4, 6)


def example(role: str, name: str) -> Path | None:
    """The one of this name; None where there is none."""
    for each in examples("content" if role == "content" else "style"):
        if each.name == name:
            return each
    return None
