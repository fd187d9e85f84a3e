"""Image files to arrays: formats, alpha, EXIF rotation, colour profiles, metadata."""

import hashlib
import io
import json
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageCms, ImageOps

from jaxtex.errors import ImageError, first_line
from jaxtex.images import _chunks, svg
from jaxtex.images.arrays import join, over, parse_color, quantise, visible

MAX_PIXELS = 2**26
"""Of an image; one that has more is not decoded."""

MAX_BYTES = 2**30
"""Of an image's file."""

_INPUT_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_ALLOWED = "PNG, JPEG, WebP, TIFF, BMP, GIF or SVG"
IMAGE_DESCRIPTION = 0x010E
_SUBFILE_TYPE, _BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 254, 258, 262, 0
# As libpng: what differs by less is meant to be sRGB.
_GAMMA_THRESHOLD = 0.05
_SRGB = ImageCms.createProfile("sRGB")
_PILLOW_STATE = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """An image file as arrays: `rgb` in [0, 1], composited on the background.

    `alpha` in [0, 1] is None when every pixel is opaque; `sha256` is that of the file's bytes.
    `color` has the straight colours, those of the file itself, whatever the background; it is `rgb`
    where every pixel is opaque. `notes` are sentences on what of the file is not used.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"] | None
    sha256: str
    path: Path
    color: Float32[np.ndarray, "h w 3"]
    notes: tuple[str, ...] = ()

    @property
    def picture(self) -> Float32[np.ndarray, "h w c"]:
        """The straight colours, with alpha as a fourth channel where it is not opaque."""
        return join(self.color, self.alpha)


def load_image(
    path: str | os.PathLike[str],
    *,
    background: str = "#ffffff",
    max_pixels: int = MAX_PIXELS,
    svg_size: int = svg.SIZE,
) -> LoadedImage:
    """Reads an image upright, in sRGB, composited on `background` as a browser does it.

    An ICC profile is applied and, in a PNG that names no colour space, its gamma (gAMA); its
    chromaticities (cHRM) are not. Of an animation or of several pages the first is read, and
    `notes` say so. An SVG is drawn with its longer side of `svg_size` pixels.

    Raises:
      ImageError: the file is missing, damaged, of another format, fully transparent, or has more
        than `max_pixels`; this is known from its header, before it is decoded.
      SettingsError: `background` is not a colour.
    """
    path, backdrop = Path(path), parse_color(background)
    data = read_bytes(path)
    try:
        inside = svg.unpacked(data)
        pixels = svg.rasterise(inside, svg_size) if svg.is_svg(inside) else data
        with _pillow(max_pixels), _open(pixels) as image:
            if image.width * image.height > max_pixels:
                raise Image.DecompressionBombError
            image.load()
            # Rotation and profile are wishes of the metadata: damaged ones do not spoil the pixels.
            with suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            colour, alpha = _decode(image, pixels)
            colour = _without_gamma(colour, _chunks.gamma(pixels))
            notes = _further_frames(pixels, path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(
            f"{path}: has more than the {max_pixels} pixels allowed; scale it down first"
        ) from None
    except Image.UnidentifiedImageError:
        raise ImageError(f"{path}: {_unidentified(data)}") from None
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None
    except Exception as error:
        reason = first_line(error)
        raise ImageError(f"{path}: the image is damaged or cut short ({reason})") from None
    colour, alpha = visible(colour, alpha, str(path))
    rgb = over(colour, alpha, backdrop)
    digest = hashlib.sha256(data).hexdigest()
    return LoadedImage(rgb, alpha, digest, path, colour, notes)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns the metadata that `save_image` wrote; {} for an image without any.

    Raises:
      ImageError: the file cannot be read, or its metadata is damaged.
    """
    path = Path(path)
    data = read_bytes(path)
    damaged = ImageError(f"{path}: its jaxtex metadata is damaged")
    try:
        if data.startswith(_chunks.PNG_SIGNATURE):
            text, kind = None, b""
            for kind, chunk in _chunks.png_chunks(data):
                if kind == b"tEXt" and chunk[8:].startswith(b"jaxtex\0"):
                    if not _chunks.is_whole(chunk):
                        raise damaged
                    text = chunk[15:-4].decode("ascii")
            if kind != b"IEND":
                raise ImageError(f"{path}: the image is damaged or cut short")
            metadata = {} if text is None else json.loads(text)
        else:
            with _pillow(MAX_PIXELS), _open(data) as image:
                text = image.getexif().get(IMAGE_DESCRIPTION)
            ours = isinstance(text, str) and text.startswith('{"jaxtex":')
            metadata = json.loads(text)["jaxtex"] if ours and text else {}
    except ImageError:
        raise
    except Image.UnidentifiedImageError:
        raise ImageError(f"{path}: {_unidentified(data)}") from None
    except Exception:
        raise damaged from None
    if not isinstance(metadata, dict):
        raise damaged
    return metadata


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that may be an image.

    Raises:
      ImageError: it is missing, not a regular file, empty or larger than 1 GiB.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{path}: is a folder; name an image file in it")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path}: is not a regular file")
        if status.st_size == 0:
            raise ImageError(f"{path}: the file is empty")
        if status.st_size > MAX_BYTES:
            raise ImageError(f"{path}: the file is larger than 1 GiB")
        return path.read_bytes()
    except ImageError:
        raise
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{str(path)!r}: cannot be read ({reason})") from None


@contextmanager
def _pillow(max_pixels: int) -> Iterator[None]:
    # The pixel limit and the warning filters are the whole process's: one thread at a time.
    with _PILLOW_STATE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(_chunks.still(data)), formats=_INPUT_FORMATS)


def _further_frames(data: bytes, path: Path) -> tuple[str, ...]:
    """What is said of an image that holds more than one."""
    count, what = _chunks.frames(data), "frames"
    with suppress(Exception), _open(data) as image:
        if image.format == "GIF":
            count = getattr(image, "n_frames", 1)
        elif image.format == "TIFF":
            what = "pages"
            while True:
                image.seek(image.tell() + 1)
                # Smaller copies and masks of a page are none.
                count += not image.tag_v2.get(_SUBFILE_TYPE, 0) & 0b101  # type: ignore[attr-defined]
    return () if count == 1 else (f"{path}: has {count} {what}; only the first is used",)


def _decode(
    image: Image.Image, data: bytes
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"] | None]:
    """Returns the straight (not premultiplied) colours in sRGB, and the alpha of a loaded image."""
    profile = image.info.get("icc_profile")
    straight = {"P": "RGBA", "PA": "RGBA", "RGBa": "RGBA", "La": "LA", "LAB": "RGB", "YCbCr": "RGB"}
    if image.mode in straight:
        profile = None if image.mode == "LAB" else profile
        image = image.convert(straight[image.mode])
    alpha = _colour_key(image, data)
    if image.mode.endswith("A"):
        alpha = np.asarray(image.getchannel("A"), np.float32) / 255
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        grey = _deep_grey(image)
        if profile is None:
            return np.repeat(grey[..., None], 3, axis=-1), alpha
        image = Image.fromarray(quantise(grey, ""))
    plain = {"1": "L", "LA": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    rgb = np.asarray(_to_srgb(image.convert(plain), profile), np.float32)
    return rgb / 255, alpha


def _colour_key(image: Image.Image, data: bytes) -> Float32[np.ndarray, "h w"] | None:
    """Returns alpha where one colour means transparent: PNG's tRNS, a grey GIF."""
    key = image.info.get("transparency")
    if key is None:
        return None
    pixels = np.asarray(image.convert("L") if image.mode == "1" else image)
    if data.startswith(_chunks.PNG_SIGNATURE):
        # Pillow scales the pixels of these depths to 8 bits, but not the key.
        depth = data[24]
        if image.mode == "L" and depth < 8:
            key = key * 255 // (2**depth - 1)
        elif image.mode == "RGB" and depth == 16:
            key = [part >> 8 for part in key]
    differs = pixels != np.asarray(key)
    return (differs.any(axis=-1) if differs.ndim == 3 else differs).astype(np.float32)


def _deep_grey(image: Image.Image) -> Float32[np.ndarray, "h w"]:
    """Returns grey of more than 8 bits in [0, 1]; Pillow's own conversion clips it to white."""
    tags = getattr(image, "tag_v2", {})
    if image.mode == "I" and image.format != "PNG":
        raise ImageError("has signed or 32-bit integers; export it with 8 or 16 bits")
    values = np.asarray(image).astype(np.float32)
    if image.mode != "F":
        values /= 2 ** tags.get(_BITS_PER_SAMPLE, (16,))[0] - 1
    elif not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise ImageError("has floats outside [0, 1]; export it with 8 or 16 bits")
    return 1 - values if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else values


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns an L, RGB or CMYK image as sRGB; a damaged or unfitting profile is ignored."""
    if profile:
        with suppress(Exception):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            fitting = image.convert("RGB") if (image.mode, space) == ("L", "RGB") else image
            if {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space) == fitting.mode:
                converted = ImageCms.profileToProfile(fitting, source, _SRGB, outputMode="RGB")
                return converted or image.convert("RGB")
    return image.convert("RGB")


def _without_gamma(
    colour: Float32[np.ndarray, "h w 3"], gamma: float | None
) -> Float32[np.ndarray, "h w 3"]:
    """Levels that are light to the power of `gamma`, in sRGB; as they are if it is nearly 1/2.2."""
    if gamma is None or abs(gamma * 2.2 - 1) <= _GAMMA_THRESHOLD:
        return colour
    light = colour ** np.float32(1 / gamma)
    # IEC 61966-2-1.
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** np.float32(1 / 2.4) - 0.055)


def _unidentified(data: bytes) -> str:
    if b"<svg" in data[:4096]:
        return "is an SVG drawing; export it as PNG first"
    others = {b"%PDF": "a PDF", b"8BPS": "a Photoshop file", b"\0\0\1\0": "an icon"}
    what = next((name for magic, name in others.items() if data.startswith(magic)), "")
    if data[4:8] == b"ftyp":
        what = "an AVIF or HEIC image, or a film"
    what = f"is {what}" if what else "is damaged or not an image"
    return f"{what}; give a {_ALLOWED} file"
