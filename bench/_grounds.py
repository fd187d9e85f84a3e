"""Grounds that lettering is set on, drawn by code: plain ones, and what album covers show.

Each function of `GROUNDS` and `TEXTURES` takes a generator of random numbers, a height and a width
and returns RGB, float32 in [0, 1].
"""

import colorsys
from collections.abc import Callable, Sequence

import numpy as np
from scipy import ndimage

Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def noise(
    rng: np.random.Generator,
    height: int,
    width: int,
    power: float = 1.0,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Noise whose amplitude falls as 1/f^power, 0 to 1; drawn out by `stretch` (down, across)."""
    y = np.fft.fftfreq(height)[:, None] * stretch[0]
    x = np.fft.rfftfreq(width)[None] * stretch[1]
    amplitude = np.maximum(np.hypot(y, x), 1 / max(height, width)) ** -power
    phases = np.exp(2j * np.pi * rng.random(amplitude.shape))
    drawn = np.fft.irfft2(amplitude * phases * rng.rayleigh(size=amplitude.shape), (height, width))
    low, high = np.percentile(drawn, (1, 99))
    return np.clip((drawn - low) / (high - low), 0, 1)


def colors(levels: np.ndarray, stops: Sequence[Sequence[float]]) -> np.ndarray:
    """Levels in [0, 1] as colours between evenly spaced stops (0 to 255)."""
    table = np.asarray(stops, float) / 255
    places = np.linspace(0, 1, len(table))
    return np.stack([np.interp(levels, places, channel) for channel in table.T], -1)


def grained(rng: np.random.Generator, image: np.ndarray, sigma: float) -> np.ndarray:
    """An image with noise of every pixel's own, the same in all channels."""
    return np.clip(image + sigma * rng.standard_normal(image.shape[:2])[..., None], 0, 1).astype(
        np.float32
    )


def any_color(rng: np.random.Generator) -> np.ndarray:
    """A colour as designers choose them: any hue, often saturated, sometimes grey."""
    saturation = rng.choice([0.0, rng.uniform(0.3, 1)], p=(0.25, 0.75))
    return np.array(colorsys.hsv_to_rgb(rng.random(), saturation, rng.uniform(0, 1)))


def black(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.float32)


def plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.broadcast_to(any_color(rng), (height, width, 3)).astype(np.float32)


def gradient(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    if rng.random() < 0.3:
        level = np.hypot(y, x) / 1.4
    else:
        angle = rng.uniform(0, 2 * np.pi)
        level = (np.cos(angle) * x + np.sin(angle) * y) / 2.8 + 0.5
    first, last = any_color(rng), any_color(rng)
    return (first + np.clip(level, 0, 1)[..., None] * (last - first)).astype(np.float32)


def smoke(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    tint = 255 * any_color(rng) * 0.4
    stops = [tint * 0.1, tint * 0.6 + 10, tint + rng.uniform(40, 130)]
    return grained(rng, colors(noise(rng, height, width, rng.uniform(1.3, 1.8)), stops), 0.01)


def rust(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    stops = [(28, 16, 12), (86, 40, 20), (140, 62, 26), (188, 98, 48)]
    image = colors(noise(rng, height, width, rng.uniform(1.0, 1.5)), stops)
    spots = noise(rng, height, width, 0.5) > 0.8
    image[spots] *= rng.uniform(0.55, 0.8)
    return grained(rng, image, 0.03)


def film_grain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    image = any_color(rng) * (1 - 0.45 * np.clip(np.hypot(y, x) / 1.4, 0, 1) ** 2)[..., None]
    grain = ndimage.gaussian_filter(rng.standard_normal((height, width)), rng.uniform(0, 1))
    image = image + rng.uniform(0.04, 0.09) * (grain / grain.std())[..., None]
    return np.clip(image, 0, 1).astype(np.float32)


def landscape(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Sky, a sun, and ridges one behind the other, the nearest darkest and roughest."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : width / height : width * 1j]
    horizon, far = 255 * any_color(rng), 255 * any_color(rng)
    image = colors(np.clip(y * 1.4, 0, 1), [far, horizon])
    image += 0.15 * (noise(rng, height, width, 1.7, (2.0, 1.0))[..., None] - 0.5)
    if rng.random() < 0.6:
        distance = np.hypot(y - rng.uniform(0.1, 0.5), x - rng.uniform(0.2, 0.8) * width / height)
        image += np.clip(1.1 - distance / rng.uniform(0.08, 0.15), 0, 1)[..., None] * (1, 0.9, 0.6)
    ground = any_color(rng) * rng.uniform(0.1, 0.4)
    for share in np.linspace(0.45, 0.8, rng.integers(2, 5)):
        line = share + 0.3 * (noise(rng, 4, width, 1.4)[0] - 0.5)
        rough = 0.6 + 0.8 * noise(rng, height, width, 1.0)[..., None]
        haze = max(0.0, 0.9 - share)
        ridge = (1 - haze) * ground * rough + haze * horizon / 255
        image = np.where((y > line)[..., None], ridge, image)
    soft = ndimage.gaussian_filter(image, (rng.uniform(0.5, 1.5),) * 2 + (0,))
    return grained(rng, soft, 0.01)


def wood(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Boards or bark: fibres along one direction, gaps between the boards."""
    stretch = (0.06, 1.0) if rng.random() < 0.5 else (1.0, 0.06)
    fibres = noise(rng, height, width, rng.uniform(0.8, 1.2), stretch)
    dark, light = rng.uniform(0.15, 0.5), rng.uniform(0.55, 0.95)
    hue = np.array([200, rng.uniform(130, 170), rng.uniform(80, 130)])
    image = colors(fibres, [hue * dark * light, hue * light])
    pitch = int(rng.integers(50, 120))
    along = np.arange(width)[None] if stretch[0] < 1 else np.arange(height)[:, None]
    if rng.random() < 0.5:
        image *= np.where(along % pitch < 2, 0.35, 1.0)[..., None]
    return grained(rng, image, 0.02)


def fire(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    flames = noise(rng, height, width, rng.uniform(1.2, 1.6), (0.5, 1.0))
    rise = np.linspace(rng.uniform(-0.6, -0.2), rng.uniform(0.0, 0.4), height)[:, None]
    stops = [(4, 2, 2), (90, 12, 4), (200, 60, 8), (250, 160, 30), (255, 240, 170)]
    return grained(rng, colors(np.clip(flames + rise, 0, 1), stops), 0.01)


def clouds(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    sky = np.array([rng.uniform(30, 120), rng.uniform(80, 150), rng.uniform(140, 230)])
    level = np.clip(1.6 * noise(rng, height, width, rng.uniform(1.3, 1.7)) - 0.3, 0, 1)
    return grained(rng, colors(level, [sky, sky * 0.5 + 110, (235, 238, 242)]), 0.01)


def stone(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Cracked stone: cells of their own grey, dark joints."""
    points = rng.random((int(rng.integers(40, 160)), 2)) * (height, width)
    y, x = np.mgrid[:height, :width].astype(float)
    warp = 14 * (noise(rng, height, width, 1.3) - 0.5), 14 * (noise(rng, height, width, 1.3) - 0.5)
    distance = np.hypot(
        (y + warp[0])[..., None] - points[:, 0], (x + warp[1])[..., None] - points[:, 1]
    )
    nearest = np.partition(distance, 1, -1)[..., :2]
    level = rng.uniform(0.35, 0.7, len(points))[distance.argmin(-1)]
    level = level * (0.7 + 0.6 * noise(rng, height, width, 0.9))
    level = np.where(nearest[..., 1] - nearest[..., 0] < rng.uniform(2, 5), 0.12, level)
    return grained(rng, level[..., None] * (0.5 + 0.5 * any_color(rng)), 0.03)


def scratches(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Brushed metal with scratches."""
    image = 0.35 + 0.3 * noise(rng, height, width, 0.7, (1.0, 0.02))
    image += 0.15 * (noise(rng, height, width, 1.6) - 0.5)
    for _ in range(int(rng.integers(10, 60))):
        y0, x0, angle = rng.random() * height, rng.random() * width, rng.uniform(-0.5, 0.5)
        along = np.arange(0, rng.uniform(30, 200), 0.7)
        y = np.clip(y0 + along * np.sin(angle), 0, height - 1).astype(int)
        x = np.clip(x0 + along * np.cos(angle), 0, width - 1).astype(int)
        image[y, x] += rng.uniform(-0.3, 0.3)
    return grained(rng, image[..., None] * (0.7 + 0.3 * any_color(rng)), 0.02)


GROUNDS: dict[str, Draw] = {
    "plain black": black,
    "plain colour": plain,
    "gradient": gradient,
    "smoke": smoke,
    "rust": rust,
    "film grain": film_grain,
    "landscape": landscape,
    "wood": wood,
    "fire": fire,
    "clouds": clouds,
}
"""What lettering is set on."""

TEXTURES: dict[str, Draw] = {
    "smoke": smoke,
    "rust": rust,
    "landscape": landscape,
    "wood": wood,
    "fire": fire,
    "clouds": clouds,
    "stone": stone,
    "scratches": scratches,
    "film grain": film_grain,
    "gradient": gradient,
}
"""What fills an image without lettering."""
