"""A small job in which every term of the objective counts, and its losses."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from reference import Problem, batch, in_jaxtex, noise

from jaxtex.style import Losses, objective

NORMALIZATIONS = ("paper", "gatys", "reference", "relative")


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def problem(**changes) -> Problem:
    """A small job in which every term counts."""
    height, width = 22, 30
    content = noise(1, height, width)
    pixels = np.random.default_rng(0)
    settings = {
        "content": content,
        "styles": [noise(2, 26, 19), noise(3, 17, 40)],
        "style_weights": (0.7, 0.4),
        "layers": {"conv1_2": 3.0, "conv2_1": 0.5},
        "content_layer": "conv1_1",
        "normalization": "relative",
        "weights": {
            "content": 0.2,
            "tv": 1e-6,
            "l2": 1e-8,
            "silhouette": 0.3,
            "ink": 2.0,
            "outside": 3.0,
        },
        "distance": pixels.uniform(0, 16, (height, width, 1)),
        "palette": np.array([[0.0, 0.1, 0.2], [0.9, 0.8, 1.0], [0.5, 0.1, 0.7]]),
    }
    return Problem(**settings | changes)


def image_of(job: Problem, seed: int = 4) -> np.ndarray:
    """An image near the content; some pixels are outside the displayable range."""
    return job.content + 90 * draw(seed, *job.content.shape)


@functools.partial(jax.jit, static_argnums=0)
def value_and_gradient(program, kernels, targets, coefficients, image):
    def total(image):
        found = objective.losses(program, kernels, targets, coefficients, image)
        return jnp.sum(found.total), found

    (_, found), gradient = jax.value_and_grad(total, has_aux=True)(image)
    return found, gradient


def compute(jobs: Sequence[Problem], images: Sequence[np.ndarray], **options):
    """The losses of a batch, and the gradient of their summed total, as NumPy arrays."""
    found, gradient = value_and_gradient(*in_jaxtex(*jobs, **options), batch(*images))
    return Losses(*map(np.asarray, found)), np.asarray(gradient)


def assert_close(actual, expected, tolerance: float = 2e-4) -> None:
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()
