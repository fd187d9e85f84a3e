"""Image files that a test has written."""

from pathlib import Path

import pytest

from jaxtex import images


@pytest.fixture
def file(tmp_path):
    def write(data: bytes, name: str = "image.png") -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def load(file):
    return lambda data, name="image.png", **options: images.load_image(file(data, name), **options)
