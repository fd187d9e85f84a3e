"""Gram matrices of features, plain and guided, with gradients that take little time and memory."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from jaxtex import platforms
from jaxtex.vgg.network import after


@jax.custom_vjp
def gram_matrix(features: Float[Array, "*batch h w c"]) -> Float32[Array, "*batch c c"]:
    """G_ij = f_i · f_j / (h·w) (Network of Steel, eq. 2, divided by the map's size)."""
    return _products(features) / _positions(features)


def _gram_forward(features):
    return gram_matrix(features), features


def _gram_backward(features, cotangent):
    return (_gradient(features, cotangent, _positions(features)),)


gram_matrix.defvjp(_gram_forward, _gram_backward)


def _positions(features: Float[Array, "*batch h w c"]) -> int:
    height, width = features.shape[-3:-1]
    return height * width


def _products(features: Float[Array, "*batch h w c"]) -> Float32[Array, "*batch c c"]:
    """Σ f fᵀ over the positions."""
    channels = features.shape[-1]
    by_onednn = platforms.by_onednn(features.dtype)
    by_units = platforms.multiplied_by_units(features.dtype)
    if by_onednn or (platforms.current() == "cpu" and channels <= 128 and not by_units):
        # Row by row: for the whole map XLA on CPU would transpose it first, and with oneDNN at hand
        # not take the units for it.
        rows = jnp.einsum(
            "...hwc,...hwd->...hcd", features, features, preferred_element_type=jnp.float32
        )
        return jnp.sum(rows, -3)
    if _as_convolutions(features):
        return jax.lax.conv_general_dilated(
            features,
            features,
            (1, 1),
            "VALID",
            dimension_numbers=("CHWN", "IHWO", "HWNC"),
            preferred_element_type=jnp.float32,
        )[0]
    return jnp.einsum(
        "...hwc,...hwd->...cd", features, features, preferred_element_type=jnp.float32
    )


def _gradient(
    features: Float[Array, "*batch h w c"], cotangent: Float32[Array, "*batch c c"], positions: int
) -> Float[Array, "*batch h w c"]:
    """That of Σ f fᵀ / `positions`: one product where differentiating both factors takes two."""
    symmetric = (cotangent + cotangent.swapaxes(-1, -2)) / positions
    symmetric = symmetric.astype(features.dtype)
    if _as_convolutions(features):
        layout = "NHWC", "HWIO", "NHWC"
        return jax.lax.conv_general_dilated(
            features, symmetric[None], (1, 1), "VALID", dimension_numbers=layout
        )
    by_onednn = platforms.by_onednn(features.dtype)
    by_units = platforms.multiplied_by_units(features.dtype)
    # XLA's own products for those units are in float32.
    kind = jnp.float32 if by_units and not by_onednn else features.dtype
    gradient = jnp.einsum("...hwc,...cd->...hwd", features, symmetric, preferred_element_type=kind)
    return gradient.astype(features.dtype)


def _as_convolutions(features: Float[Array, "*batch h w c"]) -> bool:
    """Whether products are faster as 1×1 convolutions, the network's own.

    XLA cuts maps of a single image into strips for a TPU's convolutions, and would copy them back
    for any other product.
    """
    return platforms.current() == "tpu" and features.shape[:-3] == (1,)


class Ends(NamedTuple):
    """The ends of a map, softly parted from its middle: guides of a Gram matrix for each region.

    Every region's matrix is a sum of three, each divided by the map's size: those of all positions,
    of what `columns` leave of the left half, and of the right half. So all regions together cost
    as much again as the whole does.
    """

    columns: Float32[Array | np.ndarray, "*batch 1 w 1"]
    """The root of each column's weight for the end of its half, 0 to 1."""
    mixing: Float32[Array | np.ndarray, "*batch regions 3"]
    """How often each region has the whole, the left end and the right end."""
    rows: Float32[Array, "*batch h 1 1"] | None = None
    """The root of each row's weight for all of them; None: 1."""


Guide = Float32[Array, "*_ _ _ 1"] | Ends


@jax.custom_vjp
def gram_tap(
    features: Float[Array, "*batch h w c"], guide: Guide | None = None
) -> tuple[
    Float[Array, "*batch h w c"],
    Float32[Array, "*batch c c"] | Float32[Array, "*batch regions c c"],
]:
    """The features and their Gram matrix, in the order that takes the least memory.

    With `guide`, the root of weights whose mean is 1, it is the guided Gram matrix Σ T f fᵀ / Σ T
    (Gatys et al. 2017, Controlling perceptual factors, section 4); the guide has no gradient. With
    `Ends` it is one matrix for each region.

    The gradient of a Gram matrix is as large as the features. XLA would compute that of every
    layer as soon as it can and hold them all; here it waits for the deeper layers' gradient.
    """
    if not isinstance(guide, Ends):
        return features, gram_matrix(_weighted(features, guide))
    counted = _weighted(features, guide.rows)
    parts = [counted, *_halves(_weighted(counted, guide.columns))]
    products = jnp.stack(list(map(_products, parts)), -3) / _positions(features)
    return features, jnp.einsum("...rk,...kcd->...rcd", guide.mixing, products, precision="highest")


def _weighted(features: Array, guide: Array | np.ndarray | None) -> Array:
    return features if guide is None else features * guide.astype(features.dtype)


def _halves(features: Array) -> tuple[Array, Array]:
    middle = -(-features.shape[-2] // 2)
    return features[..., :middle, :], features[..., middle:, :]


def _gram_tap_forward(features, guide):
    features, gram = gram_tap(features, guide)
    return (features, gram), (features, guide)


def _gram_tap_backward(residuals, cotangents):
    features, guide = residuals
    deeper, gram = cotangents
    gram = after(gram, deeper, batch=deeper.ndim - 3)
    nothing = jax.tree.map(jnp.zeros_like, guide)
    positions = _positions(features)
    if not isinstance(guide, Ends):
        gradient = _gradient(_weighted(features, guide), gram, positions)
        return deeper + _weighted(gradient, guide), nothing
    products = jnp.einsum("...rk,...rcd->...kcd", guide.mixing, gram, precision="highest")
    whole, left, right = (products[..., part, :, :] for part in range(3))
    counted = _weighted(features, guide.rows)
    halves = zip(_halves(_weighted(counted, guide.columns)), (left, right), strict=True)
    ends = jnp.concatenate([_gradient(*each, positions) for each in halves], -2)
    gradient = _gradient(counted, whole, positions) + _weighted(ends, guide.columns)
    return deeper + _weighted(gradient, guide.rows), nothing


gram_tap.defvjp(_gram_tap_forward, _gram_tap_backward)
