"""The images of a folder."""

import numpy as np
import pytest
from PIL import Image

from jaxtex import images
from jaxtex.errors import ImageError


def put(path, level=128):
    Image.fromarray(np.full((2, 2, 3), level, np.uint8)).save(path)
    return path


def test_images_of_a_folder_are_found_in_natural_order(tmp_path):
    names = ["2.png", "10.JPG", "b10.webp", "B2.png", "notes.txt", ".hidden.png", "photo²٣.heic"]
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = images.find_images([tmp_path])
    assert [path.name for path in found] == [
        "2.png",
        "10.JPG",
        "B2.png",
        "b10.webp",
        "photo²٣.heic",
    ]


def test_files_are_taken_whatever_their_suffix_and_listed_once(tmp_path):
    odd, even = put(tmp_path / "1.png"), tmp_path / "texture"
    even.touch()
    assert images.find_images([even, str(odd), tmp_path, odd]) == [even, odd]


def test_a_missing_path_is_refused_with_its_name(tmp_path):
    with pytest.raises(ImageError, match=r"nothing: no such file or folder"):
        images.find_images([tmp_path / "nothing"])


def test_a_folder_without_images_is_refused_with_its_name(tmp_path):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "inner").mkdir()
    put(tmp_path / "inner" / "1.png")
    with pytest.raises(ImageError, match=rf"{tmp_path.name}: has no images"):
        images.find_images([tmp_path])


def test_an_unreadable_file_of_a_folder_is_named_and_skipped(tmp_path):
    put(tmp_path / "a.png", 255)
    (tmp_path / "b.png").write_text("not an image")
    (tmp_path / "c.heic").write_bytes(b"\0\0\0\x18ftypheic")
    put(tmp_path / "d.png", 0)
    errors: list[ImageError] = []
    loaded = list(images.load_images([tmp_path], unreadable=errors.append))
    assert [image.path.name for image in loaded] == ["a.png", "d.png"]
    assert [image.rgb.mean() for image in loaded] == [1, 0]
    first, second = map(str, errors)
    assert first.startswith(f"{tmp_path / 'b.png'}: is damaged or not an image")
    assert second.startswith(f"{tmp_path / 'c.heic'}: is an AVIF or HEIC image")


def test_an_unreadable_file_that_is_given_itself_is_refused(tmp_path):
    bad = tmp_path / "b.png"
    bad.write_text("not an image")
    errors: list[ImageError] = []
    with pytest.raises(ImageError, match=r"b\.png: is damaged"):
        list(images.load_images([tmp_path, bad], unreadable=errors.append))
    assert not errors
