"""A texture model for tests: never trained, but with textures that differ."""

from pathlib import Path

import numpy as np
from flax import nnx

from jaxtex.texture.dcgan.model import save_model
from jaxtex.texture.dcgan.network import Generator

LATENT_SIZE = 100


def lively_model(path: Path, *, seed: int = 0, features: int = 8, size: int = 64) -> Path:
    """Writes a generator whose kernels double a map smoothly and mix its channels at random."""
    # Its shapes alone: drawing weights that are replaced would take seconds.
    generator = nnx.eval_shape(lambda: Generator(features=features, size=size, rngs=nnx.Rngs(0)))
    rng = np.random.default_rng(seed)
    smooth = np.outer(*[np.array([1, 3, 3, 1]) / 4] * 2)[:, :, None, None]
    for norm in generator.norms:
        for part, value in ((norm.scale, 1), (norm.bias, 0), (norm.mean, 0), (norm.var, 1)):
            part.set_value(np.full(part.shape, value, np.float32))
    for conv in generator.convs:
        outer, inner = conv.kernel.shape[2:]
        mixing = rng.normal(size=(outer, inner))
        # What all channels have in common after a ReLU would be a pattern of every texture.
        mixing -= mixing.mean(axis=1, keepdims=True)
        grain = rng.normal(size=conv.kernel.shape) / 8
        kernel = (smooth * mixing + grain) * (1.5 / inner) ** 0.5
        conv.kernel.set_value(kernel.astype(np.float32))
    project = rng.normal(size=generator.project.shape) / LATENT_SIZE**0.5
    generator.project.set_value(project.astype(np.float32))
    save_model(path, generator, {"source": "random"})
    return path
