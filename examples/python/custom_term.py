"""A term of one's own in the objective: here mirror symmetry, as many band logos have it.

python custom_term.py LOGO BAND OUT.png

The objective of `steel` is a pure function, `jaxtex.style.objective.losses`; this adds a term to it
and minimises both with optax. It uses parts that may change with a minor version.
"""

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float32
from PIL import Image

from jaxtex.images import load_image
from jaxtex.style import SharedTargets, load_network, make_job, resolve_settings
from jaxtex.style.objective import losses
from jaxtex.style.targets import at_scale, coefficients_of


def asymmetry(image: Float32[Array, "b h w c"]) -> Float32[Array, ""]:
    """How far an image is from its mirror image: 0 for a symmetric one."""
    return jnp.mean(jnp.square((image - image[:, :, ::-1]) / 255))


def main(
    logo: Path, band: Path, output: Path, weight: float = 3.0, steps: int = 100, **options: Any
) -> list[float]:
    settings = resolve_settings("steel", **{"size": 256, **options})
    job = make_job(settings, load_image(logo).picture, [load_image(band).picture])
    phase, program = job.phases[-1], job.program
    shared = SharedTargets(load_network())
    targets = shared.of(program, [job], phase)
    coefficients = coefficients_of([job], phase)
    convs = shared.convs(program, phase.height, phase.width, job.content.shape[-1])

    def objective(image: Float32[Array, "1 h w c"], convs: Any, targets: Any) -> Array:
        found = losses(program, convs, targets, coefficients, image)
        return jnp.sum(found.total) + weight * asymmetry(image)

    optimiser = optax.adam(2.0)  # grey levels

    @jax.jit
    def step(image: Array, state: Any, convs: Any, targets: Any) -> tuple[Array, Any, Array]:
        gradient = jax.grad(objective)(image, convs, targets)
        updates, state = optimiser.update(gradient, state)
        return jnp.clip(optax.apply_updates(image, updates), 0, 255), state, asymmetry(image)

    image = jnp.asarray(at_scale(job.content, phase))[None]
    state, history = optimiser.init(image), []
    for _ in range(steps):
        image, state, value = step(image, state, convs, targets)
        history.append(float(value))
    picture = job.picture(np.asarray(image[0]))
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(output)
    return history


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
