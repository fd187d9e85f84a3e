"""What textures can be told apart by: SSIM vectors and their rivals, for `texture_search.py`.

Each describes a set of textures by vectors for k-means. SSIM, MS-SSIM and CW-SSIM vectors are a
texture's similarity to references, which are the first of the set, as in the texture paper (Satoh).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxtex.texture.dcgan.perception import open_eye, statistics
from jaxtex.texture.similarity.blur import blur, gaussian_taps
from jaxtex.texture.similarity.ssim import ssim_vectors

Describe = Callable[[np.ndarray], np.ndarray]
"""Vectors [n, m] of textures [n, s, s, 3] in [0, 1]."""

_TAPS = gaussian_taps(11, 1.5)
_C1, _C2 = 0.01**2, 0.03**2
# Wang, Simoncelli and Bovik 2003, the three scales that 64 pixels have room for, to a sum of 1.
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001]) / 0.6305
_SCALES, _ORIENTATIONS, _WINDOW = 3, 4, 7
_GRAM_DIMENSIONS = 32
_BATCH = 32


def ssim(references: int) -> Describe:
    """Satoh's eq. 3."""
    return lambda textures: np.asarray(ssim_vectors(textures, textures[:references]))


def ms_ssim(references: int) -> Describe:
    """Multi-scale SSIM (Wang, Simoncelli and Bovik 2003) of three scales."""
    return partial(_vectors, _prepare_scales, _compare_scales, references)


def cw_ssim(references: int) -> Describe:
    """Complex wavelet SSIM (Wang and Simoncelli 2005; Sampat et al. 2009).

    Log-Gabor bands of grey, three octaves in four orientations, and what is coarser, in colour.
    """
    return partial(_vectors, _prepare_bands, _compare_bands, references)


def _vectors(
    prepare: Callable[..., Any], compare: Callable[..., Any], references: int, textures: np.ndarray
) -> np.ndarray:
    return np.asarray(_similarities(prepare, compare, min(references, len(textures)), textures))


@partial(jax.jit, static_argnums=(0, 1, 2))
def _similarities(prepare, compare, references, textures):
    prepared = prepare(textures)
    some = jax.tree.map(lambda x: x[:references], prepared)
    return jax.lax.map(lambda one: compare(prepared, one), some).T


def _prepare_scales(textures):
    found = []
    for _ in _WEIGHTS:
        rows = jnp.swapaxes(textures, -1, -2)
        mean = blur(_TAPS, rows)
        found.append((rows, mean, blur(_TAPS, jnp.square(rows)) - jnp.square(mean)))
        n, height, width, channels = textures.shape
        textures = textures.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))
    return found


def _compare_scales(all_of_them, one):
    product = 1.0
    for scale, (many, single) in enumerate(zip(all_of_them, one, strict=True)):
        (rows, mean, variance), (row, mean_of_one, variance_of_one) = many, single
        apart = jnp.square(mean - mean_of_one)
        lost = blur(_TAPS, jnp.square(rows - row)) - apart
        similar = 1 - lost / (variance + variance_of_one + _C2)
        if scale == len(one) - 1:
            similar *= 1 - apart / (jnp.square(mean) + jnp.square(mean_of_one) + _C1)
        product *= jnp.maximum(similar.mean((1, 2, 3)), 0) ** _WEIGHTS[scale]
    return product


def _log_gabor(side: int, scale: int) -> np.ndarray:
    """Filters of one octave on the corners of a spectrum of `side`, one-sided, so analytic."""
    frequency = np.fft.fftfreq(side, 2**scale)
    down, across = np.meshgrid(frequency, frequency, indexing="ij")
    radius = np.hypot(down, across)
    radius[0, 0] = 1
    middle = 0.25 / 2**scale
    radial = np.exp(-np.square(np.log(radius / middle)) / (2 * math.log(0.65) ** 2))
    radial[0, 0] = 0
    turned = np.arctan2(down, across) - np.pi * np.arange(_ORIENTATIONS)[:, None, None] / 4
    turned = np.abs((turned + np.pi) % (2 * np.pi) - np.pi)
    return radial * np.exp(-np.square(turned) / (2 * (np.pi / 6) ** 2))


def _corners(spectrum, side: int):
    """The lowest frequencies, `side` of them each way."""
    kept = np.fft.fftfreq(side, 1 / side).astype(int)
    return spectrum[:, kept][:, :, kept]


def _prepare_bands(textures):
    size = textures.shape[1]
    spectrum = jnp.fft.fft2(textures.mean(3)) / size**2
    found = []
    for scale in range(_SCALES):
        side = size >> scale
        bands = _corners(spectrum, side)[:, None] * _log_gabor(side, scale)
        found.append(jnp.fft.ifft2(bands) * side**2)
    n, side = len(textures), size >> _SCALES
    parts = textures.reshape(n, side, 1 << _SCALES, side, 1 << _SCALES, 3)
    coarse = parts.mean((2, 4)).transpose(0, 3, 1, 2)
    return [*found, coarse.astype(found[0].dtype)]


def _compare_bands(all_of_them, one):
    total = 0.0
    for bands, band in zip(all_of_them, one, strict=True):
        side = band.shape[-1]
        window = np.zeros((len(range(0, side - _WINDOW + 1, 2)), side), np.float32)
        for place, row in enumerate(window):
            row[2 * place : 2 * place + _WINDOW] = 1 / _WINDOW
        mean = partial(jnp.einsum, "ay,bx,...yx->...ab", window, window)
        both = jnp.abs(mean(bands * jnp.conj(band)))
        power = mean(jnp.square(jnp.abs(bands)) + jnp.square(jnp.abs(band)))
        total += ((2 * both + _C2) / (power + _C2)).mean((1, 2, 3))
    return total / len(one)


def gram(textures: np.ndarray, vgg: Any) -> Describe:
    """Means and Gram matrices of VGG16's features, scaled by those of some textures.

    The principal components of each set, a few dozen.
    """
    eye = open_eye(vgg, 0, 2 * textures - 1)

    def describe(textures: np.ndarray) -> np.ndarray:
        filled = np.pad(textures, ((0, -len(textures) % _BATCH), (0, 0), (0, 0), (0, 0)))
        batches = filled.reshape(-1, _BATCH, *textures.shape[1:])
        parts = zip(*(_gram_parts(eye, 2 * batch - 1) for batch in batches), strict=True)
        wholes = [np.concatenate(part)[: len(textures)] for part in parts]
        scaled = [part - part.mean(0) for part in wholes]
        scaled = [part / np.sqrt(np.square(part).sum(1).mean()) for part in scaled]
        left, values, _ = np.linalg.svd(np.concatenate(scaled, 1), full_matrices=False)
        return (left * values)[:, :_GRAM_DIMENSIONS]

    return describe


_gram_parts = jax.jit(statistics)
