"""The measurement of batches; nothing here asserts a time."""

import json
import subprocess
import sys

import pytest
from bench_scripts import BENCH

SCRIPT = BENCH / "batch_throughput.py"


def run(*words):
    return subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)


def test_help_names_the_rivals():
    done = run("--help")
    assert done.returncode == 0, done.stderr
    assert "commands: a `jaxtex stylize` command for each job" in done.stdout


@pytest.mark.slow
def test_batches_commands_and_pytorch_are_counted():
    pytest.importorskip("torch", reason="a rival is PyTorch")
    done = run("--jobs=2", "--steps=1", "--size=64x32", "--batch-sizes=2", "--commands=1", "--json")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    assert [(next(iter(row.values())), row["jobs"]) for row in rows] == [
        ("batch 2", "2"), ("commands", "1"), ("pytorch", "2"),
    ]  # fmt: skip


@pytest.mark.slow
def test_memory_is_read_after_a_fifth_and_at_the_end():
    done = run("--memory=10", "--json")
    assert done.returncode == 0, done.stderr
    (rows,) = json.loads(done.stdout)["tables"]
    assert [row["tiny jobs, 64×32"] for row in rows] == ["2", "10"]
    assert all(100 < float(row["resident MiB"]) < 20_000 for row in rows)
