"""Structural similarity: SSIM maps, their means (MSSIM), and SSIM vectors of many textures.

Wang, Bovik, Sheikh and Simoncelli 2004, eq. 13, on the region where the Gaussian window lies within
the image; SSIM vectors are Satoh's eq. 3. With d = a − b, and E and Var taken in the window,

    SSIM = (1 − (E d)² / (μ_a² + μ_b² + C1)) · (1 − Var d / (σ_a² + σ_b² + C2)),

which is the usual form in terms of differences: exactly 1 for equal images and never above, without
the cancellation of a covariance, differentiable everywhere. Means and variances are of one image;
a pair needs a single blur, that of d².
"""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Real

from jaxtex.errors import ImageError, SettingsError
from jaxtex.pipeline import fetched_behind
from jaxtex.texture.similarity.blur import blur, blur_strip, even_parts, gaussian_taps, strips
from jaxtex.texture.similarity.budget import budget

_REC_601 = (0.299, 0.587, 0.114)


class _Options(NamedTuple):
    """The constants of SSIM; hashable."""

    data_range: float
    window: int
    sigma: float
    k1: float
    k2: float
    luminance: bool


class _Prepared(NamedTuple):
    """Images and all that is known of each alone, columns last as `blur` takes them."""

    images: Float32[Array, "*n h c w"]
    """Each channel about its mean over the image: squares are small, and so exact."""
    shift: Float32[Array, "*n 1 c 1"]
    """What was taken off for that."""
    mean: Float32[Array, "*n v c u"]
    """Of `images` in the window."""
    power: Float32[Array, "*n v c u"]
    """μ² + C1/2."""
    contrast: Float32[Array, "*n v c u"]
    """σ² + C2/2."""


def ssim(
    a: Real[Array | np.ndarray, "*#batch h w c"],
    b: Real[Array | np.ndarray, "*#batch _h _w _c"],
    *,
    data_range: float | None = None,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    luminance: bool = False,
) -> Float32[Array, "*#batch h-{window}+1 w-{window}+1"]:
    """SSIM at each place of the window within images of `data_range`, in [−1, 1].

    Where it is not given, `data_range` is 1 for floats, and for integers the largest of their type.
    The mean over the channels, or with `luminance` that of the Rec. 601 luma of RGB. Batches
    broadcast.

    Raises:
      ImageError: images of different shapes, smaller than the window, luminance of other channels
        than RGB or grey, or floats and integers without a `data_range`.
      SettingsError: an even window, or a constant that is not above 0.
    """
    options = _options(_range(data_range, a, b), window, sigma, k1, k2, luminance)
    _check_images(options, a.shape, b.shape)
    a, b = _floats(a), _floats(b)
    return 1 - jnp.mean(jnp.concatenate(_deficit_of_images(options, a, b), -3), -2)


def mssim(
    a: Real[Array | np.ndarray, "*#batch h w c"],
    b: Real[Array | np.ndarray, "*#batch _h _w _c"],
    *,
    data_range: float | None = None,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    luminance: bool = False,
) -> Float32[Array, "*#batch"]:
    """The mean of `ssim` over each image; arguments and errors are the same."""
    options = _options(_range(data_range, a, b), window, sigma, k1, k2, luminance)
    _check_images(options, a.shape, b.shape)
    a, b = _floats(a), _floats(b)
    return 1 - _mean(_deficit_of_images(options, a, b))


def ssim_vectors(
    textures: Real[Array | np.ndarray, "n h w c"],
    references: Real[Array | np.ndarray, "m _h _w _c"],
    *,
    data_range: float | None = None,
    window: int = 11,
    sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    luminance: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Float32[Array, "n m"]:
    """MSSIM of each texture with each reference (Satoh, eq. 3); arguments as those of `ssim`.

    Memory beyond arguments and result does not grow with n or m, so `textures` may be a file that
    is mapped into memory. `progress` gets the number of pairs that are done, and of all, now and
    then. Inside `jit` or `grad` all images are prepared at once, and there is no progress.

    Raises:
      ImageError, SettingsError: as `ssim`.
    """
    found_range = _range(data_range, textures, references)
    options = _options(found_range, window, sigma, k1, k2, luminance)
    _check_images(options, textures.shape, references.shape)
    n, m = len(textures), len(references)
    if n == 0 or m == 0:
        return jnp.zeros((n, m))
    height, width, channels = textures.shape[1:]
    bytes_each = 4 * height * width * (1 if luminance else channels)
    traced = isinstance(textures, jax.core.Tracer) or isinstance(references, jax.core.Tracer)
    room = budget()
    most = max(n, m) if traced else max(1, room.prepared // bytes_each)
    tall, wide = even_parts(n, most), even_parts(m, most)
    pairs = max(1, room.compared // bytes_each)
    down = even_parts(tall, pairs)
    across = even_parts(wide, max(1, pairs // down))
    if traced:
        blocks = _prepare_blocks(options, down, _floats(textures))
        prepared = _prepare_blocks(options, across, _floats(references))
        return _compare(options, blocks, prepared)[:n, :m]
    found = np.empty((n, m), np.float32)
    places = [(row, column) for column in range(0, m, wide) for row in range(0, n, tall)]

    def compared() -> Iterator[Float32[Array, "{tall} {wide}"]]:
        for row, column in places:
            if row == 0:
                chunk = _filled(references[column : column + wide], wide)
                prepared = _prepare_blocks(options, across, chunk)
            blocks = _prepare_blocks(options, down, _filled(textures[row : row + tall], tall))
            yield _compare(options, blocks, prepared)

    for (row, column), values in zip(places, fetched_behind(compared()), strict=True):
        part = found[row : row + tall, column : column + wide]
        part[:] = values[: part.shape[0], : part.shape[1]]
        if progress is not None:
            progress(column * n + (row + len(part)) * part.shape[1], n * m)
    return jnp.asarray(found)


def _range(data_range: float | None, *images: Real[Array | np.ndarray, "..."]) -> float:
    """What is given, or what the images' type says."""
    if data_range is not None:
        return data_range
    if not any(jnp.issubdtype(each.dtype, jnp.integer) for each in images):
        return 1.0
    types = [str(each.dtype) for each in images]
    if len(set(types)) > 1:
        raise ImageError(
            f"images of {' and '.join(types)} cannot be compared without a data_range; give both "
            "of one type"
        )
    return float(np.iinfo(types[0]).max)


def _floats(images: Real[Array | np.ndarray, "..."]) -> Float[Array | np.ndarray, "..."]:
    """Images as they are if they are floats, integers as float32."""
    if jnp.issubdtype(images.dtype, jnp.integer):
        return images.astype(np.float32)
    return images


def _options(
    data_range: float, window: int, sigma: float, k1: float, k2: float, luminance: bool
) -> _Options:
    if window < 1 or window % 2 == 0:
        raise SettingsError(f"window: {window} is not an odd number of pixels")
    for name, value in (("data_range", data_range), ("sigma", sigma), ("k1", k1), ("k2", k2)):
        if not 0 < value < float("inf"):
            raise SettingsError(f"{name}: {value} is not a number above 0")
    return _Options(data_range, window, sigma, k1, k2, luminance)


def _check_images(options: _Options, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    if min(len(a), len(b)) < 3:
        raise ImageError(f"images of {min(a, b, key=len)} lack axes: height, width, channels")
    height, width, channels = a[-3:]
    if b[-3:] != a[-3:]:
        raise ImageError(
            f"images of {a[-3:]} and {b[-3:]} (height, width, channels) cannot be compared; "
            "they must be of one shape"
        )
    if min(height, width) < options.window:
        raise ImageError(
            f"images of {width}×{height} pixels are smaller than the SSIM window; "
            f"{options.window}×{options.window} are needed"
        )
    if options.luminance and channels not in (1, 3):
        raise ImageError(f"luminance is of 3 channels (RGB) or 1, not of {channels}")


@functools.partial(jax.jit, static_argnums=0)
def _deficit_of_images(
    options: _Options,
    a: Float[Array | np.ndarray, "*#batch h w c"],
    b: Float[Array | np.ndarray, "*#batch _h _w _c"],
) -> list[Float32[Array, "*#batch _ k u"]]:
    return _deficit(options, _prepare(options, a), _prepare(options, b))


def _filled(
    images: Real[Array | np.ndarray, "n h w c"], count: int
) -> Float[Array | np.ndarray, "{count} h w c"]:
    """With black images at the end, so that all chunks have one shape and one program."""
    images = _floats(images)
    missing = count - len(images)
    return jnp.pad(images, ((0, missing), (0, 0), (0, 0), (0, 0))) if missing else images


@functools.partial(jax.jit, static_argnums=(0, 1))
def _prepare_blocks(options: _Options, size: int, images: Float[Array, "n h w c"]) -> _Prepared:
    """Blocks of `size` images, each prepared; their axis comes first."""
    filled = _filled(images, -(-len(images) // size) * size)
    blocks = jnp.reshape(filled, (-1, size, *images.shape[1:]))
    return jax.lax.map(functools.partial(_prepare, options), blocks)


@functools.partial(jax.jit, static_argnums=0)
def _compare(
    options: _Options, textures: _Prepared, references: _Prepared
) -> Float32[Array, "n m"]:
    """MSSIM of all pairs, block by block."""

    @jax.checkpoint  # a gradient keeps no pair's pixels
    def compare(textures: _Prepared, references: _Prepared) -> Float32[Array, "n m"]:
        down = jax.tree.map(lambda x: x[:, None], textures)
        return 1 - _mean(_deficit(options, down, references))

    def row(block: _Prepared) -> Float32[Array, "b n m"]:
        return jax.lax.map(functools.partial(compare, block), references)

    found = jax.lax.map(row, textures)
    blocks_down, blocks_across, down, across = found.shape
    return jnp.reshape(jnp.swapaxes(found, 1, 2), (blocks_down * down, blocks_across * across))


def _prepare(options: _Options, images: Float[Array | np.ndarray, "*n h w c"]) -> _Prepared:
    images = jnp.asarray(images, jnp.float32)
    if options.luminance and images.shape[-1] == 3:
        images = jnp.sum(images * jnp.asarray(_REC_601), -1, keepdims=True)
    rows = jnp.swapaxes(images, -1, -2)
    # Any constant will do, so gradients need not know; a round one is that of an equal image, too.
    unit = options.data_range / 256
    mean = jax.lax.stop_gradient(jnp.mean(rows, (-3, -1), keepdims=True))
    shift = jnp.round(mean / unit) * unit
    rows = rows - shift
    taps = gaussian_taps(options.window, options.sigma)
    mean = blur(taps, rows)
    variance = jnp.maximum(blur(taps, jnp.square(rows)) - jnp.square(mean), 0)
    return _Prepared(
        images=rows,
        shift=shift,
        mean=mean,
        power=jnp.square(mean + shift) + (options.k1 * options.data_range) ** 2 / 2,
        contrast=variance + (options.k2 * options.data_range) ** 2 / 2,
    )


def _deficit(options: _Options, a: _Prepared, b: _Prepared) -> list[Float32[Array, "*n _ c u"]]:
    """1 − SSIM at each place of the window, in [0, 2], in strips of some rows."""
    taps, found = gaussian_taps(options.window, options.sigma), []
    for first, last in strips(a.mean.shape[-3]):
        places = np.s_[..., first:last, :, :]
        rows = np.s_[..., first : last + options.window - 1, :, :]
        difference = a.mean[places] - b.mean[places]
        squares = blur_strip(taps, jnp.square(a.images[rows] - b.images[rows]))
        variance = jnp.maximum(squares - jnp.square(difference), 0)
        square = jnp.square(difference + (a.shift - b.shift))
        power = a.power[places] + b.power[places]
        contrast = a.contrast[places] + b.contrast[places]
        lost = variance * (power - square) + square * contrast
        found.append(jnp.clip(lost / (power * contrast), 0, 2))
    return found


def _mean(deficit: list[Float32[Array, "*n _ c u"]]) -> Float32[Array, "*n"]:
    # Thousands of numbers near 1, added one by one, would lose two digits: strip by strip, then
    # along the width by a product, which has several sums.
    total = functools.reduce(jnp.add, [jnp.sum(strip, -3) for strip in deficit])
    width = np.ones(total.shape[-1], np.float32)
    sums = jnp.dot(total, width, precision=jax.lax.Precision.HIGHEST)
    places = sum(strip.shape[-3] for strip in deficit) * len(width)
    return jnp.mean(sums, -1) / places
