"""Pictures for the extension of textures."""

import numpy as np


def woven(height, width, seed=0):
    """A picture in [0, 1] of threads, stains and grain, which does not repeat."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    light = 0.5 + 0.2 * np.sin(1.3 * y) + 0.1 * np.sin(0.7 * x + 0.3 * y)
    stain = np.exp(-((y - 0.3 * height) ** 2 + (x - 0.6 * width) ** 2) / 40)
    picture = np.stack([light, light - 0.2 * stain, 0.9 * light - 0.3 * stain], -1)
    return (picture + 0.05 * rng.normal(size=picture.shape)).clip(0, 1).astype(np.float32)
