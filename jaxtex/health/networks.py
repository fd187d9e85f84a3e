"""The networks in plain float64 NumPy, kernel entry by kernel entry: nothing of JAX, nothing fast.

Parameters have the names and layouts of the model files.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxtex.vgg import LAYERS, depth

Values = Mapping[str, Any]
_EPSILON = 1e-5


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    """3×3 convolution of `[h, w, c]` with zero padding, in float64."""
    return _valid(np.pad(x.astype(np.float64), ((1, 1), (1, 1), (0, 0))), kernel) + bias


def _valid(x: np.ndarray, kernel: np.ndarray, stride: int = 1) -> np.ndarray:
    height, width = ((x.shape[i] - kernel.shape[i]) // stride + 1 for i in (0, 1))
    out = np.zeros((height * width, kernel.shape[3]))
    for i, j in np.ndindex(*kernel.shape[:2]):
        part = x[i : i + stride * height : stride, j : j + stride * width : stride]
        out += part.reshape(height * width, -1) @ kernel[i, j].astype(np.float64)
    return out.reshape(height, width, -1)


def vgg16(params: Values, x: np.ndarray, deepest: str) -> dict[str, np.ndarray]:
    """All layers up to `deepest` before the ReLU, of `[h, w, 3]`, BGR about the mean."""
    found: dict[str, np.ndarray] = {}
    for layer in LAYERS[: LAYERS.index(deepest) + 1]:
        if depth(layer) and layer.endswith("_1"):
            x = np.max(_windows(x), 2)
        found[layer] = convolve(x, params[f"{layer}.kernel"], params[f"{layer}.bias"])
        x = np.maximum(found[layer], 0)
    return found


def vgg16_gradient(
    params: Values, found: dict[str, np.ndarray], cotangents: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The gradient at the image of Σ cotangents · `found`, which is what `vgg16` returned."""
    gradient: Any = 0.0
    for layer in reversed(found):
        gradient = gradient * (found[layer] > 0) + cotangents.get(layer, 0.0)
        kernel = params[f"{layer}.kernel"][::-1, ::-1].swapaxes(2, 3)
        gradient = convolve(gradient, kernel)
        if depth(layer) and layer.endswith("_1"):
            before = np.maximum(found[LAYERS[LAYERS.index(layer) - 1]], 0)
            gradient = _to_maxima(before, gradient)
    return gradient


def _windows(x: np.ndarray) -> np.ndarray:
    """`[h, w, c]` as `[h//2, w//2, 4, c]`, each window in row-major order."""
    height, width, channels = x.shape[0] // 2, x.shape[1] // 2, x.shape[2]
    parts = x[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels)
    return parts.swapaxes(1, 2).reshape(height, width, 4, channels)


def _to_maxima(x: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Each window's gradient at the first of its maxima."""
    height, width, channels = gradient.shape
    spread = np.zeros((height, width, 4, channels))
    first = np.argmax(_windows(x), 2)[:, :, None]
    np.put_along_axis(spread, first, gradient[:, :, None], 2)
    parts = spread.reshape(height, width, 2, 2, channels).swapaxes(1, 2)
    out = np.zeros(x.shape)
    out[: 2 * height, : 2 * width] = parts.reshape(2 * height, 2 * width, channels)
    return out


def msgnet(values: Values, content: np.ndarray, style: np.ndarray) -> np.ndarray:
    """MSG-Net's image of a content and a style, all `[h, w, 3]` RGB in [0, 1], not clipped."""
    features = _encode(values, style)
    flat = features.reshape(-1, features.shape[-1])
    gram = flat.T @ flat / features.size
    x = _encode(values, content) @ (values["match"].astype(np.float64) @ gram)
    blocks = sorted({name.rpartition(".middle")[0] for name in values if ".middle." in name})
    for step, room in (("keep", "blocks"), ("double", "up")):
        for block in (name for name in blocks if name.startswith(room)):
            x = _bottleneck(values, block, x, step)
    x = _reflected(values, "last", _instance_norm(x))
    return x[: content.shape[0], : content.shape[1], ::-1] / 255


def _encode(values: Values, image: np.ndarray) -> np.ndarray:
    x = _instance_norm(_reflected(values, "first", image[..., ::-1].astype(np.float64) * 255))
    for block in ("down.0", "down.1"):
        x = _bottleneck(values, block, x, "halve")
    return x


def _bottleneck(values: Values, name: str, x: np.ndarray, step: str) -> np.ndarray:
    def larger(x: np.ndarray) -> np.ndarray:
        return x.repeat(2, 0).repeat(2, 1) if step == "double" else x

    stride = 2 if step == "halve" else 1
    inner = _instance_norm(_reflected(values, f"{name}.reduce", _instance_norm(x)))
    inner = _reflected(values, f"{name}.middle", larger(inner), stride)
    inner = _reflected(values, f"{name}.expand", _instance_norm(inner))
    if step == "keep":
        return x + inner
    return _reflected(values, f"{name}.shortcut", larger(x), stride) + inner


def _reflected(values: Values, name: str, x: np.ndarray, stride: int = 1) -> np.ndarray:
    kernel = values[f"{name}.kernel"]
    edge = kernel.shape[0] // 2
    padded = np.pad(x, ((edge, edge), (edge, edge), (0, 0)), mode="reflect")
    return _valid(padded, kernel, stride) + values[f"{name}.bias"]


def _instance_norm(x: np.ndarray) -> np.ndarray:
    centred = x - x.mean((0, 1))
    return np.maximum(centred / np.sqrt(x.var((0, 1)) + _EPSILON), 0)


def strided(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """4×4 convolution of `[n, h, w, a]` with stride 2 and zero padding 1."""
    padded = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.stack([_valid(image, kernel, 2) for image in padded])


def transposed(y: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The transpose of `strided`, of `[n, h, w, b]`."""
    batch, height, width, _ = y.shape
    out = np.zeros((batch, 2 * height + 2, 2 * width + 2, kernel.shape[2]))
    for i, j in np.ndindex(4, 4):
        part = np.s_[:, i : i + 2 * height : 2, j : j + 2 * width : 2]
        out[part] += y @ kernel[i, j].T.astype(np.float64)
    return out[:, 1:-1, 1:-1]


def generator(values: Values, latents: np.ndarray) -> np.ndarray:
    """DCGAN's textures in [−1, 1]; BatchNorm by its averages where `values` has them."""
    x = np.tensordot(latents.astype(np.float64), values["project"].astype(np.float64), 1)
    for index in range(_stages(values)):
        x = _batch_norm(values, index, x)
        strengths = values.get(f"strengths.{index - 1}")
        if strengths is not None:
            x = x + _grain(latents, x.shape[1], len(strengths)) @ (5 * strengths.astype(np.float64))
        x = transposed(np.maximum(x, 0), _kernel(values, index))
    return np.tanh(x)


def _grain(latents: np.ndarray, side: int, count: int) -> np.ndarray:
    """A generator's fields of noise: signs by MurmurHash3's finaliser, twice, of 32 a word."""
    size, pixels = latents.shape[1], side * side * count
    words = np.arange(size * -(-pixels // 32), dtype=np.uint64)
    for salt in (side, ~side):
        words ^= np.uint64(salt * 0x9E3779B9 % 2**32)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
            words = (words ^ words >> np.uint64(shift)) * np.uint64(factor) % np.uint64(2**32)
    bits = words[:, None] >> np.arange(32, dtype=np.uint64) & np.uint64(1)
    signs = 2.0 * bits.reshape(size, -1)[:, :pixels] - 1
    directions = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    return (directions @ signs).reshape(-1, side, side, count)


def discriminator(values: Values, textures: np.ndarray) -> np.ndarray:
    """DCGAN's logits of `[n, s, s, 3]` in [−1, 1]; BatchNorm by the batch."""
    x = textures
    for index in range(_stages(values)):
        x = strided(x, _kernel(values, index))
        if index:
            x = _batch_norm(values, index - 1, x)
        x = np.where(x > 0, x, 0.2 * x)
    return np.tensordot(x, values["judge"].astype(np.float64), 3)


def _stages(values: Values) -> int:
    return sum(name.startswith("convs.") for name in values)


def _kernel(values: Values, index: int) -> np.ndarray:
    return values[f"convs.{index}.kernel"]


def _batch_norm(values: Values, index: int, x: np.ndarray) -> np.ndarray:
    name = f"norms.{index}"
    mean = values.get(f"{name}.mean", x.mean((0, 1, 2)))
    variance = values.get(f"{name}.var", x.var((0, 1, 2)))
    scale = values[f"{name}.scale"] / np.sqrt(variance.astype(np.float64) + _EPSILON)
    return (x - mean) * scale + values[f"{name}.bias"]
