import itertools

import numpy as np
import pytest
from logos import SHALLOW, bars

from jaxtex.errors import ImageError
from jaxtex.style import Hooks, load_network, problem, resolve_settings, run, targets
from jaxtex.style.experiments import Axis, Cell, Grid, Sweep, cells
from jaxtex.style.optimise import _run_by_xla
from jaxtex.style.stylize import stylize

STYLE = np.random.default_rng(0).permutation(bars(30, 50))
OPTIONS = {**SHALLOW, "scales": 1, "margin": 0, "steps": 4, "finish_steps": 0, "canvas": "grey"}


def grid_of(name="grid", rows=(0.0, 20.0), columns=(20.0, 200.0, 2000.0), **options):
    return Grid(
        name=name,
        title=name,
        base=resolve_settings("network-of-steel", **{**OPTIONS, **options}),
        rows=Axis(name="coarse", values=rows, layers=("conv1_1",)),
        columns=Axis(name="deep", values=columns, layers=("conv1_2",)),
    )


@pytest.fixture(scope="module")
def network():
    return load_network()


@pytest.fixture
def sweep(network):
    def sweep(*grids, wanted=None, hooks=None, **options):
        made = Sweep([c for grid in grids for c in cells(grid)], bars(), STYLE, **options)
        return dict(made.run(wanted, network=network, hooks=hooks))

    return sweep


def test_every_cell_is_what_stylize_makes_of_its_settings(sweep, network):
    grid = grid_of()
    found = sweep(grid)
    assert sorted(found) == list(range(6))
    for index, cell in enumerate(cells(grid)):
        options = cell.settings.to_dict()
        options.pop("strength")
        alone = stylize(bars(), STYLE, network=network, **options)
        assert found[index].settings == cell.settings
        np.testing.assert_allclose(found[index].history.total, alone.history.total, rtol=1e-3)
        np.testing.assert_allclose(found[index].image, alone.image, atol=0.02)


def test_all_cells_of_a_table_run_in_one_program(sweep, monkeypatch):
    programs = set()
    real = problem.run_chunk

    def counted(program, convs, *rest):
        programs.add((program, rest[0].content.shape))
        return real(program, convs, *rest)

    monkeypatch.setattr(problem, "run_chunk", counted)
    sweep(grid_of(), batch_size=3)
    assert len(programs) == 1
    before = _run_by_xla._cache_size()
    sweep(grid_of(rows=(0.0, 7.0), columns=(3.0, 5.0, 9.0)), batch_size=3)
    assert _run_by_xla._cache_size() == before


def test_features_are_computed_once_for_the_whole_sweep(sweep, monkeypatch):
    seen = []
    for name in ("_content_features", "_grams"):
        real = getattr(targets, name)

        def counted(*arguments, real=real, name=name):
            seen.append(name)
            return real(*arguments)

        monkeypatch.setattr(targets, name, counted)
    sweep(grid_of("a"), grid_of("b", content_weight=5.0), batch_size=2)
    assert seen == ["_content_features", "_grams"]


def test_the_images_are_made_ready_once_for_all_coefficients(monkeypatch):
    from jaxtex.style.experiments import sweep as module

    calls = itertools.count()
    real = module.make_job

    def counted(*arguments, **options):
        next(calls)
        return real(*arguments, **options)

    monkeypatch.setattr(module, "make_job", counted)
    made = Sweep([*cells(grid_of("a")), *cells(grid_of("b", size=40))], bars(), STYLE)
    assert next(calls) == 2
    assert [job.settings for job in made.jobs] == [cell.settings for cell in made.cells]


def test_batches_hold_what_fits_and_at_most_what_was_asked_for():
    found = cells(grid_of())
    assert Sweep(found, bars(), STYLE, batch_size=4).batches == [[0, 1, 2, 3], [4, 5]]
    assert Sweep(found, bars(), STYLE, batch_size=9).batches == [list(range(6))]
    assert Sweep(found, bars(), STYLE, max_bytes=1).batches == [[index] for index in range(6)]


def test_wanted_cells_come_to_the_same_bits_as_in_a_whole_sweep(sweep):
    whole = sweep(grid_of(), batch_size=4)
    some = sweep(grid_of(), wanted=[1, 5], batch_size=4)
    assert sorted(some) == [1, 5]
    for index, result in some.items():
        np.testing.assert_array_equal(result.image, whole[index].image)


def test_a_batch_without_a_wanted_cell_does_not_run(sweep):
    batches = []

    def hooks(members):
        batches.append(list(members))
        return Hooks()

    sweep(grid_of(), wanted=[5], batch_size=4, hooks=hooks)
    assert batches == [[4, 5]]


def test_an_interruption_ends_the_sweep_with_the_batches_that_are_done(sweep):
    asked = []

    def hooks(members):
        return Hooks(stop=lambda: asked.append(members) or (len(asked) > 1 and 2 in members))

    found = sweep(grid_of(), batch_size=2, hooks=hooks)
    assert sorted(found) == [0, 1]


def test_cells_of_any_settings_run(sweep):
    grid = Grid(
        name="free",
        title="free",
        base=resolve_settings("network-of-steel", **OPTIONS),
        rows=Axis(name="normalization", values=("paper", "relative"), option="normalization"),
        columns=Axis(name="size", values=(48, 64), option="size"),
    )
    found = sweep(grid)
    assert [found[index].image.shape for index in range(4)] == [(30, 48, 3), (40, 64, 3)] * 2


def test_a_diverged_cell_is_its_own(sweep, monkeypatch):
    real = run._Batch.run

    def poisoned(self):
        outcomes = real(self)
        return [outcomes[0]._replace(status="diverged"), *outcomes[1:]]

    monkeypatch.setattr(run._Batch, "run", poisoned)
    found = sweep(grid_of(), batch_size=6)
    assert [found[index].status for index in range(6)] == ["diverged"] + ["done"] * 5


def test_an_image_too_small_for_a_cells_layers_is_refused():
    grid = grid_of()
    deep = Grid(
        name="deep",
        title="deep",
        base=grid.base,
        columns=Axis(name="deep", values=(1.0,), layers=("conv5_3",)),
    )
    with pytest.raises(ImageError, match="content: 40×10 pixels is too small for layer conv5_3"):
        Sweep(cells(deep), bars()[:10, :40], STYLE)


def test_a_cell_has_the_labels_of_its_row_and_column():
    assert [cell.labels for cell in cells(grid_of())][4] == ("coarse 20", "deep 200")
    assert isinstance(cells(grid_of())[0], Cell)
