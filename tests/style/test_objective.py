import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference
from reference import Objective, Problem, batch, in_jaxtex, noise, tensor

from jaxtex.style import Coefficients, Losses, objective

NORMALIZATIONS = ("paper", "gatys", "reference", "relative")


def draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def problem(**changes) -> Problem:
    """A small job in which every term counts."""
    height, width = 22, 30
    content = noise(1, height, width)
    pixels = np.random.default_rng(0)
    settings = {
        "content": content,
        "styles": [noise(2, 26, 19), noise(3, 17, 40)],
        "style_weights": (0.7, 0.4),
        "layers": {"conv1_2": 3.0, "conv2_1": 0.5},
        "content_layer": "conv1_1",
        "normalization": "relative",
        "weights": {
            "content": 0.2,
            "tv": 1e-6,
            "l2": 1e-8,
            "silhouette": 0.3,
            "ink": 2.0,
            "outside": 3.0,
        },
        "distance": pixels.uniform(0, 16, (height, width, 1)),
        "palette": np.array([[0.0, 0.1, 0.2], [0.9, 0.8, 1.0], [0.5, 0.1, 0.7]]),
    }
    return Problem(**settings | changes)


def image_of(job: Problem, seed: int = 4) -> np.ndarray:
    """An image near the content; some pixels are outside the displayable range."""
    return job.content + 90 * draw(seed, *job.content.shape)


@functools.partial(jax.jit, static_argnums=0)
def value_and_gradient(program, kernels, targets, coefficients, image):
    def total(image):
        found = objective.losses(program, kernels, targets, coefficients, image)
        return jnp.sum(found.total), found

    (_, found), gradient = jax.value_and_grad(total, has_aux=True)(image)
    return found, gradient


def compute(jobs: Sequence[Problem], images: Sequence[np.ndarray], **options):
    """The losses of a batch, and the gradient of their summed total, as NumPy arrays."""
    found, gradient = value_and_gradient(*in_jaxtex(*jobs, **options), batch(*images))
    return Losses(*map(np.asarray, found)), np.asarray(gradient)


def assert_close(actual, expected, tolerance: float = 2e-4) -> None:
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


# Gram matrices and style errors


def test_gram_matrix_of_known_features():
    features = jnp.array([[[[1.0, 2.0], [3.0, -1.0]], [[0.0, 4.0], [2.0, 0.0]]]])
    np.testing.assert_array_equal(
        objective.gram_matrix(features), [[[14 / 4, -1 / 4], [-1 / 4, 21 / 4]]]
    )


def test_gram_matrix_matches_float64_reference():
    features = draw(0, 2, 9, 7, 5)
    expected = reference.gram(tensor(features.transpose(0, 3, 1, 2)))
    assert_close(objective.gram_matrix(jnp.asarray(features)), expected, 1e-6)


def test_gram_matrix_does_not_depend_on_the_size_of_a_repeated_pattern():
    features = jnp.asarray(draw(1, 1, 4, 6, 5))
    tiled = jnp.tile(features, (1, 2, 3, 1))
    np.testing.assert_allclose(
        objective.gram_matrix(tiled), objective.gram_matrix(features), rtol=1e-5, atol=1e-6
    )


def test_gram_gradient_equals_automatic_differentiation():
    features, cotangent = jnp.asarray(draw(2, 2, 5, 4, 3)), jnp.asarray(draw(3, 2, 3, 3))

    def plain(features):
        return jnp.einsum("bhwc,bhwd->bcd", features, features) / 20

    _, custom = jax.vjp(objective.gram_matrix, features)
    _, automatic = jax.vjp(plain, features)
    np.testing.assert_allclose(custom(cotangent)[0], automatic(cotangent)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("normalization", "expected"),
    [
        ("paper", (1 + 4 + 4 + 16) / 4),
        ("gatys", (1 + 4 + 4 + 16) / 4 / 4),
        ("reference", (1 + 4 + 4 + 16) / 16),
        ("relative", (1 + 4 + 4 + 16) / (4 + 1 + 1 + 9)),
    ],
)
def test_style_loss_in_closed_form(normalization, expected):
    target = jnp.array([[2.0, 1.0], [1.0, 3.0]])
    gram = jnp.array([[3.0, -1.0], [-1.0, 7.0]])
    assert objective.style_loss(gram, target, normalization) == pytest.approx(expected)
    assert objective.style_loss(target, target, normalization) == 0


def test_paper_normalisation_is_equation_3():
    # E = Σ(A − G)² / (4 H² W²) with G = F Fᵀ, for maps of one size.
    content, style = draw(4, 1, 3, 5, 2), draw(5, 1, 3, 5, 2)
    grams = [np.einsum("bhwc,bhwd->bcd", x, x).astype(np.float64) for x in (style, content)]
    expected = np.sum((grams[0] - grams[1]) ** 2) / (4 * 3**2 * 5**2)
    found = objective.style_loss(
        *(objective.gram_matrix(jnp.asarray(x)) for x in (content, style)), "paper"
    )
    assert found[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_style_loss_matches_float64_reference_at_the_size_of_logos(normalization):
    # Gram matrices of VGG16 reach 1e6, their squared distance 1e14 and more.
    gram, target = 1e6 * draw(6, 1, 64, 64), 1e6 * draw(7, 1, 64, 64)
    found = objective.style_loss(jnp.asarray(gram), jnp.asarray(target), normalization)
    expected = reference.style_error(tensor(gram), tensor(target), normalization)
    assert_close(found, expected, 1e-5)


def test_relative_errors_of_an_empty_target_are_finite():
    zeros = jnp.zeros((1, 2, 2, 3))
    assert jnp.isfinite(objective.content_loss(zeros + 1, zeros, "relative")).all()
    grams = objective.gram_matrix(zeros)
    assert jnp.isfinite(objective.style_loss(grams + 1, grams, "relative")).all()


# The other terms


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_content_loss_in_closed_form(normalization):
    target = jnp.array([[[[1.0, 2.0]], [[2.0, 4.0]]]])
    features = target + jnp.array([1.0, -3.0])
    expected = 20 / 25 if normalization == "relative" else 5
    assert objective.content_loss(features, target, normalization)[0] == pytest.approx(expected)
    assert objective.content_loss(target, target, normalization)[0] == 0


def test_total_variation_of_a_step_edge():
    image = np.zeros((2, 6, 8, 1))
    image[0, :, 3:] = 255
    image[1, 4:, :] = 100
    np.testing.assert_array_equal(
        objective.total_variation(jnp.asarray(image, jnp.float32)), [6 * 255, 8 * 100]
    )


def test_l2_penalty_is_about_mid_grey():
    image = jnp.stack([jnp.full((2, 3, 1), level) for level in (127.5, 0.0, 255.0)])
    np.testing.assert_allclose(objective.l2_penalty(image), [0, 6 * 127.5**2, 6 * 127.5**2])


def test_silhouette_loss_in_closed_form():
    content = jnp.full((1, 2, 2, 3), 255.0)
    image = content.at[0, 0, 0, :].set(0.0).at[0, 1, 1, :].set(0.0)
    distance = jnp.array([4.0, 16.0, 16.0, 0.0]).reshape(1, 2, 2, 1)
    # One pixel of four pays 4; the other change is on the content's ink and free.
    assert objective.silhouette_loss(image, content, distance)[0] == pytest.approx(1.0)


@pytest.mark.parametrize("channels", [1, 3])
def test_ink_of_a_black_and_white_logo_is_the_product_with_its_complement(channels):
    levels = jnp.array([-0.2, 0.0, 0.25, 0.5, 0.9, 1.0, 1.3])
    image = 255 * jnp.broadcast_to(levels[:, None, None, None], (7, 2, 2, channels))
    palette = batch(*7 * [np.repeat(reference.BLACK_AND_WHITE, channels, 1)])
    np.testing.assert_allclose(
        objective.ink_loss(image, palette), jnp.abs(levels * (1 - levels)), atol=2e-5
    )


def test_ink_is_zero_on_the_palette_and_largest_between_its_colours():
    palette = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    between = (palette[0] + palette[2]) / 2
    image = 255 * np.stack([*palette, between])[:, None, None]
    found = objective.ink_loss(batch(*image), batch(*4 * [palette]))
    np.testing.assert_allclose(found[:3], 0, atol=1e-4)
    np.testing.assert_allclose(found[3], 0.25 / 3, rtol=1e-4)


def test_ink_gradient_is_finite_on_the_palette():
    image = jnp.array([0.0, 255.0]).reshape(1, 1, 2, 1)
    palette = batch(reference.BLACK_AND_WHITE)
    gradient = jax.grad(lambda x: objective.ink_loss(x, palette)[0])(image)
    assert jnp.isfinite(gradient).all()


def test_ink_needs_two_colours():
    with pytest.raises(ValueError, match="two colours"):
        objective.ink_loss(jnp.zeros((1, 2, 2, 1)), jnp.zeros((1, 1, 1)))


def test_outside_is_zero_inside_the_box_and_quadratic_beyond():
    levels = jnp.array([0.0, 100.0, 255.0, -51.0, 306.0])[:, None, None, None]
    found = objective.outside_loss(jnp.broadcast_to(levels, (5, 2, 3, 3)))
    np.testing.assert_allclose(found, [0, 0, 0, 0.04, 0.04], rtol=1e-6)


TERMS = {
    "content": lambda x, y, z: objective.content_loss(x, y, "paper"),
    "content relative": lambda x, y, z: objective.content_loss(x, y, "relative"),
    "tv": lambda x, y, z: objective.total_variation(x),
    "l2": lambda x, y, z: objective.l2_penalty(x),
    "silhouette": objective.silhouette_loss,
    "ink": lambda x, y, z: objective.ink_loss(x, batch(problem().palette)),
    "outside": lambda x, y, z: objective.outside_loss(x),
    "gram": lambda x, y, z: jnp.sum(objective.gram_matrix(x / 255), (1, 2)),
}


@pytest.mark.parametrize("name", TERMS)
def test_gradient_of_each_term_equals_central_differences(name):
    # No two levels are near each other, 0 or 255, where terms have kinks.
    levels = np.random.default_rng(8).permutation(36) * 9.3 - 40
    image = levels.reshape(1, 3, 4, 3).astype(np.float32)
    content, distance = batch(127.5 + 50 * draw(9, 3, 4, 3)), batch(np.abs(draw(10, 3, 4, 1)))

    @jax.jit
    def term(image):
        return TERMS[name](image, content, distance)[0]

    gradient = np.asarray(jax.grad(term)(jnp.asarray(image))).ravel()
    differences = []
    for i in range(image.size):
        step = np.zeros(image.size, np.float32)
        step[i] = 0.5
        step = step.reshape(image.shape)
        differences.append(float(term(image + step)) - float(term(image - step)))
    assert_close(gradient, differences, 0.01)


# The whole objective


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
