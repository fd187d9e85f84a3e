import contextlib
import csv
import io
import json
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from logos import COLOURED, CONTENT, SIZE, STYLE

from jaxtex import images
from jaxtex.cli import main
from jaxtex.style.history import read_columns

GRID = f"""
size = {SIZE}
steps = 3
content_layer = "conv1_2"
[[grid]]
name = "edges"
rows = {{ name = "coarse", layers = ["conv1_1"], values = [0, 20] }}
columns = {{ name = "deep", layers = ["conv1_2"], values = [20, 200, 2000] }}
"""
STEMS = [f"coarse-{coarse}_deep-{deep}" for coarse in (0, 20) for deep in (20, 200, 2000)]
FILES = {"curves.png", "edges", "edges.png", "metrics.csv", "report.html"}


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text(GRID)
    return path


@pytest.fixture
def sweep(call, tmp_path, grid):
    """Runs `jaxtex sweep` on the grid, into `out` unless another folder is named."""

    def sweep(*words, content=CONTENT, output="out", code=0):
        answer = call("sweep", content, STYLE, "-o", tmp_path / output, "--grid", grid, *words)
        assert answer.code == code, answer.err
        return answer

    return sweep


@pytest.fixture(scope="module")
def whole(tmp_path_factory, cache):
    """The folder of the sweep, not to be changed, and what the command said."""
    folder = tmp_path_factory.mktemp("whole")
    grid = folder / "grid.toml"
    grid.write_text(GRID)
    words = ["sweep", CONTENT, STYLE, "-o", folder / "out", "--grid", grid, "--json"]
    said, told = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(told),
        pytest.raises(SystemExit) as stop,
    ):
        main([str(word) for word in words])
    assert (stop.value.code, told.getvalue()) == (0, "")
    return folder / "out", json.loads(said.getvalue())


@pytest.fixture
def again(whole, tmp_path):
    """A copy of `whole` that may be changed."""
    return Path(shutil.copytree(whole[0], tmp_path / "out"))


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pictures(folder):
    return {path.name: path.read_bytes() for path in (folder / "edges").glob("*.png")}


def test_a_grid_gives_pictures_histories_sheet_metrics_curves_and_report(whole):
    out, found = whole
    assert {path.name for path in out.iterdir()} == FILES
    assert {path.name for path in (out / "edges").iterdir()} == {
        f"{stem}{suffix}" for stem in STEMS for suffix in (".png", ".csv")
    }
    assert (found["run"], found["output"]) == (6, str(out))
    assert found["report"] == str(out / "report.html")
    assert [cell["file"] for cell in found["cells"]] == [f"edges/{stem}.png" for stem in STEMS]
    table = rows(out)
    assert [row["file"] for row in table] == [f"edges/{stem}.png" for stem in STEMS]
    for row, cell in zip(table, found["cells"], strict=True):
        assert 0 <= float(row["readability"]) <= 1
        assert float(row["style"]) == pytest.approx(cell["style"], rel=1e-4, abs=1e-6)
        assert len(read_columns(out / row["file"].replace(".png", ".csv"))["step"]) == 4


def test_each_picture_carries_its_settings(whole):
    found = images.read_metadata(whole[0] / "edges" / "coarse-0_deep-200.png")
    assert found["layers"] == {"conv1_1": 0.0, "conv1_2": 200.0}
    assert (found["preset"], found["steps"], found["status"]) == ("network-of-steel", 3, "done")
    assert found["content"]["name"] == CONTENT.name
    assert found["styles"][0]["name"] == STYLE.name


def test_metrics_are_those_of_score(whole, call):
    row = rows(whole[0])[3]
    answer = call("score", whole[0] / row["file"], "--content", CONTENT, "--style", STYLE,
                  "--json", "--no-ocr")  # fmt: skip
    found = json.loads(answer.out)
    for name in ("readability", "artefacts", "style", "block4"):
        assert float(row[name]) == pytest.approx(found[name], rel=1e-4, abs=1e-6)


def test_each_cell_is_scored_beside_the_content_composed_as_it_is(call, tmp_path):
    grid = tmp_path / "composed.toml"
    grid.write_text(
        f'size = {SIZE}\nsteps = 1\nfinish_steps = 0\ncontent_layer = "conv1_2"\n'
        '[layers]\nconv1_1 = 1\n[[grid]]\nname = "ends"\n'
        'rows = { option = "composition", values = ["keep", "band"] }\n'
        'columns = { option = "size", values = [96, 128] }\n'
    )
    out = tmp_path / "out"
    answer = call("sweep", CONTENT, STYLE, "-o", out, "--grid", grid)
    assert answer.code == 0, answer.err
    table = rows(out)
    files = [out / row["file"] for row in table]
    scored = call("score", *files, "--content", CONTENT, "--style", STYLE, "--json", "--no-ocr")
    for row, found in zip(table, json.loads(scored.out)["scores"], strict=True):
        for name in ("readability", "artefacts", "style", "composition"):
            assert float(row[name]) == pytest.approx(found[name], rel=1e-4, abs=1e-6)


def test_resume_runs_what_is_missing_and_ends_with_the_same_bytes(sweep, again):
    out = again
    before = pictures(out)
    sheet, table = (out / "edges.png").read_bytes(), (out / "metrics.csv").read_bytes()
    answer = sweep(code=2)
    assert "out: holds files already" in answer.err

    (out / "edges" / "coarse-20_deep-20.png").unlink()
    (out / "edges" / "coarse-0_deep-200.png").write_bytes(before["coarse-0_deep-200.png"][:99])
    (out / "edges" / "coarse-0_deep-20.csv").write_text("step,total\n")
    answer = sweep("--resume", "--json")
    assert json.loads(answer.out)["run"] == 3
    assert pictures(out) == before
    assert (out / "edges.png").read_bytes() == sheet
    assert (out / "metrics.csv").read_bytes() == table

    answer = sweep("--resume", "--json")
    assert json.loads(answer.out)["run"] == 0
    assert pictures(out) == before


def test_resume_refuses_cells_of_another_sweep(sweep, again, tmp_path):
    before = pictures(again)
    other = tmp_path / "other.png"
    images.save_image(other, images.load_image(CONTENT).rgb[:, ::-1])
    for words, content, part in [
        (("--steps", "4"), CONTENT, "differs in steps (3 there, 4 here)"),
        ((), other, "differs in content ("),
        (("--background", "black"), CONTENT, "differs in background ('keep' there"),
    ]:
        answer = sweep("--resume", *words, content=content, code=2)
        assert part in answer.err
        assert "coarse-0_deep-20.png: belongs to another sweep" in answer.err
        assert answer.err.count("\n") == 1
    assert pictures(again) == before
    sweep("--overwrite", content=other)
    assert pictures(again) != before


def test_a_sweep_goes_on_in_the_same_folder_with_more_cells(sweep, again, grid):
    grid.write_text(GRID.replace("values = [0, 20]", "values = [0, 20, 200]"))
    found = json.loads(sweep("--resume", "--json").out)
    assert (found["run"], len(found["cells"])) == (3, 9)


def test_interrupted_anywhere_it_goes_on_to_the_same_bytes(sweep, launch, tmp_path, grid):
    out = tmp_path / "cut"
    words = ("sweep", CONTENT, STYLE, "-o", out, "--grid", grid, "--resume", "--batch-size", "1")
    sweep("--batch-size", "1", output="single")
    for number in (signal.SIGKILL, signal.SIGINT):
        process = launch(*words)
        # Path.glob finds hidden files too: those that are being written.
        wait_for = len(list(out.glob("edges/[!.]*.png"))) + 1
        while process.poll() is None and len(list(out.glob("edges/[!.]*.png"))) < wait_for:
            time.sleep(0.005)
        process.send_signal(number)
        said = process.communicate(timeout=120)[1]
        if number == signal.SIGINT and process.returncode:
            assert process.returncode == 130, said
            assert "Traceback" not in said
            assert "--resume goes on" in said or "interrupted" in said
    # As a kill within a write leaves them.
    for folder in (out, out / "edges"):
        (folder / ".jaxtex-left.png").write_bytes(b"half")
    last = launch(*words)
    said = last.communicate(timeout=300)[1]
    assert last.returncode == 0, said
    assert pictures(out) == pictures(tmp_path / "single")
    for name in FILES - {"edges"}:
        assert (out / name).read_bytes() == (tmp_path / "single" / name).read_bytes()
    assert not list(out.rglob(".jaxtex-*"))


@pytest.mark.slow
def test_a_table_of_the_paper_runs(call, tmp_path):
    out = tmp_path / "out"
    answer = call("sweep", CONTENT, STYLE, "-o", out, "--table", "2", "--size", "96",
                  "--steps", "1", "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)["cells"]
    assert [(cell["row"], cell["column"]) for cell in found] == [
        (f"coarse {coarse}", f"deep {deep}")
        for coarse in (0, 20, 200, 2000)
        for deep in (20, 200, 2000)
    ]
    sheet = images.load_image(out / "table-2.png").rgb
    assert sheet.shape[0] > 4 * 25
    assert sheet.shape[1] > 3 * 96
    assert "Tables 2 to 4" not in (out / "report.html").read_text()  # it is in the plot
    assert (out / "curves.png").exists()


def test_a_transparent_logo_is_swept_on_its_background(sweep, tmp_path):
    sweep("--background", "#ffe0b0", content=COLOURED)
    picture = images.load_image(tmp_path / "out" / "edges" / f"{STEMS[0]}.png").rgb
    np.testing.assert_allclose(np.median(picture[0], 0), (1, 0xE0 / 255, 0xB0 / 255), atol=0.1)
    sweep(content=COLOURED, output="kept")
    assert images.load_image(tmp_path / "kept" / "edges" / f"{STEMS[0]}.png").alpha[0, 0] == 0


def test_many_cells_need_a_word(sweep, grid, tmp_path, monkeypatch):
    values = ", ".join(map(str, range(1, 102)))
    grid.write_text(GRID.replace("20, 200, 2000", values))
    answer = sweep(code=2)
    assert answer.err == "jaxtex: the grid has 202 cells; give --yes to run so many\n"
    assert not (tmp_path / "out").exists()

    from jaxtex.cli import sweep as command

    monkeypatch.setattr(command.sys.stdin, "isatty", lambda: True, raising=False)
    asked = []

    def confirm(text, **options):
        asked.append(text)
        raise command.click.Abort

    monkeypatch.setattr(command.click, "confirm", confirm)
    answer = sweep(code=130)
    assert asked == ["The grid has 202 cells. Run them all?"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "name what to run: --table or --tables, or --grid FILE"),
        (["--table", "9", "--grid", "{grid}"], "name what to run"),
        (["--table", "11"], "table: 11 is unknown; allowed are 1 to 10"),
        (["--table", "0"], "table: 0 is unknown"),
        (["--tables", "5-12"], "table: 11 is unknown"),
        (["--tables", "all"], "tables: 'all' must look like 1-10 or 2,4,9"),
        (["--grid", "{empty}"], "empty.toml: grid: there is none"),
        (["--grid", "{none}"], "none.toml cannot be read as TOML"),
        (["--grid", "{grid}", "--preset", "steel"], "--preset: goes with --table"),
        (["--table", "9", "--preset", "chrome"], "preset: 'chrome' is unknown"),
        (["--table", "9", "--steps", "0"], "steps: 0 is not a whole number from 1"),
        (["--table", "9", "--size", "0"], "size: 0 "),
        (["--table", "9", "--size", "20"], "northgate.png: 20×5 pixels, at size 20"),
        (["--table", "9", "--batch-size", "0"], "--batch-size: 0 is not"),
        (["--table", "9", "--max-memory", "-1"], "--max-memory: -1.0 is not"),
        (["--table", "9", "--background", "puce?"], "'puce?' is not a colour"),
        (["--table", "9", "--weights", "{none}"], "none.toml"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(call, tmp_path, grid, words, part):
    (tmp_path / "empty.toml").write_text("steps = 3\n")
    files = {"grid": grid, "empty": tmp_path / "empty.toml", "none": tmp_path / "none.toml"}
    answer = call("sweep", CONTENT, STYLE, "-o", tmp_path / "out",
                  *(word.format(**files) for word in words))  # fmt: skip
    assert answer.code == 2, answer.err
    assert part in answer.err
    assert answer.err.startswith("jaxtex: ")
    assert (answer.out, answer.err.count("\n")) == ("", 1)
    assert not (tmp_path / "out").exists()


def test_bad_images_and_folders_are_refused(call, tmp_path, grid):
    def refused(content, style, output):
        answer = call("sweep", content, style, "-o", output, "--grid", grid)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        return answer.err

    out = tmp_path / "out"
    assert "none.png: no such file" in refused(tmp_path / "none.png", STYLE, out)
    assert "is the content itself" in refused(CONTENT, CONTENT, out)
    assert "is a file; name a folder" in refused(CONTENT, STYLE, grid)
    assert "does not exist; create it first" in refused(CONTENT, STYLE, out / "deeper")
    images.save_image(tmp_path / "plain.png", np.full((64, 64, 3), 0.5))
    assert "plain.png: no lettering" in refused(tmp_path / "plain.png", STYLE, out)
    assert not out.exists()


def test_a_full_disk_leaves_whole_cells_alone(sweep, whole, tmp_path):
    from resource import RLIMIT_FSIZE, getrlimit, setrlimit

    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (1500, hard))
    try:
        answer = sweep(code=1)
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written (" in answer.err
    assert not list((tmp_path / "out").rglob("*.png"))
    sweep("--resume")
    assert pictures(tmp_path / "out") == pictures(whole[0])
