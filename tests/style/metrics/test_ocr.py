import shutil
import stat

import numpy as np
import pytest
from logos import CONTENT, picture

from jaxtex.style.metrics import ocr

needs_tesseract = pytest.mark.skipif(not ocr.available(), reason="tesseract is not installed")


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a `tesseract` of one's own in the place of any other."""

    def program(script: str):
        path = tmp_path / "tesseract"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return program


@pytest.fixture
def presence():
    return 1 - picture(CONTENT)[..., 0]


@needs_tesseract
def test_a_plain_wordmark_is_read(presence):
    assert ocr.read(presence) == "northgate"


def test_paper_has_no_text():
    assert ocr.read(np.zeros((64, 256), np.float32)) == ""


def test_the_agreement_is_the_share_of_common_characters():
    assert ocr.Reading("northgate", "northgate").agreement == 1
    assert ocr.Reading("northgate", "").agreement == 0
    assert ocr.Reading("abcd", "abxd").agreement == 2 * 3 / 8


def test_only_letters_and_digits_count(program, presence):
    program("cat > /dev/null; printf ' N0rth-Gate!\\n'")
    assert ocr.read(presence) == "n0rthgate"


def test_the_picture_is_dark_on_white_paper(program, presence, tmp_path):
    from PIL import Image

    program(f"cat > '{tmp_path}/seen.png'")
    assert ocr.read(presence) == ""
    with Image.open(tmp_path / "seen.png") as seen:
        pixels = np.asarray(seen)
    assert pixels.shape == (round(270 / 1024 * 1024) + 64, 1024 + 64)
    assert pixels[:20].min() == 255
    assert pixels.min() == 0


@pytest.mark.parametrize("script", ["exit 1", "cat > /dev/null; printf '\\377\\376'"])
def test_a_program_that_fails_reads_nothing(program, presence, script):
    program(script)
    assert ocr.read(presence) == ""


def test_without_the_program_nothing_is_read(monkeypatch, presence):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert not ocr.available()
    assert ocr.read(presence) == ""
