"""The objective of neural style transfer: pure functions of an image in grey levels.

Network of Steel (Ter-Sarkisov, ICPRAM 2020, eqs. 1-3), its baseline (Gatys, Ecker and Bethge, CVPR
2016) and the terms of the house preset `steel`: relative errors, a silhouette (after
Atarsaikhan, Iwana and Uchida 2018), ink and a soft box.

Images are `[b, h, w, c]` with c = 3 (RGB) or 1 (luminance), 0 to 255. Every job of a batch has its
own targets, coefficients and losses.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Float32

from jaxtex.style.objective.bands import compared
from jaxtex.style.objective.features import Program
from jaxtex.style.settings import Normalization
from jaxtex.vgg import Guide, PreparedConv


class Coefficients(NamedTuple):
    """The traced weights of all terms, one set a job: changing them compiles nothing."""

    layers: dict[str, Float32[Array, " b"]]
    content: Float32[Array, " b"]
    tv: Float32[Array, " b"]
    l2: Float32[Array, " b"]
    silhouette: Float32[Array, " b"]
    ink: Float32[Array, " b"]
    outside: Float32[Array, " b"]


class Targets(NamedTuple):
    """What the image is compared with."""

    content: Float32[Array, "b h w c"]
    """The content image, 0 to 255."""
    content_features: Float32[Array, "b _ _ k"]
    grams: dict[str, Float32[Array, "b s _ _"] | Float32[Array, "b s r _ _"]]
    """Gram matrices of s style images, each divided by its own map's size; of each region at layers
    that have guides of several."""
    style_weights: Float32[Array, "b s"]
    distance: Float32[Array, "b h w 1"]
    """The silhouette's penalty D of each pixel; 0 on the content's ink."""
    palette: Float32[Array, "b n c"]
    """The content's own colours, 0 to 1."""
    mask: Float32[Array, "b h w 1"]
    """Where the image may change: 1; where it stays the content: 0."""
    guides: dict[str, Guide] | None = None
    """For guided Gram matrices, the root of each position's weight at each layer, the mean weight
    of a map being 1, or the ends of several regions; without, all positions count alike."""
    regions: Float32[Array, "b r"] | None = None
    """What each region counts, 1 together."""


class Losses(NamedTuple):
    """The loss of each job. `style` is weighted, all other terms are not."""

    total: Float32[Array, " b"]
    content: Float32[Array, " b"]
    style: Float32[Array, " b"]
    tv: Float32[Array, " b"]
    l2: Float32[Array, " b"]
    silhouette: Float32[Array, " b"]
    ink: Float32[Array, " b"]
    outside: Float32[Array, " b"]


def style_loss(
    gram: Float32[Array, "*#batch c c"],
    target: Float32[Array, "*#batch c c"],
    normalization: Normalization,
) -> Float32[Array, "*#batch"]:
    """E^l, the squared distance of two Gram matrices.

    `paper`: ‖A−G‖²/4 of matrices divided by h·w, which is eq. 3; `gatys`: that / C² (Gatys, eq. 4);
    `reference`: ‖A−G‖²/C⁴; `relative`: ‖A−G‖²/‖A‖².
    """
    squares = jnp.sum(jnp.square(target - gram), (-2, -1))
    channels = float(gram.shape[-1])
    if normalization == "paper":
        return squares / 4
    if normalization == "gatys":
        return squares / (4 * channels**2)
    if normalization == "reference":
        return squares / channels**4
    return squares / jnp.maximum(jnp.sum(jnp.square(target), (-2, -1)), 1e-12)


def content_loss(
    features: Float[Array, "b h w c"],
    target: Float[Array, "b h w c"],
    normalization: Normalization,
) -> Float32[Array, " b"]:
    """Mean squared error of the features; `relative`: ‖F−P‖²/‖P‖²."""
    squares = jnp.sum(jnp.square(features.astype(jnp.float32) - target), (1, 2, 3))
    return content_error(squares, target, normalization)


def content_error(
    squares: Float32[Array, " b"], target: Float[Array, "b h w c"], normalization: Normalization
) -> Float32[Array, " b"]:
    """`content_loss` of the sum of squared errors."""
    if normalization == "relative":
        return squares / jnp.maximum(jnp.sum(jnp.square(target), (1, 2, 3)), 1e-12)
    return squares / target[0].size


def total_variation(image: Float[Array, "b h w c"]) -> Float32[Array, " b"]:
    """Σ|x_{i+1,j}−x_{i,j}| + Σ|x_{i,j+1}−x_{i,j}|, in grey levels."""
    vertical = jnp.abs(image[:, 1:] - image[:, :-1])
    horizontal = jnp.abs(image[:, :, 1:] - image[:, :, :-1])
    return jnp.sum(vertical, (1, 2, 3)) + jnp.sum(horizontal, (1, 2, 3))


def l2_penalty(image: Float[Array, "b h w c"]) -> Float32[Array, " b"]:
    """Σx² of the pixels about mid-grey, in grey levels: the other reading of S1's constant."""
    return jnp.sum(jnp.square(image - 127.5), (1, 2, 3))


def silhouette_loss(
    image: Float[Array, "b h w c"],
    content: Float[Array, "b h w c"],
    distance: Float[Array, "b h w 1"],
) -> Float32[Array, " b"]:
    """mean((x−c)² D), images 0 to 255, the difference counted in the range [0, 1]."""
    return jnp.mean(jnp.square((image - content) / 255) * distance, (1, 2, 3))


def ink_loss(
    image: Float[Array, "b h w c"], palette: Float[Array, "b n c"]
) -> Float32[Array, " b"]:
    """Mean product of the distances to the two nearest colours of the palette (0 to 1).

    For black and white this is x(1−x): 0 on a colour of the content, largest between two. Each
    distance is the root mean square over the channels.
    """
    if palette.shape[1] < 2:
        raise ValueError("ink_loss: the palette needs at least two colours")
    offsets = image[:, None] / 255 - palette[:, :, None, None]
    distances = jnp.sqrt(jnp.mean(jnp.square(offsets), -1) + 1e-10)
    if palette.shape[1] == 2:
        first, second = distances[:, 0], distances[:, 1]
    else:
        two_nearest = -jax.lax.top_k(-jnp.moveaxis(distances, 1, -1), 2)[0]
        first, second = two_nearest[..., 0], two_nearest[..., 1]
    return jnp.mean(first * second, (1, 2))


def outside_loss(image: Float[Array, "b h w c"]) -> Float32[Array, " b"]:
    """The soft box: mean squared distance from the displayable range, in the range's units."""
    beyond = jnp.maximum(-image, 0) + jnp.maximum(image - 255, 0)
    return jnp.mean(jnp.square(beyond / 255), (1, 2, 3))


def losses(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    targets: Targets,
    coefficients: Coefficients,
    image: Float32[Array, "b h w c"],
) -> Losses:
    """All terms of eq. 1 and of `steel`, for each job of the batch; image 0 to 255."""
    image = targets.content + targets.mask * (image - targets.content)
    squares, grams = compared(program, vgg, image, targets.content_features, targets.guides)
    content = content_error(squares, targets.content_features, program.normalization)
    style = jnp.zeros_like(content)
    for layer in program.layers:
        errors = style_loss(grams[layer][:, None], targets.grams[layer], program.normalization)
        if targets.regions is not None and errors.ndim == 3:
            errors = jnp.sum(errors * targets.regions[:, None], -1)
        style += coefficients.layers[layer] * jnp.sum(errors * targets.style_weights, -1)
    terms: Mapping[str, Float32[Array, " b"]] = {
        "content": content,
        "tv": total_variation(image),
        "l2": l2_penalty(image),
        "silhouette": silhouette_loss(image, targets.content, targets.distance),
        "ink": ink_loss(image, targets.palette),
        "outside": outside_loss(image),
    }
    total = style + sum(getattr(coefficients, name) * term for name, term in terms.items())
    return Losses(total=total, style=style, **terms)
