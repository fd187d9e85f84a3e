"""Arrays to image files: formats by suffix, alpha, metadata, animations."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image, PngImagePlugin

from jaxtex.errors import OutputError, SettingsError, first_line
from jaxtex.files import check_output, write_bytes
from jaxtex.images.arrays import quantise
from jaxtex.images.reading import IMAGE_DESCRIPTION
from jaxtex.images.transparency import on_contrasting_ground

OUTPUT_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},  # full chroma: letters have sharp coloured edges
    "WEBP": {"lossless": True, "exact": True},
    "TIFF": {"compression": "tiff_deflate"},
}
_WITH_ALPHA = ("PNG", "WEBP", "TIFF")
_EXIF_BYTES = 60_000  # JPEG allows 64 KiB for all of EXIF


def output_format(path: str | os.PathLike[str], *, alpha: bool = False) -> str:
    """Returns the format that `path`'s suffix means; ask before a long run.

    Raises:
      OutputError: the suffix is unknown, or its format has no transparency and `alpha` is true.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in OUTPUT_FORMATS:
        what = f"cannot write {suffix!r}" if suffix else "has no suffix"
        raise OutputError(f"{path}: {what}; name it {', '.join(OUTPUT_FORMATS)}")
    if alpha and OUTPUT_FORMATS[suffix] not in _WITH_ALPHA:
        raise OutputError(f"{path}: {suffix} has no transparency; name it .png, .webp or .tif")
    return OUTPUT_FORMATS[suffix]


def save_image(
    path: str | os.PathLike[str],
    image: Float[np.ndarray, "h w c"],
    *,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes `encode_image` of an image, whole or not at all.

    Raises:
      OutputError: the suffix, the folder, the size of the image or its values do not allow it.
      RunError: the disk is full or fails.
    """
    path = check_output(path, overwrite=True)
    write_bytes(path, encode_image(path, image, metadata=metadata))


def encode_image(
    path: str | os.PathLike[str],
    image: Float[np.ndarray, "h w c"],
    *,
    metadata: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of `image`, in [0, 1], with 8 bits in the format that `path`'s suffix names.

    `image` is RGB, or RGB with alpha, which are stored as they are, not multiplied; formats without
    transparency get it on its `contrasting_ground`. `metadata` goes into PNG's text chunk `jaxtex`
    or EXIF's ImageDescription as JSON; BMP has no place for it.

    Raises:
      OutputError: the suffix, the size of the image or its values do not allow it.
    """
    kind = output_format(path)
    pixels = quantise(image, path)
    if pixels.shape[-1] == 4 and kind not in _WITH_ALPHA:
        # As a format with transparency would have it.
        pixels = quantise(on_contrasting_ground(pixels.astype(np.float32) / 255), path)
    options: dict[str, Any] = dict(_SAVE_OPTIONS.get(kind, {}))
    if metadata is not None and kind == "PNG":
        # ASCII JSON: tEXt is Latin-1, and names of files may not even be valid Unicode.
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("jaxtex", _json(metadata))
    elif metadata is not None and kind != "BMP":
        text = _json({"jaxtex": metadata})
        if len(text) <= _EXIF_BYTES:
            options["exif"] = Image.Exif()
            options["exif"][IMAGE_DESCRIPTION] = text
    return _encode(path, [Image.fromarray(pixels)], kind, options)


def save_gif(
    path: str | os.PathLike[str], frames: Sequence[Float[np.ndarray, "h w 3"]], *, fps: float | int
) -> None:
    """Writes `frames` in [0, 1] as an endless GIF, whole or not at all.

    Raises:
      OutputError: the suffix is not .gif, or there are no frames.
      SettingsError: `fps` is not in [0.1, 50]; GIF counts in hundredths of a second, and viewers
        slow down what is faster.
      RunError: the disk is full or fails.
    """
    if Path(path).suffix.lower() != ".gif":
        raise OutputError(f"{path}: an animation is a GIF; name it .gif")
    if not frames:
        raise OutputError(f"{path}: an animation needs at least one frame")
    if not 0.1 <= fps <= 50:
        raise SettingsError(f"fps is {fps:g}; it must be from 0.1 to 50")
    first, *rest = [Image.fromarray(quantise(frame, path)).quantize(256) for frame in frames]
    duration = round(100 / fps) * 10
    options = {"save_all": True, "append_images": rest, "duration": duration, "loop": 0}
    path = check_output(path, overwrite=True)
    write_bytes(path, _encode(path, [first, *rest], "GIF", options))


def _encode(
    path: str | os.PathLike[str], images: list[Image.Image], kind: str, options: dict[str, Any]
) -> bytes:
    encoded = io.BytesIO()
    try:
        images[0].save(encoded, kind, **options)
    except Exception as error:
        size = f"{images[0].width} × {images[0].height} pixels"
        raise OutputError(f"{path}: {kind} cannot hold {size} ({first_line(error)})") from None
    return encoded.getvalue()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
