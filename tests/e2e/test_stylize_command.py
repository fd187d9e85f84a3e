import csv
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, SIZE, STYLE, TINY, options
from PIL import Image

import jaxtex.cli
from jaxtex.images import load_image, read_metadata, resize

ROOT = Path(jaxtex.__file__).parents[1]
QUICK = options(**TINY)
# Two sizes and a finish, so that a run can be cut short before and after a change of scale.
LONG = options(**{**TINY, "scales": 2, "steps": 40, "finish_steps": 8})


@pytest.fixture
def stylize(call, tmp_path):
    """Runs `jaxtex stylize`; the result is `out.png` unless the words name another."""

    def stylize(*words, content=CONTENT, output="out.png", code=0):
        answer = call("stylize", content, STYLE, "-o", tmp_path / output, *QUICK, *words)
        assert answer.code == code, answer.err
        return answer

    return stylize


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def rows(path: Path) -> list[list[float]]:
    with path.open(newline="") as file:
        return [[float(value) for value in row] for row in list(csv.reader(file))[1:]]


def modules_of(words: str) -> set[str]:
    code = (
        f"import sys, jaxtex.cli\ntry:\n    jaxtex.cli.main({words.split()!r})\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("words", ["--help", "--version", "stylize --help", "presets --help"])
def test_help_does_not_import_jax(words):
    assert not {"jax", "jaxlib", "flax", "numpy"} & modules_of(words)


COMMANDS = [(name,) for name in jaxtex.cli._COMMANDS]


@pytest.mark.parametrize("words", [(), *COMMANDS, ("weights", "verify")], ids=" ".join)
def test_every_command_has_help_with_an_example(call, words):
    answer = call(*words, "--help")
    assert answer.code == 0
    assert "Example" in answer.out
    assert "  jaxtex " in answer.out


@pytest.mark.parametrize("as_json", [False, True])
def test_presets_are_listed_with_their_coefficients(call, as_json):
    answer = call("presets", *(["--json"] if as_json else []))
    assert (answer.code, answer.err) == (0, "")
    for name in ("steel", "network-of-steel", "reference", "gatys"):
        assert name in answer.out
    if as_json:
        assert json.loads(answer.out)["network-of-steel"]["layers"]["conv1_1"] == 2000
    else:
        assert "conv1_1=2000" in answer.out


def test_the_result_has_the_size_that_was_asked_for(stylize, tmp_path):
    answer = stylize()
    assert answer.out == ""
    assert f"{tmp_path / 'out.png'}: {SIZE}×34 pixels" in answer.err
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (SIZE, 34)
        assert image.mode == "RGB"
        found = np.asarray(image)
    assert np.ptp(found, axis=-1).max() == 0
    assert found[0, 0].min() > 200
    assert list(tmp_path.iterdir()) == [tmp_path / "out.png"]


def test_json_is_one_object_and_nothing_else(stylize, tmp_path):
    answer = stylize("--json", "--history", tmp_path / "h.csv")
    found = json.loads(answer.out)
    assert answer.err == (
        f"{STYLE}: taken for lettering on a plain ground; --style-kind says otherwise\n"
    )
    assert (found["status"], found["steps"]) == ("done", 6)
    assert (found["width"], found["height"]) == (SIZE, 34)
    assert found["output"] == str(tmp_path / "out.png")
    last = rows(tmp_path / "h.csv")[-1]
    assert [found["losses"][name] for name in ("total", "content", "style", "tv")] == last[1:5]


def test_the_result_says_how_it_came_about(stylize, tmp_path):
    stylize("--seed", "7")
    with Image.open(tmp_path / "out.png") as image:
        found = json.loads(image.text["jaxtex"])
    assert found == read_metadata(tmp_path / "out.png")
    assert found["version"] == jaxtex.__version__
    assert (found["seed"], found["size"], found["layers"]) == (7, SIZE, TINY["layers"])
    sha256 = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in (CONTENT, STYLE)}
    assert found["content"] == {"name": "northgate.png", "sha256": sha256[CONTENT]}
    assert found["styles"] == [{"name": "ironwyrm.png", "sha256": sha256[STYLE]}]


def test_the_history_has_a_row_for_each_step(stylize, tmp_path):
    stylize("--history", tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text().splitlines()[0] == (
        "step,total,content,style,tv,seconds"
    )
    found = np.array(rows(tmp_path / "h.csv"))
    np.testing.assert_array_equal(found[:, 0], np.arange(4 + 2 + 1))
    assert np.isfinite(found).all()
    assert found[0, 5] == 0
    assert np.all(np.diff(found[:, 5]) >= 0)


def test_equal_runs_give_equal_bytes(stylize, tmp_path):
    for name in ("a.png", "b.png"):
        stylize("--init", "noise", "--seed", "3", output=name)
    stylize("--init", "noise", "--seed", "4", output="c.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert not np.array_equal(
        load_image(tmp_path / "a.png").rgb, load_image(tmp_path / "c.png").rgb
    )


def test_frames_and_animation(stylize, tmp_path):
    answer = stylize("--save-every", "3", "--animate", tmp_path / "a.gif", "--json")
    names = [f"out-{step:05d}.png" for step in (0, 3, 6)]
    assert json.loads(answer.out)["frames"] == [str(tmp_path / name) for name in names]
    assert all(load_image(tmp_path / name).rgb.shape == (34, SIZE, 3) for name in names)
    last = load_image(tmp_path / names[-1]).rgb
    np.testing.assert_array_equal(last, load_image(tmp_path / "out.png").rgb)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.n_frames >= 3
        assert animation.size == (SIZE, 34)


def test_an_animation_has_about_as_many_frames_as_it_shall(stylize, tmp_path):
    stylize("--animate", tmp_path / "a.gif", "--animate-frames", "2")
    with Image.open(tmp_path / "a.gif") as animation:
        few = animation.n_frames
    stylize("--animate", tmp_path / "a.gif", "--overwrite")
    with Image.open(tmp_path / "a.gif") as animation:
        assert few <= 4 < animation.n_frames


def test_frames_of_another_run_are_not_overwritten(stylize, tmp_path):
    (tmp_path / "out-00003.png").write_text("mine")
    answer = stylize("--save-every", "3", code=2)
    assert "out-00003.png: exists already" in answer.err
    assert (tmp_path / "out-00003.png").read_text() == "mine"
    stylize("--save-every", "3", "--overwrite")


def test_transparency_comes_back(stylize, tmp_path):
    stylize("--background", "transparent", content=COLOURED)
    with Image.open(tmp_path / "out.png") as image:
        assert image.mode == "RGBA"
        alpha = np.asarray(image)[..., 3]
    height, width = alpha.shape
    with Image.open(COLOURED) as image:
        shape = np.asarray(image.getchannel("A").resize((width, height)))
    assert alpha[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert np.median(alpha[shape == 255]) == 255
    assert np.mean((alpha > 127) == (shape > 127)) > 0.9


def test_a_transparent_logo_is_put_on_the_background(stylize, tmp_path):
    stylize("--background", "#ffe0b0", content=COLOURED)
    np.testing.assert_array_equal(pixels(tmp_path / "out.png")[0, 0], (0xFF, 0xE0, 0xB0))
    stylize("--overwrite", content=COLOURED)
    assert pixels(tmp_path / "out.png")[0, 0, 3] == 0


def test_white_on_black_stays_so(stylize, tmp_path):
    stylize(content=INVERTED)
    found = pixels(tmp_path / "out.png")
    assert found[[0, -1]].max() < 50
    assert found.max() > 200


def test_a_mask_may_be_of_any_size(stylize, tmp_path):
    Image.new("L", (7, 2), 0).save(tmp_path / "mask.png")
    # Nothing may change, whatever the run starts from.
    content = resize(load_image(CONTENT).rgb, 34, SIZE)
    for init in ("content", "style"):
        stylize("--mask", tmp_path / "mask.png", "--init", init, "--contrast", "0", "--overwrite")
        np.testing.assert_allclose(load_image(tmp_path / "out.png").rgb, content, atol=0.12)


def test_a_mask_s_transparency_is_where_the_content_stays(stylize, tmp_path):
    """White on transparency means what white on black means."""
    whole = Image.new("RGBA", (256, 68), (255, 255, 255, 0))
    whole.paste((255, 255, 255, 255), (128, 0, 256, 68))
    whole.save(tmp_path / "clear.png")
    flat = Image.new("L", (256, 68), 0)
    flat.paste(255, (128, 0, 256, 68))
    flat.save(tmp_path / "flat.png")
    for name in ("clear", "flat"):
        stylize("--mask", tmp_path / f"{name}.png", "--init", "style", output=f"{name}-out.png")
    found = [pixels(tmp_path / f"{name}-out.png") for name in ("clear", "flat")]
    np.testing.assert_array_equal(*found)
    content = resize(load_image(CONTENT).rgb, 34, SIZE)
    changed = np.abs(load_image(tmp_path / "clear-out.png").rgb - content).max(-1) > 0.3
    assert changed[:, SIZE // 2 + 4 :].any()
    assert not changed[:, : SIZE // 2 - 4].any()


def test_several_styles_and_a_start_image(call, tmp_path):
    answer = call(
        "stylize", CONTENT, STYLE, INVERTED, "-o", tmp_path / "out.webp", *QUICK,
        "--style-weight", "3", "--style-weight", "1", "--init", COLOURED,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert read_metadata(tmp_path / "out.webp")["init"] == "file"


def test_a_preset_file_sets_what_the_options_leave_open(call, tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text(
        f"size = {SIZE}\nsteps = 2\nfinish_steps = 0\nscales = 1\ninit = 'noise'\n"
        "content_layer = 'conv1_2'\n[layers]\nconv1_1 = 1\nconv1_2 = 1\n"
    )
    answer = call("stylize", CONTENT, STYLE, "-o", tmp_path / "out.png", "--preset", preset,
                  "--steps", "4", "--finish-steps", "2", "--json")  # fmt: skip
    found = json.loads(answer.out)
    assert (found["width"], found["steps"], found["settings"]["init"]) == (SIZE, 6, "noise")


def test_a_loss_that_is_not_finite_keeps_the_last_good_image(stylize, tmp_path, monkeypatch):
    from jaxtex.style import problem

    def poisoned(self, state, *rest):
        return advance(self, state._replace(point=state.point * np.nan), *rest)

    advance = problem.Problem.advance
    monkeypatch.setattr(problem.Problem, "advance", poisoned)
    answer = stylize("--history", tmp_path / "h.csv", "--json", code=1)
    assert "jaxtex: the loss became non-finite" in answer.err
    assert "out.png is the last good image" in answer.err
    assert json.loads(answer.out)["status"] == "diverged"
    assert read_metadata(tmp_path / "out.png")["status"] == "diverged"


def test_a_full_disk_leaves_no_half_image(stylize, tmp_path):
    from resource import RLIMIT_FSIZE, getrlimit, setrlimit

    stylize(output="first.png")
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (300, hard))
    try:
        answer = stylize(code=1)
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
    assert "out.png: cannot be written (" in answer.err
    assert list(tmp_path.iterdir()) == [tmp_path / "first.png"]


# Checkpoints


def test_resume_goes_on_and_refuses_other_jobs(stylize, tmp_path):
    folder = tmp_path / "run"
    stylize("--checkpoint", folder, "--checkpoint-every", "0", "--resume", output="a.png")
    before = (tmp_path / "a.png").read_bytes()
    answer = stylize("--checkpoint", folder, output="b.png", code=2)
    assert f"checkpoint: {folder} holds a checkpoint; give --resume" in answer.err
    for words, name in [
        (["--steps", "5"], "steps"),
        (["--content-weight", "2"], "content_weight"),
        (["--style-weight", "1", "--seed", "9"], "seed"),
    ]:
        answer = stylize("--checkpoint", folder, "--resume", *words, output="b.png", code=2)
        assert f"differs in {name} (" in answer.err
        assert answer.err.count("\n") == 1
    answer = stylize("--checkpoint", folder, "--resume", content=INVERTED, output="b.png", code=2)
    assert "differs in images (" in answer.err
    assert not (tmp_path / "b.png").exists()
    stylize("--checkpoint", folder, "--resume", output="a.png")
    assert (tmp_path / "a.png").read_bytes() == before
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff")
    answer = stylize("--checkpoint", folder, "--resume", output="b.png", code=2)
    assert answer.err.startswith(f"jaxtex: checkpoint: {folder} cannot be read (")
    assert answer.err.count("\n") == 1


def checkpoints(folder: Path) -> int:
    return max((int(path.name) for path in folder.glob("[0-9]*") if path.name.isdigit()), default=0)


def wait_for(condition, process, seconds: float = 120) -> bool:
    """Whether `condition` came true before the process ended."""
    end = time.monotonic() + seconds
    while process.poll() is None:
        if condition():
            return True
        assert time.monotonic() < end
        time.sleep(0.005)
    return False


def killed_runs(launch, call, tmp_path, optimizer: str, kills: int, seed: int) -> None:
    """Kills a run at random moments, resumes it each time, and compares it with a whole one."""
    words = [*LONG, "--optimizer", optimizer, "--save-every", "2"]
    whole = call("stylize", CONTENT, STYLE, "-o", tmp_path / "whole.png",
                 "--history", tmp_path / "whole.csv", *words)  # fmt: skip
    assert whole.code == 0, whole.err
    draw, folder, done = random.Random(seed), tmp_path / "run", 0
    words += ["-o", tmp_path / "cut.png", "--history", tmp_path / "cut.csv"]
    words += ["--checkpoint", folder, "--checkpoint-every", "0", "--resume"]
    for _ in range(kills):
        process = launch("stylize", CONTENT, STYLE, *words)
        if not wait_for(lambda done=done: checkpoints(folder) > done, process):
            break
        time.sleep(draw.uniform(0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = checkpoints(folder)
    last = launch("stylize", CONTENT, STYLE, *words)
    _, said = last.communicate(timeout=300)
    assert last.returncode == 0, said
    assert (tmp_path / "cut.png").read_bytes() == (tmp_path / "whole.png").read_bytes()
    columns = [[row[:5] for row in rows(tmp_path / name)] for name in ("whole.csv", "cut.csv")]
    assert columns[0] == columns[1]
    seconds = [row[5] for row in rows(tmp_path / "cut.csv")]
    assert seconds[0] == 0
    assert seconds == sorted(seconds)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".jaxtex-")]


def test_a_killed_run_ends_with_the_same_bytes(launch, call, tmp_path):
    killed_runs(launch, call, tmp_path, "lbfgs", kills=2, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_run_killed_again_and_again_ends_with_the_same_bytes(
    launch, call, tmp_path, optimizer, seed
):
    killed_runs(launch, call, tmp_path, optimizer, kills=6, seed=seed)


def test_ctrl_c_writes_what_is_done(launch, call, stylize, tmp_path):
    stylize(output="first.png")  # compiles
    folder = tmp_path / "run"
    process = launch(
        "stylize", CONTENT, STYLE, "-o", tmp_path / "out.png", *QUICK, "--steps", "100000",
        "--history", tmp_path / "h.csv", "--checkpoint", folder, "--json",
    )  # fmt: skip
    # The handler is there when the folder is made.
    assert wait_for(folder.exists, process)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert json.loads(out)["status"] == "interrupted"
    assert read_metadata(tmp_path / "out.png")["status"] == "interrupted"
    steps = len(rows(tmp_path / "h.csv"))
    assert 0 < steps == checkpoints(folder)


def test_python_cli_py_is_the_command(launch):
    process = launch("stylize", "missing.png", STYLE, "-o", "out.png")
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert err == "jaxtex: missing.png: no such file\n"
