import itertools
import threading
import time

import jax
import numpy as np
import pytest
from tiny_jobs import pixels

from jaxtex import images
from jaxtex.errors import RunError
from jaxtex.jobs.caches import ImageCache, Models
from jaxtex.jobs.engines import batches, local
from jaxtex.jobs.engines.batches import assemble
from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.kinds import stylize
from jaxtex.jobs.kinds.stylize import StylizeWork
from jaxtex.jobs.kinds.work import Resources
from jaxtex.runtime import forget_programs
from jaxtex.style import Placement, devices, filled, problem, targets

MIXED = [
    {"content": "c1.png", "style": "s1.png", "output": "1.png"},
    {"content": "tall.png", "style": "s1.png", "output": "2.png"},
    {"content": "c2.png", "style": "s1.png", "output": "3.png", "content_weight": 0.5},
    {"content": "c1.png", "style": "s2.png", "output": "4.png",
     "layer": ("conv1_1=3", "conv1_2=1")},
    {"content": "c1.png", "style": ("s1.png", "s2.png"), "output": "5.png",
     "style_weight": (1.0, 3.0)},
    {"content": "c2.png", "style": "s2.png", "output": "6.png", "optimizer": "adam"},
]  # fmt: skip


@pytest.fixture
def prepare(network):
    """Makes planned stylisations ready."""
    resources = Resources(network=lambda: network, placement=Placement(), images=ImageCache(),
                          models=Models(), most=4, limit=2**30)  # fmt: skip
    return StylizeWork(resources).prepare


def test_every_job_is_what_its_own_run_would_be(engine, planned, alone):
    jobs = planned(*MIXED)
    found = engine(jobs)
    assert engine.whole
    assert set(found) == {row["output"] for row in MIXED}
    for job in jobs:
        expected = alone(job)
        assert pixels(found[job.output]).shape == expected.shape
        np.testing.assert_allclose(pixels(found[job.output]), expected, atol=0.01)
    pictures = [pixels(found[f"{number}.png"]) for number in (1, 3, 4, 6)]
    for first, second in itertools.combinations(pictures, 2):
        assert np.abs(first - second).max() > 0.05


def test_an_image_carries_the_settings_that_stylize_writes(engine, planned, tmp_path):
    (found,) = engine(planned(MIXED[4])).values()
    (tmp_path / "image.png").write_bytes(found.image)
    metadata = images.read_metadata(tmp_path / "image.png")
    assert metadata["content"]["name"] == "c1.png"
    assert [style["name"] for style in metadata["styles"]] == ["s1.png", "s2.png"]
    assert (metadata["steps"], metadata["status"]) == (6, "done")


def test_transparent_results_have_no_ground(engine, planned):
    row = {"content": "c1.png", "style": "s1.png", "background": "transparent"}
    (found,) = engine(planned(row)).values()
    alpha = pixels(found)[..., 3]
    assert alpha.min() == 0
    assert alpha.max() > 0.9


def test_jobs_of_one_shape_and_program_share_a_batch(planned, prepare):
    jobs = planned(
        *MIXED[:4], *({**MIXED[0], "output": f"{n}.png", "seed": n} for n in range(7, 12))
    )
    found = list(assemble(jobs, prepare, lambda job: 3))
    assert [[each.planned.output for each in batch.jobs] for batch in found] == [
        ["1.png", "3.png", "4.png"],
        ["7.png", "8.png", "9.png"],
        ["2.png"],
        ["10.png", "11.png"],
    ]


def test_a_rest_is_filled_up_to_a_power_of_two():
    assert filled("abcde", 9) == [*"abcdeeee"]
    assert filled("abcde", 6) == [*"abcdee"]
    assert filled("abcde", 9, 3) == [*"abcdeeeee"]
    assert filled("a", 9) == ["a"]
    assert filled("a", 9, 8) == ["a"] * 8


def test_jobs_that_wait_take_no_more_than_their_memory(planned, prepare, monkeypatch):
    monkeypatch.setattr(batches, "_WAITING_BYTES", 0)
    found = list(assemble(planned(*MIXED), prepare, lambda job: 3))
    assert [len(batch.jobs) for batch in found] == [1] * 6


def test_features_of_an_image_are_computed_once(engine, planned, monkeypatch):
    seen = []
    for name in ("_content_features", "_grams"):
        real = getattr(targets, name)

        def counted(*arguments, real=real, name=name):
            seen.append(name)
            return real(*arguments)

        monkeypatch.setattr(targets, name, counted)
    rows = [
        {"content": "c1.png", "style": "s1.png", "output": f"{n}.png", "seed": n} for n in range(6)
    ]
    engine(planned(*rows), batch_size=2)
    assert sorted(seen) == ["_content_features", "_grams"]


def test_an_image_file_is_read_once(engine, planned, monkeypatch):
    read = []
    real = images.load_image
    monkeypatch.setattr(images, "load_image", lambda path, **options: read.append(path.name)
                        or real(path, **options))  # fmt: skip
    rows = [
        {"content": f"c{1 + n % 2}.png", "style": "s1.png", "output": f"{n}.png"} for n in range(6)
    ]
    engine(planned(*rows))
    assert sorted(read) == ["c1.png", "c2.png", "s1.png"]


def test_the_cache_lets_go_of_what_was_used_longest_ago(folder):
    cache = ImageCache(most_bytes=2 * 40 * 64 * 3 * 4)
    first = cache.load(folder / "c1.png")
    second = cache.load(folder / "c2.png")
    assert cache.load(folder / "c1.png") is first
    cache.load(folder / "s1.png")
    assert cache.load(folder / "c1.png") is first
    assert cache.load(folder / "c2.png") is not second


def test_the_next_batch_is_read_and_the_last_is_written_while_one_runs(
    engine, planned, monkeypatch
):
    threads = {"read": set(), "run": set(), "write": set()}
    for name, what in [("prepare", "read"), ("run", "run"), ("encode", "write")]:
        real = getattr(StylizeWork, name)

        def noted(*arguments, real=real, what=what):
            threads[what].add(threading.get_ident())
            return real(*arguments)

        monkeypatch.setattr(StylizeWork, name, noted)
    engine(planned(*MIXED))
    assert all(len(each) == 1 for each in threads.values())
    assert len(set.union(*threads.values())) == 3
    assert threads["run"] == {threading.get_ident()}


def test_programs_that_are_forgotten_between_batches_change_no_byte(engine, planned, monkeypatch):
    rows = [{**MIXED[0], "init": "noise"}, MIXED[1], {**MIXED[2], "init": "noise"}]
    jobs = planned(*rows)
    expected = engine(jobs, batch_size=1)
    reading, forgotten = [], []
    real = StylizeWork.prepare

    def slow(*arguments):
        reading.append(1)
        time.sleep(0.05)
        try:
            return real(*arguments)
        finally:
            reading.pop()

    def forget():
        assert not reading
        forgotten.append(forget_programs(1))

    monkeypatch.setattr(StylizeWork, "prepare", slow)
    monkeypatch.setattr(local, "forget_programs", forget)
    monkeypatch.setattr(local, "_LOOK_EVERY", 1)
    found = engine(jobs, batch_size=1)
    assert forgotten == [True] * 3
    assert {name: each.image for name, each in found.items()} == {
        name: each.image for name, each in expected.items()
    }


def test_a_failed_job_has_its_reason_and_the_others_go_on(engine, planned, folder, monkeypatch):
    images.save_image(folder / "plain.png", np.full((40, 64, 3), 0.5))
    (folder / "cut.png").write_bytes((folder / "c1.png").read_bytes()[:-40])
    jobs = planned(MIXED[0], {**MIXED[0], "content": "plain.png", "output": "p.png"},
                   {**MIXED[0], "content": "cut.png", "output": "c.png"},
                   {**MIXED[0], "content": "c2.png", "output": "2.png"},
                   {**MIXED[0], "content": "tall.png", "output": "t.png"})  # fmt: skip
    (folder / "tall.png").write_bytes((folder / "c2.png").read_bytes())
    found = engine(jobs)
    assert engine.whole
    assert {name for name, each in found.items() if each.image is not None} == {"1.png", "2.png"}
    assert found["p.png"].error == (
        f"{folder / 'plain.png'}: the image has a single colour; there is nothing to work on"
    )
    assert "cut.png: the image is damaged or cut short" in found["c.png"].error
    assert "tall.png: has changed since it was checked" in found["t.png"].error
    assert (engine.last.done, engine.last.failed) == (2, 3)


def test_a_loss_that_is_not_finite_fails_its_job_alone(engine, planned, monkeypatch):
    real = problem.run_chunk

    def poisoned(program, convs, found, coefficients, state, count):
        weights = coefficients.content
        bad = coefficients._replace(content=weights.at[1].set(np.nan))
        return real(program, convs, found, bad, state, count)

    monkeypatch.setattr(problem, "run_chunk", poisoned)
    jobs = planned(*({**MIXED[0], "output": f"{n}.png", "seed": n} for n in range(3)))
    found = engine(jobs)
    assert engine.whole
    assert [found[f"{n}.png"].image is None for n in range(3)] == [False, True, False]
    assert found["1.png"].error.startswith("the loss became non-finite after step ")
    assert found["1.png"].record()["status"] == "failed"


def test_out_of_memory_halves_the_batch_and_is_remembered(engine, planned, monkeypatch):
    sizes, warnings = [], []
    real = stylize.run_jobs

    def little(jobs, *, max_bytes, **options):
        fits = devices.fit_batch(jobs[0], len(jobs), max_bytes)
        sizes.append(fits)
        if fits > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating")
        return real(jobs, max_bytes=max_bytes, **options)

    monkeypatch.setattr(stylize, "run_jobs", little)
    jobs = planned(*({**MIXED[0], "output": f"{n}.png", "seed": n} for n in range(8)))
    found = engine(jobs, batch_size=4, warn=warnings.append)
    assert all(each.image is not None for each in found.values())
    assert sizes[:4] == [4, 2, 1, 1]
    assert all(size == 1 for size in sizes[2:])
    assert len(warnings) == 2
    assert "out of memory with 4 jobs at once" in warnings[0]


def test_a_job_that_never_fits_fails_after_all_forms_that_take_less(engine, planned, monkeypatch):
    programs = []

    def none(jobs, *, max_bytes, **options):
        programs.append(devices.fit_program(jobs[0], 1, jobs[0].content.shape[:2], max_bytes))
        raise MemoryError

    monkeypatch.setattr(stylize, "run_jobs", none)
    (found,) = engine(planned(MIXED[0])).values()
    whole, again, *bands = programs
    assert not whole.rematerialise
    assert again == whole._replace(rematerialise=True)
    heights = [program.band for program in bands]
    assert heights == sorted(heights, reverse=True)
    assert len(set(programs)) == len(programs)
    assert found.error.startswith("not even a single job fits into memory")


def test_another_error_of_the_device_ends_the_run(engine, planned, monkeypatch):
    def broken(*arguments, **options):
        raise jax.errors.JaxRuntimeError("INTERNAL: a bolt is loose")

    monkeypatch.setattr(stylize, "run_jobs", broken)
    with pytest.raises(RunError, match=r"the device failed \(INTERNAL: a bolt is loose\)"):
        engine(planned(MIXED[0]))


def test_what_cannot_be_written_ends_the_run(network, planned):
    def full(finished):
        raise RunError("the disk is full")

    engine = LocalEngine(network=lambda: network, deliver=full, batch_size=1)
    with pytest.raises(RunError, match="the disk is full"):
        engine.run(planned(*({**MIXED[0], "output": f"{n}.png"} for n in range(9))))
    assert engine.done == 0


def test_a_stopped_batch_delivers_nothing_and_earlier_ones_everything(engine, planned, monkeypatch):
    jobs = planned(*({**MIXED[0], "output": f"{n}.png", "seed": n} for n in range(4)))
    count = []

    def stopped():
        count.append(1)
        return len(count) > 9

    found = engine(jobs, batch_size=1, stopped=stopped)
    assert not engine.whole
    assert 0 < len(found) < 4
    assert all(each.image is not None for each in found.values())


def test_progress_counts_jobs_and_tells_how_busy_the_device_was(engine, planned):
    engine(planned(*MIXED))
    first, last = engine.states[0], engine.states[-1]
    assert first.step is not None
    assert first.total == last.total == 6
    assert (last.done, last.failed) == (6, 0)
    assert all(0 < state.busy <= 1 for state in engine.states)
    done = [state.done for state in engine.states]
    assert done == sorted(done)


def test_a_profile_is_a_trace_of_the_first_batches(engine, planned, tmp_path):
    engine(planned(*MIXED[:2]), profile=tmp_path / "trace")
    assert list((tmp_path / "trace").rglob("*.xplane.pb"))
