"""Image files to float arrays and back: formats, alpha, EXIF rotation, colour profiles, sizes.

Arrays are RGB in [0, 1], sRGB encoded. JAX is not imported here, so that a bad input is refused
before it loads.
"""

from jaxtex.images.arrays import fit, parse_color, resize, square, validate_array
from jaxtex.images.folders import find_images, load_images
from jaxtex.images.reading import (
    MAX_PIXELS,
    LoadedImage,
    load_image,
    read_bytes,
    read_metadata,
)
from jaxtex.images.sheets import contact_sheet
from jaxtex.images.writing import encode_image, output_format, save_gif, save_image

__all__ = [
    "MAX_PIXELS",
    "LoadedImage",
    "contact_sheet",
    "encode_image",
    "find_images",
    "fit",
    "load_image",
    "load_images",
    "output_format",
    "parse_color",
    "read_bytes",
    "read_metadata",
    "resize",
    "save_gif",
    "save_image",
    "square",
    "validate_array",
]
