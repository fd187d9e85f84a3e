import os

import pytest

from jaxtex.errors import OutputError
from jaxtex.files import atomic_path, check_folder, check_not_input, check_output, make_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_in_a_folder_is_accepted_and_leaves_no_trace(tmp_path):
    assert check_output(tmp_path / "out.png") == tmp_path / "out.png"
    assert names(tmp_path) == []


def test_a_bare_name_is_written_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_path(check_output("out.png")) as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "out.png").read_bytes() == b"new"


def test_an_existing_file_needs_overwrite(tmp_path):
    (tmp_path / "out.png").touch()
    with pytest.raises(OutputError, match=r"out\.png: exists already; .*--overwrite"):
        check_output(tmp_path / "out.png")
    assert check_output(tmp_path / "out.png", overwrite=True) == tmp_path / "out.png"


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="does not exist; create it first"):
        check_output(tmp_path / "missing" / "out.png")


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        check_output(tmp_path / "file" / "out.png")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(OutputError, match="is a folder; name a file in it"):
        check_output(tmp_path, overwrite=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_without_write_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written there"):
        check_output(tmp_path / "out.png")


def test_a_name_too_long_for_the_disk_is_refused(tmp_path):
    with pytest.raises(OutputError, match="cannot be written there"):
        check_output(tmp_path / ("x" * 300))


def test_a_name_as_long_as_the_disk_allows_is_written(tmp_path):
    path = check_output(tmp_path / ("x" * 255))
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
    assert path.read_bytes() == b"new"


def test_the_file_appears_whole_at_the_end(tmp_path):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert (temporary.parent, temporary.suffix) == (tmp_path, ".png")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["out.png"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "out.png"
    path.write_bytes(b"old")

    def fail(temporary):
        temporary.write_bytes(b"half")
        raise error

    with pytest.raises(type(error)), atomic_path(path) as temporary:
        fail(temporary)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["out.png"]


def test_a_failed_sync_leaves_nothing(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), atomic_path(tmp_path / "out") as temporary:
        temporary.write_bytes(b"new")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_the_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_path(tmp_path / "out") as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_new_or_an_empty_folder_is_accepted_and_left_alone(tmp_path):
    assert check_folder(tmp_path / "new") == tmp_path / "new"
    assert check_folder(tmp_path) == tmp_path
    assert names(tmp_path) == []


def test_a_folder_with_files_needs_overwrite(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(OutputError, match=r"holds files already; .*--overwrite"):
        check_folder(tmp_path)
    assert check_folder(tmp_path, overwrite=True) == tmp_path


def test_a_file_or_an_orphan_is_no_folder_for_outputs(tmp_path):
    (tmp_path / "file").touch()
    for refuse in (check_folder, make_folder):
        with pytest.raises(OutputError, match="is a file; name a folder"):
            refuse(tmp_path / "file")
        with pytest.raises(OutputError, match=r"does not exist|cannot be made"):
            refuse(tmp_path / "missing" / "new")


def test_a_folder_is_made_once(tmp_path):
    assert make_folder(make_folder(tmp_path / "new")).is_dir()


def test_an_input_is_never_an_output_whatever_its_name(tmp_path):
    logo, link = tmp_path / "logo.png", tmp_path / "link.png"
    logo.write_bytes(b"mine")
    link.symlink_to(logo)
    for output in (logo, link, tmp_path / "." / "logo.png"):
        with pytest.raises(OutputError, match="is an input, and would be overwritten"):
            check_not_input(output, [tmp_path / "other.png", logo])
    check_not_input(tmp_path / "new.png", [logo, link])
