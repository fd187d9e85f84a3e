"""Gram matrices of features, plain and guided, with gradients that take little time and memory."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

from jaxtex import platforms
from jaxtex.vgg.network import after


@jax.custom_vjp
def gram_matrix(features: Float[Array, "*batch h w c"]) -> Float32[Array, "*batch c c"]:
    """G_ij = f_i · f_j / (h·w) (Network of Steel, eq. 2, divided by the map's size)."""
    height, width, channels = features.shape[-3:]
    by_onednn = platforms.by_onednn(features.dtype)
    by_units = platforms.multiplied_by_units(features.dtype)
    if by_onednn or (platforms.current() == "cpu" and channels <= 128 and not by_units):
        # Row by row: for the whole map XLA on CPU would transpose it first, and with oneDNN at hand
        # not take the units for it.
        rows = jnp.einsum(
            "...hwc,...hwd->...hcd", features, features, preferred_element_type=jnp.float32
        )
        products = jnp.sum(rows, -3)
    elif _as_convolutions(features):
        products = jax.lax.conv_general_dilated(
            features,
            features,
            (1, 1),
            "VALID",
            dimension_numbers=("CHWN", "IHWO", "HWNC"),
            preferred_element_type=jnp.float32,
        )[0]
    else:
        products = jnp.einsum(
            "...hwc,...hwd->...cd", features, features, preferred_element_type=jnp.float32
        )
    return products / (height * width)


def _gram_forward(features):
    return gram_matrix(features), features


def _gram_backward(features, cotangent):
    # One product where differentiating both factors would take two.
    height, width = features.shape[-3:-1]
    symmetric = (cotangent + cotangent.swapaxes(-1, -2)) / (height * width)
    symmetric = symmetric.astype(features.dtype)
    if _as_convolutions(features):
        layout = "NHWC", "HWIO", "NHWC"
        return (
            jax.lax.conv_general_dilated(
                features, symmetric[None], (1, 1), "VALID", dimension_numbers=layout
            ),
        )
    by_onednn = platforms.by_onednn(features.dtype)
    by_units = platforms.multiplied_by_units(features.dtype)
    # XLA's own products for those units are in float32.
    kind = jnp.float32 if by_units and not by_onednn else features.dtype
    gradient = jnp.einsum("...hwc,...cd->...hwd", features, symmetric, preferred_element_type=kind)
    return (gradient.astype(features.dtype),)


def _as_convolutions(features: Float[Array, "*batch h w c"]) -> bool:
    """Whether products are faster as 1×1 convolutions, the network's own.

    XLA cuts maps of a single image into strips for a TPU's convolutions, and would copy them back
    for any other product.
    """
    return platforms.current() == "tpu" and features.shape[:-3] == (1,)


gram_matrix.defvjp(_gram_forward, _gram_backward)


@jax.custom_vjp
def gram_tap(
    features: Float[Array, "*batch h w c"],
    guide: Float32[Array, "*batch h w 1"] | Float32[Array, "*batch regions h w 1"] | None = None,
) -> tuple[
    Float[Array, "*batch h w c"],
    Float32[Array, "*batch c c"] | Float32[Array, "*batch regions c c"],
]:
    """The features and their Gram matrix, in the order that takes the least memory.

    With `guide`, the root of weights whose mean is 1, it is the guided Gram matrix Σ T f fᵀ / Σ T
    (Gatys et al. 2017, Controlling perceptual factors, section 4); the guide has no gradient. With
    guides of several regions it is one matrix for each.

    The gradient of a Gram matrix is as large as the features. XLA would compute that of every
    layer as soon as it can and hold them all; here it waits for the deeper layers' gradient.
    """
    if guide is None or guide.ndim == features.ndim:
        return features, gram_matrix(_weighted(features, guide))
    # One after the other: together they would be copied into one array first.
    grams = [gram_matrix(_weighted(features, region)) for region in _regions(guide)]
    return features, jnp.stack(grams, -3)


def _weighted(features: Array, guide: Array | None) -> Array:
    return features if guide is None else features * guide.astype(features.dtype)


def _regions(guide: Array) -> list[Array]:
    return [guide[..., region, :, :, :] for region in range(guide.shape[-4])]


def _gram_tap_forward(features, guide):
    features, gram = gram_tap(features, guide)
    return (features, gram), (features, guide)


def _gram_tap_backward(residuals, cotangents):
    features, guide = residuals
    deeper, gram = cotangents
    gram = after(gram, deeper, batch=deeper.ndim - 3)
    nothing = jax.tree.map(jnp.zeros_like, guide)
    if guide is None or guide.ndim == features.ndim:
        (gradient,) = _gram_backward(_weighted(features, guide), gram)
        return deeper + _weighted(gradient, guide), nothing
    for index, region in enumerate(_regions(guide)):
        (gradient,) = _gram_backward(_weighted(features, region), gram[..., index, :, :])
        deeper = deeper + _weighted(gradient, region)
    return deeper, nothing


gram_tap.defvjp(_gram_tap_forward, _gram_tap_backward)
