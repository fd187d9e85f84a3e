"""`jaxtex texture extend`."""

import functools
import json

import numpy as np
import pytest
from extend_sources import woven

from jaxtex import images

SMALL = ("--size", "40x32", "--steps", 4, "--seed", 3)


@pytest.fixture
def papers(tmp_path):
    """Three images: two of one shape."""
    folder = tmp_path / "papers"
    folder.mkdir()
    for number, shape in enumerate([(24, 20), (24, 20), (18, 30)]):
        images.save_image(folder / f"{number}.png", woven(*shape, seed=number))
    return [folder / f"{number}.png" for number in range(3)]


@pytest.fixture
def extend(call):
    """Calls the command, and gives its JSON object."""

    def extend(*words):
        answer = call("texture", "extend", "--json", *words)
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return extend


@pytest.fixture
def refuse(refuse, papers, tmp_path):
    return functools.partial(refuse, "texture", "extend", papers[0], "-o", tmp_path / "out.png")


def test_a_paper_becomes_larger_and_its_file_says_how(extend, papers, tmp_path):
    said = extend(papers[0], "-o", tmp_path / "out.png", *SMALL)
    (told,) = said["textures"]
    assert told["output"] == str(tmp_path / "out.png")
    assert images.load_image(told["output"]).rgb.shape == (32, 40, 3)
    found = images.read_metadata(told["output"])
    assert found["source"]["name"] == "0.png"
    assert (found["seed"], found["steps"], found["seamless"]) == (3, 4, "both")
    assert found["seam_ratio"] == told["seam_ratio"]
    assert all(0.9 < told["seam_ratio"][axis] < 1.1 for axis in "xy")


def test_several_go_into_a_folder_and_what_is_there_is_kept(extend, papers, tmp_path):
    out = tmp_path / "out"
    said = extend(*papers, "-o", out, *SMALL)
    names = [f"{number}.png" for number in range(3)]
    assert sorted(path.name for path in out.iterdir()) == names
    assert [each["kept"] for each in said["textures"]] == [False] * 3
    (out / "2.png").unlink()
    before = (out / "0.png").read_bytes()
    again = extend(*papers, "-o", out, *SMALL, "--resume")
    assert [each["kept"] for each in again["textures"]] == [True, True, False]
    assert (out / "0.png").read_bytes() == before


def test_a_batch_has_what_the_command_writes(call, extend, papers, tmp_path):
    manifest = tmp_path / "jobs.csv"
    manifest.write_text(
        "job,texture,width,height,steps,seed,output\n"
        "extend,papers/2.png,40,32,4,3,a.png\n"
        "extend,nothing.png,40,32,4,3,b.png\n"
    )
    answer = call("batch", manifest, "-o", tmp_path / "out", "--skip-bad", "--json")
    assert answer.code == 0, answer.err
    (skipped,) = json.loads(answer.out)["skipped"]
    assert skipped["line"] == 3
    assert "nothing.png" in skipped["reason"]
    extend(papers[2], "-o", tmp_path / "one.png", *SMALL)
    alone, batch = (tmp_path / "one.png").read_bytes(), (tmp_path / "out" / "a.png").read_bytes()
    assert alone == batch


def test_a_seed_is_drawn_by_the_model(extend, texture_model, tmp_path):
    words = ("--model", texture_model, "--size", 32, "--steps", 1)
    said = extend("seed:7", "-o", tmp_path / "out.png", *words)
    assert said["textures"][0]["source"]["seed"] == 7
    assert np.ptp(images.load_image(tmp_path / "out.png").rgb) > 0


def test_bad_input_is_refused_in_a_sentence(refuse):
    refuse("--size", "12", parts=["--size: 12 is not a number of pixels from 32 to 8192"])
    refuse("--size", "a", parts=["--size: 'a' is neither like 512 nor like 1920x1080"])
    refuse("--zoom", 0, parts=["--zoom: 0.0 is not a number from 0.25 to 8"])
    refuse("--seed", -1, parts=["--seed: -1 is not a whole number"])
    refuse("--max-memory", 0, parts=["--max-memory: 0.0 is not a number of GiB above 0"])
    refuse("--resume", parts=["--resume: needs --checkpoint DIR, or a folder of results"])
    refuse("seed:2", parts=["out.png: is one file, and 2 textures are given; name a folder"])


def test_what_names_nothing_is_refused(call, tmp_path):
    answer = call("texture", "extend", "nothing.png", "-o", tmp_path / "out.png")
    assert answer.code == 2
    assert "'nothing.png' is no file; name a file of points or an image" in answer.err


def test_an_input_is_not_overwritten(call, papers):
    answer = call("texture", "extend", papers[0], "-o", papers[0], "--overwrite")
    assert answer.code == 2
    assert "is an input, and would be overwritten" in answer.err
