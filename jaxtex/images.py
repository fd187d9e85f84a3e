"""Image files to float arrays and back: formats, alpha, EXIF rotation, colour profiles, sizes.

Arrays are RGB in [0, 1], sRGB encoded. JAX is not imported here, so that a bad input is refused
before it loads.
"""

import hashlib
import io
import json
import os
import re
import stat
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8
from PIL import Image, ImageCms, ImageColor, ImageDraw, ImageFont, ImageOps, PngImagePlugin

from jaxtex import svg
from jaxtex.errors import ImageError, OutputError, SettingsError, first_line
from jaxtex.files import check_output, write_bytes

MAX_PIXELS = 2**26

_MAX_BYTES = 2**30
_INPUT_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_ALLOWED = "PNG, JPEG, WebP, TIFF, BMP, GIF or SVG"
_OUTPUT_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
# What a person would call an image, read or not: in a folder, the others are named as unreadable.
_IMAGE_SUFFIXES = {*_OUTPUT_FORMATS, ".gif", ".svg", ".heic", ".heif", ".avif", ".jxl", ".psd"}
_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},  # full chroma: letters have sharp coloured edges
    "WEBP": {"lossless": True, "exact": True},
    "TIFF": {"compression": "tiff_deflate"},
}
_WITH_ALPHA = ("PNG", "WEBP", "TIFF")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What pixels need. Text chunks may be huge when unpacked, and animation is not read.
_PNG_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND")
_IMAGE_DESCRIPTION = 0x010E
_EXIF_BYTES = 60_000  # JPEG allows 64 KiB for all of EXIF
_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0
_SRGB = ImageCms.createProfile("sRGB")
_PILLOW_STATE = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """An image file as arrays: `rgb` in [0, 1], composited on the background.

    `alpha` in [0, 1] is None when every pixel is opaque; `sha256` is that of the file's bytes.
    """

    rgb: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"] | None
    sha256: str
    path: Path


def load_image(
    path: str | os.PathLike[str],
    *,
    background: str = "#ffffff",
    max_pixels: int = MAX_PIXELS,
    svg_size: int = svg.SIZE,
) -> LoadedImage:
    """Reads an image upright, in sRGB, composited on `background` as a browser does it.

    An SVG is drawn with its longer side of `svg_size` pixels.

    Raises:
      ImageError: the file is missing, damaged, of another format, fully transparent, or has more
        than `max_pixels`; this is known from its header, before it is decoded.
      SettingsError: `background` is not a colour.
    """
    path, backdrop = Path(path), parse_color(background)
    data = read_bytes(path)
    try:
        pixels = svg.rasterise(data, svg_size) if svg.is_svg(data) else data
        with _pillow(max_pixels), _open(pixels) as image:
            if image.width * image.height > max_pixels:
                raise Image.DecompressionBombError
            image.load()
            # Rotation and profile are wishes of the metadata: damaged ones do not spoil the pixels.
            with suppress(Exception):
                ImageOps.exif_transpose(image, in_place=True)
            colour, alpha = _decode(image, pixels)
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
    rgb, alpha = _composite(colour, alpha, backdrop, str(path))
    return LoadedImage(rgb, alpha, hashlib.sha256(data).hexdigest(), path)


def find_images(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Returns files as they are given and, of each folder, its image files in natural order.

    Known by their suffix, and so perhaps unreadable; hidden files and folders within a folder are
    left out. A file that is met twice is listed once.

    Raises:
      ImageError: a path does not exist, or a folder holds no image.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        try:
            members = list(path.iterdir()) if path.is_dir() else [path]
        except OSError as error:
            raise ImageError(f"{path}: cannot be read ({error.strerror})") from None
        if path.is_dir():
            members = sorted(filter(_looks_like_image, members), key=_natural_order)
            if not members:
                raise ImageError(f"{path}: has no images; folders within it are not searched")
        elif not path.exists():
            raise ImageError(f"{path}: no such file or folder")
        found |= dict.fromkeys(members)
    return list(found)


def load_images(
    paths: Iterable[str | os.PathLike[str]],
    *,
    unreadable: Callable[[ImageError], None],
    background: str = "#ffffff",
) -> Iterator[LoadedImage]:
    """Reads the images of `find_images(paths)`, one at a time.

    A file of a folder that cannot be read is skipped; `unreadable` gets the error that names it.

    Raises:
      ImageError: a file that is given itself cannot be read, and all that `find_images` refuses.
    """
    paths = [Path(path) for path in paths]
    given = set(paths)
    for path in find_images(paths):
        try:
            image = load_image(path, background=background)
        except ImageError as error:
            if path in given:
                raise
            unreadable(error)
        else:
            yield image


def validate_array(image: Any, name: str) -> Float32[np.ndarray, "h w 3"]:
    """Returns an array of 8 or 16 bit integers, or of floats in [0, 1], as RGB in [0, 1].

    Shapes: [h, w], [h, w, 1], [h, w, 3], or [h, w, 4] with alpha, composited on white.

    Raises:
      ImageError: another type or shape, no pixels, a value that is not finite or out of range.
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
    return _composite(colour, alpha, (1.0, 1.0, 1.0), name)[0]


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


def output_format(path: str | os.PathLike[str], *, alpha: bool = False) -> str:
    """Returns the format that `path`'s suffix means; ask before a long run.

    Raises:
      OutputError: the suffix is unknown, or its format has no transparency and `alpha` is true.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _OUTPUT_FORMATS:
        what = f"cannot write {suffix!r}" if suffix else "has no suffix"
        raise OutputError(f"{path}: {what}; name it {', '.join(_OUTPUT_FORMATS)}")
    if alpha and _OUTPUT_FORMATS[suffix] not in _WITH_ALPHA:
        raise OutputError(f"{path}: {suffix} has no transparency; name it .png, .webp or .tif")
    return _OUTPUT_FORMATS[suffix]


def save_image(
    path: str | os.PathLike[str],
    image: Float[np.ndarray, "h w 3"],
    *,
    alpha: Float32[np.ndarray, "h w"] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes `encode_image` of an image, whole or not at all.

    Raises:
      OutputError: the suffix, the folder, the size of the image or its values do not allow it.
      RunError: the disk is full or fails.
    """
    path = check_output(path, overwrite=True)
    write_bytes(path, encode_image(path, image, alpha=alpha, metadata=metadata))


def encode_image(
    path: str | os.PathLike[str],
    image: Float[np.ndarray, "h w 3"],
    *,
    alpha: Float32[np.ndarray, "h w"] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> bytes:
    """The bytes of `image`, in [0, 1], with 8 bits in the format that `path`'s suffix names.

    `image` is stored as it is, not multiplied by `alpha`. `metadata` goes into PNG's text chunk
    `jaxtex` or EXIF's ImageDescription as JSON; BMP has no place for it.

    Raises:
      OutputError: the suffix, the size of the image or its values do not allow it.
    """
    kind = output_format(path, alpha=alpha is not None)
    pixels = _quantise(image, path)
    if alpha is not None:
        pixels = np.dstack([pixels, _quantise(alpha, path)])
    options: dict[str, Any] = dict(_SAVE_OPTIONS.get(kind, {}))
    if metadata is not None and kind == "PNG":
        # ASCII JSON: tEXt is Latin-1, and names of files may not even be valid Unicode.
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("jaxtex", _json(metadata))
    elif metadata is not None and kind != "BMP":
        text = _json({"jaxtex": metadata})
        if len(text) <= _EXIF_BYTES:
            options["exif"] = Image.Exif()
            options["exif"][_IMAGE_DESCRIPTION] = text
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
    first, *rest = [Image.fromarray(_quantise(frame, path)).quantize(256) for frame in frames]
    duration = round(100 / fps) * 10
    options = {"save_all": True, "append_images": rest, "duration": duration, "loop": 0}
    path = check_output(path, overwrite=True)
    write_bytes(path, _encode(path, [first, *rest], "GIF", options))


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Returns the metadata that `save_image` wrote; {} for an image without any.

    Raises:
      ImageError: the file cannot be read, or its metadata is damaged.
    """
    path = Path(path)
    data = read_bytes(path)
    damaged = ImageError(f"{path}: its jaxtex metadata is damaged")
    try:
        if data.startswith(_PNG_SIGNATURE):
            text, kind = None, b""
            for kind, chunk in _png_chunks(data):
                if kind == b"tEXt" and chunk[8:].startswith(b"jaxtex\0"):
                    if struct.unpack(">I", chunk[-4:])[0] != zlib.crc32(chunk[4:-4]):
                        raise damaged
                    text = chunk[15:-4].decode("ascii")
            if kind != b"IEND":
                raise ImageError(f"{path}: the image is damaged or cut short")
            metadata = {} if text is None else json.loads(text)
        else:
            with _pillow(MAX_PIXELS), _open(data) as image:
                text = image.getexif().get(_IMAGE_DESCRIPTION)
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


def contact_sheet(
    images: Sequence[Float[np.ndarray, "_ _ 3"]],
    *,
    columns: int,
    labels: Sequence[str] | None = None,
    edges: Sequence[str | None] | None = None,
    background: str = "#ffffff",
    gap: int = 8,
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the images, in [0, 1], centred in equal cells, `columns` a row, labels below.

    `edges` are colours of lines round the images, drawn in the gap; None leaves one without.
    """
    for name, values in (("labels", labels), ("edges", edges)):
        if not images or columns < 1 or (values is not None and len(values) != len(images)):
            count = "no" if values is None else len(values)
            raise SettingsError(
                f"a contact sheet needs images, columns and as many {name} as images; "
                f"it has {len(images)} images, {columns} columns, {count} {name}"
            )
    colour = parse_color(background)
    font = ImageFont.load_default(size=14)
    label_height = 0 if labels is None else 20
    columns = min(columns, len(images))
    height = max(image.shape[0] for image in images)
    width = max(image.shape[1] for image in images)
    step_y, step_x = height + label_height + gap, width + gap
    rows = -(-len(images) // columns)
    sheet = np.full((rows * step_y + gap, columns * step_x + gap, 3), colour, np.float32)
    texts = Image.new("L", (sheet.shape[1], sheet.shape[0]))
    draw = ImageDraw.Draw(texts)
    for index, image in enumerate(images):
        top = gap + index // columns * step_y
        left = gap + index % columns * step_x
        y, x = top + (height - image.shape[0]) // 2, left + (width - image.shape[1]) // 2
        sheet[y : y + image.shape[0], x : x + image.shape[1]] = image
        if labels is not None:
            label = _shorten(labels[index], width, font)
            middle = (left + width / 2, top + height + label_height / 2)
            draw.text(middle, label, fill=255, font=font, anchor="mm")
        if edges is not None and (edge := edges[index]) is not None:
            _draw_edge(sheet, (y, x, *image.shape[:2]), parse_color(edge), gap)
    ink = 0.0 if sum(colour) > 1.5 else 1.0
    coverage = np.asarray(texts, np.float32)[..., None] / 255
    return sheet + (ink - sheet) * coverage


def _draw_edge(
    sheet: Float32[np.ndarray, "h w 3"],
    box: tuple[int, int, int, int],
    colour: tuple[float, float, float],
    gap: int,
) -> None:
    wide = min(-(-gap // 3), 4)  # so that the edges of neighbours stay apart
    y, x, height, width = box
    outer = np.s_[y - wide : y + height + wide, x - wide : x + width + wide]
    inside = sheet[y : y + height, x : x + width].copy()
    sheet[outer] = colour
    sheet[y : y + height, x : x + width] = inside


def _looks_like_image(path: Path) -> bool:
    known = path.suffix.lower() in _IMAGE_SUFFIXES
    return known and not path.name.startswith(".") and path.is_file()


def _natural_order(path: Path) -> tuple[list[str | int], str]:
    """Sorts `2.png` before `10.png`."""
    words: list[str | int] = list(re.split(r"([0-9]+)", path.name.casefold()))
    words[1::2] = map(int, words[1::2])
    return words, path.name


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
        if status.st_size > _MAX_BYTES:
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
    if data.startswith(_PNG_SIGNATURE):
        kept = (chunk for kind, chunk in _png_chunks(data) if kind in _PNG_CHUNKS)
        data = _PNG_SIGNATURE + b"".join(kept)
    return Image.open(io.BytesIO(data), formats=_INPUT_FORMATS)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the type and the bytes, length to CRC, of each chunk; the last may be cut short."""
    position = len(_PNG_SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, data[position : position + length + 12]
        position += length + 12


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
        image = Image.fromarray(_quantise(grey, ""))
    plain = {"1": "L", "LA": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    rgb = np.asarray(_to_srgb(image.convert(plain), profile), np.float32)
    return rgb / 255, alpha


def _colour_key(image: Image.Image, data: bytes) -> Float32[np.ndarray, "h w"] | None:
    """Returns alpha where one colour means transparent: PNG's tRNS, a grey GIF."""
    key = image.info.get("transparency")
    if key is None:
        return None
    pixels = np.asarray(image.convert("L") if image.mode == "1" else image)
    if data.startswith(_PNG_SIGNATURE):
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


def _composite(
    colour: Float32[np.ndarray, "h w 3"],
    alpha: Float32[np.ndarray, "h w"] | None,
    background: tuple[float, float, float],
    name: str,
) -> tuple[Float32[np.ndarray, "h w 3"], Float32[np.ndarray, "h w"] | None]:
    if alpha is None or alpha.min() == 1:
        return colour, None
    if alpha.max() == 0:
        raise ImageError(f"{name}: is fully transparent; there is nothing to see in it")
    cover = alpha[..., None]
    return colour * cover + np.asarray(background, np.float32) * (1 - cover), alpha


def _quantise(
    array: Float[np.ndarray, "..."], path: str | os.PathLike[str]
) -> UInt8[np.ndarray, "..."]:
    if array.size == 0 or not np.isfinite(array).all():
        raise OutputError(f"{path}: the image has no pixels, or values that are not finite")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


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


def _unidentified(data: bytes) -> str:
    if b"<svg" in data[:4096]:
        return "is an SVG drawing; export it as PNG first"
    others = {b"%PDF": "a PDF", b"8BPS": "a Photoshop file", b"\0\0\1\0": "an icon"}
    what = next((name for magic, name in others.items() if data.startswith(magic)), "")
    if data[4:8] == b"ftyp":
        what = "an AVIF or HEIC image, or a film"
    what = f"is {what}" if what else "is damaged or not an image"
    return f"{what}; give a {_ALLOWED} file"


def _shorten(text: str, width: int, font: Any) -> str:
    text = shown = " ".join(text.split())
    while shown and font.getlength(shown) > width:
        text = text[:-1]
        shown = text and text + "…"
    return shown
