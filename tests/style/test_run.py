import dataclasses
import itertools

import jax
import numpy as np
import pytest
from logos import SHALLOW, bars

from jaxtex.errors import CheckpointError
from jaxtex.style import (
    Hooks,
    Job,
    Outcome,
    load_network,
    make_job,
    problem,
    resolve_settings,
    run_jobs,
)
from jaxtex.style import run as run_module
from jaxtex.style.checkpoint import CheckpointStore
from jaxtex.style.optimise import _run_by_xla
from jaxtex.style.problem import Problem

# Grey on a plain ground, with more in it than bars.
STYLE = np.pad(
    np.random.default_rng(0).permutation(bars(26, 46)), ((2, 2), (2, 2), (0, 0)), constant_values=1
)
# So short that tests share the few programs that these sizes need.
OPTIONS = {**SHALLOW, "scales": 2, "margin": 4, "steps": 6, "finish_steps": 2, "optimizer": "lbfgs"}
OPTIMIZERS = ("lbfgs", "adam")


def job_of(content: np.ndarray | None = None, **options) -> Job:
    settings = resolve_settings(**{**OPTIONS, **options})
    return make_job(settings, bars() if content is None else content, [STYLE])


@pytest.fixture(scope="module")
def network():
    return load_network()


@pytest.fixture
def run(network):
    def run(job: Job, **hooks) -> Outcome:
        (outcome,) = run_jobs([job], network=network, hooks=Hooks(**hooks))
        return outcome

    return run


def same(first: Outcome, second: Outcome) -> None:
    assert first.status == second.status
    np.testing.assert_array_equal(first.levels, second.levels)
    for name, values in first.history.losses._asdict().items():
        np.testing.assert_array_equal(values, getattr(second.history.losses, name), err_msg=name)


def after(chunks: int):
    """A wish to stop after so many chunks."""
    count = itertools.count(1)
    return lambda: next(count) >= chunks


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_of_n_steps_has_n_plus_one_rows(run, optimizer):
    outcome = run(job_of(optimizer=optimizer))
    assert outcome.status == "done"
    assert len(outcome.history.total) == len(outcome.history.seconds) == 6 + 2 + 1
    assert outcome.history.seconds[0] == 0
    assert np.all(np.diff(outcome.history.seconds) >= 0)
    assert np.isfinite(outcome.levels).all()


def test_each_size_is_announced_once_before_its_first_step(run):
    job, told = job_of(), []
    run(
        job,
        ready=lambda height, width: told.append((height, width)),
        progress=lambda progress: told.append(progress.step),
    )
    sizes = list(dict.fromkeys(phase[:2] for phase in job.phases))
    assert len(sizes) == 2
    assert [each for each in told if isinstance(each, tuple)] == sizes
    assert told[:2] == [sizes[0], 0]
    assert isinstance(told[-1], int)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_loss_falls_within_a_phase(run, optimizer):
    job = job_of(optimizer=optimizer, steps=40, finish_steps=0)
    total = run(job).history.total
    coarse, fine = (phase.steps for phase in job.phases[:2])
    assert total[coarse] < total[0]
    assert total[coarse + fine] < total[coarse + 1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_how_a_run_is_cut_into_chunks_changes_no_bit(run, optimizer):
    job = job_of(optimizer=optimizer)
    frames = []
    whole = run(job)
    cut = run(job, frame=lambda step, pictures: frames.append((step, pictures)), frame_every=2)
    same(whole, cut)
    assert [step for step, _ in frames] == [0, 2, 4, 6, 8]
    assert all(pictures[0].shape == (40, 64, 3) for _, pictures in frames)


def test_the_first_row_is_the_initial_image_whatever_comes_next(run):
    first = run(job_of()).history
    other = run(job_of(learning_rate=9.0)).history
    assert first.total[0] == other.total[0]
    assert first.total[1] != other.total[1]


def test_progress_tells_every_chunk(run):
    seen = []
    job = job_of()
    outcome = run(job, progress=seen.append, frame=lambda *_: None, frame_every=1)
    assert [each.step for each in seen] == list(range(9))
    assert {each.steps for each in seen} == {8}
    coarse = job.phases[0].steps
    sizes = [(24, 36)] * (coarse + 1) + [(48, 72)] * (8 - coarse)
    assert [(each.height, each.width) for each in seen] == sizes
    np.testing.assert_allclose([each.loss for each in seen], outcome.history.total)


@pytest.mark.parametrize("chunks", [1, 3, 5])
def test_a_stopped_run_has_what_is_done(run, chunks):
    job = job_of()
    outcome = run(job, stop=after(chunks), frame=lambda *_: None, frame_every=1)
    assert outcome.status == "interrupted"
    assert len(outcome.history.total) == chunks
    np.testing.assert_array_equal(outcome.history.total, run(job).history.total[:chunks])
    assert job.picture(outcome.levels).shape == (40, 64, 3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_ends_with_the_same_bits(run, tmp_path, optimizer):
    job = job_of(optimizer=optimizer)
    rounds = 0
    while True:
        rounds += 1
        store = CheckpointStore(tmp_path, {}, resume=True, every_seconds=0.0)
        # Two steps a round, so that it stops within phases and at their ends.
        outcome = run(job, checkpoint=store, stop=after(2), frame=lambda *_: None, frame_every=1)
        assert outcome.history.seconds[0] == 0
        assert np.all(np.diff(outcome.history.seconds) >= 0)
        if outcome.status == "done" or rounds > 9:
            break
    assert rounds == 5
    same(outcome, run(job))


def test_a_run_goes_on_from_the_last_save_when_it_is_killed(run, tmp_path):
    class KilledError(Exception):
        pass

    def kill(progress):
        if progress.step == 5:
            raise KilledError

    job = job_of()
    for _ in range(2):
        store = CheckpointStore(tmp_path, {}, resume=True, every_seconds=0.0)
        with pytest.raises(KilledError):
            run(job, checkpoint=store, progress=kill, frame=lambda *_: None, frame_every=1)
    store = CheckpointStore(tmp_path, {}, resume=True)
    same(run(job, checkpoint=store), run(job))


def test_a_checkpoint_of_another_shape_is_refused(run, tmp_path):
    store = CheckpointStore(tmp_path, {}, resume=False, every_seconds=0.0)
    run(job_of(), checkpoint=store, stop=after(1))
    store = CheckpointStore(tmp_path, {}, resume=True)
    with pytest.raises(CheckpointError, match="cannot be read"):
        run(job_of(bars(44, 64)), checkpoint=store)


def test_other_coefficients_compile_nothing_new(run):
    run(job_of())
    before = _run_by_xla._cache_size()
    layers = {"conv1_1": 3.0, "conv1_2": 0.25}
    changed = job_of(
        layers=layers, content_weight=0.5, silhouette=0.2, skeleton=3.0, ink=0.3, tv=1e-7, l2=1e-9,
        learning_rate=3.0, steps=9, finish_steps=3, seed=5,
    )  # fmt: skip
    outcome = run(changed)
    assert _run_by_xla._cache_size() == before
    assert not np.array_equal(outcome.levels, run(job_of()).levels)


def test_the_coefficients_scale_their_terms(run):
    plain = run(job_of(content_weight=0.0), stop=after(1)).history
    double = run(job_of(content_weight=0.0, layers={"conv1_1": 2.0, "conv1_2": 2.0}),
                 stop=after(1)).history  # fmt: skip
    np.testing.assert_allclose(double.style, 2 * plain.style, rtol=1e-5)


def test_the_mask_keeps_the_content_outside(network):
    mask = np.zeros((40, 64), np.float32)
    mask[:, 32:] = 1
    settings = resolve_settings(**{**OPTIONS, "scales": 1, "contrast": 0.0, "canvas": "grey"})
    noise = np.random.default_rng(0).permutation(bars(30, 50))
    job = make_job(settings, bars(), [noise], mask=mask)
    (outcome,) = run_jobs([job], network=network)
    changed = np.abs(job.picture(outcome.levels) - job.picture(job.content)).max(-1)
    assert changed[:, 32:].max() > 0.05
    assert changed[:, :31].max() < 1e-3


def test_too_little_memory_computes_twice_with_the_same_result(network):
    job = job_of(scales=1)
    (plain,) = run_jobs([job], network=network)
    (tight,) = run_jobs([job], network=network, max_bytes=1)
    np.testing.assert_allclose(tight.history.total, plain.history.total, rtol=1e-3)


@pytest.mark.parametrize("max_bytes", [None, 1], ids=["plain", "rematerialised"])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_one_jobs_divergence_is_its_own(network, optimizer, place, max_bytes):
    good = job_of(optimizer=optimizer, scales=1)
    levels = good.content.copy()
    levels[0, 0] = np.nan
    jobs = [good, good, good]
    expected = run_jobs(jobs, network=network, max_bytes=max_bytes)
    jobs[place] = dataclasses.replace(good, init=levels)
    outcomes = run_jobs(jobs, network=network, max_bytes=max_bytes)
    assert outcomes.pop(place).status == "diverged"
    expected.pop(place)
    for found, right in zip(outcomes, expected, strict=True):
        assert found.status == right.status == "done"
        np.testing.assert_array_equal(found.levels, right.levels)
        assert np.isfinite(found.history.total).all()


def test_a_run_finds_what_another_thread_has_compiled(run, caplog):
    job = job_of(np.pad(bars(), ((0, 2), (0, 4), (0, 0)), constant_values=1))
    assert len({phase[:2] for phase in job.phases}) == 2
    # Of this thread alone.
    with jax.log_compiles():
        whole = run(job)
    compiled = [record.getMessage() for record in caplog.records]
    assert any("XLA compilation of jit(start)" in said for said in compiled)
    assert not any("XLA compilation of jit(_run)" in said for said in compiled)
    assert whole.status == "done"


def test_with_little_memory_sizes_are_made_ready_one_by_one_to_the_same_bytes(run, monkeypatch):
    job = job_of()
    ahead = run(job)
    monkeypatch.setattr(problem, "has_room", lambda *_: False)
    monkeypatch.setattr(Problem, "compile", None)
    same(run(job), ahead)


def test_an_error_of_the_compiling_thread_reaches_the_caller(run, monkeypatch):
    def too_little(*_):
        raise MemoryError

    monkeypatch.setattr(Problem, "compile", too_little)
    monkeypatch.setattr(run_module, "next_limit", lambda *_: None)
    with pytest.raises(MemoryError):
        run(job_of())


@pytest.mark.parametrize(("optimizer", "status"), [("adam", "diverged"), ("lbfgs", "done")])
def test_a_loss_that_is_not_finite_under_way_keeps_the_last_good_image(
    run, monkeypatch, optimizer, status
):
    calls = itertools.count(1)
    advance = Problem.advance

    def poisoned(self, state, *rest):
        if next(calls) == 3:
            state = state._replace(point=state.point.at[0, 0, 0, 0].set(np.nan))
        return advance(self, state, *rest)

    monkeypatch.setattr(Problem, "advance", poisoned)
    outcome = run(job_of(optimizer=optimizer), frame=lambda *_: None, frame_every=1)
    # Adam has no way back; a line search tries a shorter step.
    assert outcome.status == status
    assert np.isfinite(outcome.levels).all()
    assert np.isfinite(outcome.history.total).all()
    assert len(outcome.history.total) == (3 if status == "diverged" else 9)
