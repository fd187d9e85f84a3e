"""What a texture is: statistics of its VGG16 features, and how it goes on over longer distances.

The objective of Gatys, Ecker and Bethge (2015), Texture synthesis using convolutional neural
networks: Gram matrices of features, here about the source's means, so that contrast counts however
bright a texture is. Lines that go on for longer than features see are kept by the
autocorrelation of the picture, which is its spectrum (Liu, Gousseau and Xia 2016, Texture synthesis
through convolutional neural networks and spectrum constraints), known as far as the source reaches.

A picture goes on beyond its edges: round, on axes that repeat, and mirrored on others. All features
that count are of a picture padded so, and as far from the padding's edge as they see.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int32

from jaxtex import platforms
from jaxtex.lbfgs import LBFGSState, lbfgs_init, lbfgs_update
from jaxtex.vgg import (
    VGG16,
    PreparedConv,
    Tap,
    depth,
    extract,
    gram_matrix,
    halo,
    minimum_size,
    prepare_kernels,
)
from jaxtex.weights import VGG16_CHANNELS

_CORRELATION = 5.0
"""What the autocorrelation's relative error counts, against that of one layer."""

Images = Float32[Array, "b h w 3"]


class Program(NamedTuple):
    """What a compiled objective depends on besides shapes; hashable."""

    layers: tuple[str, ...]
    wrap: tuple[bool, bool]
    """Whether the picture repeats along y, and along x."""
    lags: int
    """How far the autocorrelation is compared, in pixels."""
    bands: int = 1
    """Parts of the picture, rows together, whose features are in memory at once."""
    parts: tuple[int, int] = (1, 1)
    """Into how many along y and x it is cut, each of which is to have the source's statistics."""

    @property
    def step(self) -> int:
        """What sides of pictures and bands are multiples of, in pixels."""
        return minimum_size(self.layers)

    @property
    def halo(self) -> int:
        """How far beyond its edge a picture is padded: at least as far as its features see."""
        return halo(self.layers)


class Statistics(NamedTuple):
    """Of the features of one layer, about given centres, in each of p parts."""

    mean: Float32[Array, "b p c"]
    gram: Float32[Array, "b p c c"]


class Targets(NamedTuple):
    """What the picture is compared with."""

    centres: dict[str, Float32[Array, "b _"]]
    """The source's mean features."""
    grams: dict[str, Float32[Array, "b _ _"]]
    """Its Gram matrices about these."""
    colour: Float32[Array, "b 3"]
    """Its mean colour."""
    axes: Float32[Array, "b 3 3"]
    """Columns are the axes along which its colours do not correlate."""
    correlation: Float32[Array, "b n m 3"]
    """Its autocorrelation along these, at lags from 0 down, and from left to right."""


class Losses(NamedTuple):
    """The loss of each job."""

    total: Float32[Array, " b"]
    layers: Float32[Array, " b"]
    correlation: Float32[Array, " b"]


def pad(image: Float[Array, "b h w c"], wrap: tuple[bool, bool], halo: int) -> Array:
    """The picture with what lies beyond its edges."""
    for axis, round_ in zip((1, 2), wrap, strict=True):
        width = [(0, 0)] * 4
        width[axis] = (halo, halo)
        image = jnp.pad(image, width, "wrap" if round_ else "symmetric")
    return image


def statistics(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    image: Images,
    centres: Mapping[str, Float32[Array, "b _"]],
) -> dict[str, Statistics]:
    """Means and Gram matrices of the features less `centres`, of an image in grey levels.

    They are sums over positions, so that those of bands add up to those of the whole.
    """
    padded = pad(image, program.wrap, program.halo)
    of_band = functools.partial(_of_band, program, vgg, centres=centres)
    if program.bands == 1:
        return of_band(padded)
    rows = image.shape[1] // program.bands
    size = rows + 2 * program.halo
    bands = jnp.stack([padded[:, i * rows : i * rows + size] for i in range(program.bands)])

    def add(total, band):
        return jax.tree.map(jnp.add, total, jax.checkpoint(of_band)(band)), None

    shapes = jax.eval_shape(of_band, bands[0])
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    total, _ = jax.lax.scan(add, zeros, bands)
    return jax.tree.map(lambda leaf: leaf / program.bands, total)


def _of_band(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    padded: Images,
    *,
    centres: Mapping[str, Float32[Array, "b _"]],
) -> dict[str, Statistics]:
    def tap(layer: str) -> Tap:
        edge = program.halo >> depth(layer)

        def keep(features: Array) -> tuple[Array, Statistics]:
            inner = features[:, edge:-edge, edge:-edge] - centres[layer][:, None, None]
            inner = _in_parts(inner, program.parts)
            return features, Statistics(jnp.mean(inner, (2, 3)), gram_matrix(inner))

        return keep

    taps = {layer: tap(layer) for layer in program.layers}
    return extract(vgg, padded, program.layers, taps=taps, pool="avg")


def _in_parts(x: Float[Array, "b h w c"], parts: tuple[int, int]) -> Float[Array, "b p _ _ c"]:
    batch, height, width, channels = x.shape
    down, right = parts
    x = x.reshape(batch, down, height // down, right, width // right, channels)
    return x.swapaxes(2, 3).reshape(batch, down * right, height // down, width // right, channels)


def correlation(
    image: Images, wrap: tuple[bool, bool], lags: int, colour: Array, axes: Array
) -> Float32[Array, "b n m 3"]:
    """The autocorrelation at lags of 0 to `lags` rows and up to `lags` columns either way.

    Mean products of the values, grey levels less `colour` along `axes`, over the pairs of pixels
    that there are: round on axes that repeat. By the fast Fourier transform (Wiener and Khinchin).
    """
    values = jnp.einsum("bhwc,bcd->bdhw", image - colour[:, None, None], axes)
    height, width = values.shape[2:]
    size = [n if round_ else n + lags for n, round_ in zip((height, width), wrap, strict=True)]
    spectrum = jnp.fft.rfft2(values, size)
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    sums = jnp.fft.irfft2(power, size)
    rows, columns = jnp.arange(lags + 1), jnp.arange(-lags, lags + 1)
    pairs = _pairs(rows, height, wrap[0])[:, None] * _pairs(columns, width, wrap[1])
    found = sums[:, :, rows][..., columns % size[1]] / pairs
    return jnp.moveaxis(found, 1, -1)


def _pairs(lags: Array, size: int, round_: bool) -> Array:
    return jnp.full(lags.shape, size) if round_ else size - jnp.abs(lags)


def losses(
    program: Program, vgg: Mapping[str, PreparedConv], targets: Targets, image: Images
) -> Losses:
    """The relative errors of an image in grey levels, for each job of the batch."""
    found = statistics(program, vgg, image, targets.centres)
    layers = jnp.zeros(len(image))
    for layer, wanted in targets.grams.items():
        scale = jnp.sum(jnp.square(wanted), (1, 2))
        error = jnp.sum(jnp.square(found[layer].gram - wanted[:, None]), (2, 3)).mean(1)
        spread = jnp.trace(wanted, axis1=1, axis2=2)
        shift = jnp.sum(jnp.square(found[layer].mean), 2).mean(1)
        layers += _relative(error, scale) + _relative(shift, spread)
    there = correlation(image, program.wrap, program.lags, targets.colour, targets.axes)
    # Each axis for itself: of most papers the colours vary far less than the light, and are not to
    # become noise for that.
    errors = jnp.sum(jnp.square(there - targets.correlation), (1, 2))
    other = jnp.mean(_relative(errors, jnp.sum(jnp.square(targets.correlation), (1, 2))), -1)
    return Losses(layers + _CORRELATION * other, layers, other)


def _relative(error: Array, scale: Array) -> Array:
    # A source of one colour has no contrast to be relative to.
    return error / jnp.maximum(scale, 1)


@functools.partial(jax.jit, static_argnames="memory")
def start(image: Images, memory: int) -> LBFGSState:
    """The first state of L-BFGS at `image`, ready for `run_chunk`."""
    batch = len(image)
    unknown = Losses(*(jnp.full(batch, jnp.inf) for _ in Losses._fields))
    state = lbfgs_init(image, jnp.ones(batch), unknown, memory=memory)
    # run_chunk overwrites its state in place, so no two leaves may share a buffer; and it returns
    # strong types, so a weak one would compile the second chunk anew.
    return jax.tree.map(lambda leaf: jnp.array(leaf, leaf.dtype), state)


@functools.partial(jax.jit, static_argnames="program", donate_argnames="state")
@platforms.in_float32
def run_chunk(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    targets: Targets,
    state: LBFGSState,
    count: Int32[Array, ""],
) -> LBFGSState:
    """Makes `count` steps, each one evaluation; how a run is cut into chunks changes no bit."""

    def total(image):
        found = losses(program, vgg, targets, image)
        return jnp.sum(found.total), found

    def step(_, state):
        (_, found), gradient = jax.value_and_grad(total, has_aux=True)(state.point)
        return lbfgs_update(state, found, gradient)

    return jax.lax.fori_loop(0, count, step, state)


def find_targets(
    program: Program,
    network: VGG16,
    source: Float32[np.ndarray, "b h w 3"],
    axes: Float32[np.ndarray, "b 3 3"],
) -> Targets:
    """What sources in grey levels ask of a picture; their edges go on mirrored.

    Their sides are multiples of `program.step`; `axes` are those of `Targets`.
    """
    alone = program._replace(wrap=(False, False), bands=1, parts=(1, 1))
    # For two evaluations kernels of another form would not pay.
    vgg = prepare_kernels(network, program.layers, *source.shape[1:], form="direct")
    zeros = {
        layer: np.zeros((len(source), channels), np.float32) for layer, channels in _widths(program)
    }
    found = measure(alone, vgg, source, zeros)
    centres = {layer: found[layer].mean[:, 0] for layer in program.layers}
    found = measure(alone, vgg, source, centres)
    grams = {layer: found[layer].gram[:, 0] for layer in program.layers}
    colour = source.mean((1, 2))
    reach = reach_of(program.lags, source, colour, axes)
    return Targets(centres, grams, jnp.asarray(colour), jnp.asarray(axes), reach)


measure = jax.jit(platforms.in_float32(statistics), static_argnames="program")


@functools.partial(jax.jit, static_argnames="lags")
@platforms.in_float32
def reach_of(lags: int, source: Images, colour: Array, axes: Array) -> Float32[Array, "b n m 3"]:
    """`correlation` of sources, whose edges do not meet."""
    return correlation(source, (False, False), lags, colour, axes)


def _widths(program: Program) -> list[tuple[str, int]]:
    return [(layer, VGG16_CHANNELS[layer][1]) for layer in program.layers]
