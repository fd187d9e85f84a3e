"""The images of a folder."""

from pathlib import Path

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
    (tmp_path / "no-image.png.txt").touch()
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
    (tmp_path / "inner" / "notes.txt").touch()
    with pytest.raises(ImageError, match=rf"{tmp_path.name}: has no images"):
        images.find_images([tmp_path])


def tree(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(found, folder):
    return [path.relative_to(folder).as_posix() for path in found]


def test_folders_within_a_folder_are_searched_in_natural_order(tmp_path):
    inside = ["2/b.png", "2/10.png", "2/9.png", "10/a.png", "1.png", "3.png", "2/deep/er/x.webp"]
    tree(tmp_path, *inside, ".git/x.png", "2/.thumbs/x.png", "2/._b.png", "empty/notes.txt")
    found = images.find_images([tmp_path])
    assert names(found, tmp_path) == [
        *("1.png", "2/9.png", "2/10.png", "2/b.png", "2/deep/er/x.webp", "3.png", "10/a.png")
    ]


def test_a_hidden_folder_is_searched_if_it_is_given(tmp_path):
    tree(tmp_path, ".kept/a.png")
    assert names(images.find_images([tmp_path / ".kept"]), tmp_path) == [".kept/a.png"]


def test_links_that_lead_back_or_twice_to_a_folder_are_followed_once(tmp_path):
    tree(tmp_path, "in/z/1.png", "in/z/deep/2.png", "elsewhere/3.png")
    inside = tmp_path / "in"
    for name, target in {
        "a": inside / "z",
        "z/back": inside,
        "z/self": inside / "z" / "self",
        "m": tmp_path / "elsewhere",
        "n": tmp_path / "elsewhere",
        "gone": tmp_path / "nothing",
    }.items():
        (inside / name).symlink_to(target)
    (inside / "link.png").symlink_to(tmp_path / "elsewhere" / "3.png")
    (inside / "dead.png").symlink_to(tmp_path / "nothing.png")
    found = images.find_images([inside])
    assert names(found, inside) == ["link.png", "m/3.png", "z/1.png", "z/deep/2.png"]


def test_where_results_go_is_not_searched(tmp_path):
    tree(tmp_path, "a.png", "out/a.png", "out/deep/b.png", "other/out/c.png")
    found = images.find_images([tmp_path], without=tmp_path / "other" / ".." / "out")
    assert names(found, tmp_path) == ["a.png", "other/out/c.png"]
    assert images.find_images([tmp_path], without=tmp_path / "none")[1:] != []
    # What is given itself is searched.
    out = tmp_path / "out"
    assert names(images.find_images([out], without=out), out) == ["a.png", "deep/b.png"]


def test_a_folder_that_cannot_be_read_is_refused_with_its_name(tmp_path, monkeypatch):
    tree(tmp_path, "a.png", "shut/b.png")
    real = Path.iterdir

    def iterdir(path):
        if path.name == "shut":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    with pytest.raises(ImageError, match=r"shut: cannot be read \(Permission denied\)"):
        images.find_images([tmp_path])


@pytest.mark.parametrize(
    ("paths", "stems"),
    [
        (["a.png", "b/c.png"], ["a", "c"]),
        (["a/x.png", "b/x.png", "b/y.png"], ["a-x", "b-x", "y"]),
        (["x.png", "a/x.png", "a/q/X.png"], ["x", "a-x", "a-q-X"]),
        (["in/a/x.png", "in/b/deep/x.png"], ["a-x", "b-deep-x"]),
        (["x.png", "x.jpg", "y.jpg"], ["x-png", "x-jpg", "y"]),
        (["a/x.png", "a/x.jpg", "b/x.png"], ["a-x-png", "a-x-jpg", "b-x"]),
        (["/one/x.png", "/two/sub/../x.png"], ["one-x", "two-x"]),
        # Names that are made keep clear of those that are there.
        (["a/x.png", "b/x.png", "a-x.png", "A-X-2.png"], ["a-x-3", "b-x", "a-x", "A-X-2"]),
        (["a/b/x.png", "a-b/x.png"], ["a-b-x", "a-b-x-2"]),
        (["x.png", "X.PNG"], ["x-png", "X-PNG-2"]),
        (["x.png"], ["x"]),
        ([], []),
    ],
    ids=str,
)
def test_files_have_names_apart(paths, stems):
    assert images.distinct_stems(list(map(Path, paths))) == stems


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
