import contextlib
import csv
import io
import json
import shutil
import signal
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from logos import CONTENT, STYLE

from jaxtex import images
from jaxtex.cli import main
from jaxtex.style import find_preset

PRESET = """
steps = 4
finish_steps = 2
scales = 1
content_layer = "conv1_2"
[layers]
conv1_1 = 1.0
conv1_2 = 1.0
"""
# 4 candidates, 2 at full size, and a child, which is moved far to give up much.
WORDS = ("--size", 128, "--small-size", 96, "--candidates", 4, "--finalists", 2, "--give-up", 0.3)
ROUNDS = {f"round-{number}" for number in (1, 2, 3)}
FILES = {"front.png", "front-plot.png", "preset.toml", *ROUNDS, *(f"{r}.csv" for r in ROUNDS)}


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "base.toml"
    path.write_text(PRESET)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory, preset, cache):
    """The folder of a tuning in a single run, not to be changed, and what the command said."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit) as stop:
        main(["tune", str(CONTENT), str(STYLE), "-o", str(folder), "--preset", str(preset),
              *map(str, WORDS), "--json"])  # fmt: skip
    assert stop.value.code == 0
    return folder, json.loads(said.getvalue())


@pytest.fixture
def tune(call, tmp_path, preset):
    """Runs `jaxtex tune` with a small preset, into `out` unless another folder is named."""

    def tune(*words, output="out", code=0):
        answer = call("tune", CONTENT, STYLE, "-o", tmp_path / output, "--preset", preset,
                      *WORDS, *words)  # fmt: skip
        assert answer.code == code, answer.err
        return answer

    return tune


@pytest.fixture
def again(whole, tmp_path):
    """A copy of `whole` that may be changed."""
    return Path(shutil.copytree(whole[0], tmp_path / "out"))


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def contents(folder):
    """All that is found and all pictures; the histories have seconds in them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and (path.parent == folder or path.suffix != ".csv")
    }


def test_a_tuning_gives_rounds_a_front_and_a_preset(whole):
    out, found = whole
    assert {path.name for path in out.iterdir()} == FILES
    assert (found["output"], found["preset"]) == (str(out), str(out / "preset.toml"))
    assert found["run"] == 7
    assert [row["candidate"] for row in rows(out / "round-1.csv")] == ["0", "1", "2", "3"]
    full = rows(out / "round-2.csv") + rows(out / "round-3.csv")
    assert [row["size"] for row in full] == ["128"] * 3
    assert [row["candidate"] for row in full] == [
        str(each["candidate"]) for each in found["finalists"]
    ]
    assert full[2]["candidate"] == "4"
    assert sum(each["chosen"] for each in found["front"]) == 1
    itself, chosen = found["finalists"][0], next(e for e in found["finalists"] if e["chosen"])
    assert itself["candidate"] == 0
    assert chosen["readability"] >= itself["readability"] - 0.3
    assert chosen["style"] >= itself["style"]


def test_the_figures_are_those_of_score(whole, call):
    row = rows(whole[0] / "round-2.csv")[1]
    answer = call("score", whole[0] / row["file"], "--content", CONTENT, "--style", STYLE,
                  "--json", "--no-ocr")  # fmt: skip
    found = json.loads(answer.out)
    for name in ("readability", "artefacts", "style"):
        assert float(row[name]) == pytest.approx(found[name], rel=1e-4, abs=1e-6)


def test_stylize_takes_the_preset_to_the_picture_that_was_chosen(call, whole, tmp_path):
    again, found = whole
    assert found["chosen"] != 0
    out = tmp_path / "stylized.png"
    answer = call("stylize", CONTENT, STYLE, "-o", out, "--preset", found["preset"],
                  "--size", 128)  # fmt: skip
    assert answer.code == 0, answer.err
    (picture,) = again.glob(f"round-[23]/candidate-{found['chosen']}.png")
    ours, theirs = (images.load_image(path).rgb for path in (out, picture))
    np.testing.assert_allclose(ours, theirs, atol=0.1)
    assert np.abs(ours - theirs).mean() < 0.002
    settings = find_preset(found["preset"])
    assert settings.style_layers == ("conv1_1", "conv1_2")
    assert settings.to_dict() == found["settings"]
    assert settings.size is None
    assert tomllib.loads((again / "preset.toml").read_text())["preset"] == "steel"


def test_the_same_seed_gives_the_same_files_and_progress_is_said(tune, whole, tmp_path):
    said = tune().err
    assert contents(tmp_path / "out") == contents(whole[0])
    assert "round 1 of 3, candidates 1 to 4 of 4  step " in said
    assert "preset.toml: found in " in said
    assert "candidate   0  readability 0." in said
    assert "the preset itself" in said


def test_resume_runs_what_is_missing_and_ends_with_the_same_bytes(tune, again, whole):
    assert "out: holds files already" in tune(code=2).err
    for name in ("round-1.csv", "round-3.csv", "front.png", "preset.toml"):
        (again / name).unlink()
    (again / "round-1" / "candidate-2.png").write_bytes(b"")
    answer = tune("--resume", "--json")
    assert json.loads(answer.out)["run"] == 1
    assert contents(again) == contents(whole[0])
    assert json.loads(tune("--resume", "--json").out)["run"] == 0
    assert contents(again) == contents(whole[0])


def test_resume_refuses_what_another_tuning_left(tune, again, whole):
    for words, part in [
        (("--seed", 1), "candidate-1.png: belongs to another sweep, which differs in"),
        (("--background", "black"), "differs in background ('keep' there"),
    ]:
        answer = tune("--resume", *words, code=2)
        assert part in answer.err
        assert answer.err.count("\n") == 1
    assert contents(again) == contents(whole[0])

    (again / "round-1.csv").write_text("candidate,style\n0,1\n")
    assert "round-1.csv: cannot be read as a round's table" in tune("--resume", code=2).err


def test_overwrite_takes_nothing_from_what_was_there(tune, again, whole):
    assert json.loads(tune("--overwrite", "--json", "--seed", 1).out)["run"] == 7
    ours, theirs = contents(again), contents(whole[0])
    assert ours["round-1/candidate-0.png"] == theirs["round-1/candidate-0.png"]
    assert ours["round-1/candidate-1.png"] != theirs["round-1/candidate-1.png"]


def test_interrupted_it_keeps_what_is_done_and_goes_on_to_the_same_bytes(
    launch, tune, whole, tmp_path, preset
):
    out = tmp_path / "out"
    process = launch("tune", CONTENT, STYLE, "-o", out, "--preset", preset, *WORDS)
    while process.poll() is None and not list(out.glob("round-1/*.png")):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "pictures were made; --resume goes on" in said
    assert json.loads(tune("--resume", "--json").out)["run"] in range(1, 7)
    assert contents(out) == contents(whole[0])
    assert not list(out.rglob(".jaxtex-*"))


def test_when_the_minutes_are_over_the_finalists_run(tune, tmp_path):
    words = ("--minutes", 1e-9, "--batch-size", 2, "--json")
    found = json.loads(tune(*words).out)
    assert found["run"] == 5
    assert [row["candidate"] for row in rows(tmp_path / "out" / "round-1.csv")] == ["0", "1"]
    assert [each["candidate"] for each in found["finalists"]] == [0, 1, 4]
    before = contents(tmp_path / "out")
    assert json.loads(tune("--resume", *words).out)["run"] == 0
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--candidates", "7"], "candidates: 7 is too few; at least 8, twice the finalists"),
        (["--finalists", "1"], "finalists: 1 is too few"),
        (["--size", "1"], "--size: 1 is not a whole number of pixels"),
        (["--size", "128", "--small-size", "256"], "small-size: 256 must not be above size, 128"),
        (["--small-size", "0"], "size: 0 is not"),
        (["--small-size", "20"], "northgate.png: 20×5 pixels"),
        (["--give-up", "1.5"], "--give-up: 1.5 is not a number from -1 to 1"),
        (["--minutes", "0"], "--minutes: 0.0 is not a number above 0"),
        (["--minutes", "nan"], "--minutes: nan is not a number above 0"),
        (["--batch-size", "0"], "--batch-size: 0 is not"),
        (["--seed", "-1"], "--seed: -1 is not"),
        (["--preset", "chrome"], "preset: 'chrome' is unknown"),
        (["--preset", "gatys", "--strength", "0.5"], "strength: the preset 'gatys' has no such"),
        (["--background", "puce?"], "'puce?' is not a colour"),
        (["--weights", "none.safetensors"], "none.safetensors"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(refuse, tmp_path, words, part):
    refuse("tune", CONTENT, STYLE, "-o", tmp_path / "out", *words, parts=[part])


def test_bad_images_and_folders_are_refused(refuse, tmp_path, preset):
    images.save_image(tmp_path / "plain.png", np.full((64, 64, 3), 0.5))
    for content, style, output, part in [
        (tmp_path / "none.png", STYLE, "out", "none.png: no such file"),
        (CONTENT, CONTENT, "out", "is the content itself"),
        (CONTENT, STYLE, preset, "is a file; name a folder"),
        (CONTENT, STYLE, "out/deeper", "does not exist; create it first"),
        (tmp_path / "plain.png", STYLE, "out", "plain.png: the image has a single colour"),
    ]:
        refuse("tune", content, style, "-o", tmp_path / output, parts=[part])
