"""What VGG16 sees of a set of textures, as a loss for a generator.

Of each texture the means and the Gram matrix (Gatys, Ecker, Bethge 2015) of features under random
projections; two sets of textures are as far apart as the distributions of these, by sliced
Wasserstein distances (Deshpande, Zhang, Schwing 2018). Nothing here is trained: a discriminator
learns what is missing in detail, this what textures of the set have in common.

Of a single batch such a distance is mostly chance. So a batch is compared together with those that
were generated just before it, and with a larger set of real ones.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Key

from jaxtex.vgg import VGG16, PreparedConv, extract, gram_matrix

LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_2")
_PROJECTED = 48
"""Channels that a layer's features are projected to."""
_SPREAD, _CHUNK = 128, 64
_SLICES = 24
"""Directions in which two sets of statistics are compared in a step."""
REMEMBERED = 7
"""Batches generated before that count beside a step's own."""
_WANTED = 16
"""So many batches of real textures are compared with."""

Statistics = list[Float[Array, "_ _"]]


class Eye(NamedTuple):
    """VGG16 up to the last of `LAYERS`, and for each layer a random projection [c, 48]."""

    convs: Mapping[str, PreparedConv]
    projections: Mapping[str, Float32[Array, "c k"]]
    wanted: Statistics
    """Of real textures, once `looking_for` has seen them; see `describe`."""


def real_count(batch_size: int) -> int:
    """The real textures to look for with batches of this size."""
    return _WANTED * batch_size


def forget(batch_size: int) -> Statistics:
    """What is remembered before the first step: nothing is known, and all is 0."""
    widths = [_PROJECTED, _PROJECTED**2] * len(LAYERS)
    return [jnp.zeros((REMEMBERED * batch_size, width)) for width in widths]


def open_eye(
    vgg: VGG16, seed: int, textures: Float[np.ndarray, "n s s 3"] | Float[Array, "n s s 3"]
) -> Eye:
    """An eye for textures in [−1, 1] such as these, by whose spread its projections are scaled."""
    side = textures.shape[1] // 2
    convs = vgg.prepare(LAYERS, side, side, 3)
    features = jax.jit(_features)(convs, jnp.asarray(textures[:_SPREAD, :side, :side]))
    rng = np.random.default_rng((seed, 2))
    projections = {}
    for layer in LAYERS:
        spread = np.asarray(features[layer].std((0, 1, 2))) + 1e-2
        draw = rng.normal(size=(len(spread), _PROJECTED)) / np.sqrt(len(spread))
        projections[layer] = jnp.asarray(draw / spread[:, None], jnp.float32)
    return Eye(convs, projections, [])


def looking_for(
    eye: Eye, seed: int, textures: Float[np.ndarray, "n s s 3"] | Float[Array, "n s s 3"]
) -> Eye:
    """The eye with what is wanted: what it sees of real textures in [−1, 1]."""
    key, look = jax.random.key(seed), jax.jit(describe)
    seen = [
        look(eye, jax.random.fold_in(key, first), jnp.asarray(textures[first : first + _CHUNK]))
        for first in range(0, len(textures), _CHUNK)
    ]
    return eye._replace(wanted=[jnp.concatenate(parts) for parts in zip(*seen, strict=True)])


def _features(
    convs: Mapping[str, PreparedConv], textures: Float[Array, "n s s 3"]
) -> dict[str, Float[Array, "n _ _ _"]]:
    return extract(convs, (textures + 1) * 127.5, LAYERS, features="relu")


def describe(eye: Eye, key: Key[Array, ""], textures: Float[Array, "n s s 3"]) -> Statistics:
    """Of a random quarter of each texture in [−1, 1], each layer's means and its Gram matrix."""
    count, size = textures.shape[:2]
    side = size // 2
    corners = jax.random.randint(key, (count, 2), 0, size - side + 1)
    seen = jax.vmap(lambda x, at: jax.lax.dynamic_slice(x, (*at, 0), (side, side, 3)))(
        textures, corners
    )
    return statistics(eye, seen)


def statistics(eye: Eye, textures: Float[Array, "n s s 3"]) -> Statistics:
    """Of textures in [−1, 1], each layer's projected means and its Gram matrix about them.

    The Gram matrix is in the features' unit, not its square.
    """
    found = []
    for layer, features in _features(eye.convs, textures).items():
        projected = features @ eye.projections[layer]
        means = projected.mean((1, 2))
        gram = gram_matrix(projected - means[:, None, None])
        norm = jnp.sqrt(jnp.square(gram).sum((1, 2), keepdims=True) + 1e-6)
        found += [means, (gram / jnp.sqrt(norm)).reshape(len(textures), -1)]
    return found


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
