import dataclasses

import jax
import numpy as np
import pytest
from logos import SHALLOW, bars

from jaxtex.style import (
    SharedTargets,
    devices,
    load_network,
    make_job,
    resolve_settings,
    run_jobs,
    targets,
)
from jaxtex.style.run import batches
from jaxtex.vgg import kernels

STYLE = np.random.default_rng(0).permutation(bars(30, 50))
OPTIONS = {**SHALLOW, "scales": 1, "margin": 0, "steps": 3, "finish_steps": 0, "canvas": "grey"}


def job_of(content=None, style=STYLE, computed=None, **options):
    settings = resolve_settings(**{**OPTIONS, **options})
    return make_job(settings, bars() if content is None else content, [style], layers=computed)


@pytest.fixture(scope="module")
def network():
    return load_network()


@pytest.fixture
def evaluations(monkeypatch):
    """The layers of every evaluation of an image's features."""
    seen = []
    for name in ("_content_features", "_grams"):
        real = getattr(targets, name)

        def counted(program, convs, image, *guides, real=real, name=name):
            layers = (program.content_layer,) if name == "_content_features" else program.layers
            seen.append((name, layers))
            return real(program, convs, image, *guides)

        monkeypatch.setattr(targets, name, counted)
    return seen


def test_jobs_that_share_images_share_their_features(network, evaluations):
    jobs = [job_of(content_weight=weight) for weight in (0.1, 1.0, 10.0)]
    run_jobs(jobs, network=network)
    assert evaluations == [
        ("_content_features", ("conv1_2",)),
        ("_grams", ("conv1_1", "conv1_2")),
    ]


def test_jobs_with_their_own_images_have_their_own_features(network, evaluations):
    run_jobs([job_of(), job_of(1 - bars()), job_of(style=1 - STYLE)], network=network)
    assert [name for name, _ in evaluations].count("_content_features") == 2
    assert [name for name, _ in evaluations].count("_grams") == 2


def test_later_calls_compute_only_the_layers_that_are_new(network, evaluations):
    shared = SharedTargets(network)
    run_jobs([job_of(computed=("conv1_1",))], shared=shared)
    run_jobs([job_of(computed=("conv1_1", "conv1_2"))], shared=shared)
    assert [layers for name, layers in evaluations if name == "_grams"] == [
        ("conv1_1",), ("conv1_2",)
    ]  # fmt: skip
    assert [name for name, _ in evaluations].count("_content_features") == 1


def test_other_features_are_other_targets(network, evaluations):
    shared = SharedTargets(network)
    for options in ({}, {"features": "relu"}, {"pool": "avg"}):
        run_jobs([job_of(**options)], shared=shared)
    assert len(evaluations) == 6


def test_shared_targets_are_those_of_each_job_alone(network):
    jobs = [job_of(), job_of(1 - bars(), skeleton=2.0), job_of(style=1 - STYLE)]
    jobs = [dataclasses.replace(job, settings=job.settings) for job in jobs]
    phase = jobs[0].phases[0]
    together = SharedTargets(network).of(jobs[0].program, jobs, phase)
    for index, job in enumerate(jobs):
        alone = SharedTargets(network).of(job.program, [job], phase)
        for ours, theirs in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_array_equal(ours[index], theirs[0])


def test_guides_are_those_of_each_job_and_phase(network):
    guide = np.zeros(job_of().content.shape[:2], np.float32)
    guide[:, :20] = 1
    jobs = [dataclasses.replace(job_of(), guide=one) for one in (guide, 1 - guide)]
    phase = jobs[0].phases[0]
    assert SharedTargets(network).of(jobs[0].program, [job_of()], phase).guides is None
    for size in (phase, phase._replace(height=phase.height // 2, width=phase.width // 2)):
        guides = SharedTargets(network).of(jobs[0].program, jobs, size).guides
        assert guides["conv1_2"].shape == (2, size.height, size.width, 1)
        np.testing.assert_allclose(np.mean(np.square(guides["conv1_2"]), (1, 2, 3)), 1, rtol=1e-5)
        assert np.asarray(guides["conv1_2"][0, :, 0]).all()
        assert not np.asarray(guides["conv1_2"][1, :, 0]).any()


def test_regions_are_those_of_each_job_and_style_at_deep_layers(network):
    layers = {"conv1_2": 1.0, "conv3_1": 1.0}
    job, plain = (job_of(ends=ends, canvas="ink", layers=layers) for ends in (1.0, 0.0))
    assert job.regions is not None
    shared = SharedTargets(network)
    found, without = (shared.of(each.program, [each], each.phases[0]) for each in (job, plain))
    width = job.content.shape[1]
    assert list(found.guides) == ["conv3_1"]
    assert found.guides["conv3_1"].columns.shape == (1, 1, width // 4, 1)
    assert found.grams["conv3_1"].shape == (1, 1, 3, *without.grams["conv3_1"].shape[2:])
    np.testing.assert_array_equal(found.grams["conv1_2"], without.grams["conv1_2"])
    np.testing.assert_allclose(np.sum(found.regions), 1, rtol=1e-6)
    # What is kept of the one is not taken for the other.
    again = shared.of(job.program, [job], job.phases[0])
    np.testing.assert_array_equal(again.grams["conv3_1"], found.grams["conv3_1"])
    assert without.regions is None
    assert batches([job, plain, job]) == [[0, 2], [1]]


@pytest.mark.parametrize(("mirror", "borrowing"), [("left", 2), ("right", 0)])
def test_an_end_that_is_mirrored_is_compared_with_the_mirrored_style(network, mirror, borrowing):
    style = bars(30, 50)
    style[8:15, 12:16] = 1
    options = {"layers": {"conv1_2": 1.0, "conv3_1": 1.0}, "ends": 1.0, "canvas": "ink"}
    job, own, turned = (
        job_of(style=each, mirror_ends=mirror_ends, **options)
        for each, mirror_ends in ((style, mirror), (style, "off"), (style[:, ::-1], "off"))
    )
    assert batches([job, own]) == [[0, 1]]
    shared = SharedTargets(network)
    found, plain, other = (
        shared.of(each.program, [each], each.phases[0]).grams for each in (job, own, turned)
    )
    np.testing.assert_array_equal(found["conv1_2"], plain["conv1_2"])
    for region in range(3):
        expected = other if region == borrowing else plain
        np.testing.assert_allclose(
            found["conv3_1"][:, :, region], expected["conv3_1"][:, :, region], rtol=1e-4, atol=1e-4
        )
    ends = plain["conv3_1"], other["conv3_1"]
    near, far = (np.asarray(each[:, :, borrowing]) for each in ends)
    assert np.linalg.norm(near - far) > 0.05 * np.linalg.norm(near)


def test_jobs_with_guides_and_without_run_apart():
    guide = np.ones(job_of().content.shape[:2], np.float32)
    jobs = [job_of(), dataclasses.replace(job_of(), guide=guide), job_of()]
    assert batches(jobs) == [[0, 2], [1]]


def test_a_layer_of_coefficient_zero_changes_nothing(network):
    coefficients = {"conv1_1": 2.0, "conv1_2": 0.0}
    plain = job_of(layers=coefficients)
    named = job_of(layers=coefficients, computed=("conv1_1", "conv1_2"))
    assert plain.program.layers == ("conv1_1",)
    assert named.program.layers == ("conv1_1", "conv1_2")
    first, second = (run_jobs([job], network=network)[0] for job in (plain, named))
    np.testing.assert_allclose(second.history.total, first.history.total, rtol=1e-5)
    np.testing.assert_allclose(second.levels, first.levels, atol=0.05)


@pytest.mark.parametrize(
    ("limit", "kind"), [("_CONTENT_BYTES", "_of_contents"), ("_GRAM_BYTES", "_kept_grams")]
)
def test_only_what_was_used_last_is_kept(network, monkeypatch, limit, kind):
    def kept():
        shared = SharedTargets(network)
        for value in (0.2, 0.4, 0.6):
            run_jobs(
                [job_of(bars(ink=(value,) * 3), style=bars(ink=(1 - value,) * 3))], shared=shared
            )
        return [
            (key, max(4096, value.nbytes)) for key, value in getattr(shared, kind)._kept.items()
        ]

    everything = kept()
    total = sum(size for _, size in everything)
    monkeypatch.setattr(targets, limit, total // 2)
    some = kept()
    assert 0 < sum(size for _, size in some) <= total // 2
    assert some == everything[-len(some) :]


def test_jobs_are_split_into_batches_that_fit():
    jobs = [job_of(content_weight=float(weight)) for weight in range(5)] + [job_of(bars(44, 64))]
    one = devices.evaluation_need(jobs[0]).of(1)
    assert batches(jobs, max_bytes=10 * one) == [[0, 1, 2, 3, 4], [5]]
    assert batches(jobs, max_bytes=2 * one) == [[0, 1], [2, 3], [4], [5]]
    assert batches(jobs, max_bytes=10 * one, most=3) == [[0, 1, 2], [3, 4], [5]]
    assert batches(jobs, max_bytes=1) == [[0], [1], [2], [3], [4], [5]]


def test_batches_change_no_result(network):
    jobs = [job_of(content_weight=float(weight)) for weight in range(1, 4)]
    whole = run_jobs(jobs, network=network)
    split = run_jobs(jobs, network=network, max_bytes=1)
    for first, second in zip(whole, split, strict=True):
        np.testing.assert_allclose(second.history.total, first.history.total, rtol=1e-4)


def test_kernels_of_a_given_form_need_no_program_for_each_size(network):
    kernels.prepare_kernels(network, ("conv1_2",), 40, 50, 1, form="direct")
    before = kernels._in_forms._cache_size()
    kernels.prepare_kernels(network, ("conv1_2",), 41, 57, 1, form="direct")
    assert kernels._in_forms._cache_size() == before
