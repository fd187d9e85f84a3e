"""What a machine reads: the text that tesseract finds in a content and in a result.

An extra to readability, where the `tesseract` program is installed; text recognition is trained on
book type and gives up on lettering long before a person does.
"""

import difflib
import io
import os
import shutil
import subprocess
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from PIL import Image

from jaxtex import images

# Letters some 50 to 100 pixels high are what tesseract reads best.
_LONGER_SIDE, _MARGIN = 1024, 32
_SECONDS = 30


@dataclass(frozen=True)
class Reading:
    """The letters and digits read in a content and in a result."""

    content: str
    result: str

    @property
    def agreement(self) -> float:
        """2m / (length of both texts), m the characters in common in order: 0 to 1."""
        return difflib.SequenceMatcher(None, self.content, self.result, autojunk=False).ratio()


def available() -> bool:
    """Whether `tesseract` is installed."""
    return shutil.which("tesseract") is not None


def read(presence: Float[np.ndarray, "h w"]) -> str:
    """The letters and digits of one line of lettering, in lower case.

    `presence` is 1 on ink and 0 on the ground. Where there is none, or tesseract is missing, fails
    or reads nothing, the text is empty.
    """
    program = shutil.which("tesseract")
    # Tesseract finds words even on an empty sheet.
    if program is None or presence.max() < 0.5:
        return ""
    height, width = presence.shape
    height, width = images.fit(height, width, _LONGER_SIDE)
    scaled = images.resize(presence.astype(np.float32), height, width)
    paper = 1 - np.pad(scaled, _MARGIN)
    picture = io.BytesIO()
    Image.fromarray(np.rint(paper * 255).astype(np.uint8)).save(picture, "PNG")
    try:
        done = subprocess.run(
            [program, "stdin", "stdout", "--psm", "7"],
            input=picture.getvalue(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
            # Its threads wait for each other longer than they work.
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    text = done.stdout.decode("utf-8", "replace")
    return "".join(filter(str.isalnum, text.casefold()))
