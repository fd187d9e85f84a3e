"""The containers PNG and RIFF by their chunks: what pixels need, how many frames, which gamma."""

import struct
import zlib
from collections.abc import Iterator

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Text chunks may be huge when unpacked, and animation is not read.
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND")
_COLOR_SPACES = (b"cICP", b"iCCP", b"sRGB")
_WEBP_FRAME, _WEBP_WORDS = b"ANMF", (b"EXIF", b"XMP ")


def still(data: bytes) -> bytes:
    """A PNG or WebP file with no more than its first frame needs; other bytes as they are."""
    if data.startswith(PNG_SIGNATURE):
        kept = (chunk for kind, chunk in png_chunks(data) if kind in _PIXELS)
        return PNG_SIGNATURE + b"".join(kept)
    chunks = list(_riff_chunks(data)) if _is_webp(data) else []
    kinds = [kind for kind, _ in chunks]
    if _WEBP_FRAME not in kinds:
        return data
    # Damage in a later frame of a WebP would spoil all of them.
    count = kinds.index(_WEBP_FRAME) + 1
    words = [chunk for kind, chunk in chunks[count:] if kind in _WEBP_WORDS]
    body = b"".join([b"WEBP", *(chunk for _, chunk in chunks[:count]), *words])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def frames(data: bytes) -> int:
    """How many frames an animated PNG says, or an animated WebP is seen, to have; else 1."""
    if data.startswith(PNG_SIGNATURE):
        control = next((chunk for kind, chunk in png_chunks(data) if kind == b"acTL"), b"")
        return max(1, struct.unpack_from(">I", control, 8)[0]) if is_whole(control) else 1
    if _is_webp(data):
        return max(1, sum(kind == _WEBP_FRAME for kind, _ in _riff_chunks(data)))
    return 1


def gamma(data: bytes) -> float | None:
    """The exponent to which a PNG says that its levels are encoded; None where nothing counts.

    That is so where a chunk that goes before it names the colour space, or the value is out of
    libpng's range. Chromaticities (cHRM) are not asked for.
    """
    if not data.startswith(PNG_SIGNATURE):
        return None
    found = None
    for kind, chunk in png_chunks(data):
        if kind in _COLOR_SPACES:
            return None
        if kind in (b"PLTE", b"IDAT"):
            break
        if kind == b"gAMA" and len(chunk) == 16 and is_whole(chunk):
            found = struct.unpack_from(">I", chunk, 8)[0] / 100_000
    return found if found is not None and 0.01 <= found <= 100 else None


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the type and the bytes, length to CRC, of each chunk; the last may be cut short."""
    position = len(PNG_SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, data[position : position + length + 12]
        position += length + 12


def is_whole(chunk: bytes) -> bool:
    """Whether a chunk of a PNG has content, and its checksum is right."""
    return len(chunk) > 12 and struct.unpack(">I", chunk[-4:])[0] == zlib.crc32(chunk[4:-4])


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + length % 2
        yield kind, data[position:end]
        position = end
