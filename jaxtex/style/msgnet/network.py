"""MSG-Net (Zhang and Dana, *Multi-style Generative Network for Real-time Transfer*, 2017).

An encoder takes content and style to a quarter of their size. CoMatch multiplies the content's
features with a learned matrix and the style's Gram matrix; residual blocks and a decoder make the
image of that. All convolutions look at reflected borders, all norms are of the instance.

Images at the public functions are RGB in [0, 1]; inside they are BGR in 0..255, as the authors'
weights expect. Sides need not be multiples of four: what the decoder adds is cut off.
"""

from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from jaxtex.errors import SettingsError
from jaxtex.style.msgnet.convs import (
    dense,
    halving_conv,
    halving_dense,
    instance_norm,
    reflected_conv,
    upsampled_conv,
)
from jaxtex.vgg import gram_matrix

FEATURES = 128
"""The paper's ngf: a quarter of the channels that CoMatch works on."""

BLOCKS = 6
MINIMUM_SIZE = 16
"""The shorter side, in pixels, that an image needs."""

_OUTER, _MIDDLE = 64, 128
_SIDE = 7  # of the first and the last kernel

Step = Literal["halve", "keep", "double"]


class Conv(nnx.Module):
    """A kernel [row, column, in, out] and a bias."""

    def __init__(self, size: int, inputs: int, outputs: int) -> None:
        self.kernel = nnx.Param(jnp.zeros((size, size, inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros(outputs))

    @property
    def parts(self) -> tuple[Array, Array]:
        """Kernel and bias."""
        return self.kernel[...], self.bias[...]


class Bottleneck(nnx.Module):
    """A pre-activation residual block: 1×1, 3×3 and 1×1 convolution, each after norm and ReLU."""

    def __init__(self, inputs: int, planes: int, step: Step = "keep") -> None:
        outputs = 4 * planes
        self.step = step
        self.reduce = Conv(1, inputs, planes)
        self.middle = Conv(3, planes, planes)
        self.expand = Conv(1, planes, outputs)
        if step != "keep":
            self.shortcut = Conv(1, inputs, outputs)

    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n _ _ k"]:
        """The map, of half, the same or twice the size."""
        inner = dense(instance_norm(x), *self.reduce.parts)
        middle = {"halve": halving_conv, "keep": reflected_conv, "double": upsampled_conv}
        inner = middle[self.step](instance_norm(inner), *self.middle.parts)
        inner = dense(instance_norm(inner), *self.expand.parts)
        if self.step == "keep":
            return x + inner
        if self.step == "halve":
            return halving_dense(x, *self.shortcut.parts) + inner
        # A 1×1 convolution may as well come before the pixels are repeated.
        shortcut = dense(x, *self.shortcut.parts)
        n, h, w, c = shortcut.shape
        pairs = inner.reshape(n, h, 2, w, 2, c) + shortcut[:, :, None, :, None]
        return pairs.reshape(inner.shape)


class MSGNet(nnx.Module):
    """Content and style to the stylised image."""

    def __init__(self, *, features: int = FEATURES, rngs: nnx.Rngs) -> None:
        """Draws the weights.

        Raises:
          SettingsError: `features` is not in 1..1024.
        """
        if not 1 <= features <= 1024:
            raise SettingsError(f"features: {features} is not a whole number from 1 to 1024")
        self.features = features
        wide = 4 * features
        self.first = Conv(_SIDE, 3, _OUTER)
        self.down = nnx.List(
            [Bottleneck(_OUTER, _MIDDLE // 4, "halve"), Bottleneck(_MIDDLE, features, "halve")]
        )
        self.match = nnx.Param(jnp.zeros((wide, wide)))
        self.blocks = nnx.List([Bottleneck(wide, features) for _ in range(BLOCKS)])
        self.up = nnx.List(
            [Bottleneck(wide, _MIDDLE // 4, "double"), Bottleneck(_MIDDLE, _OUTER // 4, "double")]
        )
        self.last = Conv(_SIDE, _OUTER, 3)
        _draw_weights(self, rngs.params())

    def encode(self, images: Float[Array, "n h w 3"]) -> Float[Array, "n _ _ c"]:
        """The features, at a quarter of the size, of RGB images in [0, 1]."""
        x = reflected_conv(images[..., ::-1] * 255, *self.first.parts)
        x = instance_norm(x)
        for block in self.down:
            x = block(x)
        return x

    def target(self, styles: Float[Array, "m h w 3"]) -> Float[Array, "m c c"]:
        """Gram matrices of style images, divided by C·H·W: all that the network sees of them."""
        features = self.encode(styles)
        return gram_matrix(features) / features.shape[-1]

    def __call__(
        self, contents: Float[Array, "n h w 3"], targets: Float[Array, "m c c"]
    ) -> Float[Array, "n h w 3"]:
        """Stylised images, RGB about [0, 1]; `targets` has one style for all or one for each."""
        x = self.encode(contents)
        # The paper's Y = (W·G)ᵀ X with pixels as rows.
        matched = jnp.einsum("ij,mjk->mik", self.match[...], targets)
        x = jnp.einsum("nhwc,nck->nhwk", x, jnp.broadcast_to(matched, (len(x), *matched.shape[1:])))
        for block in (*self.blocks, *self.up):
            x = block(x)
        x = reflected_conv(instance_norm(x), *self.last.parts)
        height, width = contents.shape[1:3]
        return x[:, :height, :width, ::-1] / 255


def _draw_weights(module: nnx.Module, key: Key[Array, ""]) -> None:
    """Draws kernels and biases from U(±1/√inputs), as PyTorch does, and CoMatch from U(0, 0.02)."""
    state = nnx.state(module, nnx.Param)
    parameters = nnx.to_flat_state(state)
    # All at once: a program for each parameter would take seconds to compile.
    draws = jax.random.uniform(key, (sum(value.size for _, value in parameters),))
    first = 0
    inputs = {path[:-1]: value[..., 0].size for path, value in parameters if value.ndim == 4}
    for path, value in parameters:
        part = draws[first : first + value.size].reshape(value.shape)
        first += value.size
        if path[:-1] in inputs:
            value[...] = (2 * part - 1) * inputs[path[:-1]] ** -0.5
        else:
            value[...] = 0.02 * part
    nnx.update(module, state)
