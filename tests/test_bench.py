"""The measurements: their PyTorch rival computes our objective, and each script can be run.

Nothing here asserts a time.
"""

import dataclasses
import functools
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from click.testing import CliRunner

from jaxtex.cli import app
from jaxtex.cli import bench as command
from jaxtex.errors import SettingsError
from jaxtex.style import PRESETS, load_network, make_job, objective
from jaxtex.weights import load_vgg16

BENCH = Path(__file__).resolve().parent.parent / "bench"
SCRIPTS = (
    "all",
    "claims",
    "cold_start",
    "memory",
    "ssim_vs_skimage",
    "stylize_vs_pytorch",
    "sweep_vs_pytorch",
    "time_to_quality",
)


@pytest.fixture
def rival(monkeypatch):
    """`bench/_torch.py`, or a skip without PyTorch."""
    pytest.importorskip("torch", reason="the rival is PyTorch")
    monkeypatch.syspath_prepend(str(BENCH))
    import _torch

    return _torch


@pytest.fixture
def table(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import _table

    return _table


@pytest.fixture
def compiled(monkeypatch):
    """`bench/_ours.py`."""
    monkeypatch.syspath_prepend(str(BENCH))
    import _ours

    return _ours


def run_script(name, *arguments, **environment):
    return subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def grained(seed, height, width, channels=3):
    """An image in [0, 1] without ties."""
    rng = np.random.default_rng(seed)
    picture = rng.uniform(0.1, 0.9, (height, width, channels)).astype(np.float32)
    return np.repeat(picture, 3, -1) if channels == 1 else picture


@functools.cache
def network():
    return load_network()


def make_ours(compiled, preset, canvas="rgb", mask=None, **options):
    """The steps of a job on 48×32 images, the ink term included where the preset has one."""
    channels = 3 if canvas == "rgb" else 1
    settings = PRESETS[preset].with_options(
        scales=1, margin=0, finish_steps=0, steps=1, l2=1e-9, canvas=canvas, **options
    )
    styles = [grained(1, 32, 40, channels), grained(2, 24, 32, channels)]
    job = make_job(
        settings, grained(0, 32, 48, channels), styles, style_weights=[3.0, 1.0], mask=mask
    )
    return compiled.Ours(job, network())


# Shallow, so that they compile soon.
SHALLOW = {"layers": {"conv1_1": 2.0, "conv2_1": 1.0}, "content_layer": "conv1_2"}


def compare(rival, ours):
    """Our total and the rival's, and both gradients, at an image off the content and the box."""
    content = np.asarray(ours.targets.content)
    image = content + np.random.default_rng(3).normal(0, 60, content.shape).astype(np.float32)

    def total(image):
        found = objective.losses(ours.program, ours.convs, ours.targets, ours.coefficients, image)
        return found.total[0]

    loss, gradient = jax.jit(jax.value_and_grad(total))(image)
    results = []
    weights = load_vgg16()
    for last in (False, True):
        compute = rival.Objective(
            rival.spec_of(ours), weights.params, weights.mean, channels_last=last
        )
        leaf = rival.image_of(image).requires_grad_()
        theirs = compute(leaf)
        theirs.backward()
        results.append((float(theirs.detach()), leaf.grad.numpy().transpose(0, 2, 3, 1)))
    return float(loss), np.asarray(gradient), results


@pytest.mark.parametrize(
    ("preset", "canvas"),
    [
        ("steel", "grey"),
        ("steel", "rgb"),
        ("network-of-steel", "rgb"),
        ("reference", "rgb"),
        ("gatys", "rgb"),
    ],
)
def test_the_rival_has_our_loss_and_gradient(rival, compiled, preset, canvas):
    loss, gradient, results = compare(rival, make_ours(compiled, preset, canvas, **SHALLOW))
    for theirs, their_gradient in results:
        assert theirs == pytest.approx(loss, rel=1e-4)
        error = np.linalg.norm(their_gradient - gradient) / np.linalg.norm(gradient)
        assert error < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_the_rival_has_our_loss_on_all_layers(rival, compiled, preset):
    canvas = "grey" if preset == "steel" else "rgb"
    loss, _, results = compare(rival, make_ours(compiled, preset, canvas))
    for theirs, _ in results:
        assert theirs == pytest.approx(loss, rel=1e-4)


def test_the_rival_keeps_to_the_mask(rival, compiled):
    mask = np.zeros((32, 48), np.float32)
    mask[8:24, 8:40] = 1
    loss, gradient, results = compare(rival, make_ours(compiled, "steel", "grey", mask, **SHALLOW))
    for theirs, their_gradient in results:
        assert theirs == pytest.approx(loss, rel=1e-4)
        assert not their_gradient[0, mask == 0].any()
        assert not gradient[0, mask == 0].any()


def test_the_rival_s_loss_of_a_batch_is_that_of_its_images(rival, compiled):
    ours = make_ours(compiled, "steel", "grey", **SHALLOW)
    weights = load_vgg16()
    compute = rival.Objective(rival.spec_of(ours), weights.params, weights.mean)
    content = np.asarray(ours.targets.content)
    noise = np.random.default_rng(3).normal(0, 60, (2, *content.shape[1:]))
    batch = rival.image_of(content + noise.astype(np.float32))
    singles = [float(compute(image[None])) for image in batch]
    assert float(compute(batch)) == pytest.approx(sum(singles), rel=1e-5)
    assert singles[0] != pytest.approx(singles[1], rel=1e-3)


def test_a_batch_of_one_job_has_the_losses_of_the_job(compiled):
    job = make_ours(compiled, "steel", "grey", **SHALLOW).job
    one, three = (compiled.Ours(job, network(), count=count) for count in (1, 3))
    assert three.initial.point.shape[0] == 3
    losses = [ours.advance(ours.start(), 2)[1].total for ours in (one, three)]
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_every_term_of_steel_takes_part_in_the_comparison(rival, compiled):
    weights = rival.spec_of(make_ours(compiled, "steel", "grey", **SHALLOW)).weights
    assert all(weights[name] > 0 for name in ("content", "silhouette", "ink", "outside", "l2"))


def test_the_rival_refuses_another_size_than_the_full_one(rival, compiled):
    ours = make_ours(compiled, "steel", "grey", **SHALLOW)
    ours.job = dataclasses.replace(ours.job, phases=(ours.job.phases[0]._replace(factor=0.5),))
    with pytest.raises(ValueError, match="full size"):
        rival.spec_of(ours)


def test_a_table_is_aligned_markdown(table):
    assert table.markdown(["what", "ms"], [["jaxtex", "1.0"], ["b", "12.25"]]).splitlines() == [
        "| what   |    ms |",
        "| ------ | ----: |",
        "| jaxtex |   1.0 |",
        "| b      | 12.25 |",
    ]


def test_a_comparison_is_a_table_with_ratios_and_is_on_record(table, capsys):
    report = table.Report(as_json=False)
    seconds = {"jaxtex": [0.002, 0.001], "slow": [0.004], "slower": [0.006], "scale": [0.001]}
    columns = {"error": {"slow": "1e-3"}}
    report.compare("what", seconds, beside=["scale"], columns=columns)
    said = capsys.readouterr().out
    assert "| jaxtex |    1.0 |    1.5 | 2.0 |     1.00 |       |" in said
    assert "| slow   |    4.0 |    4.0 | 4.0 |     2.67 |  1e-3 |" in said
    assert "slow / jaxtex: 2.67 by medians, 4.00 by minima" in said
    (found,) = report.found["comparisons"]
    assert found["title"] == "what"
    assert list(found["measured"]) == ["jaxtex", "slow", "slower"]
    assert found["measured"]["jaxtex"] == pytest.approx([2, 1])


@pytest.fixture
def everything(monkeypatch, table):
    """`bench/all.py`, whose measurements answer at once."""
    monkeypatch.syspath_prepend(str(BENCH))
    spec = importlib.util.spec_from_file_location("bench_all", BENCH / "all.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(table, "require_torch", lambda: None)
    title = "steps"
    answers = {
        "stylize": {"jaxtex": [2.0, 1.0, 3.0], "PyTorch eager": [4.0], "PyTorch compiled": [3.0]},
        "cold-start": {"jaxtex": [1234.5]},
        "vmf": 2,
        "ssim": KeyboardInterrupt(),
    }

    def measure(name, *, quick):
        found = answers[name]
        if isinstance(found, BaseException):
            raise found
        if isinstance(found, int):
            return found
        return {"comparisons": [{"title": title, "unit": "ms", "measured": found}]}

    monkeypatch.setattr(module, "measure", measure)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["all", *words])
        return module.main()

    run.module = module
    return run


def test_all_has_a_row_for_each_rival_and_a_record(everything, capsys, tmp_path):
    record = tmp_path / "record.json"
    assert everything("--only", "stylize", "cold-start", "--record", str(record)) == 0
    rows = [
        line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if "steps" in line
    ]
    assert [[cell.strip() for cell in row[2:]] for row in rows] == [
        ["2", "1 to 3", "PyTorch eager", "4", "4 to 4", "2.00"],
        ["2", "1 to 3", "PyTorch compiled", "3", "3 to 3", "1.50"],
        ["1234", "1234 to 1234", "", "", "", ""],
    ]
    kept = json.loads(record.read_text())
    assert kept["machine"]["versions"]["jax"] == jax.__version__
    assert list(kept["measurements"]) == ["stylize", "cold-start"]


def test_all_goes_on_where_a_measurement_fails_and_says_so(everything, capsys):
    assert everything("--only", "vmf", "stylize") == 1
    said = capsys.readouterr().out
    assert "vmf gave no result (exit code 2)" in said
    assert "PyTorch eager" in said


def test_all_shows_what_it_has_when_it_is_interrupted(everything, capsys):
    with pytest.raises(KeyboardInterrupt):
        everything("--only", "stylize", "ssim")
    assert "PyTorch eager" in capsys.readouterr().out


def test_all_runs_the_scripts_that_bench_lists(everything):
    listed = {name: path.stem for name, path in command.scripts().items()}
    for name, (script, _) in everything.module.MEASUREMENTS.items():
        assert listed[name] == script


@pytest.mark.slow
def test_all_runs_real_measurements():
    pytest.importorskip("torch", reason="the rivals are PyTorch's")
    done = run_script("all", "--only", "vmf", "memory", "--quick", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found["measurements"]) == ["vmf", "memory"]
    assert {row["rival"] for row in found["tables"][0]} >= {"SciPy", "PyTorch eager"}


def test_rivals_take_turns(table):
    turns = []
    seconds = table.in_turn({name: lambda n=name: turns.append(n) for name in "abc"}, 2)
    assert "".join(turns) == "abcabc"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2, "c": 2}


@pytest.fixture
def training(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import _training

    return _training


def test_rivals_of_a_training_step_must_agree(training, table):
    def fail():
        raise NotImplementedError("no such thing\nat all")

    def check(image, losses):
        report = table.Report(as_json=False)
        using = {"jaxtex": lambda: np.zeros(4), "PyTorch eager": lambda: image,
                 training.COMPILED: fail}  # fmt: skip
        steps = {"jaxtex": lambda: [2.0, 1.0], "PyTorch eager": lambda: losses,
                 training.COMPILED: fail}  # fmt: skip
        training.check(using, steps, np.subtract, "they differ by {}", report)
        return list(using), list(steps), report

    image = np.array([0, 0, -1e-4, 0])
    *left, report = check(image, [2.0, 1.0002])
    assert left == 2 * [["jaxtex", "PyTorch eager"]]
    assert report.found["notes"][-3:] == [
        "torch.compile failed (NotImplementedError: no such thing)",
        "they differ by 1.0e-04",
        "the losses of the first step differ by at most 2.0e-04 of them",
    ]
    for wrong in [(20 * image, [2.0, 1.0]), (image, [1.99, 1.0])]:
        with pytest.raises(RuntimeError, match="do not compute the same"):
            check(*wrong)
    training.measure("step", {"jaxtex": lambda: None}, 2, report, digits=0)
    assert [len(each["measured"]["jaxtex"]) for each in report.found["comparisons"]] == [2]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_help_that_states_its_question(name):
    done = run_script(name, "--help")
    assert done.returncode == 0, done.stderr
    question = done.stdout.partition("\n\n")[2].partition("\n")[0]
    assert question.endswith("?")


def test_bench_lists_the_measurements_with_their_questions():
    done = CliRunner().invoke(app, ["bench"])
    assert done.exit_code == 0
    questions = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    for name in ("cold-start", "memory", "ssim", "stylize", "time-to-quality"):
        assert questions[name].endswith("?")


def test_bench_lists_the_measurements_as_json():
    done = CliRunner().invoke(app, ["bench", "--json"])
    assert "stylize" in json.loads(done.stdout)["benchmarks"]


def test_bench_refuses_an_unknown_name_and_names_those_there_are():
    code = "from jaxtex.cli import main; main(['bench', 'stylise'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "'stylise' is unknown; allowed are all, batch-throughput, " in done.stderr


@pytest.mark.parametrize("separator", [[], ["--"]])
def test_bench_hands_arguments_and_exit_code_on(monkeypatch, tmp_path, separator):
    script = tmp_path / "echo_vs_others.py"
    script.write_text("import sys, jaxtex\nprint(*sys.argv[1:])\nsys.exit(7)\n")
    monkeypatch.setattr(command, "directory", lambda: tmp_path)
    captured = []
    run = subprocess.run

    def keep_output(*arguments, **options):
        captured.append(run(*arguments, **options, capture_output=True, text=True))
        return captured[0]

    monkeypatch.setattr(command.subprocess, "run", keep_output)
    arguments = ["bench", "echo", *separator, "--json", "a", "--help"]
    assert CliRunner().invoke(app, arguments).exit_code == 7
    assert captured[0].stdout == "--json a --help\n"


def test_bench_without_scripts_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "directory", lambda: tmp_path)
    result = CliRunner().invoke(app, ["bench", "stylize"])
    assert isinstance(result.exception, SettingsError)


@pytest.mark.parametrize("name", ["stylize_vs_pytorch", "time_to_quality"])
def test_a_script_without_pytorch_says_what_to_install(tmp_path, name):
    (tmp_path / "torch.py").write_text("raise ImportError('not here')\n")
    done = run_script(name, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "pip install 'jaxtex[bench]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_stylize_prints_a_table_with_a_ratio():
    pytest.importorskip("torch", reason="the rival is PyTorch")
    done = run_script(
        "stylize_vs_pytorch",
        "--sizes=64x32",
        "--rounds=1",
        "--steps=1",
        "--objectives=lbfgs",
        "--no-compile",
    )
    assert done.returncode == 0, done.stderr
    assert "| jaxtex" in done.stdout
    assert "| PyTorch channels_last" in done.stdout
    assert "/ jaxtex: " in done.stdout


@pytest.mark.parametrize("text", ["512", "0x64", "64x32x3", "x"])
def test_a_size_that_is_none_is_refused(text):
    done = run_script("stylize_vs_pytorch", "--sizes", text)
    assert done.returncode == 2
    assert "is not WIDTHxHEIGHT" in done.stderr


def test_time_to_quality_refuses_a_pair_that_is_not_there():
    pytest.importorskip("torch", reason="the rival is PyTorch")
    done = run_script("time_to_quality", "--pairs", "northgate:nobody")
    assert done.returncode == 2
    assert "nobody" in done.stderr


@pytest.mark.slow
def test_time_to_quality_writes_its_curves(tmp_path):
    pytest.importorskip("torch", reason="the rival is PyTorch")
    curves = tmp_path / "curves.csv"
    done = run_script("time_to_quality", "--size=64", "--adam-steps=6", "--json", f"--csv={curves}")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    assert [row["objective, pair"].split(",")[0] for row in rows] == ["steel", "reference"]
    methods = {line.split(",")[2] for line in curves.read_text().splitlines()[1:]}
    assert methods == {"jaxtex Adam", "jaxtex L-BFGS", "PyTorch L-BFGS"}


@pytest.mark.slow
def test_memory_measures_each_variant_in_its_own_process():
    pytest.importorskip("torch", reason="the rival is PyTorch")
    done = run_script("memory", "--size", "64x64", "--json")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    assert len(rows) == 3
    assert all(0 < float(row["imports MiB"]) <= float(row["peak MiB"]) for row in rows)


@pytest.mark.slow
def test_cold_start_times_the_first_step():
    done = run_script("cold_start", "--size=64", "--help-rounds=1", "--rounds=1", "--json")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    assert len(rows) == 5
    assert all(float(row["min"]) > 0 for row in rows)


@pytest.mark.slow
def test_ssim_compares_rivals_that_agree_and_measures_large_sets():
    pytest.importorskip("torch", reason="a rival is PyTorch")
    pytest.importorskip("skimage", reason="a rival is scikit-image")
    pytest.importorskip("pytorch_msssim", reason="a rival is pytorch-msssim")
    words = "--size=20 --textures=4 --references=3 --rounds=1 --counts 50 100 --json"
    done = run_script("ssim_vs_skimage", *words.split())
    assert done.returncode == 0, done.stderr
    large, pairs = json.loads(done.stdout)["tables"]
    assert [row["jaxtex, 20×20 RGB"] for row in large] == ["50 × 8 pairs", "100 × 8 pairs"]
    assert len(pairs) == 5
    assert all(float(row["error"]) < 1e-5 for row in pairs)


def test_the_claims_are_tried_on_cells_that_there_are(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCH))
    import claims

    from jaxtex.style.experiments import tables

    stems = {}
    for name, sweep in claims.sweeps().items():
        assert sweep.content.is_file()
        assert sweep.style.is_file()
        path = tmp_path / "grid.toml"
        path.write_text(sweep.grid)
        cells = [cell for grid in tables.read_grids(path) for cell in tables.cells(grid)]
        stems[name] = {f"{cell.grid.name}/{cell.stem}" for cell in cells}
    assert {name: len(found) for name, found in stems.items() if name.startswith("ref")} == {
        "reference": 108,
        "reference-2": 36,
    }
    for name, cell in claims.SYSTEMS.values():
        assert cell in stems[name]
    assert {claims.BEST, claims.RUNNER_UP} <= stems["reference"] & stems["reference-2"]


def test_a_cell_is_beaten_by_those_that_are_better_in_all_three(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import claims

    rows = {
        name: dict(zip(claims.FIGURES, figures, strict=True))
        for name, figures in {
            "own": (0.9, 0.1, 0.5),
            "better": (0.95, 0.05, 0.6),
            "less readable": (0.8, 0.0, 0.9),
            "as clean": (0.95, 0.1, 0.6),
        }.items()
    }
    sweep = claims.Sweep("name", "", rows=rows)
    assert [claims.beaten_by(sweep, cell) for cell in rows] == [1, 0, 0, 0]
    assert claims.product(sweep, "own") == pytest.approx(0.9 * 0.9 * 0.5)


@pytest.mark.slow
def test_sweep_compares_rivals_that_end_with_the_same_losses():
    pytest.importorskip("torch", reason="a rival is PyTorch")
    done = run_script("sweep_vs_pytorch", "--rows=2", "--size=96", "--steps=2", "--json")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    title = "table 9, 6 cells, 96 pixels, 2 steps"
    assert [row[title] for row in rows] == ["sweep", "commands", "calls", "pytorch"]
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert rows[0]["sweep's part"] == "1.00"
