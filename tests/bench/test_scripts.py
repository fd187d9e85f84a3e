"""Each script can be run; nothing here asserts a time."""

import json
import shutil

import pytest
from bench_scripts import run_script

SCRIPTS = (
    "all",
    "claims",
    "cold_start",
    "compile",
    "glyphs",
    "memory",
    "schedule",
    "segmentation",
    "ssim_vs_skimage",
    "stylize_vs_pytorch",
    "sweep_vs_pytorch",
    "texture_search",
    "time_to_quality",
    "ui_clicks",
    "ui_search",
)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_help_that_states_its_question(name):
    done = run_script(name, "--help")
    assert done.returncode == 0, done.stderr
    question = done.stdout.partition("\n\n")[2].partition("\n")[0]
    assert question.endswith("?")


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


@pytest.mark.slow
def test_segmentation_finds_lettering_and_textures():
    done = run_script("segmentation", "--names=1", "--textures=2", "--grounds", "rust", "--json")
    assert done.returncode == 0, done.stderr
    lettering, textures = json.loads(done.stdout)["tables"]
    assert [row["ground"] for row in lettering] == ["rust", "all"]
    assert float(lettering[0]["median IoU"]) > 0.8
    assert textures[-1]["pictures"] == "2"


def test_segmentation_refuses_a_ground_that_is_not_there():
    done = run_script("segmentation", "--grounds", "lava")
    assert done.returncode == 2
    assert "lava" in done.stderr


@pytest.mark.slow
def test_glyphs_are_found_in_names():
    done = run_script("glyphs", "--names=40", "--json")
    assert done.returncode == 0, done.stderr
    (table,) = json.loads(done.stdout)["tables"]
    found = {row["names"]: row for row in table}
    assert found["all"]["number"] == "40"
    assert float(found["plain, grotesk"]["letters right"]) > 0.95
    assert float(found["all"]["both ends right"]) > 0.7


@pytest.fixture
def chromium():
    """Skips where pages cannot be opened."""
    pytest.importorskip("nicegui", reason="NiceGUI is not installed")
    pytest.importorskip("playwright", reason="playwright is not installed")
    if shutil.which("chromium") is None:
        pytest.skip("there is no chromium here")


@pytest.mark.slow
def test_rounds_of_a_search_are_measured(chromium):
    done = run_script("ui_search", "--json", "--rounds=1")
    assert done.returncode == 0, done.stderr
    titles = [each["title"] for each in json.loads(done.stdout)["comparisons"]]
    assert titles[0] == "a pick is marked"
    assert titles[-1] == "their sheets are on disk"


@pytest.mark.slow
def test_twenty_people_click_at_once_without_an_error(chromium):
    done = run_script("ui_clicks", "--json")
    assert done.returncode == 0, done.stderr
    everyone, page = json.loads(done.stdout)["comparisons"][:2]
    assert page["title"] == "of these, the page in chromium"
    assert len(page["measured"]["jaxtex"]) >= 20
    assert len(everyone["measured"]["jaxtex"]) >= 20 * 20
