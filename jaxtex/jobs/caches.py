"""What jobs share: images, models and the like, read or made once and kept for a while."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxtex import images
from jaxtex.errors import WeightsError
from jaxtex.images import LoadedImage
from jaxtex.recent import Recent

# Bytes of images, and number of models, that are kept at most; the newest is kept in any case.
_IMAGE_BYTES, _MODELS = 2**28, 16


class ImageCache:
    """`images.load_image` that keeps what it read last."""

    def __init__(self, most_bytes: int = _IMAGE_BYTES) -> None:
        self._kept: Recent[LoadedImage] = Recent(most_bytes, _image_bytes)

    def load(
        self, path: Path, *, background: str = "#ffffff", svg_size: int | None = None
    ) -> LoadedImage:
        """The image of `images.load_image`, perhaps from a former call."""
        options = {} if svg_size is None else {"svg_size": svg_size}
        key = path, background, svg_size
        return self._kept.get(
            key, lambda: images.load_image(path, background=background, **options)
        )


class Models:
    """Model files, each loaded once by plan and work together; for any thread."""

    def __init__(self, most: int = _MODELS) -> None:
        self._kept: Recent[Any] = Recent(most)
        self._lock = threading.Lock()

    def load(
        self, load: Callable[[Path | None], Any], path: Path | None, digest: str | None = None
    ) -> Any:
        """What `load` makes of a file, or of None for the shipped model, perhaps from before.

        Raises:
          WeightsError: the file cannot be read or is not such a model, or no longer the one of
            `digest`.
        """
        try:
            with self._lock:
                model = self._kept.get((load, path), lambda: load(path))
        except OSError as error:
            raise WeightsError(f"{path}: cannot be read ({error.strerror})") from None
        if digest is not None and model.digest != digest:
            raise WeightsError(f"{model.path}: has changed since it was checked")
        return model


def _image_bytes(image: LoadedImage) -> int:
    if image.alpha is None:
        return image.rgb.nbytes
    return image.rgb.nbytes + image.color.nbytes + image.alpha.nbytes
