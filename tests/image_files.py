"""Image files of many kinds, byte by byte, shared by the tests of `images`."""

import io
import struct
import zlib

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image

# One file serves all examples of a property.
PROPERTY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SIDES = st.integers(1, 40)

LEVELS_16 = np.array([[0, 0x00FF, 0x0100, 0x7FFF], [0x80C0, 0xFE80, 0xFF00, 0xFFFF]], np.uint16)
COLOURS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 14


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour_type, rows: bytes, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            *chunks,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        ]
    )


def png_16(samples, colour_type, *chunks: bytes) -> bytes:
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return png(width, height, 16, colour_type, rows, *chunks)


def tiff(samples: bytes, width, height, photometric, bits) -> bytes:
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: photometric}
    tags |= {273: 200, 277: 1, 278: height, 279: len(samples)}
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + samples


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def icc(space: bytes, connection: bytes, device: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2 with these tags."""
    tags = {b"wtpt": xyz(0.9642, 1.0, 0.8249), **tags}
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(data))
        body += data.ljust(-(-len(data) // 4) * 4, b"\0")
    header = struct.pack(">I4sI4s4s4s", 128 + len(table + body), b"", 0x02400000, device, space,
                         connection)  # fmt: skip
    header = header.ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def profile_with_red_and_green_swapped() -> bytes:
    curves = {name: gamma(2.2) for name in (b"rTRC", b"gTRC", b"bTRC")}
    red, green, blue = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142)
    colorants = {b"rXYZ": xyz(*green), b"gXYZ": xyz(*red), b"bXYZ": xyz(*blue)}
    return icc(b"RGB ", b"XYZ ", b"mntr", curves | colorants)


def cmyk_profile_where_cyan_is_white_and_magenta_red() -> bytes:
    unit = struct.pack(">9i", *(65536, 0, 0, 0, 65536, 0, 0, 0, 65536))
    ramp = bytes(range(256))
    white, red, black = bytes([255, 128, 128]), bytes([138, 209, 198]), bytes([0, 128, 128])
    table = black * 4 + red * 4 + white * 8  # corners of CMYK, cyan varies slowest
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + ramp * 4 + table + ramp * 3
    return icc(b"CMYK", b"Lab ", b"prtr", {b"A2B0": lut})
