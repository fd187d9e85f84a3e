"""Draw the example styles in colour: lettering in gold, on an album cover, and two textures.

    python examples/draw_covers.py [-o DIR]

The letters are drawn by draw.py, the grounds by bench/_grounds.py; the pictures come out the same
each time. All names are invented.
"""

import argparse
import sys
from pathlib import Path

import draw
import numpy as np
from PIL import Image
from scipy import ndimage

sys.path.insert(0, str(draw.HERE.parent / "bench"))
import _grounds as grounds

WIDTH = 512


def cover_of(picture, width):
    """How much ink covers each pixel of a picture in black on white, brought to a width."""
    height = round(picture.height * width / picture.width)
    small = picture.resize((width, height), Image.Resampling.LANCZOS)
    return 1 - np.asarray(small, np.float32) / 255


def placed(cover, height, top):
    """A cover in the middle of a wide canvas, `top` pixels below its upper edge."""
    canvas = np.zeros((height, WIDTH), np.float32)
    left = (WIDTH - cover.shape[1]) // 2
    canvas[top : top + cover.shape[0], left : left + cover.shape[1]] = cover
    return canvas


def as_picture(image):
    """An image in [0, 1] as a picture of 256 colours, which makes a small file."""
    return Image.fromarray(np.rint(image.clip(0, 1) * 255).astype(np.uint8)).quantize(256)


def gold():
    """Torn capitals in gold, lighter above, on deep red."""
    upper = ((-0.25, 0.3, 0.5, -0.3, 0.3, 0.14), (-0.25, 0.7, 0.35, 0.3, 0.22, 0.14))
    lower = ((-0.2, -0.9, 0.35, 0.7, 0.42, -0.14), (-0.25, -0.6, 0.55, 0.2, 0.34, 0.1))
    widen = (1.15, 1.1, 1.0)
    name = draw.flanked(
        "ragged", "NARVOKH", (1.4, 0.15), widen, 0.03, (0.35, 0.3), 0.15, upper, lower
    )
    ink = cover_of(name, WIDTH)[..., None]
    down = np.linspace(0, 1, len(ink))[:, None]
    letters = grounds.colors(down, [(255, 240, 176), (238, 190, 74), (206, 148, 36)])
    return as_picture((1 - ink) * np.array((104, 10, 22)) / 255 + ink * letters)


def cover():
    """A thorned name in bone, above ridges in fog."""
    upper = ((0, 0.15, 0.9, -0.35, 0.32, 0.14), (0, 0.2, 0.7, 0.3, 0.26, 0.14))
    lower = ((0, -0.5, 0.3, 0.6, 0.34, 0), (-0.1, -0.3, 0.7, -0.4, 0.3, -0.3))
    name = draw.flanked(
        "thorned", "DRAUVELD", (1.45, 0.12), (1.1, 1.0, 1.1), 0.034, (0.55, 0.1), 0.2, upper, lower
    )
    letters, rng, height = cover_of(name, 488), np.random.default_rng(4), 310
    fog = grounds.noise(rng, height, WIDTH, 1.6, (2.0, 1.0))
    image = grounds.colors(fog, [(12, 20, 26), (38, 62, 70), (104, 132, 132)])
    y = np.linspace(0, 1, height)[:, None]
    for share, level in ((0.66, 0.5), (0.76, 0.3), (0.88, 0.12)):
        line = share + 0.25 * (grounds.noise(rng, 4, WIDTH, 1.3)[0] - 0.5)
        rough = 0.7 + 0.6 * grounds.noise(rng, height, WIDTH, 1.0)
        ridge = level * rough[..., None] * np.array((70, 104, 110)) / 255
        image = np.where((y > line)[..., None], ridge, image)
    image = ndimage.gaussian_filter(image, (0.8, 0.8, 0))
    ink = placed(letters, height, 20)[..., None]
    return as_picture((1 - ink) * image + ink * np.array((226, 218, 196)) / 255)


def fire():
    """Flames that rise, white-hot below."""
    rng, height, width = np.random.default_rng(3), 256, 384
    y, x = np.mgrid[:height, :width]
    sway = 40 * (grounds.noise(rng, height, width, 2.0) - 0.5)
    tongues = grounds.noise(rng, height, width, 1.4, (1.0, 0.3))
    tongues = ndimage.map_coordinates(tongues, (y, x + sway), order=1, mode="wrap")
    level = tongues + np.linspace(-0.45, 0.35, height)[:, None]
    stops = [(8, 3, 2), (110, 14, 4), (216, 66, 8), (252, 164, 32), (255, 240, 170)]
    return as_picture(grounds.colors(level.clip(0, 1), stops))


def bark():
    """Bark: fibres that run down, with deep gaps."""
    rng, height, width = np.random.default_rng(6), 256, 384
    level = 0.6 * grounds.noise(rng, height, width, 1.3, (1.0, 0.12))
    level += 0.4 * grounds.noise(rng, height, width, 1.2, (1.0, 0.4))
    gaps = ndimage.gaussian_filter((level < 0.4).astype(float), 0.8)
    stops = [(52, 34, 22), (104, 72, 46), (154, 112, 74), (206, 170, 124)]
    return as_picture(grounds.colors(level, stops) * (1 - 0.75 * gaps)[..., None])


STYLE = {drawing.__name__: drawing for drawing in (gold, cover, fire, bark)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=draw.HERE, help="folder to write to")
    folder = parser.parse_args().out / "style"
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawing in STYLE.items():
        drawing().save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
