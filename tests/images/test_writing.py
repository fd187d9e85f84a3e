"""Images and animations that are saved."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from image_files import PROPERTY, SIDES
from PIL import Image

from jaxtex import images
from jaxtex.errors import OutputError, RunError, SettingsError

ROOT = Path(images.__file__).parents[2]


@PROPERTY
@given(pixels=st_numpy.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(3))))
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".tiff", ".bmp", ".PNG"])
def test_eight_bit_images_survive_saving(tmp_path, suffix, pixels):
    path = tmp_path / f"out{suffix}"
    images.save_image(path, pixels.astype(np.float32) / 255)
    np.testing.assert_array_equal(images.load_image(path).rgb, pixels.astype(np.float32) / 255)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparency_survives_saving(tmp_path, suffix):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3)).astype(np.float32) / 255
    alpha = np.linspace(0, 1, 20, dtype=np.float32).reshape(4, 5)
    images.save_image(tmp_path / f"out{suffix}", images.join(image, alpha))
    loaded = images.load_image(tmp_path / f"out{suffix}")
    np.testing.assert_allclose(loaded.alpha, alpha, atol=0.5 / 255 + 1e-6)
    stored = np.asarray(Image.open(tmp_path / f"out{suffix}"))
    np.testing.assert_array_equal(stored[..., :3], np.rint(image * 255))


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_keeps_colours_closely(tmp_path, suffix):
    images.save_image(tmp_path / f"out{suffix}", np.full((9, 9, 3), (0.8, 0.1, 0.4), np.float32))
    np.testing.assert_allclose(
        images.load_image(tmp_path / f"out{suffix}").rgb[4, 4], (0.8, 0.1, 0.4), atol=0.02
    )


def test_values_are_rounded_and_clipped(tmp_path):
    image = np.array([[[0.6 / 255, 0.4 / 255, 254.6 / 255], [-0.5, 1.5, 1.0]]])
    images.save_image(tmp_path / "out.png", image)
    stored = np.asarray(Image.open(tmp_path / "out.png"))
    np.testing.assert_array_equal(stored, [[[1, 0, 255], [0, 255, 255]]])


def test_png_bytes_are_deterministic(tmp_path):
    image = np.random.default_rng(0).random((9, 9, 3), np.float32)
    for name in ("a.png", "b.png"):
        images.save_image(tmp_path / name, image, metadata={"seed": 1})
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", ["out", "out.svg", "out.gif", "out.png.txt"])
def test_an_unknown_suffix_is_refused_with_the_known_ones(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff, \.bmp"):
        images.output_format(tmp_path / name)


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_transparency_is_refused_where_the_format_has_none(tmp_path, suffix):
    with pytest.raises(OutputError, match=r"has no transparency; name it \.png"):
        images.output_format(tmp_path / f"out{suffix}", alpha=True)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_format_without_transparency_has_a_ground_that_shows_the_picture(tmp_path, level):
    picture = np.zeros((32, 32, 4), np.float32)
    picture[8:24, 8:24] = (level, level, level, 1)
    images.save_image(tmp_path / "out.bmp", picture)
    stored = images.load_image(tmp_path / "out.bmp").rgb
    np.testing.assert_array_equal(stored[8:24, 8:24], level)
    np.testing.assert_array_equal(stored[:8], 1 - level)


def test_values_that_are_not_finite_are_not_saved(tmp_path):
    with pytest.raises(OutputError, match="values that are not finite"):
        images.save_image(tmp_path / "out.png", np.full((2, 2, 3), np.nan, np.float32))
    assert list(tmp_path.iterdir()) == []


def test_an_image_too_large_for_its_format_is_refused(tmp_path):
    with pytest.raises(OutputError, match="WEBP cannot hold 20000 × 1 pixels"):
        images.save_image(tmp_path / "out.webp", np.zeros((1, 20000, 3), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_output_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist; create it first"):
        images.save_image(tmp_path / "no" / "out.png", np.zeros((2, 2, 3), np.float32))


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunError, match=r"out\.png: cannot be written \(No space left on device\)"):
        images.save_image(path, np.zeros((2, 2, 3), np.float32))
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_file_limit_of_the_system_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    program = (
        "import resource, signal, sys, numpy, jaxtex.images as i;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "i.save_image(sys.argv[1], numpy.random.default_rng(0).random((99, 99, 3)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, cwd=ROOT
    )
    assert "jaxtex.errors.RunError" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["out.png"]
    assert path.read_bytes() == b"old"


def test_importing_images_does_not_import_jax():
    program = "import sys, jaxtex.images; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_a_gif_plays_its_frames_at_their_pace(tmp_path):
    frames = [np.full((4, 6, 3), colour, np.float32) for colour in np.eye(3)]
    images.save_gif(tmp_path / "out.gif", frames, fps=10)
    with Image.open(tmp_path / "out.gif") as gif:
        assert (gif.n_frames, gif.info["duration"], gif.info["loop"]) == (3, 100, 0)
        for index, frame in enumerate(frames):
            gif.seek(index)
            np.testing.assert_array_equal(np.asarray(gif.convert("RGB")) / 255, frame)


@pytest.mark.parametrize(
    ("name", "count", "fps", "error"),
    [
        ("out.png", 1, 10, OutputError),
        ("out.gif", 0, 10, OutputError),
        ("out.gif", 1, 0, SettingsError),
        ("out.gif", 1, 100, SettingsError),
        ("out.gif", 1, float("nan"), SettingsError),
    ],
)
def test_an_impossible_animation_is_refused(tmp_path, name, count, fps, error):
    with pytest.raises(error):
        images.save_gif(tmp_path / name, [np.zeros((2, 2, 3), np.float32)] * count, fps=fps)
    assert list(tmp_path.iterdir()) == []
