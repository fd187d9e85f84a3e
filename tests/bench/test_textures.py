"""The measurements of the texture commands can be run, on a model of random weights."""

import json
import os
import subprocess
import sys

import pytest
from bench_scripts import BENCH
from texture_models import lively_model


@pytest.fixture
def run(tmp_path):
    """Runs a script with the model, and gives its JSON object."""
    model = lively_model(tmp_path / "lively.safetensors")

    def run(name, *words):
        done = subprocess.run(
            [sys.executable, BENCH / f"{name}.py", "--json", "--model", model, *map(str, words)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "JAXTEX_CACHE": str(tmp_path / "cache")},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_even_steps_are_even_in_the_way_that_was_asked_for(run):
    (table,) = run("interpolation", "--pairs", 2, "-n", 3)["tables"]
    ways = {next(iter(row.values())).partition(",")[0]: row for row in table}
    assert set(ways) == {"plain walk", "even to the first", "even to neighbours"}
    assert ways["even to the first"]["inside"] == "100.0%"
    assert float(ways["even to the first"]["largest step, max"]) == pytest.approx(1, abs=0.02)
    neighbours = {name: float(row["largest between neighbours, max"]) for name, row in ways.items()}
    assert neighbours["even to neighbours"] == min(neighbours.values())


@pytest.mark.slow
def test_the_papers_figures_are_drawn(run, tmp_path):
    (table,) = run("satoh_figures", "-o", tmp_path / "figures")["tables"]
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        *(f"figure-{number}.png" for number in (1, 2, 4, 5)),
        *(f"figure-3-iteration-{number}.png" for number in range(3)),
        *(f"figure-4-references-{number:02d}.png" for number in (1, 2, 4, 50)),
        "figure-5-textures.png",
    }
    within = [float(row["MSSIM within clusters"]) for row in table]
    assert [row["references"] for row in table] == ["1", "2", "4", "50"]
    assert within[-1] > float(table[-1]["of any two textures"])


@pytest.mark.slow
def test_textures_are_compared_with_their_family(run):
    one, other = (
        run("dcgan_quality", "--count", 12, "--family", family)["tables"]
        for family in ("cloth", "marble")
    )
    assert [row["images"] for row in one[0]] == ["model", "cloth", "other cloth"]
    assert one[0][0] != other[0][0]
    assert float(one[0][0]["Fréchet / 10⁶"]) > float(one[0][2]["Fréchet / 10⁶"])
    assert {"denim", "twill"} & set(one[1][0])
