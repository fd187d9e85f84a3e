"""The whole objective of one job and of a batch."""

import dataclasses

import jax
import numpy as np
import pytest
from objectives import assert_close, compute, image_of, problem
from reference import Objective, batch, in_jaxtex, noise

from jaxtex.style import Coefficients, Losses, objective


@pytest.mark.parametrize(
    ("normalization", "features", "pool", "weights"),
    [
        ("relative", "conv", "max", problem().weights),
        ("paper", "conv", "avg", {"content": 1e6, "tv": 1e4, "l2": 100.0}),
        ("gatys", "relu", "max", {"content": 1e3, "silhouette": 1e6}),
        ("reference", "relu", "max", {"content": 100.0, "ink": 1e7, "outside": 1e7}),
    ],
)
def test_losses_and_gradient_match_float64_reference(normalization, features, pool, weights):
    job = problem(normalization=normalization, features=features, pool=pool, weights=weights)
    image = image_of(job)
    found, gradient = compute([job], [image])
    expected, expected_gradient = Objective(job).value_and_gradient(image)
    for name in Losses._fields:
        assert getattr(found, name)[0] == pytest.approx(expected[name], rel=2e-4), name
    for name, weight in weights.items():
        # Else the gradient below would not test that term.
        assert weight * expected[name] > 1e-4 * expected["total"], name
    assert_close(gradient[0], expected_gradient)


def test_total_is_the_weighted_sum_of_the_terms():
    job = problem()
    found, _ = compute([job], [image_of(job)])
    terms = [weight * getattr(found, name)[0] for name, weight in job.weights.items()]
    assert found.total[0] == pytest.approx(float(found.style[0] + sum(terms)), rel=1e-6)


def test_losses_of_the_content_itself_are_style_only():
    job = problem(weights={"content": 1.0, "silhouette": 1.0, "outside": 1.0})
    found, _ = compute([job], [job.content])
    assert found.content[0] == pytest.approx(0, abs=1e-9)
    assert found.silhouette[0] == found.outside[0] == 0
    assert found.total[0] == pytest.approx(float(found.style[0]))


def test_image_equal_to_its_only_style_has_no_style_loss():
    job = problem(weights={})
    image = job.content
    job = dataclasses.replace(job, styles=[image], style_weights=(1.0,))
    found, gradient = compute([job], [image])
    assert found.style[0] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)


def test_style_weights_and_layer_coefficients_add_up():
    both = problem()
    image = image_of(both)

    def style(**changes):
        found, _ = compute([problem(**changes)], [image])
        return float(found.style[0])

    parts = [
        coefficient
        * weight
        * style(layers={**dict.fromkeys(both.layers, 0.0), layer: 1.0}, style_weights=alone)
        for layer, coefficient in both.layers.items()
        for weight, alone in zip(both.style_weights, ((1.0, 0.0), (0.0, 1.0)), strict=True)
    ]
    assert style() == pytest.approx(sum(parts), rel=1e-4)


def test_each_job_of_a_batch_has_the_losses_of_its_single_run():
    first = problem()
    jobs = [
        first,
        problem(
            content=noise(11, 22, 30),
            styles=[noise(12, 26, 19), noise(13, 17, 40)],
            style_weights=(0.1, 0.9),
            layers={"conv1_2": 0.1, "conv2_1": 5.0},
            weights={"content": 3.0, "ink": 0.5},
            palette=first.palette[::-1] ** 2,
        ),
        problem(weights={}, mask=(noise(14, 22, 30, 1) > 127.5).astype(float)),
    ]
    images = [image_of(job, seed) for seed, job in enumerate(jobs)]
    found, gradient = compute(jobs, images)
    for i, (job, image) in enumerate(zip(jobs, images, strict=True)):
        single, single_gradient = compute([job], [image])
        for name in Losses._fields:
            assert getattr(found, name)[i] == pytest.approx(getattr(single, name)[0], rel=1e-4)
        assert_close(gradient[i], single_gradient[0], 1e-4)


def test_changed_coefficients_and_targets_compile_nothing():
    jobs = problem(), problem(weights={"tv": 1.0}, layers={"conv1_2": 0.0, "conv2_1": 9.0})
    jitted = jax.jit(objective.losses, static_argnums=0)
    totals = set()
    for job in jobs:
        totals.add(float(jitted(*in_jaxtex(job), batch(image_of(job))).total[0]))
    assert len(totals) == 2
    assert jitted._cache_size() == 1
    # The count does count: another program is compiled.
    job = dataclasses.replace(jobs[0], normalization="paper")
    jitted(*in_jaxtex(job), batch(image_of(job)))
    assert jitted._cache_size() == 2


def test_programs_are_equal_and_hashable_by_their_settings():
    first, *_ = in_jaxtex(problem())
    second, *_ = in_jaxtex(problem(weights={}))
    assert first == second
    assert hash(first) == hash(second)
    assert first.all_layers == ("conv1_1", "conv1_2", "conv2_1")


def test_masked_pixels_have_no_gradient_and_stay_the_content():
    mask = np.ones((22, 30, 1))
    mask[4:15, 10:] = 0
    job = problem(mask=mask)
    image = image_of(job)
    found, gradient = compute([job], [image])
    expected, expected_gradient = Objective(job).value_and_gradient(image)
    assert found.total[0] == pytest.approx(expected["total"], rel=2e-4)
    assert_close(gradient[0], expected_gradient)
    kept = np.broadcast_to(mask == 0, image.shape)
    assert not np.asarray(gradient[0])[kept].any()
    assert np.asarray(gradient[0])[~kept].all()
    # What the image holds behind the mask does not count.
    other, _ = compute([job], [np.where(kept, 7.0, image)])
    assert other.total[0] == found.total[0]


def test_grey_job_matches_float64_reference():
    grey = problem(
        content=noise(1, 22, 30, 1),
        styles=[noise(2, 26, 19, 1), noise(3, 17, 40, 1)],
        palette=np.array([[0.1], [0.9], [0.4]]),
    )
    image = image_of(grey)
    found, gradient = compute([grey], [image])
    expected, expected_gradient = Objective(grey).value_and_gradient(image)
    for name in Losses._fields:
        assert getattr(found, name)[0] == pytest.approx(expected[name], rel=2e-4), name
    assert_close(gradient[0], expected_gradient)


def guided_problem(seed: int = 20, **changes):
    """A job whose Gram matrices have guides, 0 in places."""
    draw = np.random.default_rng(seed).uniform
    guides = {"conv1_2": draw(-1, 2, (22, 30)).clip(0), "conv2_1": draw(-1, 2, (11, 15)).clip(0)}
    return problem(guides=guides, **changes)


@pytest.mark.parametrize("content_layer", ["conv1_1", "conv1_2"])
@pytest.mark.parametrize("rematerialise", [False, True])
def test_guided_losses_and_gradient_match_float64_reference(content_layer, rematerialise):
    job = guided_problem(content_layer=content_layer)
    image = image_of(job)
    found, gradient = compute([job], [image], rematerialise=rematerialise)
    expected, expected_gradient = Objective(job).value_and_gradient(image)
    for name in Losses._fields:
        assert getattr(found, name)[0] == pytest.approx(expected[name], rel=2e-4), name
    assert_close(gradient[0], expected_gradient)
    plain, _ = compute([dataclasses.replace(job, guides=None)], [image])
    assert abs(plain.style[0] - found.style[0]) > 0.01 * plain.style[0]


def test_each_job_of_a_batch_has_its_own_guides():
    jobs = [guided_problem(20), guided_problem(21, weights={})]
    images = [image_of(job, seed) for seed, job in enumerate(jobs)]
    found, gradient = compute(jobs, images)
    for i, (job, image) in enumerate(zip(jobs, images, strict=True)):
        single, single_gradient = compute([job], [image])
        assert found.style[i] == pytest.approx(single.style[0], rel=1e-4)
        assert_close(gradient[i], single_gradient[0], 1e-4)


def test_guides_of_ones_are_none():
    job = problem()
    image = image_of(job)
    ones = {"conv1_2": np.ones((22, 30)), "conv2_1": np.ones((11, 15))}
    guided, guided_gradient = compute([dataclasses.replace(job, guides=ones)], [image])
    plain, gradient = compute([job], [image])
    np.testing.assert_allclose(guided.total, plain.total, rtol=1e-6)
    assert_close(guided_gradient, gradient, 1e-5)


def test_what_lies_outside_the_guides_does_not_count():
    inside = np.zeros((22, 30))
    inside[:, :15] = 1
    job = problem(weights={}, guides={"conv1_2": inside, "conv2_1": inside[::2, ::2]})
    image = image_of(job)
    # Position 14 of conv1_2 sees 2 pixels beyond itself, position 7 of conv2_1 pixels up to 19.
    other = image.copy()
    other[:, 20:] = noise(30, 22, 10)
    found, gradient = compute([job, job], [image, other])
    np.testing.assert_allclose(found.style[1], found.style[0], rtol=1e-6)
    assert not gradient[:, :, 20:].any()
    assert gradient[:, :, :17].all()


@pytest.mark.parametrize(
    ("options", "tolerance"), [({"rematerialise": True}, 1e-5), ({"precision": "bfloat16"}, 0.05)]
)
def test_program_options_keep_the_losses(options, tolerance):
    job = problem()
    image = image_of(job)
    exact, gradient = compute([job], [image])
    found, found_gradient = compute([job], [image], **options)
    assert found.total.dtype == np.float32
    for name in Losses._fields:
        assert getattr(found, name)[0] == pytest.approx(getattr(exact, name)[0], rel=tolerance)
    error = np.linalg.norm(found_gradient - gradient)
    assert error <= 2 * tolerance * np.linalg.norm(gradient)


def test_coefficients_name_every_term_of_the_losses():
    assert {*Coefficients._fields} - {"layers"} == {*Losses._fields} - {"total", "style"}
