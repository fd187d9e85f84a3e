"""Style images with known parts: a band's name in any colours on drawn grounds."""

import functools

import numpy as np
from logos import STYLE, at_size
from scipy import ndimage

from jaxtex import images

BLACK, WHITE, RED, BONE, NAVY, GOLD = (
    (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.8, 0.1, 0.05), (0.9, 0.85, 0.75), (0.05, 0.1, 0.4),
    (0.85, 0.65, 0.2),
)  # fmt: skip


@functools.cache
def lettering(size: int = 288) -> np.ndarray:
    """How much ink covers each pixel of the example `ironwyrm`; read-only."""
    cover = 1 - at_size(STYLE, size)[..., 0]
    cover.flags.writeable = False
    return cover


def clouds(height: int, width: int, seed: int = 0, power: float = 1.4) -> np.ndarray:
    """1/f noise, 0 to 1."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    amplitude = np.maximum(frequency, 1 / width) ** -power
    phases = np.exp(2j * np.pi * rng.random(amplitude.shape))
    drawn = np.fft.irfft2(amplitude * phases, (height, width))
    return np.clip((drawn - drawn.mean()) / (4 * drawn.std()) + 0.5, 0, 1)


def grained(image: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape[:2])
    return np.clip(image + noise[..., None], 0, 1).astype(np.float32)


def rust(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Dark and orange patches with grain, as on `cases/styles/rust.png`."""
    level = clouds(height, width, seed)[..., None]
    return grained((0.1, 0.06, 0.05) + level * ((0.6, 0.28, 0.1)), 0.03, seed)


def sky(height: int, width: int, seed: int = 0) -> np.ndarray:
    """White clouds on blue."""
    level = np.clip(1.6 * clouds(height, width, seed) - 0.3, 0, 1)[..., None]
    return ((0.2, 0.4, 0.8) + level * (np.array(WHITE) - (0.2, 0.4, 0.8))).astype(np.float32)


def set_on(ground, ink, cover: np.ndarray | None = None) -> np.ndarray:
    """Lettering of a colour, or of an image of colours, on another."""
    cover = lettering() if cover is None else cover
    ground, ink = (np.broadcast_to(each, (*cover.shape, 3)) for each in (ground, ink))
    return (ground + cover[..., None] * (np.asarray(ink) - ground)).astype(np.float32)


def faded(first, last, height: int, width: int) -> np.ndarray:
    """From one colour at the top to another at the bottom."""
    share = np.linspace(0, 1, height)[:, None, None]
    return np.broadcast_to(first + share * np.subtract(last, first), (height, width, 3))


def waves(height: int, width: int) -> np.ndarray:
    """Soft stripes without lettering."""
    y, x = np.mgrid[:height, :width]
    level = 0.5 + 0.4 * np.sin(x / 7 + 2 * np.sin(y / 23))
    return ndimage.gaussian_filter(np.repeat(level[..., None], 3, -1), (1, 1, 0)).astype(np.float32)


def pebbles(height: int, width: int) -> np.ndarray:
    """Light discs in rows on dark, rough earth."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot((y + 20) % 40 - 20, (x + 20) % 40 - 20) < 14
    earth = 0.25 * clouds(height, width)[..., None]
    return np.where(inside[..., None], (0.8, 0.78, 0.7), np.repeat(earth, 3, -1)).astype(np.float32)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of what is above a half."""
    first, second = first > 0.5, second > 0.5
    return float((first & second).sum() / (first | second).sum())


def larger(image: np.ndarray, width: int) -> np.ndarray:
    return images.resize(image, round(image.shape[0] * width / image.shape[1]), width)
