"""What a texture is extended by: size, seams, seed, steps and zoom."""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from jaxtex.errors import SettingsError
from jaxtex.options import number, whole

Seamless = Literal["none", "x", "y", "both"]
"""The axes along which the result repeats."""

SMALLEST, LARGEST = 32, 8192
"""Sides of a result, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a texture is extended, besides the seed; checked when it is made.

    Raises:
      SettingsError: a value is out of range, or none of the words.
    """

    width: int = 512
    height: int = 512
    seamless: str = "both"
    """One of the words of `Seamless`."""
    steps: int = 60
    """Evaluations at the coarsest scale; finer ones, which begin with its result, take fewer."""
    zoom: float | int = 1.0
    """How much larger than in the source things become."""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            whole("size", side, SMALLEST, LARGEST, "a number of pixels")
        whole("steps", self.steps, 1, 10_000)
        number("--zoom", self.zoom, 0.25, 8)
        if self.seamless not in get_args(Seamless):
            allowed = ", ".join(get_args(Seamless))
            raise SettingsError(f"--seamless: {self.seamless!r} is unknown; allowed are {allowed}")

    @property
    def wrap(self) -> tuple[bool, bool]:
        """Whether the result repeats along y, and along x."""
        return self.seamless in ("y", "both"), self.seamless in ("x", "both")

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of `512` or `1920x1080`.

    Raises:
      SettingsError: it looks otherwise, or a side is out of range.
    """
    found = re.fullmatch(r"([0-9]{1,6})(?:[x×]([0-9]{1,6}))?", str(text).strip().lower())
    if found is None:
        raise SettingsError(f"--size: {text!r} is neither like 512 nor like 1920x1080")
    width = int(found[1])
    height = width if found[2] is None else int(found[2])
    for side in (width, height):
        whole("size", side, SMALLEST, LARGEST, "a number of pixels")
    return width, height
