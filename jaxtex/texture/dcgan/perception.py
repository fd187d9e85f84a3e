"""What VGG16 sees of a set of textures, as a loss for a generator.

Of each texture the means and the Gram matrix (Gatys, Ecker, Bethge 2015) of features under random
projections; two sets of textures are as far apart as the distributions of these, by sliced
Wasserstein distances (Deshpande, Zhang, Schwing 2018). Nothing here is trained: a discriminator
learns what is missing in detail, this what textures of the set have in common.
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
_SLICES = 64
"""Directions in which two sets of statistics are compared in a step."""


class Eye(NamedTuple):
    """VGG16 up to the last of `LAYERS`, and for each layer a random projection [c, 48]."""

    convs: Mapping[str, PreparedConv]
    projections: Mapping[str, Float32[Array, "c k"]]


def open_eye(vgg: VGG16, seed: int, textures: Float[Array, "n s s 3"]) -> Eye:
    """An eye for textures in [−1, 1] such as these, by whose spread its projections are scaled."""
    side = textures.shape[1] // 2
    convs = vgg.prepare(LAYERS, side, side, 3)
    features = jax.jit(_features)(convs, textures[:, :side, :side])
    rng = np.random.default_rng((seed, 2))
    projections = {}
    for layer in LAYERS:
        spread = np.asarray(features[layer].std((0, 1, 2))) + 1e-2
        draw = rng.normal(size=(len(spread), _PROJECTED)) / np.sqrt(len(spread))
        projections[layer] = jnp.asarray(draw / spread[:, None], jnp.float32)
    return Eye(convs, projections)


def _features(
    convs: Mapping[str, PreparedConv], textures: Float[Array, "n s s 3"]
) -> dict[str, Float[Array, "n _ _ _"]]:
    return extract(convs, (textures + 1) * 127.5, LAYERS, features="relu")


def describe(
    eye: Eye, key: Key[Array, ""], textures: Float[Array, "n s s 3"]
) -> list[Float[Array, "n _"]]:
    """Of a random quarter of each texture in [−1, 1], each layer's means and its Gram matrix."""
    count, size = textures.shape[:2]
    side = size // 2
    corners = jax.random.randint(key, (count, 2), 0, size - side + 1)
    seen = jax.vmap(lambda x, at: jax.lax.dynamic_slice(x, (*at, 0), (side, side, 3)))(
        textures, corners
    )
    return statistics(eye, seen)


def statistics(eye: Eye, textures: Float[Array, "n s s 3"]) -> list[Float[Array, "n _"]]:
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
    key: Key[Array, ""], real: list[Float[Array, "n _"]], generated: list[Float[Array, "n _"]]
) -> Float[Array, ""]:
    """The mean squared sliced Wasserstein distance, in units of the real statistics' spread."""
    total = jnp.zeros(())
    for index, (some, others) in enumerate(zip(real, generated, strict=True)):
        width = some.shape[1]
        draw = jax.random.normal(jax.random.fold_in(key, index), (width, _SLICES))
        directions = draw / np.sqrt(width)
        along = some @ directions
        spread = along.std(0) + 1e-3
        distance = (jnp.sort(along, 0) - jnp.sort(others @ directions, 0)) / spread
        total += jnp.square(distance).mean()
    return total / len(real)
