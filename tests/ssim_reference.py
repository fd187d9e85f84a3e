"""SSIM by scikit-image, as jaxtex defines it: a Gaussian window of 11 pixels, valid region."""

from typing import Any

import numpy as np
import pytest


def scikit_image(
    a: Any, b: Any, *, data_range: float = 1.0, win_size: int = 11, sigma: float = 1.5, **constants
) -> tuple[float, np.ndarray]:
    """MSSIM and map of two images [h, w, c], means over the channels, in float64."""
    metrics = pytest.importorskip("skimage.metrics", reason="the reference is scikit-image")
    found, maps = metrics.structural_similarity(
        np.asarray(a, np.float64),
        np.asarray(b, np.float64),
        data_range=data_range,
        win_size=win_size,
        sigma=sigma,
        gaussian_weights=True,
        use_sample_covariance=False,
        channel_axis=-1,
        full=True,
        **constants,
    )
    edge = win_size // 2
    height, width = maps.shape[:2]
    return found, maps.mean(-1)[edge : height - edge, edge : width - edge]


def mssim(a: Any, b: Any) -> float:
    """The mean SSIM of two images [h, w, c] in [0, 1]."""
    return scikit_image(a, b)[0]
