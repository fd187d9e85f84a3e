"""Each term of the objective."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference
from objectives import NORMALIZATIONS, assert_close, draw, image_of, problem, value_and_gradient
from reference import batch, in_jaxtex, tensor

from jaxtex import vgg
from jaxtex.style import objective

# Gram matrices and style errors


def test_gram_matrix_of_known_features():
    features = jnp.array([[[[1.0, 2.0], [3.0, -1.0]], [[0.0, 4.0], [2.0, 0.0]]]])
    np.testing.assert_array_equal(vgg.gram_matrix(features), [[[14 / 4, -1 / 4], [-1 / 4, 21 / 4]]])


def test_gram_matrix_matches_float64_reference():
    features = draw(0, 2, 9, 7, 5)
    expected = reference.gram(tensor(features.transpose(0, 3, 1, 2)))
    assert_close(vgg.gram_matrix(jnp.asarray(features)), expected, 1e-6)


def test_gram_matrix_does_not_depend_on_the_size_of_a_repeated_pattern():
    features = jnp.asarray(draw(1, 1, 4, 6, 5))
    tiled = jnp.tile(features, (1, 2, 3, 1))
    np.testing.assert_allclose(
        vgg.gram_matrix(tiled), vgg.gram_matrix(features), rtol=1e-5, atol=1e-6
    )


def test_gram_gradient_equals_automatic_differentiation():
    features, cotangent = jnp.asarray(draw(2, 2, 5, 4, 3)), jnp.asarray(draw(3, 2, 3, 3))

    def plain(features):
        return jnp.einsum("bhwc,bhwd->bcd", features, features) / 20

    _, custom = jax.vjp(vgg.gram_matrix, features)
    _, automatic = jax.vjp(plain, features)
    np.testing.assert_allclose(custom(cotangent)[0], automatic(cotangent)[0], rtol=1e-5, atol=1e-6)


def test_guided_gram_matrix_is_the_weighted_mean_of_products():
    features, weight = draw(11, 2, 5, 4, 3), np.abs(draw(12, 2, 5, 4, 1))
    root = np.sqrt(weight / weight.mean((1, 2), keepdims=True))
    kept, found = vgg.gram_tap(jnp.asarray(features), jnp.asarray(root))
    expected = np.einsum("bhwx,bhwc,bhwd->bcd", weight, features, features, dtype=np.float64)
    np.testing.assert_array_equal(kept, features)
    assert_close(found, expected / weight.sum((1, 2, 3))[:, None, None], 1e-5)


def test_guided_gram_gradient_equals_central_differences():
    features, cotangent = draw(13, 1, 3, 4, 2), jnp.asarray(draw(14, 1, 2, 2))
    root = jnp.asarray(np.abs(draw(15, 1, 3, 4, 1))).at[0, 1].set(0.0)

    @jax.jit
    def term(features):
        return jnp.sum(vgg.gram_tap(features, root)[1] * cotangent)

    gradient = np.asarray(jax.grad(term)(jnp.asarray(features)))
    differences = np.zeros_like(features)
    for place in np.ndindex(*features.shape):
        step = np.zeros_like(features)
        step[place] = 0.25
        differences[place] = 2 * float(term(features + step) - term(features - step))
    assert_close(gradient, differences, 1e-4)
    assert not gradient[0, 1].any()


def ends_of(columns, ends):
    """Guides of one image whose columns have these weights, and each region's own weights."""
    half = -(-len(columns) // 2)
    far = np.arange(len(columns)) >= half
    regions = np.stack([columns * ~far, 1 - columns, columns * far])
    weights = 1 + ends * (regions - 1)
    mixing = np.array([[1 - ends, ends, 0], [1, -ends, -ends], [1 - ends, 0, ends]])
    mixing /= weights.mean(1)[:, None]
    root = jnp.asarray(np.sqrt(columns)[None, None, :, None], jnp.float32)
    return vgg.Ends(root, jnp.asarray(mixing[None], jnp.float32)), weights


@pytest.mark.parametrize(("width", "ends"), [(6, 1.0), (7, 0.4), (1, 0.5)])
def test_each_region_has_the_weighted_mean_of_its_products(width, ends):
    features, columns = draw(16, 2, 5, width, 3), np.linspace(0.9, 0.2, width)
    guides, weights = zip(ends_of(columns, ends), ends_of(columns / 2, ends), strict=True)
    guide = jax.tree.map(lambda *each: jnp.concatenate(each), *guides)
    kept, found = vgg.gram_tap(jnp.asarray(features), guide)
    np.testing.assert_array_equal(kept, features)
    weight = np.stack(weights)
    expected = np.einsum("brx,byxc,byxd->brcd", weight, features, features, dtype=np.float64)
    assert_close(found, expected / (5 * weight.sum(2))[..., None, None], 1e-5)


def test_rows_that_do_not_count_are_in_no_region():
    features = draw(17, 1, 5, 6, 3)
    guide, _ = ends_of(np.linspace(0.9, 0.2, 6), 0.7)
    rows = jnp.ones((1, 5, 1, 1)).at[:, 3:].set(0)
    some = vgg.gram_tap(jnp.asarray(features), guide._replace(rows=rows))[1]
    alone = vgg.gram_tap(jnp.asarray(features[:, :3]), guide)[1]
    assert_close(some, alone * 3 / 5, 1e-5)


@pytest.mark.parametrize("width", [4, 5])
def test_the_gradient_of_regions_equals_automatic_differentiation(width):
    features = jnp.asarray(draw(18, 1, 3, width, 2))
    cotangent, deeper = jnp.asarray(draw(20, 1, 3, 2, 2)), jnp.asarray(draw(21, 1, 3, width, 2))
    guide, weights = ends_of(np.linspace(0.9, 0.2, width), 0.6)
    guide = guide._replace(rows=jnp.asarray([1.0, 0.0, 0.5]).reshape(1, 3, 1, 1))
    weights = jnp.asarray(weights[:, None] * np.array([1, 0, 0.25])[:, None])

    def plain(features):
        products = jnp.einsum("ryx,byxc,byxd->brcd", weights, features, features)
        return products / (3 * jnp.mean(weights, (1, 2)) / (1.25 / 3) * width)[:, None, None]

    found = jax.vjp(lambda each: vgg.gram_tap(each, guide), features)[1]((deeper, cotangent))[0]
    (expected,) = jax.vjp(plain, features)[1](cotangent)
    np.testing.assert_allclose(found, expected + deeper, rtol=1e-5, atol=1e-5)


def test_one_region_that_is_the_whole_is_the_plain_gram_matrix_to_the_bit():
    features = jnp.asarray(draw(22, 2, 5, 4, 3))
    whole = vgg.Ends(jnp.zeros((2, 1, 4, 1)), jnp.tile(jnp.asarray([1.0, 0.0, 0.0]), (2, 1, 1)))
    np.testing.assert_array_equal(vgg.gram_tap(features, whole)[1][:, 0], vgg.gram_tap(features)[1])


def test_regions_count_by_their_weights():
    job = problem()
    program, kernels, targets, coefficients = in_jaxtex(job)
    image = batch(image_of(job))
    plain = value_and_gradient(program, kernels, targets, coefficients, image)[0]

    def regional(*weights):
        whole = jnp.tile(jnp.asarray([1.0, 0.0, 0.0]), (1, len(weights), 1))
        guides = {
            layer: vgg.Ends(jnp.ones((1, 1, 30 // size, 1)), whole)
            for layer, size in (("conv1_2", 1), ("conv2_1", 2))
        }
        grams = {
            layer: jnp.stack([each] * len(weights), 2) for layer, each in targets.grams.items()
        }
        changed = targets._replace(
            guides=guides, grams=grams, regions=jnp.asarray([weights], jnp.float32)
        )
        return value_and_gradient(program, kernels, changed, coefficients, image)[0]

    np.testing.assert_array_equal(regional(1.0).style, plain.style)
    np.testing.assert_allclose(regional(0.25, 0.5, 0.25).style, plain.style, rtol=1e-6)
    np.testing.assert_allclose(regional(0.0, 0.0, 3.0).style, 3 * plain.style, rtol=1e-6)


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
        *(vgg.gram_matrix(jnp.asarray(x)) for x in (content, style)), "paper"
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
    grams = vgg.gram_matrix(zeros)
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
    "gram": lambda x, y, z: jnp.sum(vgg.gram_matrix(x / 255), (1, 2)),
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
