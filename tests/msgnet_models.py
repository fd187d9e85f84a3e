"""An MSG-Net for tests: never trained, but with images that differ by content and style."""

from pathlib import Path

from jaxtex.style.msgnet import save_model
from jaxtex.style.msgnet.train import Settings, start


def random_model(path: Path, *, seed: int = 0) -> Path:
    """Writes a narrow network of random weights."""
    values = start(Settings(features=2, seed=seed))[1].network
    # Grey levels all over 0 to 255, not a few about 0.
    levels = {"last.kernel": 100 * values["last.kernel"], "last.bias": values["last.bias"] + 128}
    save_model(path, values | levels, {"source": "random"})
    return path
