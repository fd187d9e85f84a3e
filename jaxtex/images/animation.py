"""A run as a moving picture: an endless GIF, or an MP4 that every player shows.

MP4 is H.264 in yuv420p, encoded frame by frame as the run goes, by PyAV: its wheels bring FFmpeg
along, and it works in this process, where a Ctrl-C meant for the run does not stop it.
"""

import importlib.util
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from jaxtex.errors import OutputError, RunError
from jaxtex.files import check_output, write_bytes
from jaxtex.images.writing import save_gif

FPS = 10

Frame = Float[np.ndarray, "_ _ 3"]

# Near to lossless to the eye. One thread: the same bytes on every machine, and the run keeps its
# cores.
_X264 = {"crf": "18", "threads": "1"}
_BT709, _LIMITED_RANGE = 1, 1


class Gif:
    """Frames in [0, 1] of one size, kept until `save` writes all of them or nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        """Appends a frame."""
        self.frames.append(frame)

    def save(self) -> None:
        """Writes the file."""
        save_gif(self.path, self.frames, fps=FPS)


class Mp4:
    """Frames in [0, 1] of one size, encoded as they come; `save` writes all of them or nothing."""

    def __init__(self, path: Path) -> None:
        import av

        self.path = path
        self.data = io.BytesIO()
        self.container = av.open(self.data, "w", format="mp4")
        self.stream: Any = None

    def add(self, frame: Frame) -> None:
        """Appends a frame.

        Raises:
          RunError: it is larger than H.264 allows.
        """
        import av

        pixels = _even(np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8))
        height, width = pixels.shape[:2]
        if self.stream is None:
            self.stream = self._open(height, width)
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE
        )
        try:
            self.container.mux(self.stream.encode(picture))
        except av.FFmpegError as error:
            size = f"{width} × {height} pixels"
            raise RunError(f"{self.path}: H.264 cannot hold {size} ({error.strerror})") from error

    def _open(self, height: int, width: int) -> Any:
        stream: Any = self.container.add_stream("libx264", rate=FPS, options=_X264)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.colorspace = stream.color_primaries = stream.color_trc = _BT709
        stream.color_range = _LIMITED_RANGE
        return stream

    def save(self) -> None:
        """Writes the file; there must be a frame."""
        self.container.mux(self.stream.encode(None))
        self.container.close()
        write_bytes(self.path, self.data.getvalue())


Animation = Gif | Mp4


def check_animation_path(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Says before a run whether its animation can be written to `path`.

    Raises:
      OutputError: not .gif or .mp4, an MP4 without PyAV, or a place that cannot be written.
    """
    suffix = check_output(path, overwrite=overwrite).suffix.lower()
    if suffix not in (".gif", ".mp4"):
        raise OutputError(f"{path}: an animation is written as .gif or .mp4")
    if suffix == ".mp4" and importlib.util.find_spec("av") is None:
        raise OutputError(f"{path}: a film needs PyAV; install jaxtex[video] or choose .gif")


def open_animation(path: str | os.PathLike[str]) -> Animation:
    """An animation of no frames yet, in the format that the suffix of `path` names."""
    return Mp4(Path(path)) if Path(path).suffix.lower() == ".mp4" else Gif(Path(path))


def _even(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "_ _ 3"]:
    """Sides of an even number of pixels, as yuv420p wants them: the last row or column twice."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
