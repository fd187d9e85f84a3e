"""Small jobs on the example logos, shared by the tests of `style` and of the commands."""

import functools
from pathlib import Path

import numpy as np

from jaxtex import images

EXAMPLES = Path(__file__).parents[1] / "examples"
CONTENT = EXAMPLES / "content" / "northgate.png"
STYLE = EXAMPLES / "style" / "ironwyrm.png"
INVERTED = EXAMPLES / "content" / "white-on-black.png"
COLOURED = EXAMPLES / "content" / "coloured.png"

SIZE = 128
SHALLOW = {"layers": {"conv1_1": 1.0, "conv1_2": 1.0}, "content_layer": "conv1_2"}
TINY = {**SHALLOW, "size": SIZE, "steps": 4, "finish_steps": 2, "scales": 1}


def options(**settings) -> list[str]:
    """Settings as options of the command line."""
    words = []
    for name, value in settings.items():
        if name == "layers":
            words += [f"--layer={layer}={c:g}" for layer, c in value.items()]
        else:
            words.append(f"--{name.replace('_', '-')}={value}")
    return words


@functools.cache
def picture(path: Path) -> np.ndarray:
    """The image file as float RGB on white, read-only."""
    rgb = images.load_image(path).rgb
    rgb.flags.writeable = False
    return rgb


def at_size(path: Path, size: int = 384) -> np.ndarray:
    """`picture` with a longer side of `size` pixels."""
    image = picture(path)
    return images.resize(image, *images.fit(*image.shape[:2], size))


def bars(height: int = 40, width: int = 64, *, ink=(0, 0, 0), ground=(1, 1, 1)) -> np.ndarray:
    """A flat logo: two upright bars, 8 pixels wide, on a plain ground."""
    image = np.empty((height, width, 3), np.float32)
    image[:] = ground
    for left in (width // 4, width // 2):
        image[8:-8, left : left + 8] = ink
    return image
