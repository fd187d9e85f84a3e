"""What an evaluation takes of a device, and what happens where it has less."""

import json

import jax
import numpy as np
import pytest
from logos import SHALLOW, bars
from reference import network

from jaxtex import platforms, runtime
from jaxtex.style import Job, devices, make_job, resolve_settings, run_jobs
from jaxtex.style.objective import least_band
from jaxtex.style.problem import Problem

SHAPE = (48, 64, 1)
STYLE = bars(30, 50)[::-1, ::-1]


def job_of(content=None, **options) -> Job:
    options = {**SHALLOW, "scales": 1, "margin": 4, "steps": 3, "finish_steps": 0, **options}
    return make_job(resolve_settings(**options), bars() if content is None else content, [STYLE])


@pytest.fixture
def program(monkeypatch, tmp_path):
    monkeypatch.setenv("JAXTEX_CACHE", str(tmp_path))
    return job_of().program


def test_the_compiler_is_asked_once_and_right_for_larger_batches(program, monkeypatch):
    with platforms.tracing_for("gpu"):
        need = devices.compiled_need(program, "lbfgs", SHAPE)
        actual = devices._compiled_bytes(program, "lbfgs", 8, SHAPE, 1)
        assert need.of(8) == pytest.approx(actual, rel=0.1)
        monkeypatch.setattr(devices, "_compiled_bytes", None)
        assert devices.compiled_need(program, "lbfgs", SHAPE) == need
    (known,) = json.loads((runtime.cache_folder() / "memory.json").read_text()).values()
    assert known == list(need)


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"a": 3}', '{"a": [1]}'], ids=repr)
def test_a_damaged_record_is_made_anew(program, monkeypatch, text):
    monkeypatch.setattr(devices, "_compiled_bytes", lambda program, optimizer, batch, *_: 7 + batch)
    path = runtime.cache_folder() / "memory.json"
    path.write_text(text)
    assert devices.compiled_need(program, "adam", SHAPE) == (7, 1)
    assert list(json.loads(path.read_text()).values()) == [[7, 1]]


def test_off_the_cpu_batches_are_as_large_as_the_compiler_says(monkeypatch):
    needs = {False: devices.Need(1000, 200), True: devices.Need(1000, 100)}
    monkeypatch.setattr(devices, "compiled_need", lambda program, *_: needs[program.rematerialise])
    job, size = job_of(), job_of().content.shape[:2]
    with platforms.tracing_for("tpu"):
        assert devices.fit_batch(job, 50, 3000) == 10
        assert devices.fit_batch(job, 50, 10) == 1
        assert not devices.fit_program(job, 10, size, 3000).rematerialise
        assert devices.fit_program(job, 11, size, 3000).rematerialise
        # Twice is no help where it takes more.
        needs[True] = devices.Need(1000, 300)
        assert devices.fit_program(job, 11, size, 3000) == job.program
        # Where there is plenty, nobody is asked.
        monkeypatch.setattr(devices, "compiled_need", None)
        assert devices.fit_batch(job, 50, 1 << 40) == 50
        assert devices.fit_program(job, 50, size, 1 << 40) == job.program


def too_little(monkeypatch, most: int) -> list[tuple[int, bool]]:
    """A device that holds `most` jobs; what is tried on it: jobs, and whether twice computed."""
    tried = []
    real = Problem.advance

    def advance(problem, state, coefficients, count):
        tried.append((len(problem.jobs), problem.program.rematerialise))
        if len(problem.jobs) > most and not problem.program.rematerialise:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating")
        return real(problem, state, coefficients, count)

    monkeypatch.setattr(Problem, "advance", advance)
    return tried


def test_out_of_memory_halves_the_batch(monkeypatch):
    jobs = [job_of(content_weight=float(weight)) for weight in range(1, 6)]
    expected = run_jobs(jobs, network=network())
    tried = too_little(monkeypatch, 2)
    found = run_jobs(jobs, network=network())
    assert [size for size, _ in dict.fromkeys(tried)] == [5, 2, 1]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.history.total[-1] == pytest.approx(theirs.history.total[-1], rel=1e-4)


def test_a_job_that_does_not_fit_computes_its_activations_twice(monkeypatch):
    tried = too_little(monkeypatch, 0)
    assert run_jobs([job_of()], network=network())[0].status == "done"
    assert list(dict.fromkeys(tried)) == [(1, False), (1, True)]


def test_memory_that_was_given_is_not_taken_for_more(monkeypatch):
    too_little(monkeypatch, 0)
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        run_jobs([job_of(), job_of(bars(44, 64))], network=network(), max_bytes=1 << 34)


def test_what_does_not_fit_even_so_goes_band_by_band_and_comes_out_alike():
    content = np.tile(bars(), (4, 2, 1))
    job = job_of(content, layers={"conv1_2": 1.0, "conv2_1": 1.0}, content_layer="conv2_1")
    size = job.content.shape[:2]
    need = devices.evaluation_need(job).of(1)
    assert devices.fit_program(job, 1, size, need) == job.program
    assert devices.fit_program(job, 1, size, need - 1).rematerialise
    found = devices.fit_program(job, 1, size, need // 2)
    assert (found.rematerialise, found.band) == (False, size[0] // 4)
    # The lowest there are, where not even they fit.
    assert devices.fit_program(job, 1, size, 1).band == least_band(job.program)
    (whole,) = run_jobs([job], network=network())
    (banded,) = run_jobs([job], network=network(), max_bytes=need // 2)
    np.testing.assert_allclose(banded.history.total, whole.history.total, rtol=1e-4)
    np.testing.assert_allclose(banded.levels, whole.levels, atol=0.3)


def test_a_device_with_still_less_gets_bands(monkeypatch):
    tried = []
    real = Problem.advance

    def advance(problem, state, coefficients, count):
        tried.append((problem.program.rematerialise, problem.program.band is not None))
        if problem.program.band is None:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating")
        return real(problem, state, coefficients, count)

    monkeypatch.setattr(Problem, "advance", advance)
    job = job_of(np.tile(bars(), (4, 2, 1)))
    assert run_jobs([job], network=network())[0].status == "done"
    assert list(dict.fromkeys(tried)) == [(False, False), (True, False), (False, True)]
