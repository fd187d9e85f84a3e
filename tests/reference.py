"""The objective and Adam once more, in PyTorch and without JAX: what the tests compare with.

`Problem` states one job as plain arrays. `Objective` computes it here, in float64 or float32;
`in_jaxtex` hands a batch of problems to jaxtex. PyTorch is imported where it is used, so that a
test without it skips with a reason.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex.style import objective
from jaxtex.style.objective import Program, features_of
from jaxtex.vgg import VGG16
from jaxtex.weights import VGG16Weights, load_vgg16

BLACK_AND_WHITE = np.array([[0.0], [1.0]])
HISTORY = ("total", "content", "style", "tv")


@dataclass(frozen=True)
class Problem:
    """One job: images `[h, w, c]` in grey levels and every setting of the objective."""

    content: np.ndarray
    styles: Sequence[np.ndarray]
    layers: Mapping[str, float]
    content_layer: str
    normalization: str = "paper"
    features: str = "conv"
    pool: str = "max"
    style_weights: Sequence[float] = (1.0,)
    weights: Mapping[str, float] = field(default_factory=lambda: {"content": 1.0})
    distance: np.ndarray | None = None
    palette: np.ndarray | None = None
    mask: np.ndarray | None = None
    guides: Mapping[str, np.ndarray] | None = None
    """The weights of positions at each style layer, `[h, w]`."""

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance, palette and mask, neutral where none is given."""
        pixels = (*self.content.shape[:2], 1)
        palette = np.repeat(BLACK_AND_WHITE, self.content.shape[2], 1)
        return (
            np.zeros(pixels) if self.distance is None else self.distance,
            palette if self.palette is None else self.palette,
            np.ones(pixels) if self.mask is None else self.mask,
        )


def torch_() -> Any:
    """PyTorch, or a skip."""
    return pytest.importorskip("torch", reason="the reference implementation needs PyTorch")


def tensor(array: Any, dtype: str = "float64", *, gradient: bool = False) -> Any:
    torch = torch_()
    return torch.tensor(
        np.asarray(array), dtype=getattr(torch, dtype), requires_grad=gradient
    )  # copied, never shared with JAX


@functools.cache
def shipped() -> VGG16Weights:
    return load_vgg16()


@functools.cache
def parameters(dtype: str = "float64") -> dict[str, Any]:
    """The shipped kernels as OIHW, and the biases."""
    return {
        name: tensor(array.transpose(3, 2, 0, 1) if array.ndim == 4 else array, dtype)
        for name, array in shipped().params.items()
    }


def vgg_features(
    image: Any, layers: Sequence[str], features: str = "conv", pool: str = "max"
) -> dict[str, Any]:
    """Features `[b, k, h, w]` of an image `[b, h, w, c]`, RGB or grey, 0 to 255."""
    torch = torch_()
    dtype = str(image.dtype).removeprefix("torch.")
    params = parameters(dtype)
    image = image.permute(0, 3, 1, 2).expand(-1, 3, -1, -1)
    x = image.flip(1) - tensor(shipped().mean, dtype)[:, None, None]
    pooling = {"max": torch.nn.functional.max_pool2d, "avg": torch.nn.functional.avg_pool2d}[pool]
    found: dict[str, Any] = {}
    for name in [key.removesuffix(".kernel") for key in shipped().params if "kernel" in key]:
        if name.endswith("_1") and name != "conv1_1":
            x = pooling(x, 2, 2)
        x = torch.nn.functional.conv2d(
            x, params[f"{name}.kernel"], params[f"{name}.bias"], padding=1
        )
        activation = torch.relu(x)
        if name in layers:
            found[name] = x if features == "conv" else activation
        if len(found) == len(set(layers)):
            return found
        x = activation
    raise ValueError(f"no such layers: {layers}")


def gram(features: Any, weights: np.ndarray | None = None) -> Any:
    """`[b, k, k]`, each divided by its map's h·w; with weights `[h, w]`, by their sum."""
    flat = features.flatten(2)
    if weights is None:
        return flat @ flat.transpose(1, 2) / flat.shape[2]
    weight = tensor(weights, str(flat.dtype).removeprefix("torch.")).flatten()
    return (weight * flat) @ flat.transpose(1, 2) / weight.sum()


def style_error(gram: Any, target: Any, normalization: str) -> Any:
    """E^l of `[b, k, k]`."""
    channels = gram.shape[-1]
    squares = (gram - target) ** 2
    if normalization == "paper":
        return squares.sum((1, 2)) / 4
    if normalization == "gatys":
        return squares.sum((1, 2)) / 4 / channels**2
    if normalization == "reference":
        return squares.mean((1, 2)) / channels**2
    return squares.sum((1, 2)) / (target**2).sum((1, 2))


def content_error(features: Any, target: Any, normalization: str) -> Any:
    squares = (features - target) ** 2
    if normalization == "relative":
        return squares.sum() / (target**2).sum()
    return squares.mean()


def total_variation(image: Any) -> Any:
    return image.diff(dim=1).abs().sum() + image.diff(dim=2).abs().sum()


def ink(image: Any, palette: Any) -> Any:
    """Mean over the pixels of the product of the distances to the two nearest colours."""
    differences = image[0, :, :, None] / 255 - palette
    distances = (differences**2).mean(-1).sqrt().sort(-1).values
    return (distances[..., 0] * distances[..., 1]).mean()


def outside(image: Any) -> Any:
    range_ = image / 255
    return ((range_ - range_.clamp(0, 1)) ** 2).mean()


class Objective:
    """All terms of one problem, with the targets computed once."""

    def __init__(self, problem: Problem, dtype: str = "float64"):
        self.problem, self.dtype = problem, dtype
        self.content = tensor(problem.content, dtype)[None]
        self.distance, self.palette, self.mask = (tensor(a, dtype) for a in problem.arrays)
        layer = problem.content_layer
        self.content_features = self.features(self.content, [layer])[layer]
        self.grams = [
            {name: gram(found) for name, found in self.features(style, problem.layers).items()}
            for style in (tensor(style, dtype)[None] for style in problem.styles)
        ]

    def features(self, image: Any, layers: Any) -> dict[str, Any]:
        return vgg_features(image, list(layers), self.problem.features, self.problem.pool)

    def __call__(self, image: Any) -> dict[str, Any]:
        """The losses of an image `[h, w, c]`: the style is weighted, the other terms are not."""
        problem = self.problem
        image = self.mask * image[None] + (1 - self.mask) * self.content
        found = self.features(image, [*problem.layers, problem.content_layer])
        style = sum(
            coefficient
            * weight
            * style_error(
                gram(found[layer], (problem.guides or {}).get(layer)),
                grams[layer],
                problem.normalization,
            )[0]
            for layer, coefficient in problem.layers.items()
            for weight, grams in zip(problem.style_weights, self.grams, strict=True)
        )
        terms = {
            "content": content_error(
                found[problem.content_layer], self.content_features, problem.normalization
            ),
            "tv": total_variation(image),
            "l2": ((image - 127.5) ** 2).sum(),
            "silhouette": (((image - self.content) / 255) ** 2 * self.distance).mean(),
            "ink": ink(image, self.palette),
            "outside": outside(image),
        }
        total = style + sum(problem.weights.get(name, 0.0) * term for name, term in terms.items())
        return {"total": total, "style": style, **terms}

    def value_and_gradient(self, image: np.ndarray) -> tuple[dict[str, float], np.ndarray]:
        leaf = tensor(image, self.dtype, gradient=True)
        found = self(leaf)
        found["total"].backward()
        return {name: float(value.detach()) for name, value in found.items()}, leaf.grad.numpy()


def adam(
    compute: Objective, image: np.ndarray, steps: int, learning_rate: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The history `[steps + 1, 4]`, columns `HISTORY`, row k after k updates, and the image."""
    torch = torch_()
    leaf = tensor(image, compute.dtype, gradient=True)
    optimiser = torch.optim.Adam([leaf], lr=learning_rate, betas=(0.9, 0.999), eps=1e-8)
    history = []
    for step in range(steps + 1):
        optimiser.zero_grad()
        found = compute(leaf)
        history.append([float(found[name].detach()) for name in HISTORY])
        if step < steps:
            found["total"].backward()
            optimiser.step()
    return np.array(history), leaf.detach().numpy()


@functools.cache
def network() -> VGG16:
    """jaxtex's VGG16 with the shipped weights."""
    with jax.ensure_compile_time_eval():
        return VGG16(shipped().params, shipped().mean)


_features = jax.jit(features_of, static_argnums=0)


def in_jaxtex(
    *problems: Problem, **options: Any
) -> tuple[Program, Any, objective.Targets, objective.Coefficients]:
    """The program, kernels, targets and coefficients of a batch of equally shaped problems."""
    first = problems[0]
    program = Program(
        layers=tuple(first.layers),
        content_layer=first.content_layer,
        normalization=first.normalization,
        features=first.features,
        pool=first.pool,
        **options,
    )
    content = batch(*(problem.content for problem in problems))
    kernels = network().prepare(program.all_layers, *content.shape[1:])

    def features(image):
        prepared = network().prepare(program.all_layers, *image.shape[1:])
        return _features(program._replace(rematerialise=False), prepared, image)

    def grams(problem):
        found = [features(batch(style))[1] for style in problem.styles]
        return {layer: jnp.concatenate([each[layer] for each in found]) for layer in problem.layers}

    all_grams = [grams(problem) for problem in problems]
    distance, palette, mask = (
        batch(*arrays) for arrays in zip(*(problem.arrays for problem in problems), strict=True)
    )
    targets = objective.Targets(
        content=content,
        content_features=features(content)[0],
        grams={layer: jnp.stack([each[layer] for each in all_grams]) for layer in first.layers},
        style_weights=batch(*(problem.style_weights for problem in problems)),
        distance=distance,
        palette=palette,
        mask=mask,
        guides=None if first.guides is None else _roots(problems),
    )
    names = [name for name in objective.Coefficients._fields if name != "layers"]
    coefficients = objective.Coefficients(
        layers={layer: batch(*(p.layers[layer] for p in problems)) for layer in first.layers},
        **{name: batch(*(p.weights.get(name, 0.0) for p in problems)) for name in names},
    )
    return program, kernels, targets, coefficients


def _roots(problems: Sequence[Problem]) -> dict[str, Any]:
    """The guides of a batch as jaxtex takes them."""
    roots = [
        {layer: np.sqrt(weights / weights.mean())[..., None] for layer, weights in guides.items()}
        for guides in (problem.guides for problem in problems)
        if guides is not None
    ]
    return {layer: batch(*(each[layer] for each in roots)) for layer in problems[0].layers}


def batch(*arrays: Any) -> Any:
    """Equally shaped arrays as one float32 batch."""
    return jnp.stack([jnp.asarray(array, jnp.float32) for array in arrays])


def noise(seed: int, height: int, width: int, channels: int = 3) -> np.ndarray:
    """An image without ties or flat parts: noise of several scales, within 30 to 225."""
    draw = np.random.default_rng(seed).uniform
    fine = draw(-1, 1, (height, width, channels))
    coarse = draw(-1, 1, (-(-height // 8), -(-width // 8), channels))
    coarse = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width]
    return 127.5 + 48 * fine + 48 * coarse


def bars(height: int, width: int, thickness: int, channels: int = 1) -> np.ndarray:
    """A saturated logo: a black H on white."""
    image = np.full((height, width, channels), 255.0)
    top, left = height // 6, width // 6
    image[top:-top, left : left + thickness] = 0
    image[top:-top, -left - thickness : -left] = 0
    middle = (height - thickness) // 2
    image[middle : middle + thickness, left:-left] = 0
    return image
