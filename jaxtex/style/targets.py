"""What jobs are compared with: the targets of a batch, each image's computed once.

Jobs that share images share their features, Gram matrices and maps, within a batch and from batch
to batch.
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

from jaxtex import images, platforms
from jaxtex.recent import Recent
from jaxtex.style import canvas as canvases
from jaxtex.style.canvas import Levels
from jaxtex.style.composition import Columns, Regions, mirrored, regional_layers
from jaxtex.style.devices import Placement
from jaxtex.style.fill import layer_ends, layer_guides
from jaxtex.style.job import Job, Phase
from jaxtex.style.objective import Coefficients, Program, Targets, content_of, grams_of
from jaxtex.vgg import (
    VGG16,
    Ends,
    Guide,
    PreparedConv,
    conv_forms,
    kernels_in_forms,
    prepare_kernels,
)

# Bytes that are kept at most of what belongs to contents, and of styles' Gram matrices: jobs of one
# content tend to be neighbours, while styles come again and again.
_CONTENT_BYTES, _GRAM_BYTES = 2**26, 2**28


class SharedTargets:
    """Computes targets, and keeps what further jobs may need of them."""

    def __init__(self, network: VGG16, placement: Placement | None = None) -> None:
        self.network = network
        self.placement = placement or Placement()
        """Where the batches lie that these targets are for."""
        self._of_contents: Recent[Any] = Recent(_CONTENT_BYTES, _bytes)
        self._kept_grams: Recent[Any] = Recent(_GRAM_BYTES, _bytes)
        self._convs: tuple[Any, dict[str, PreparedConv]] | None = None

    def convs(self, program: Program, height: int, width: int, channels: int) -> Any:
        """The kernels for images of this shape; those of the last forms are kept."""
        forms = conv_forms(program.all_layers, height, width, channels, dtype=program.dtype)
        key = forms, channels
        if self._convs is None or self._convs[0] != key:
            self._convs = key, self.placement.whole(kernels_in_forms(self.network, *key))
        return self._convs[1]

    def of(self, program: Program, jobs: Sequence[Job], phase: Phase) -> Targets:
        """The targets of a batch at the size of a phase."""
        contents = [at_scale(job.content, phase) for job in jobs]
        features = [self._content_features(program, content) for content in contents]
        grams = [
            [
                self._regional_grams(program, style, phase.factor, job.regions, index)
                for index, style in enumerate(job.styles)
            ]
            for job in jobs
        ]
        distances = [
            self._distance(content, job) for job, content in zip(jobs, contents, strict=True)
        ]
        palettes = [self._palette(job.content) for job in jobs]
        content, style_weights, distance, palette, mask = jax.device_put(
            (
                np.stack(contents),
                np.asarray([job.style_weights for job in jobs], np.float32),
                np.stack(distances),
                np.stack(palettes),
                np.stack([at_scale(job.mask * 255, phase) / 255 for job in jobs]),
            )
        )
        content_features, stacked = _stack(features, grams)
        targets = Targets(
            content=content,
            content_features=content_features,
            grams=stacked,
            style_weights=style_weights,
            distance=distance,
            palette=palette,
            mask=mask,
            guides=_guides(program, jobs, phase),
            regions=_region_weights(jobs),
        )
        return self.placement.share(targets, len(jobs))

    def _content_features(self, program: Program, content: Levels) -> Array:
        def compute() -> Array:
            # The kernels that styles have, and so the same compiled program.
            convs = prepare_kernels(self.network, program.all_layers, *content.shape, form="direct")
            return _content_features(program, convs, jax.device_put(content[None]))

        key = "content", program.content_layer, *_kind(program), _digest(content)
        return self._of_contents.get(key, compute)

    def _regional_grams(
        self,
        program: Program,
        style: Levels,
        factor: float,
        regions: Regions | None,
        index: int,
    ) -> dict[str, Array]:
        """The Gram matrices that a job compares with those of one of its styles."""
        if regions is None:
            return self._grams(program, style, factor, None)
        own = regions.styles[index]
        grams = self._grams(program, style, factor, own, regions.ends)
        borrowing = regions.borrowing
        if borrowing is None:
            return grams
        turned = self._grams(program, style[:, ::-1], factor, mirrored(own), regions.ends)
        for layer in regional_layers(program.layers):
            grams[layer] = grams[layer].at[borrowing].set(turned[layer][borrowing])
        return grams

    def _grams(
        self,
        program: Program,
        style: Levels,
        factor: float,
        regions: Columns | None,
        ends: float = 0.0,
    ) -> dict[str, Array]:
        """The Gram matrices of a style image, or of its regions, at `factor` of its size."""
        least = program.smallest_image
        height, width = (max(least, round(side * factor)) for side in style.shape[:2])
        apart = () if regions is None else regional_layers(program.layers)
        keys: dict[str, Any] = {
            layer: ("gram", layer, *_kind(program), _digest(style), height, width)
            for layer in program.layers
        }
        for layer in apart:
            assert regions is not None
            keys[layer] += (_digest(regions[None]), ends)
        kept = {layer: self._kept_grams.find(key) for layer, key in keys.items()}
        found = {layer: gram for layer, gram in kept.items() if gram is not None}
        missing = tuple(layer for layer in keys if layer not in found)
        if missing:
            level = images.resize(style / 255, height, width)[None] * 255
            only = program._replace(layers=missing, content_layer=missing[0])
            channels = level.shape[-1]
            convs = prepare_kernels(
                self.network, only.all_layers, height, width, channels, form="direct"
            )
            guides = None
            if regions is not None:
                found_ends = _ends_at(regions, ends, width, regional_layers(missing))
                guides = jax.device_put(jax.tree.map(lambda each: each[None], found_ends))
            found |= _grams(only, convs, jax.device_put(level), guides)
        return {
            layer: self._kept_grams.get(key, functools.partial(found.__getitem__, layer))
            for layer, key in keys.items()
        }

    def _distance(self, content: Levels, job: Job) -> np.ndarray:
        skeleton, ends = job.settings.skeleton, None
        width = content.shape[1]
        if job.regions is not None:
            ends = _across(job.regions.ends * (1 - job.regions.content[1]), width)
        guided = () if ends is None else (_digest(ends[None, None]),)
        return self._of_contents.get(
            ("distance", skeleton, _digest(content), *guided),
            lambda: canvases.silhouette_distance(content, skeleton, width, ends),
        )

    def _palette(self, content: Levels) -> np.ndarray:
        return self._of_contents.get(
            ("palette", _digest(content)), lambda: images.palette_of(content)
        )


def _guides(program: Program, jobs: Sequence[Job], phase: Phase) -> dict[str, Guide] | None:
    """The guides of a batch at each style layer; None where its jobs have none."""
    height, width = phase.height, phase.width
    maps: list[dict[str, Any]] = []
    for job in jobs:
        if job.regions is not None:
            layers = regional_layers(program.layers)
            maps.append(_ends_at(job.regions.content, job.regions.ends, width, layers))
        elif job.guide is not None:
            maps.append(layer_guides(images.resize(job.guide, height, width), program.layers))
    if not maps:
        return None
    return jax.device_put(jax.tree.map(lambda *each: np.stack(each), *maps))


def _ends_at(regions: Columns, ends: float, width: int, layers: Sequence[str]) -> dict[str, Ends]:
    """The guides of all regions at each layer, of an image of a width."""
    left, _, right = (_across(region, width) for region in regions)
    return layer_ends(left, right, ends, layers)


def _across(columns: Float32[np.ndarray, " _"], width: int) -> Float32[np.ndarray, " {width}"]:
    """Values of columns at a picture's width."""
    places = (np.arange(width) + 0.5) * len(columns) / width - 0.5
    return np.interp(places, np.arange(len(columns)), columns).astype(np.float32)


def _region_weights(jobs: Sequence[Job]) -> Float32[Array, "b r"] | None:
    """What each region of a batch's jobs counts; None where they have none."""
    weights = [job.regions.weights for job in jobs if job.regions is not None]
    return jax.device_put(np.stack(weights)) if weights else None


def coefficients_of(jobs: Sequence[Job], phase: Phase) -> Coefficients:
    """The weights of all terms of a batch in a phase."""

    def column(values: Sequence[float]) -> Float32[Array, " b"]:
        return jax.device_put(np.asarray(values, np.float32))

    settings = [job.settings for job in jobs]
    return Coefficients(
        layers={
            layer: column([each.layers.get(layer, 0.0) for each in settings])
            for layer in jobs[0].layers
        },
        content=column([each.content_weight for each in settings]),
        tv=column([each.tv for each in settings]),
        l2=column([each.l2 for each in settings]),
        silhouette=column([each.silhouette for each in settings]),
        ink=column([phase.ink] * len(settings)),
        outside=column([3.0 if each.box == "soft" else 0.0 for each in settings]),
    )


def _bytes(value: Any) -> int:
    """A page at least: keys and objects take memory, too."""
    return max(4096, value.nbytes)


def at_scale(levels: Levels, phase: Phase) -> Levels:
    """A canvas of any size at the size of a phase."""
    if levels.shape[:2] == (phase.height, phase.width):
        return levels
    height, width = phase.height, phase.width
    return images.resize(np.clip(levels / 255, 0, 1), height, width) * 255


def _kind(program: Program) -> tuple[str, ...]:
    return program.features, program.pool, program.precision


def _digest(levels: Levels) -> tuple[bytes, tuple[int, ...]]:
    return hashlib.sha256(np.ascontiguousarray(levels).tobytes()).digest(), levels.shape


@functools.partial(jax.jit, static_argnames="program")
def _content_features(program: Program, convs: Any, content: Array) -> Array:
    with platforms.products(program.precision):
        return content_of(program, convs, content)


@functools.partial(jax.jit, static_argnames="program")
def _grams(
    program: Program, convs: Any, style: Array, guides: dict[str, Ends] | None = None
) -> dict[str, Array]:
    with platforms.products(program.precision):
        grams = grams_of(program, convs, style, guides)
    return {layer: gram[0] for layer, gram in grams.items()}


@jax.jit
def _stack(
    features: list[Array], grams: list[list[dict[str, Array]]]
) -> tuple[Array, dict[str, Array]]:
    """Content features of all jobs, and each layer's Gram matrices of all jobs and styles."""
    styles = [jax.tree.map(lambda *one: jnp.stack(one), *job) for job in grams]
    return jnp.concatenate(features), jax.tree.map(lambda *job: jnp.stack(job), *styles)
