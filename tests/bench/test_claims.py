"""The claims of the papers, tried on cells that there are."""

import pytest
from bench_scripts import BENCH


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
