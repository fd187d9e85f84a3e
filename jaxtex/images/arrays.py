"""Images as arrays: what counts as one, colours, sizes, and the way to 8 bits."""

import os
from contextlib import suppress
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image, ImageColor

from jaxtex.errors import ImageError, OutputError, SettingsError, first_line


def validate_array(image: Any, name: str) -> Float32[np.ndarray, "h w 3"]:
    """Returns an array of 8 or 16 bit integers, or of floats in [0, 1], as RGB in [0, 1].

    Shapes: [h, w], [h, w, 1], [h, w, 3], or [h, w, 4] with alpha, composited on white.

    Raises:
      ImageError: another type or shape, no pixels, a value that is not finite or out of range, or
        all is transparent.
    """
    return over(*split(validate_picture(image, name)), (1.0, 1.0, 1.0))


def validate_picture(image: Any, name: str) -> Float32[np.ndarray, "h w c"]:
    """Returns what `validate_array` takes as RGB, or RGB with straight alpha unless all is opaque.

    Raises:
      ImageError: as `validate_array`.
    """
    try:
        array = np.asarray(image)
    except Exception as error:
        raise ImageError(f"{name}: is not an array ({first_line(error)})") from None
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3, 4):
        raise ImageError(
            f"{name}: has the shape {np.shape(image)}; an image is [height, width], "
            "or [height, width, channels] with 1, 3 or 4 channels"
        )
    if array.size == 0:
        raise ImageError(f"{name}: has no pixels, its shape is {np.shape(image)}")
    # bfloat16 is of a kind of its own to NumPy.
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        array = array.astype(np.float64 if array.dtype == np.float64 else np.float32)
        if not np.isfinite(array).all():
            raise ImageError(f"{name}: has values that are NaN or infinite")
        low, high = float(array.min()), float(array.max())
        if low < -1e-5 or high > 1 + 1e-5:
            raise ImageError(
                f"{name}: has values from {low:g} to {high:g}; floats are in [0, 1], "
                "and 0 to 255 is of type uint8"
            )
        array = array.clip(0, 1).astype(np.float32)
    elif array.dtype in (np.uint8, np.uint16):
        array = array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
    else:
        raise ImageError(f"{name}: is of type {array.dtype}; give uint8, uint16 or floats")
    alpha = array[..., 3] if array.shape[-1] == 4 else None
    colour = np.ascontiguousarray(np.broadcast_to(array[..., :3], (*array.shape[:2], 3)))
    return join(*visible(colour, alpha, name))


def split(
    picture: Float32[np.ndarray, "h w c"],
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"] | None]:
    """The straight colours of a picture and its alpha; None where it has none."""
    return picture[..., :3], picture[..., 3] if picture.shape[-1] == 4 else None


def join(
    color: Float32[np.ndarray, "h w 3"], alpha: Float32[np.ndarray, "h w"] | None
) -> Float32[np.ndarray, "h w c"]:
    """A picture of straight colours and alpha, where there is any."""
    return color if alpha is None else np.dstack([color, alpha])


def parse_color(text: str) -> tuple[float, float, float]:
    """Returns the RGB of '#rgb', '#rrggbb' or a CSS colour name, in [0, 1].

    Raises:
      SettingsError: `text` is something else.
    """
    with suppress(ValueError):
        if text.isalpha() or (text.startswith("#") and len(text) in (4, 7)):
            red, green, blue = ImageColor.getrgb(text)[:3]
            return red / 255, green / 255, blue / 255
    raise SettingsError(
        f"{text!r} is not a colour; give '#rrggbb', '#rgb' or a CSS name like white"
    )


def format_color(color: Float[np.ndarray, "3"]) -> str:
    """A colour, 0 to 1, as '#rrggbb'."""
    return "#" + "".join(f"{round(float(part) * 255):02x}" for part in color)


def resize(
    image: Float32[np.ndarray, "h w *c"], height: int, width: int
) -> Float32[np.ndarray, "{height} {width} *c"]:
    """Resamples to `height` × `width` with Lanczos, antialiased when shrinking, in [0, 1]."""
    if height < 1 or width < 1:
        raise SettingsError(f"an image cannot be resized to {width} × {height} pixels")
    if image.shape[:2] == (height, width):
        return image
    resized = []
    for channel in np.moveaxis(image.reshape(*image.shape[:2], -1), -1, 0):
        plane = Image.fromarray(np.ascontiguousarray(channel))
        resized.append(np.asarray(plane.resize((width, height), Image.Resampling.LANCZOS)))
    # Lanczos rings: beside an edge it leaves the range.
    return np.stack(resized, axis=-1).clip(0, 1).reshape(height, width, *image.shape[2:])


def square(
    image: Float32[np.ndarray, "h w *c"], size: int
) -> Float32[np.ndarray, "{size} {size} *c"]:
    """Cuts the largest square out of the middle and resamples it to `size` × `size` pixels."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(image[top : top + side, left : left + side], size, size)


def fit(height: int, width: int, size: int) -> tuple[int, int]:
    """Returns the (height, width) of the same shape whose longer side is `size`."""
    if min(height, width, size) < 1:
        raise SettingsError(f"cannot fit {width} × {height} pixels to size {size}; all are above 0")
    longer = max(height, width)
    return max(1, round(height * size / longer)), max(1, round(width * size / longer))


def visible(
    colour: Float32[np.ndarray, "h w 3"], alpha: Float32[np.ndarray, "h w"] | None, name: str
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"] | None]:
    """Straight colours and their alpha; None where all is opaque.

    Raises:
      ImageError: all is transparent; it begins with `name`.
    """
    if alpha is None or alpha.min() == 1:
        return colour, None
    if alpha.max() == 0:
        raise ImageError(f"{name}: is fully transparent; there is nothing to see in it")
    return colour, alpha


def over(
    color: Float32[np.ndarray, "h w 3"],
    alpha: Float32[np.ndarray, "h w"] | None,
    ground: tuple[float, float, float] | Float32[np.ndarray, "h w 1"],
) -> Float32[np.ndarray, "h w 3"]:
    """Straight colours with alpha on a ground, in sRGB as browsers do it; None is opaque."""
    if alpha is None:
        return color
    cover = alpha[..., None]
    return color * cover + np.asarray(ground, np.float32) * (1 - cover)


def quantise(
    array: Float[np.ndarray, "..."], path: str | os.PathLike[str]
) -> UInt8[np.ndarray, "..."]:
    """Values in [0, 1] as 0 to 255.

    Raises:
      OutputError: there are none, or one is not finite; it begins with `path`.
    """
    if array.size == 0 or not np.isfinite(array).all():
        raise OutputError(f"{path}: the image has no pixels, or values that are not finite")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)
