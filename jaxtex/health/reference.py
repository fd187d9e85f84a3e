"""The objective in plain float64 NumPy, beside the compiled one on the same small job.

JAX is imported inside the functions, so that a broken installation is reported rather than raised.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxtex import weights
from jaxtex.health import networks

if TYPE_CHECKING:
    from jaxtex.style.optimise import Optimizer

_COEFFICIENTS = {
    "content": 0.1,
    "tv": 1e-6,
    "l2": 1e-8,
    "silhouette": 1.0,
    "ink": 1.0,
    "outside": 3.0,
}


class Objective:
    """One small job on grey noise with the shipped weights, in float64."""

    def __init__(
        self,
        style_layers: tuple[str, ...],
        content_layer: str,
        size: tuple[int, int] = (37, 53),
    ) -> None:
        self.style_layers, self.content_layer, self.size = style_layers, content_layer, size
        loaded = weights.load_vgg16()
        self.params, self.mean = loaded.params, np.asarray(loaded.mean)
        draw = np.random.default_rng(0).uniform
        self.content, style, self.image = draw(-20, 275, (3, *size, 1)).astype(np.float32)
        self.distance = draw(0, 16, (*size, 1)).astype(np.float32)
        # Rounded as the compiled objective gets them.
        self.target = self.features(self.content)[self.content_layer].astype(np.float32)
        found = self.features(style)
        self.grams = {name: _gram(found[name]).astype(np.float32) for name in self.style_layers}

    def features(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """VGG16's layers of a grey image, by name, before the ReLU."""
        deepest = max(*self.style_layers, self.content_layer)
        return networks.vgg16(self.params, np.repeat(image, 3, 2) - self.mean, deepest)

    def __call__(self, image: np.ndarray) -> float:
        """The total loss, relative errors and the terms of `steel`."""
        found = self.features(image)
        unit = image / 255
        terms = {
            "content": _relative(found[self.content_layer], self.target),
            "tv": sum(np.abs(np.diff(image, axis=axis)).sum() for axis in (0, 1)),
            "l2": np.sum((image - 127.5) ** 2),
            "silhouette": np.mean((unit - self.content / 255.0) ** 2 * self.distance),
            "ink": np.mean(np.sqrt(unit**2 + 1e-10) * np.sqrt((unit - 1) ** 2 + 1e-10)),
            "outside": np.mean((unit - np.clip(unit, 0, 1)) ** 2),
        }
        style = sum(_relative(_gram(found[name]), self.grams[name]) for name in self.style_layers)
        return float(style + sum(_COEFFICIENTS[name] * term for name, term in terms.items()))

    def run(self, optimizer: "Optimizer", steps: int) -> Any:
        """The state after `steps` compiled steps from `image`."""
        import jax.numpy as jnp

        from jaxtex.style import objective, optimise
        from jaxtex.vgg import VGG16

        program = objective.Program(
            self.style_layers, self.content_layer, "relative", "conv", "max"
        )
        network = VGG16(self.params, (self.mean[0], self.mean[1], self.mean[2]))
        targets = objective.Targets(
            content=jnp.asarray(self.content)[None],
            content_features=jnp.asarray(self.target)[None],
            grams={name: jnp.asarray(gram)[None, None] for name, gram in self.grams.items()},
            style_weights=jnp.ones((1, 1)),
            distance=jnp.asarray(self.distance)[None],
            palette=jnp.array([[[0.0], [1.0]]]),
            mask=jnp.ones((1, *self.size, 1)),
        )
        coefficients = objective.Coefficients(
            layers={name: jnp.ones(1) for name in self.style_layers},
            **{name: jnp.full(1, value) for name, value in _COEFFICIENTS.items()},
        )
        kernels = network.prepare(program.all_layers, *self.size, 1)
        image = jnp.asarray(self.image)[None]
        state = optimise.start(optimizer, image, jnp.ones(1), jnp.zeros(1, bool))
        count = jnp.int32(steps)
        return optimise.run_chunk(program, kernels, targets, coefficients, state, count)[0]


def _gram(features: np.ndarray) -> np.ndarray:
    flat = features.reshape(-1, features.shape[-1])
    return flat.T @ flat / len(flat)


def _relative(found: np.ndarray, target: np.ndarray) -> float:
    target = target.astype(np.float64)
    return float(np.sum((found - target) ** 2) / np.sum(target**2))


def slopes(
    function: Callable[[np.ndarray], float], point: np.ndarray, gradient: Any, step: float = 1e-3
) -> tuple[list[float], list[float]]:
    """A gradient's slopes, along itself and random directions, and the central differences there.

    All in units of the gradient's length, which is the first slope.
    """
    gradient = np.asarray(gradient, np.float64)
    length = float(np.linalg.norm(gradient))
    draws = np.random.default_rng(5).normal(size=(3, *point.shape)).astype(np.float32)
    directions = [each / np.linalg.norm(each) for each in (gradient, *draws.astype(np.float64))]
    differences = [
        (function(point + step * direction) - function(point - step * direction)) / (2 * step)
        for direction in directions
    ]
    found = [float(np.vdot(gradient, direction)) / length for direction in directions]
    return found, [difference / length for difference in differences]
