"""One application of MSG-Net as a person asks for it, made into images and into the output file.

`jaxtex msgnet apply` and `jaxtex batch` go through here, so that a result of a batch is what a call
of its own would write. JAX is imported only where the network's needs are asked for.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import named
from jaxtex.images import LoadedImage
from jaxtex.options import whole
from jaxtex.version import __version__

_SIZES = (16, 16384)


def sizes(options: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The longer sides of the result and of the style that are asked for; None where not.

    Raises:
      SettingsError: one is out of range.
    """
    return _size(options, "size"), _size(options, "style_size")


def _size(options: Mapping[str, Any], name: str) -> int | None:
    value = options.get(name)
    return None if value is None else whole(name, value, *_SIZES, "a number of pixels")


def fit_content(content: LoadedImage, size: int | None) -> Float32[np.ndarray, "h w 3"]:
    """A content as the network gets it: as it is, or with a longer side of `size`.

    Raises:
      ImageError: it is smaller than the network can take.
    """
    return _fit(content, size, "content")


def fit_style(style: LoadedImage, size: int) -> Float32[np.ndarray, "h w 3"]:
    """A style as the network gets it, with a longer side of `size`.

    Raises:
      ImageError: it is smaller than the network can take.
    """
    return _fit(style, size, "style")


def _fit(image: LoadedImage, size: int | None, what: str) -> Float32[np.ndarray, "h w 3"]:
    from jaxtex.style.msgnet import check_image

    picture = image.rgb
    if size is not None:
        height, width = images.fit(picture.shape[0], picture.shape[1], size)
        picture = images.resize(picture, height, width)
    with named({what: image.path}):
        check_image(picture, what)
    return picture


def metadata(
    model: str, style_size: int, content: LoadedImage, style: LoadedImage
) -> dict[str, Any]:
    """What a result's file says of itself; `model` is the digest of the model."""
    return {
        "version": __version__,
        "command": "msgnet apply",
        "model": model,
        "style_size": style_size,
        "content": {"name": content.path.name, "sha256": content.sha256},
        "styles": [{"name": style.path.name, "sha256": style.sha256}],
    }
