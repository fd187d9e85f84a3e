"""SVG drawings as pixels: untrusted input, drawn by resvg in a process with limits.

Nothing outside the file is read, no fonts either; size, memory and time are bounded.
"""

import importlib.util
import subprocess
import sys
import zlib
from pathlib import Path

from jaxtex.errors import ImageError

SIZE = 2048
"""Pixels of the longer side where nothing larger is needed."""

SECONDS = 60.0
"""How long drawing may take."""

_PROGRAM = Path(__file__).with_name("_resvg.py")
_MAX_BYTES, _MAX_SIZE = 2**25, 8192
_REFUSED = 3


def unpacked(data: bytes) -> bytes:
    """What a gzip file (`.svgz`) holds, if that may be a drawing; other bytes as they are.

    Raises:
      ImageError: it holds more than a drawing may have.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        found = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data, _MAX_BYTES + 1)
    except zlib.error:
        return data
    if len(found) > _MAX_BYTES:
        raise ImageError(f"the SVG is larger than {_MAX_BYTES >> 20} MiB")
    return found


def is_svg(data: bytes) -> bool:
    """Whether a file's bytes look like an SVG drawing, however damaged."""
    head = data[:65_536].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return head.startswith(b"<") and b"<svg" in head


def rasterise(data: bytes, size: int = SIZE) -> bytes:
    """Returns the drawing as a PNG with alpha whose longer side is `size` pixels, at most 8192.

    Raises:
      ImageError: without the extra `svg`; a drawing that is damaged, has no size, has text, refers
        to what is outside it, or takes too much memory or time.
    """
    if importlib.util.find_spec("resvg_py") is None:
        raise ImageError("is an SVG drawing; install jaxtex[svg] to read it, or export it as PNG")
    if len(data) > _MAX_BYTES:
        raise ImageError(f"the SVG is larger than {_MAX_BYTES >> 20} MiB")
    size = min(size, _MAX_SIZE)
    # A few layers of the picture come on top of the program itself.
    memory = 2**31 + 64 * size**2
    # -P: what lies beside the program must not stand in for the standard library.
    command = [sys.executable, "-P", str(_PROGRAM), str(size), str(memory)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise ImageError(f"the SVG takes more than {SECONDS:.0f} s to draw") from None
    if done.returncode == 0:
        return done.stdout
    said = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
    if done.returncode == _REFUSED:
        raise ImageError(said)
    if done.returncode < 0 or "MemoryError" in said:
        raise ImageError("the SVG takes too much memory or time to draw")
    raise ImageError(f"the SVG cannot be drawn ({said})")
