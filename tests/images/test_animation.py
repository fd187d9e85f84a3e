"""Films: decoded again by FFmpeg, they show the frames."""

import sys

import numpy as np
import pytest
from PIL import Image

from jaxtex.errors import OutputError, RunError
from jaxtex.images.animation import FPS, check_animation_path, open_animation

COLOURS = np.float32([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 0.5, 0], [0.1, 0.2, 0.9]])


def frames(height: int, width: int) -> list[np.ndarray]:
    found = np.ones((len(COLOURS), height, width, 3), np.float32)
    found[:, 8:-8, 8:-8] = COLOURS[:, None, None]
    return list(found)


def save(path, pictures) -> None:
    animation = open_animation(path)
    for picture in pictures:
        animation.add(picture)
    animation.save()


def decode(path):
    """The codec's context, the frames a second, and the frames."""
    av = pytest.importorskip("av")
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(stream)]
        # Of a stream, later ones of PyAV tell nothing once the film is closed.
        rate = stream.average_rate
        return stream.codec_context, rate, np.stack(pictures).astype(np.float32) / 255


def test_an_mp4_shows_the_frames_in_order(tmp_path):
    save(tmp_path / "run.mp4", frames(40, 64))
    _, rate, found = decode(tmp_path / "run.mp4")
    assert found.shape == (5, 40, 64, 3)
    assert rate == FPS
    np.testing.assert_allclose(found[:, 20, 30], COLOURS, atol=0.02)
    np.testing.assert_allclose(found[:, 1, 1], 1, atol=0.05)


def test_an_mp4_is_what_every_player_shows(tmp_path):
    save(tmp_path / "run.mp4", frames(40, 64))
    codec = decode(tmp_path / "run.mp4")[0]
    assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
    # BT.709, limited range
    assert (codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range) == (
        1, 1, 1, 1,
    )  # fmt: skip


def test_odd_sides_are_padded_with_their_border(tmp_path):
    pictures = [np.full((35, 51, 3), 0.9, np.float32)]
    pictures[0][:, -8:] = pictures[0][-8:] = [0, 0, 1]
    save(tmp_path / "run.mp4", pictures)
    (found,) = decode(tmp_path / "run.mp4")[2]
    assert found.shape == (36, 52, 3)
    np.testing.assert_allclose(found[:16, :32], 0.9, atol=0.02)
    for side in (found[-1], found[:, -1]):
        np.testing.assert_allclose(side, np.broadcast_to([0, 0, 1], side.shape), atol=0.04)


def test_equal_frames_give_equal_bytes(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        save(tmp_path / name, frames(40, 64))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_nothing_is_on_the_disk_before_the_end(tmp_path):
    animation = open_animation(tmp_path / "run.mp4")
    for picture in frames(40, 64):
        animation.add(picture)
    assert list(tmp_path.iterdir()) == []
    animation.save()
    assert list(tmp_path.iterdir()) == [tmp_path / "run.mp4"]


def test_what_h264_cannot_hold_is_said(tmp_path):
    with pytest.raises(RunError, match=r"run\.mp4: H\.264 cannot hold 20000 × 4 pixels"):
        save(tmp_path / "run.mp4", [np.zeros((4, 20_000, 3), np.float32)])


def test_a_gif_shows_the_frames_in_order(tmp_path):
    save(tmp_path / "run.gif", frames(40, 64))
    with Image.open(tmp_path / "run.gif") as found:
        assert found.n_frames == len(COLOURS)
        found.seek(2)
        assert found.convert("RGB").getpixel((30, 20)) == (255, 0, 0)


def test_a_place_that_cannot_take_a_film_is_refused(tmp_path, monkeypatch):
    with pytest.raises(OutputError, match=r"run\.avi: an animation is written as \.gif or \.mp4"):
        check_animation_path(tmp_path / "run.avi", overwrite=False)
    (tmp_path / "run.mp4").touch()
    with pytest.raises(OutputError, match="exists already"):
        check_animation_path(tmp_path / "run.mp4", overwrite=False)
    check_animation_path(tmp_path / "run.mp4", overwrite=True)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(OutputError, match=r"run\.mp4: a film needs PyAV; install jaxtex\[video\]"):
        check_animation_path(tmp_path / "run.mp4", overwrite=True)
    check_animation_path(tmp_path / "run.gif", overwrite=True)
