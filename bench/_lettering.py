"""Invented band names on the grounds of `_grounds.py`, with what covers which pixel known."""

import importlib
import io
import sys
from typing import Any

import _table
import numpy as np
from _grounds import GROUNDS, any_color, grained
from PIL import Image
from scipy import ndimage

# How far the ink's colours lie from the ground beside the letters, in CIELAB: a word is seen at
# once if nine tenths of its outline have at least the first, and half of it the second.
_LEAST, _MOST = 30.0, 50.0


def names(count: int) -> list[np.ndarray]:
    """How much ink covers each pixel, of `count` band names drawn as the examples are.

    Exits with code 2 where there are no examples: an installed wheel has none.
    """
    if not (_table.EXAMPLES / "draw_many.py").is_file():
        print("examples/ is missing: run this in a clone of the repository", file=sys.stderr)
        raise SystemExit(2)
    sys.path.insert(0, str(_table.EXAMPLES))
    draw, draw_many = importlib.import_module("draw"), importlib.import_module("draw_many")
    draw.CAP, draw.WIDTH = 200, 640
    return [_name(draw_many, number) for number in range(count)]


def _name(draw_many: Any, number: int) -> np.ndarray:
    picture = draw_many.band_logo(np.random.default_rng((10, number)))
    cover = 1 - np.asarray(picture, np.float32) / 255
    rows, columns = np.flatnonzero(cover.max(1) > 0.1), np.flatnonzero(cover.max(0) > 0.1)
    return cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def canvas(rng: np.random.Generator, cover: np.ndarray, width: int = 512) -> np.ndarray:
    """Lettering in its place on a wide or a square picture."""
    wide = round(width * rng.uniform(0.6, 0.94))
    tall = max(1, round(cover.shape[0] * wide / cover.shape[1]))
    small = np.asarray(Image.fromarray(cover).resize((wide, tall), Image.Resampling.LANCZOS))
    height = max(round(tall * rng.uniform(1.1, 1.6)), 96)
    if rng.random() < 0.3:
        height = max(height, width)
    placed = np.zeros((height, width), np.float32)
    top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
    placed[top : top + tall, left : left + wide] = small.clip(0, 1)
    return placed


def lab(image: np.ndarray) -> np.ndarray:
    """sRGB as CIELAB under D65 (IEC 61966-2-1, CIE 15)."""
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.array(matrix).T / (0.9505, 1, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def ink(rng: np.random.Generator, cover: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Colours for lettering, one or two or from one to another, that can be read on a ground."""
    height, width = cover.shape
    outline = (cover < 0.1) & (ndimage.maximum_filter(cover, 7) > 0.5)
    around = ndimage.gaussian_filter(ground, (2, 2, 0))
    manner = rng.choice(["one", "fade", "two"], p=(0.6, 0.25, 0.15))
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    best, found = -1.0, np.zeros((height, width, 3))
    for _ in range(120):
        first, last = any_color(rng), any_color(rng)
        if rng.random() < 0.3:
            first = np.array(rng.choice([0.02, 0.93]) * np.ones(3))
        last = 0.5 * first + 0.5 * last if manner == "fade" else last
        share = {"one": 0 * x, "fade": y, "two": 1.0 * (x > 0.5)}[manner][..., None]
        tried = first + share * (last - first)
        apart = np.linalg.norm(lab(tried[outline]) - lab(around[outline]), axis=-1)
        least, middle = np.percentile(apart, (10, 50))
        seen = min(least / _LEAST, middle / _MOST)
        if seen > best:
            best, found = seen, tried
        if best >= 1:
            break
    return found


def picture(
    cover: np.ndarray, ground: str, seed: tuple[int, ...], width: int = 512
) -> tuple[np.ndarray, np.ndarray]:
    """A picture, RGB in [0, 1], and how much ink covers each of its pixels."""
    rng = np.random.default_rng(seed)
    placed = canvas(rng, cover, width)
    behind = GROUNDS[ground](rng, *placed.shape)
    inked = ink(rng, placed, behind)
    if rng.random() < 0.3:
        inked = (
            inked + 0.06 * ndimage.gaussian_filter(rng.standard_normal(placed.shape), 1)[..., None]
        )
    image = behind + placed[..., None] * (inked.clip(0, 1) - behind)
    return worn(rng, image), placed


def worn(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """What a picture goes through: a little grain, or JPEG, or neither."""
    if rng.random() < 0.25:
        image = grained(rng, image, rng.uniform(0.01, 0.04))
    if rng.random() < 0.5:
        return image.astype(np.float32)
    file = io.BytesIO()
    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=int(rng.integers(70, 96)))
    return np.asarray(Image.open(file), np.float32) / 255
