"""VGG16 conv features (Simonyan and Zisserman 2014) of images in grey levels.

The network is frozen: gradients flow to the image alone. `VGG16.prepare` turns its kernels, once
a program, into the form that is fastest for the platform and the shape: XLA's convolution with a
backward pass that is a plain convolution too (XLA on CPU canonicalises convolutions outside loops
only, jax issue 12868), or Winograd's F(4×4, 3×3) (Lavin and Gray, CVPR 2016). The choice is made
in `conv_form` and nowhere else.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax
from jaxtyping import Array, Float, Float32

from jaxtex.errors import SettingsError
from jaxtex.weights import VGG16_CHANNELS

LAYERS: tuple[str, ...] = tuple(VGG16_CHANNELS)

Pool = Literal["max", "avg"]
FeatureKind = Literal["conv", "relu"]
ConvForm = Literal["direct", "winograd"]


def depth(layer: str) -> int:
    """How often the image was halved before `layer`: 0 for block 1, 4 for block 5."""
    return int(layer[4]) - 1


def minimum_size(layers: Iterable[str]) -> int:
    """The shorter side, in pixels, that an image needs for the deepest of `layers`."""
    return 2 ** max(map(depth, layers))


def check_layer(layer: str) -> str:
    """Returns `layer`.

    Raises:
      SettingsError: VGG16 has no such conv layer.
    """
    if layer not in VGG16_CHANNELS:
        raise SettingsError(f"layer {layer!r} is unknown; allowed are {', '.join(LAYERS)}")
    return layer


def conv_form(platform: str, height: int, width: int, channels_in: int) -> ConvForm:
    """The faster form of a 3×3 convolution, as measured by `bench/conv_forms.py`."""
    if platform == "cpu" and channels_in >= 128 and height * width >= 64:
        return "winograd"
    return "direct"


class PreparedConv(NamedTuple):
    """The kernels of one frozen convolution, ready for both directions."""

    forward: Float32[Array, "*_ _ _"]
    backward: Float32[Array, "*_ _ _"]
    bias: Float32[Array, " c"]


def prepare_conv(
    kernel: Float32[Array, "3 3 c k"], bias: Float32[Array, " k"], form: ConvForm
) -> PreparedConv:
    """Kernels in the layout of `form`; the backward one is flipped, its channels swapped."""
    backward = kernel[::-1, ::-1].swapaxes(2, 3)
    if form == "winograd":
        kernel, backward = winograd_kernel(kernel), winograd_kernel(backward)
    return PreparedConv(kernel, backward, bias)


@jax.custom_vjp
def conv3x3(x: Float[Array, "b h w c"], conv: PreparedConv) -> Float[Array, "b h w k"]:
    """3×3 convolution, stride 1, zero padding 1, plus bias; frozen, so only `x` has a gradient."""
    return _convolve(x, conv.forward) + conv.bias.astype(x.dtype)


def _conv_forward(x, conv):
    return conv3x3(x, conv), conv


def _conv_backward(conv, cotangent):
    zeros = jax.tree.map(jnp.zeros_like, conv)
    return _convolve(cotangent, conv.backward), zeros


conv3x3.defvjp(_conv_forward, _conv_backward)


def _convolve(x: Float[Array, "b h w c"], kernel: Array) -> Float[Array, "b h w k"]:
    if kernel.ndim == 4:
        return lax.conv_general_dilated(
            x, kernel.astype(x.dtype), (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
    return _winograd(x, kernel)


# Winograd F(4×4, 3×3) with the interpolation points 0, ±1, ±2, ∞ (Lavin and Gray 2016).
_KERNEL_TRANSFORM = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    np.float32,
)


def winograd_kernel(kernel: Float32[Array, "3 3 c k"]) -> Float32[Array, "36 c k"]:
    """The kernel in Winograd's domain, one matrix for each of the 6×6 points of a tile."""
    g = jnp.asarray(_KERNEL_TRANSFORM)
    points = jnp.einsum("ia,jb,abck->ijck", g, g, kernel, precision="highest")
    return points.reshape(36, *kernel.shape[2:])


def _winograd_input(d: list[Array]) -> list[Array]:
    even = 4 * d[2] - d[4]
    odd = 4 * d[1] - d[3]
    mixed_even, mixed_odd = d[4] - d[2], 2 * (d[3] - d[1])
    return [
        4 * d[0] - 5 * d[2] + d[4],
        -(odd + even),
        odd - even,
        mixed_even + mixed_odd,
        mixed_even - mixed_odd,
        4 * d[1] - 5 * d[3] + d[5],
    ]


def _winograd_output(m: list[Array]) -> list[Array]:
    plus, minus = m[1] + m[2], m[1] - m[2]
    plus2, minus2 = m[3] + m[4], m[3] - m[4]
    return [
        m[0] + plus + plus2,
        minus + 2 * minus2,
        plus + 4 * plus2,
        minus + 8 * minus2 + m[5],
    ]


def _winograd(x: Float[Array, "b h w c"], kernel: Float[Array, "36 c k"]) -> Array:
    batch, height, width, channels = x.shape
    rows, columns = -(-height // 4), -(-width // 4)
    x = jnp.pad(x, ((0, 0), (1, 4 * rows + 1 - height), (1, 4 * columns + 1 - width), (0, 0)))
    tiles = [x[:, i : i + 4 * rows - 3 : 4] for i in range(6)]
    # Materialised between the two passes: fused, each point would be computed six times over.
    tiles = lax.optimization_barrier(jnp.stack(_winograd_input(tiles)))
    tiles = [tiles[:, :, :, j : j + 4 * columns - 3 : 4] for j in range(6)]
    tiles = lax.optimization_barrier(jnp.stack(_winograd_input(tiles), axis=1))
    points = tiles.reshape(36, batch * rows * columns, channels)
    product = lax.dot_general(points, kernel.astype(x.dtype), (((2,), (1,)), ((0,), (0,))))
    product = product.reshape(6, 6, batch, rows, columns, kernel.shape[-1])
    out = _winograd_output([product[i] for i in range(6)])
    out = lax.optimization_barrier(jnp.stack(out, axis=3))
    # out: column point, batch, row of tiles, row in tile, column of tiles, channel
    out = jnp.stack(_winograd_output([out[j] for j in range(6)]), axis=4)
    out = out.reshape(batch, 4 * rows, 4 * columns, -1)
    return out[:, :height, :width]


@jax.custom_vjp
def max_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """2×2 maximum, stride 2, floor; the gradient goes to the first maximum in row-major order.

    So do PyTorch, Caffe and cuDNN; flat images are full of ties, where splitting it differs.
    """
    return functools.reduce(jnp.maximum, _corners(x))


def _corners(x: Float[Array, "b h w c"]) -> list[Array]:
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    return [x[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]


def _max_pool_forward(x):
    return max_pool(x), x


def _max_pool_backward(x, cotangent):
    corners = _corners(x)
    maximum = functools.reduce(jnp.maximum, corners)
    free = jnp.ones_like(maximum, bool)
    parts = []
    for corner in corners:
        first = free & (corner == maximum)
        parts.append(jnp.where(first, cotangent, 0))
        free &= ~first
    return (_interleave(parts, x.shape),)


def _interleave(parts: list[Array], shape: tuple[int, ...]) -> Array:
    batch, height, width, channels = shape
    rows = [jnp.stack(pair, axis=3) for pair in (parts[:2], parts[2:])]
    x = jnp.stack(rows, axis=2)
    x = x.reshape(batch, height // 2 * 2, width // 2 * 2, channels)
    return jnp.pad(x, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def avg_pool(x: Float[Array, "b h w c"]) -> Float[Array, "b h//2 w//2 c"]:
    """2×2 mean, stride 2, floor (the option of Gatys, Ecker and Bethge 2016)."""
    return sum(_corners(x)) / 4


class Conv(nnx.Module):
    """One frozen conv layer of VGG16."""

    def __init__(self, kernel: Float32[Array, "3 3 c k"], bias: Float32[Array, " k"]):
        self.kernel = nnx.Param(kernel)
        self.bias = nnx.Param(bias)


class VGG16(nnx.Module):
    """The 13 conv layers of VGG16, BGR inside, with the mean that its weights were trained with."""

    def __init__(
        self, params: Mapping[str, np.ndarray], mean: tuple[float, float, float]
    ) -> None:
        """`params` has `conv1_1.kernel` (HWIO, BGR input), `conv1_1.bias` …; `mean` is BGR."""
        for layer in LAYERS:
            kernel, bias = params[f"{layer}.kernel"], params[f"{layer}.bias"]
            setattr(self, layer, Conv(jnp.asarray(kernel), jnp.asarray(bias)))
        self.mean = nnx.Param(jnp.asarray(mean, jnp.float32))

    def __call__(
        self,
        image: Float[Array, "b h w c"],
        layers: Iterable[str],
        *,
        features: FeatureKind = "conv",
        pool: Pool = "max",
    ) -> dict[str, Float[Array, "b _ _ _"]]:
        """Features of an RGB or grey image; see `extract`."""
        layers = tuple(layers)
        prepared = self.prepare(layers, *image.shape[1:])
        return extract(prepared, image, layers, features=features, pool=pool)

    def prepare(
        self, layers: Iterable[str], height: int, width: int, channels: int
    ) -> dict[str, PreparedConv]:
        """Kernels up to the deepest of `layers`, in the fastest form for images of this shape."""
        platform = jax.default_backend()
        convs = {}
        for layer in LAYERS[: max(map(LAYERS.index, layers)) + 1]:
            conv = getattr(self, layer)
            kernel = conv.kernel[...]
            if layer == LAYERS[0]:
                kernel = _image_kernel(kernel, self.mean[...], channels)
            size = height >> depth(layer), width >> depth(layer)
            form = conv_form(platform, *size, kernel.shape[2])
            convs[layer] = prepare_conv(kernel, conv.bias[...], form)
        return convs


def _image_kernel(
    kernel: Float32[Array, "3 3 3 k"], mean: Float32[Array, "3"], channels: int
) -> Float32[Array, "3 3 _ k"]:
    """The first kernel for RGB or grey images with a further channel of ones.

    That channel subtracts the mean: as it is padded with zeros like the others, borders come out
    as if the mean had been subtracted before the padding. A grey image needs no copies, whose
    gradient XLA 0.10.1 on CPU crashes in (a sum over three channels).
    """
    offset = -jnp.sum(kernel * mean[:, None], 2, keepdims=True)
    image = kernel[:, :, ::-1] if channels == 3 else jnp.sum(kernel, 2, keepdims=True)
    return jnp.concatenate([image, offset], 2)


def extract(
    convs: Mapping[str, PreparedConv],
    image: Float[Array, "b h w c"],
    layers: Iterable[str],
    *,
    features: FeatureKind = "conv",
    pool: Pool = "max",
    dtype: jnp.dtype = jnp.float32,
    rematerialise: bool = False,
) -> dict[str, Float[Array, "b _ _ _"]]:
    """Features of `layers`, before (`conv`) or after (`relu`) the ReLU.

    `image` is RGB or grey in grey levels (0 to 255). Convolutions run in `dtype`. Nothing deeper
    than the deepest layer is computed. With `rematerialise` the backward pass computes each
    block's activations again instead of keeping them.
    """
    ones = jnp.ones((*image.shape[:-1], 1), image.dtype)
    x = jnp.concatenate([image, ones], -1).astype(dtype)
    wanted = frozenset(layers)
    found = {}
    for block in range(depth(max(wanted)) + 1):
        run = functools.partial(_block, names=tuple(n for n in convs if depth(n) == block),
                                wanted=wanted, features=features, pool=pool)
        x, new = (jax.checkpoint(run) if rematerialise else run)(x, convs)
        found |= new
    return found


def _block(x, convs, *, names, wanted, features, pool):
    """One block of VGG16: its pool, unless it is the first, and its convs."""
    found = {}
    for layer in names:
        if layer.endswith("_1") and layer != "conv1_1":
            x = max_pool(x) if pool == "max" else avg_pool(x)
        x = conv3x3(x, convs[layer])
        activation = jax.nn.relu(x)
        if layer in wanted:
            found[layer] = x if features == "conv" else activation
        x = activation
    return x, found
