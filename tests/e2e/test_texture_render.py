"""`jaxtex texture render`: files, resume after Ctrl-C, sheet, refusals."""

import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from jaxtex.images import load_image, read_metadata, save_image
from jaxtex.texture.rendered import FAMILIES
from jaxtex.texture.rendered import WASHI as washi
from jaxtex.version import __version__


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "washi"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_writes_numbered_papers_that_say_what_they_are(call, folder):
    answer = call("texture", "render", "washi", "-n", 5, "-o", folder, "--size", 24, "--seed", 3)
    assert answer.code == 0, answer.err
    assert answer.out == ""
    assert f"{folder}: 5 pictures rendered" in answer.err
    assert list(contents(folder)) == [f"washi-{index:05d}.png" for index in range(5)]
    for index, expected in enumerate(washi.render(3, range(5), 24)):
        path = folder / f"washi-{index:05d}.png"
        np.testing.assert_allclose(load_image(path).rgb, expected, atol=0.5 / 255 + 1e-6)
        assert read_metadata(path) == {
            "version": __version__,
            "family": "washi",
            "kind": washi.kind_of(3, index),
            "seed": 3,
            "index": index,
            "size": 24,
        }


def test_two_runs_write_the_same_bytes(call, tmp_path):
    for name in ("one", "other"):
        call("texture", "render", "washi", "-n", 4, "-o", tmp_path / name, "--size", 16)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


def test_one_kind_and_json(call, folder):
    words = ("-n", 4, "-o", folder, "--size", 16, "--kind", "chiri", "--json")
    answer = call("texture", "render", "washi", *words)
    said = json.loads(answer.out)
    assert said.pop("seconds") >= 0
    assert said == {
        "output": str(folder),
        "family": "washi",
        "count": 4,
        "kept": 0,
        "others": 0,
        "size": 16,
        "seed": 0,
        "kinds": {"chiri": 4},
        "sheet": None,
    }
    assert {read_metadata(folder / name)["kind"] for name in contents(folder)} == {"chiri"}


def test_the_sheet_shows_the_papers(call, folder, tmp_path):
    sheet = tmp_path / "sheet.png"
    answer = call(
        "texture", "render", "washi", "-n", 5, "-o", folder, "--size", 16, "--sheet", sheet
    )
    assert answer.code == 0, answer.err
    shown = load_image(sheet).rgb
    assert shown.shape == (2 * 20 + 4, 3 * 20 + 4, 3)
    last = load_image(folder / "washi-00004.png").rgb
    np.testing.assert_allclose(shown[24:40, 24:40], last, atol=1e-6)


def test_resume_keeps_what_is_right_and_renders_the_rest(call, folder):
    command = ("texture", "render", "washi", "-o", folder, "--size", 16, "--resume")
    assert call(*command, "-n", 3).code == 0  # nothing there yet: starts anew
    times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    answer = call(*command, "-n", 6, "--json")
    assert json.loads(answer.out)["kept"] == 3
    assert len(contents(folder)) == 6
    for name, before in times.items():
        assert (folder / name).stat().st_mtime_ns == before


def test_resume_with_fewer_papers_says_that_others_are_there(call, folder):
    command = ("texture", "render", "washi", "-o", folder, "--size", 16, "--resume")
    call(*command, "-n", 4)
    answer = call(*command, "-n", 2)
    assert "2 were there" in answer.err
    assert "2 other files" in answer.err


@pytest.mark.parametrize("changed", [("--seed", 1), ("--size", 17), ("--kind", "laid")])
def test_resume_refuses_papers_of_other_settings(call, folder, changed):
    options = {"-n": 3, "-o": folder, "--size": 16}
    call("texture", "render", "washi", *(word for pair in options.items() for word in pair))
    before = contents(folder)
    options |= {changed[0]: changed[1]}
    words = [word for pair in options.items() for word in pair]
    answer = call("texture", "render", "washi", *words, "--resume")
    assert answer.code == 2
    assert "washi-0000" in answer.err
    assert "--overwrite" in answer.err
    assert contents(folder) == before
    assert call("texture", "render", "washi", *words, "--resume", "--overwrite").code == 0
    assert read_metadata(folder / "washi-00000.png").items() >= {"index": 0}.items()
    assert contents(folder) != before


@pytest.mark.parametrize("damage", ["cut", "foreign"])
def test_resume_replaces_a_bad_file_only_when_told(call, folder, damage):
    command = ("texture", "render", "washi", "-n", 3, "-o", folder, "--size", 16)
    call(*command)
    before = contents(folder)
    path = folder / "washi-00001.png"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        save_image(path, np.zeros((16, 16, 3), np.float32))
    answer = call(*command, "--resume")
    assert answer.code == 2
    assert str(path) in answer.err
    answer = call(*command, "--resume", "--overwrite", "--json")
    assert json.loads(answer.out)["kept"] == 2
    assert contents(folder) == before


def test_overwrite_renders_all_again(call, folder):
    command = ("texture", "render", "washi", "-n", 2, "-o", folder, "--size", 16)
    call(*command)
    before = contents(folder)
    assert call(*command, "--seed", 9, "--overwrite").code == 0
    assert all(before[name] != data for name, data in contents(folder).items())
    assert call(*command, "--overwrite", "--json").code == 0
    assert contents(folder) == before


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(call, launch, folder, tmp_path):
    # Large enough that the signal comes before the last, on a busy machine, too.
    command = ("texture", "render", "washi", "-n", 300, "--size", 256)
    process = launch(*command, "-o", folder)
    limit = time.monotonic() + 60
    while not (folder.is_dir() and len(list(folder.glob("washi-*.png"))) >= 3):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    there = contents(folder)
    assert 3 <= len(there) < 300
    counted = int(said.split("washi: ")[1].split(" of 300 pictures are there")[0])
    assert counted in (len(there) - 1, len(there))  # the signal may come just after a rename
    assert all(name.startswith("washi-") for name in there)
    assert json.loads(call(*command, "-o", folder, "--resume", "--json").out)["kept"] == len(there)
    assert call(*command, "-o", tmp_path / "whole").code == 0
    assert contents(folder) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("-n", 0), ["--count", "0", "1"]),
        (("-n", -4), ["--count", "-4"]),
        (("-n", 2_000_000), ["--count", "2000000", "1000000"]),
        (("--size", 7), ["size", "7", "8"]),
        (("--size", 100_000), ["size", "100000", "4096"]),
        (("--seed", -1), ["seed", "-1"]),
        (("--kind", "origami"), ["origami", "unryu"]),
        (("--sheet", "{folder}/sheet.png"), ["--sheet", "another folder"]),
        (("--sheet", "{folder}.xyz"), [".xyz", ".png"]),
        (("--sheet", "{folder}/no/sheet.png"), ["does not exist"]),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(call, folder, words, parts):
    words = [str(word).format(folder=folder) for word in words]
    answer = call("texture", "render", "washi", "-o", folder, *words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("jaxtex: ")
    assert answer.err.count("\n") == 1
    for part in parts:
        assert part in answer.err
    assert list(folder.parent.iterdir()) == []


def test_a_folder_that_holds_files_is_refused(call, folder):
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    answer = call("texture", "render", "washi", "-n", 1, "-o", folder, "--size", 16)
    assert answer.code == 2
    assert "--overwrite" in answer.err
    assert list(contents(folder)) == ["mine.txt"]
    file = folder / "mine.txt"
    assert "is a file" in call("texture", "render", "washi", "-n", 1, "-o", file).err
    missing = folder / "no" / "washi"
    assert "does not exist" in call("texture", "render", "washi", "-n", 1, "-o", missing).err


def test_help_has_an_example_and_every_family_and_kind(call):
    answer = call("texture", "render", "--help")
    assert answer.code == 0
    assert "jaxtex texture render washi -n 25 -o washi" in answer.out
    for name, family in FAMILIES.items():
        assert name in answer.out
        for kind in family.kinds:
            assert kind in answer.out


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_is_rendered(call, folder, family):
    answer = call("texture", "render", family, "-n", 2, "-o", folder, "--size", 16)
    assert answer.code == 0, answer.err
    assert list(contents(folder)) == [f"{family}-{index:05d}.png" for index in range(2)]
    assert read_metadata(folder / f"{family}-00001.png")["family"] == family


def test_an_unknown_family_is_refused(call, folder):
    answer = call("texture", "render", "leather", "-n", 2, "-o", folder)
    assert answer.code == 2
    assert "'leather' is not a family; it must be one of washi, cloth, wood, marble" in answer.err
    assert not folder.exists()
