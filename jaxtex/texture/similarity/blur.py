"""Gaussian blur on the region where the window lies within the image, made to be fast.

Down, each strip of rows is a product with a banded matrix, short enough to have few zeros; across,
a sum of shifted copies, which XLA fuses with what is done to the result. Columns come last, so that
nothing is transposed, and each image has a product of its own: XLA on CPU then fuses no reshaping
into what computes the factor, which would cost it its vector instructions.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

# Rows of a strip, and how many strips are written out in a program at most.
_ROWS, _STRIPS = 18, 8

Taps = tuple[float, ...]


def gaussian_taps(window: int, sigma: float) -> Taps:
    """The weights along one axis: multiples of 2⁻²⁴ that add up to exactly 1.

    So a constant stays what it is, and has a variance of 0.
    """
    offsets = np.arange(window) - window // 2
    taps = np.exp(-0.5 * np.square(offsets / sigma))
    taps = np.rint(taps / taps.sum() * 2**24)
    taps[window // 2] += 2**24 - taps.sum()
    return tuple((taps / 2**24).tolist())


def even_parts(count: int, most: int) -> int:
    """The size of equal parts of at most `most`, the last one perhaps a little smaller."""
    return -(-count // -(-count // most))


def strips(places: int) -> list[tuple[int, int]]:
    """First and last place, exclusive, of strips of the window's places from top to bottom."""
    size = even_parts(places, max(_ROWS, -(-places // _STRIPS)))
    return [(first, min(first + size, places)) for first in range(0, places, size)]


def blur(taps: Taps, images: Float32[Array, "*n h c w"]) -> Float32[Array, "*n v c u"]:
    """The weighted mean in the window at each of its v × u places."""
    overlap = len(taps) - 1
    found = strips(images.shape[-3] - overlap)
    parts = [blur_strip(taps, images[..., first : last + overlap, :, :]) for first, last in found]
    return jnp.concatenate(parts, -3)


def blur_strip(taps: Taps, images: Float32[Array, "*n h c w"]) -> Float32[Array, "*n v c u"]:
    """The same in one product an image."""
    *batch, height, channels, width = images.shape
    band = np.zeros((height - len(taps) + 1, height), np.float32)
    for place, row in enumerate(band):
        row[place : place + len(taps)] = taps
    rows = images.reshape(-1, height, channels * width)
    bands = jnp.broadcast_to(band, (len(rows), *band.shape))
    # Else some accelerators round the factors to 10 bits.
    exact = jax.lax.Precision.HIGHEST
    blurred = jax.lax.dot_general(bands, rows, (((2,), (1,)), ((0,), (0,))), precision=exact)
    return _blur_across(taps, blurred.reshape(*batch, len(band), channels, width))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _blur_across(taps: Taps, rows: Float32[Array, "*n w"]) -> Float32[Array, "*n u"]:
    places = rows.shape[-1] - len(taps) + 1
    found = taps[0] * rows[..., :places]
    for shift, tap in enumerate(taps[1:], 1):
        found += tap * rows[..., shift : shift + places]
    return found


def _across_forward(taps, rows):
    return _blur_across(taps, rows), None


def _across_backward(taps, _, cotangent):
    # Again one loop; a derived one would add up as many padded arrays as there are taps.
    edge = len(taps) - 1
    filled = jnp.pad(cotangent, ((0, 0),) * (cotangent.ndim - 1) + ((edge, edge),))
    return (_blur_across(taps[::-1], filled),)


_blur_across.defvjp(_across_forward, _across_backward)
