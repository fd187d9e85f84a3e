"""All measurements in one table."""

import importlib.util
import json
import sys

import jax
import pytest
from bench_scripts import BENCH, run_script

from jaxtex.cli import bench as command


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
