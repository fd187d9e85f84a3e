"""The authors' MSG-Net in PyTorch, `bench/_torch_msgnet.py`, and images as it takes them."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from reference import torch_

_SCRIPT = Path(__file__).resolve().parents[1] / "bench" / "_torch_msgnet.py"


def network(features: int, seed: int = 0) -> Any:
    """A network of random weights; `target(style)` sets its style. Skips without PyTorch."""
    torch_().manual_seed(seed)
    spec = importlib.util.spec_from_file_location("_torch_msgnet", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Network(features)


def to_torch(images: np.ndarray, dtype: str = "float32") -> Any:
    """RGB `[n, h, w, 3]` in [0, 1] as BGR `[n, 3, h, w]` in 0..255."""
    torch = torch_()
    bgr = images[..., ::-1].transpose(0, 3, 1, 2) * 255
    return torch.tensor(np.ascontiguousarray(bgr), dtype=getattr(torch, dtype))


def from_torch(images: Any, height: int, width: int) -> np.ndarray:
    """The other way round, cut to a size."""
    return images.detach().numpy().transpose(0, 2, 3, 1)[:, :height, :width, ::-1] / 255
