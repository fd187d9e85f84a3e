"""What an objective compares of an image: features of VGG16's layers and their Gram matrices."""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

from jaxtex.style.settings import Normalization, Precision
from jaxtex.vgg import (
    FeatureKind,
    Guide,
    Pool,
    PreparedConv,
    Tap,
    extract,
    gram_tap,
    keep,
    minimum_size,
)


class Program(NamedTuple):
    """What a compiled objective depends on besides shapes; hashable."""

    layers: tuple[str, ...]
    content_layer: str
    normalization: Normalization
    features: FeatureKind
    pool: Pool
    precision: Precision = "float32"
    rematerialise: bool = False
    band: int | None = None
    """The most rows of an image whose features are in memory at once; None: all (`bands`)."""

    @property
    def all_layers(self) -> tuple[str, ...]:
        """The layers to extract: those of the style and of the content."""
        return tuple(sorted({*self.layers, self.content_layer}))

    @property
    def smallest_image(self) -> int:
        """The shorter side, in pixels, that an image needs."""
        return minimum_size(self.all_layers)

    @property
    def dtype(self) -> jnp.dtype:
        """Of the features."""
        return jnp.dtype(jnp.bfloat16 if self.precision == "bfloat16" else jnp.float32)


def features_of(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    image: Float[Array, "b h w c"],
    guides: Mapping[str, Guide] | None = None,
) -> tuple[Float[Array, "b _ _ k"], dict[str, Float32[Array, "..."]]]:
    """What `program` compares: the content layer's features and the style layers' Gram matrices.

    `guides` are those of `Targets`; with regions there is a matrix `[b, r, k, k]` for each.
    """
    guides = guides or {}
    taps: dict[str, Tap] = {
        layer: functools.partial(gram_tap, guide=guides.get(layer)) for layer in program.layers
    }
    shared = program.content_layer in taps
    if shared:
        taps[program.content_layer] = functools.partial(
            _content_and_gram, guide=guides.get(program.content_layer)
        )
    else:
        taps[program.content_layer] = keep
    found = extract(
        vgg,
        image,
        program.all_layers,
        taps=taps,
        features=program.features,
        pool=program.pool,
        dtype=program.dtype,
        rematerialise=program.rematerialise,
    )
    content = found[program.content_layer]
    if shared:
        content, found[program.content_layer] = content
    return content, {layer: found[layer] for layer in program.layers}


def _content_and_gram(features: Array, guide: Guide | None) -> tuple[Array, tuple[Array, Array]]:
    features, gram = gram_tap(features, guide)
    return features, (features, gram)
