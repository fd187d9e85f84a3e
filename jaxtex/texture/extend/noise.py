"""Pictures made of frequencies: random-phase noise, and other sizes without a seam."""

import numpy as np
from jaxtyping import Float32
from scipy import fft, signal

_EDGE = 0.25
"""The share of a source's sides in which its window falls to 0."""


def random_phase(
    rng: np.random.Generator, source: Float32[np.ndarray, "a b c"], height: int, width: int
) -> Float32[np.ndarray, "{height} {width} c"]:
    """Noise of any size with the source's mean and spectrum, which repeats along both axes.

    Galerne, Gousseau and Morel (2011), Random phase textures: the source, less its mean and
    faded at its borders, is laid everywhere with random weights.
    """
    spot = source[:height, :width] - source.mean((0, 1))
    window = np.outer(_window(spot.shape[0]), _window(spot.shape[1]))[..., None]
    spot = spot * window / np.sqrt(np.sum(window**2))
    weights = fft.rfft2(rng.standard_normal((height, width)))[..., None]
    spectrum = fft.rfft2(spot, (height, width), axes=(0, 1)) * weights
    noise = fft.irfft2(spectrum, (height, width), axes=(0, 1))
    return (noise + source.mean((0, 1))).astype(np.float32)


def _window(size: int) -> np.ndarray:
    return signal.windows.tukey(size + 2, 2 * _EDGE)[1:-1]


def resample(
    image: Float32[np.ndarray, "a b c"], height: int, width: int, wrap: tuple[bool, bool]
) -> Float32[np.ndarray, "{height} {width} c"]:
    """The image at another size, by its frequencies; `wrap` says along which axes it repeats."""
    for axis, (size, round_) in enumerate(zip((height, width), wrap, strict=True)):
        if size == image.shape[axis]:
            continue
        if round_:
            image = signal.resample(image, size, axis=axis)
            continue
        # Cosines belong to a picture that goes on mirrored.
        waves = fft.dct(image, axis=axis, norm="forward")
        kept = np.take(waves, range(min(size, image.shape[axis])), axis)
        image = fft.idct(kept, n=size, axis=axis, norm="forward")
    return np.ascontiguousarray(image, np.float32)
