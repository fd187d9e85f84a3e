"""What VGG16 sees of a set of textures, as a loss for a generator.

Of each texture the means of features, the Gram matrices (Gatys, Ecker, Bethge 2015) of features
under random projections, and the autocorrelation of what is fine, which tells a lattice from grain:
to VGG16 they are much the same. Each along its principal axes over the real textures; two sets of
textures are as far apart as the distributions of these, by sliced Wasserstein distances (Deshpande,
Zhang, Schwing 2018). Nothing here is trained: a discriminator learns what is missing in detail,
this what textures of the set have in common.

Of a single batch such a distance is mostly chance. So a batch is compared together with those that
were generated just before it, and with a larger set of real ones.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Key

from jaxtex.vgg import VGG16, PreparedConv, extract, gram_matrix
from jaxtex.weights import VGG16_CHANNELS

LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_2")
_PROJECTED = 48
"""Channels that a layer's features are projected to for its Gram matrix."""
_SPREAD, _CHUNK = 128, 64
_AXES = (
    *(most for layer in LAYERS for most in (min(128, VGG16_CHANNELS[layer][1]), 48)),
    128,
)
"""Principal axes that are kept at most of each statistic, in the order of `statistics`."""
_FLAT = 1e-3
"""Axes along which real textures spread by less than this, in the largest spread, are left out."""
_LAGS = 8
"""Pixels that an autocorrelation reaches, in either direction."""
_COARSE = 1 / 8
"""Cycles a pixel below which a texture is not fine."""
_SLICES = 28
"""Directions in which two sets of a statistic are compared in a step."""
REMEMBERED = 15
"""Batches generated before that count beside a step's own."""
_WANTED = 32
"""So many batches of real textures are compared with."""

Statistics = list[Float[Array, "_ _"]]


class Axes(NamedTuple):
    """Principal axes of a statistic over the real textures."""

    mean: Float32[Array, " w"]
    basis: Float32[Array, "w k"]
    """Each axis divided by the root of the real ones' spread along it, and of the largest."""


class Eye(NamedTuple):
    """VGG16 up to the last of `LAYERS`, and what is taken of its features."""

    convs: Mapping[str, PreparedConv]
    spreads: Mapping[str, Float32[Array, " c"]]
    """Of each layer's channels."""
    projections: Mapping[str, Float32[Array, "c k"]]
    axes: list[Axes]
    wanted: Statistics
    """Of real textures, once `looking_for` has seen them; see `describe`."""


def real_count(batch_size: int) -> int:
    """The real textures to look for with batches of this size."""
    return _WANTED * batch_size


def forget(batch_size: int) -> Statistics:
    """What is remembered before the first step: nothing is known, and all is 0, the mean."""
    count = real_count(batch_size)
    return [jnp.zeros((REMEMBERED * batch_size, min(most, count))) for most in _AXES]


def open_eye(
    vgg: VGG16, seed: int, textures: Float[np.ndarray, "n s s 3"] | Float[Array, "n s s 3"]
) -> Eye:
    """An eye for textures in [−1, 1] such as these, by whose spread its features are scaled."""
    convs = vgg.prepare(LAYERS, *textures.shape[1:])
    features = jax.jit(_features)(convs, jnp.asarray(textures[:_SPREAD]))
    rng = np.random.default_rng((seed, 2))
    spreads, projections = {}, {}
    for layer in LAYERS:
        spread = np.asarray(features[layer].std((0, 1, 2))) + np.float32(1e-2)
        draw = rng.normal(size=(len(spread), _PROJECTED)) / np.sqrt(len(spread))
        spreads[layer] = jnp.asarray(spread)
        projections[layer] = jnp.asarray(draw / spread[:, None], jnp.float32)
    return Eye(convs, spreads, projections, [], [])


def looking_for(eye: Eye, textures: Float[np.ndarray, "n s s 3"] | Float[Array, "n s s 3"]) -> Eye:
    """The eye with what is wanted: what it sees of real textures in [−1, 1], and its axes."""
    see = jax.jit(statistics)
    seen = [
        see(eye, jnp.asarray(textures[first : first + _CHUNK]))
        for first in range(0, len(textures), _CHUNK)
    ]
    whole = [np.concatenate(parts) for parts in zip(*seen, strict=True)]
    axes = [_principal(each, most) for each, most in zip(whole, _AXES, strict=True)]
    wanted = [jnp.asarray(_along(each, to)) for each, to in zip(whole, axes, strict=True)]
    return eye._replace(axes=axes, wanted=wanted)


def _principal(found: Float32[np.ndarray, "n w"], most: int) -> Axes:
    from sklearn.utils.extmath import randomized_svd  # half a second, needed for this only

    mean = found.mean(0)
    most = min(most, *found.shape)
    _, lengths, axes = randomized_svd(found - mean, most, random_state=0)
    largest = max(lengths[0], np.float32(1e-12))
    kept = np.where(lengths > _FLAT * largest, lengths, np.inf)
    basis = axes.T * np.sqrt(len(found) / (kept * largest))
    return Axes(jnp.asarray(mean), jnp.asarray(basis))


def _along(found: Any, axes: Axes) -> Any:
    return (found - axes.mean) @ axes.basis


def _features(
    convs: Mapping[str, PreparedConv], textures: Float[Array, "n s s 3"]
) -> dict[str, Float[Array, "n _ _ _"]]:
    return extract(convs, (textures + 1) * 127.5, LAYERS, features="relu")


def look(
    eye: Eye, key: Key[Array, ""], remembered: Statistics, textures: Float[Array, "n s s 3"]
) -> tuple[Float[Array, ""], Statistics, Float[Array, "n s s 3"]]:
    """How far generated textures are from real ones, what to remember of them, and the gradient."""

    def distance(textures: Array) -> tuple[Array, Statistics]:
        found = describe(eye, textures)
        together = [jnp.concatenate(parts) for parts in zip(remembered, found, strict=True)]
        return apart(key, eye.wanted, together), together

    (found, together), gradient = jax.value_and_grad(distance, has_aux=True)(textures)
    return found, [each[len(textures) :] for each in together], gradient


def describe(eye: Eye, textures: Float[Array, "n s s 3"]) -> Statistics:
    """Of textures in [−1, 1], each of the statistics along the eye's axes."""
    return [_along(each, to) for each, to in zip(statistics(eye, textures), eye.axes, strict=True)]


def statistics(eye: Eye, textures: Float[Array, "n s s 3"]) -> Statistics:
    """Of textures in [−1, 1], each layer's means and Gram matrix, and last the autocorrelation.

    Means are in units of their channels' spread; the Gram matrix is about the projected means, and
    in the features' unit, not its square.
    """
    found = []
    for layer, features in _features(eye.convs, textures).items():
        projected = features @ eye.projections[layer]
        gram = gram_matrix(projected - projected.mean((1, 2), keepdims=True))
        norm = jnp.sqrt(jnp.square(gram).sum((1, 2), keepdims=True) + 1e-6)
        means = features.mean((1, 2)) / eye.spreads[layer]
        found += [means, (gram / jnp.sqrt(norm)).reshape(len(textures), -1)]
    return [*found, autocorrelation(textures)]


def autocorrelation(textures: Float[Array, "n s s 3"]) -> Float[Array, "n _"]:
    """Of what is fine in each colour, up to 8 pixels down and right or 8 up; in the colours' unit.

    By the power spectrum under Hann windows (Wiener and Khinchin), without what is coarser than 8
    pixels: of even grain it is 0 but at and near 0; of a lattice it swings on.
    """
    size = textures.shape[1]
    hann = np.hanning(size + 2)[1:-1]
    window = hann[:, None] * hann
    window = window[..., None] / np.sqrt(np.square(window).sum())
    across = jnp.fft.rfft2((textures * window).transpose(0, 3, 1, 2))
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    fine = np.square(1 - np.exp(-np.square(frequency / _COARSE) / 2))
    power = (jnp.square(across.real) + jnp.square(across.imag)) * fine
    found = jnp.fft.irfft2(power, s=(size, size))
    found = found / jnp.sqrt(found[..., :1, :1] + 1e-6)
    near = jnp.roll(found, _LAGS, 2)[:, :, : 2 * _LAGS + 1, : _LAGS + 1]
    return near.reshape(len(textures), -1)


def apart(
    key: Key[Array, ""], real: list[Float[Array, "m _"]], generated: list[Float[Array, "n _"]]
) -> Float[Array, ""]:
    """The mean squared sliced Wasserstein distance, in units of the real statistics' spread.

    There are as many real ones as generated ones, or a multiple of these.
    """
    total = jnp.zeros(())
    for index, (some, others) in enumerate(zip(real, generated, strict=True)):
        width = some.shape[1]
        draw = jax.random.normal(jax.random.fold_in(key, index), (width, _SLICES))
        directions = draw / np.sqrt(width)
        along, others_along = (jnp.sort((each @ directions).T) for each in (some, others))
        spread = along.std(1, keepdims=True) + 1e-3
        along = along.reshape(_SLICES, len(others), -1).mean(2)
        total += jnp.square((along - others_along) / spread).mean()
    return total / len(real)
