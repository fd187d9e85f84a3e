import jax
import jax.numpy as jnp
import numpy as np
import pytest
from logos import CONTENT, STYLE, at_size
from scipy import ndimage

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style import load_network
from jaxtex.style.metrics import BLOCKS, Lettering, Reference
from jaxtex.style.metrics import style as styles
from jaxtex.style.metrics.score import _align
from jaxtex.style.metrics.style import _levels, _presence, weighted_grams
from jaxtex.vgg import LAYERS, depth, extract, prepare_kernels

SIZE = 256


@pytest.fixture(scope="module")
def network():
    return load_network()


@pytest.fixture(scope="module")
def content():
    return at_size(CONTENT, SIZE)


@pytest.fixture(scope="module")
def reference(network, content):
    return Reference(content, at_size(STYLE, SIZE), network=network)


@pytest.fixture
def score(reference):
    return lambda *results: reference.score([result.astype(np.float32) for result in results])


def style_in_place(content):
    """The middle of the style at the scale at which it is compared."""
    style = at_size(STYLE, content.shape[1])
    top = (style.shape[0] - content.shape[0]) // 2
    return style[top : top + content.shape[0]]


def specked(content, count):
    rng = np.random.default_rng(0)
    image = content.copy()
    for y, x in zip(rng.integers(0, content.shape[0] - 2, count),
                    rng.integers(0, content.shape[1] - 2, count), strict=True):  # fmt: skip
        image[y : y + 2, x : x + 2] = 0
    return image


def mixed(content, share):
    """The left part of the content, the right part of the style."""
    image = content.copy()
    start = round(content.shape[1] * (1 - share))
    image[:, start:] = style_in_place(content)[:, start:]
    return image


def test_the_content_scores_one_and_nought_and_nought(score, content):
    (found,) = score(content)
    assert found.readability.readability == pytest.approx(1, abs=1e-6)
    assert found.artefacts.artefacts == pytest.approx(0, abs=1e-4)
    assert found.style == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(found.blocks, 0, atol=1e-5)


def test_the_style_itself_scores_one(reference):
    (found,) = reference.score([at_size(STYLE, SIZE)])
    np.testing.assert_allclose(found.blocks, 1, atol=1e-5)
    assert found.style == pytest.approx(1, abs=1e-5)
    assert found.readability.readability < 0.3
    assert found.artefacts.artefacts < 0.01


def test_the_more_letters_are_the_styles_the_more_style_and_the_less_readable(score, content):
    found = score(*(mixed(content, share) for share in (0, 1 / 3, 2 / 3, 1)))
    assert np.all(np.diff([each.style for each in found]) > 0.05)
    assert np.all(np.diff([each.readability.readability for each in found]) < 0)


def test_half_way_to_a_result_is_half_way_in_style(score, content):
    result = mixed(content, 2 / 3)
    found = [each.style for each in score(content, (content + result) / 2, result)]
    assert found[0] < found[1] < found[2]


def test_what_is_not_the_styles_manner_earns_no_style(score, content):
    blurred = ndimage.gaussian_filter(content, (1.5, 1.5, 0))
    noise = np.clip(content + np.random.default_rng(0).normal(0, 0.2, content.shape), 0, 1)
    bold = ndimage.minimum_filter(content, (5, 5, 1))
    assert all(found.style < 0.1 for found in score(blurred, noise, bold))


def test_artefacts_earn_no_style(score, content):
    clean, spoiled, hazy = score(mixed(content, 0.5), specked(mixed(content, 0.5), 40),
                                 0.85 * mixed(content, 0.5))  # fmt: skip
    assert spoiled.style < clean.style
    assert hazy.style == pytest.approx(clean.style, abs=0.02)


def test_each_metric_minds_its_own_faults(score, content):
    whole, specks, blurred, ground = score(
        content,
        specked(content, 30),
        ndimage.gaussian_filter(content, (2, 2, 0)),
        np.minimum(content, np.array([0.8, 0.9, 1])),
    )
    assert specks.artefacts.specks > 0.03 > specks.artefacts.coloured + specks.artefacts.haze
    assert blurred.readability.edges < 0.8 < blurred.readability.overlap
    assert ground.artefacts.coloured > 0.3 > whole.artefacts.coloured
    assert ground.readability.readability > 0.99
    assert min(specks.readability.readability, ground.readability.readability) > (
        blurred.readability.readability
    )


def test_colour_and_polarity_are_no_style(score, content):
    black, white, red = score(
        mixed(content, 0.5),
        1 - mixed(content, 0.5),
        1 - (1 - mixed(content, 0.5)) * np.array([0.2, 0.9, 0.9]),
    )
    assert white.style == pytest.approx(black.style, abs=1e-4)
    assert red.style == pytest.approx(black.style, abs=1e-3)


def test_lettering_in_colour_counts_by_its_shapes(network, content):
    gold = 1 - (1 - at_size(STYLE, SIZE)) * np.array([0.1, 0.35, 0.9], np.float32)
    reference = Reference(content, gold, network=network)
    black = mixed(content, 0.5)
    plain, golden = reference.score([black, 1 - (1 - black) * np.float32([0.1, 0.35, 0.9])])
    assert golden.style == pytest.approx(plain.style, abs=1e-3)
    assert plain.style > 0.1
    assert reference.score([gold])[0].style == pytest.approx(1, abs=1e-5)


def test_of_a_texture_the_colours_count(network, content):
    draw = np.random.default_rng(0).normal(size=(*content.shape[:2], 1))
    level = ndimage.gaussian_filter(draw, (3, 3, 0)) / 0.1
    rust = np.clip(np.float32([0.5, 0.25, 0.1]) * (1 + 0.4 * level), 0, 1).astype(np.float32)
    reference = Reference(content, rust, network=network)
    filled = 1 - (1 - content) * (1 - rust)
    plain, rusty = reference.score([content, filled])
    assert rusty.style > plain.style + 0.1
    assert reference.score([rust])[0].style == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def convs(network, content):
    return prepare_kernels(network, LAYERS, *content.shape[:2], 1, form="direct")


def test_gram_matrices_are_weighted_means_over_pixels(convs, content):
    rng = np.random.default_rng(0)
    levels = jnp.asarray(255 * content[None, ..., :1])
    weights = rng.uniform(0, 1, levels.shape).astype(np.float32)
    found = weighted_grams(convs, levels, jnp.asarray(weights))
    features = jax.jit(lambda convs, levels: extract(convs, levels, LAYERS))(convs, levels)
    pooled = weights.astype(np.float64)
    for block in range(BLOCKS):
        if block:
            height, width = (side // 2 * 2 for side in pooled.shape[1:3])
            corners = [pooled[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
            pooled = sum(corners) / 4
        for layer in (name for name in LAYERS if depth(name) == block):
            values = np.asarray(features[layer], np.float64)
            expected = np.einsum("nhwc,nhwd,nhw->ncd", values, values, pooled[..., 0])
            expected /= pooled.sum((1, 2, 3))[:, None, None]
            np.testing.assert_allclose(found[layer], expected, rtol=1e-3,
                                       atol=1e-4 * np.abs(expected).max())  # fmt: skip


def test_style_is_one_minus_the_ratio_of_distances(network, content, convs):
    style, result = style_in_place(content), mixed(content, 0.5)
    stroke = round(Lettering(content).stroke)
    grams = []
    for image in (content, style, result):
        levels, weights = (
            jnp.asarray(part[None])
            for part in _levels(image, _presence(image, in_color=False), stroke, color=False)
        )
        grams.append(weighted_grams(convs, levels, weights))
    expected = []
    for block in range(BLOCKS):
        ratios = []
        for layer in (name for name in LAYERS if depth(name) == block):
            of_content, of_style, of_result = (np.asarray(gram[layer][0]) for gram in grams)
            ratios.append(
                np.linalg.norm(of_result - of_style) / np.linalg.norm(of_content - of_style)
            )
        expected.append(1 - np.mean(ratios))
    (found,) = Reference(content, style, network=network).score([result])
    np.testing.assert_allclose(found.blocks, expected, atol=1e-4)
    assert found.style == pytest.approx(np.mean(expected), abs=1e-4)


def test_a_batch_scores_as_each_alone(reference, content, monkeypatch):
    results = [mixed(content, share) for share in np.linspace(0, 1, 9)]
    with monkeypatch.context() as patch:
        patch.setattr(styles, "_BATCH", 2)
        together = reference.score(results)
    for index in (0, 5, 8):
        (alone,) = reference.score([results[index]])
        np.testing.assert_allclose(together[index].blocks, alone.blocks, atol=1e-4)
        assert together[index].readability == alone.readability


def test_a_result_of_another_size_scores_alike(network):
    large = at_size(CONTENT, 512)
    reference = Reference(large, at_size(STYLE, 512), network=network)
    result = mixed(large, 0.5)
    half = images.resize(result, result.shape[0] // 2, 256)
    double = images.resize(result, 2 * result.shape[0], 1024)
    found = reference.score([result, half, double])
    assert [each.width for each in found] == [512, 256, 512]
    for other in found[1:]:
        assert other.style == pytest.approx(found[0].style, abs=0.03)
        assert other.readability.readability == pytest.approx(
            found[0].readability.readability, abs=0.05
        )
        assert other.artefacts.artefacts == pytest.approx(found[0].artefacts.artefacts, abs=0.01)


def test_a_size_may_be_named(network):
    large = at_size(CONTENT, 512)
    reference = Reference(large, at_size(STYLE, SIZE), network=network, size=SIZE)
    (found,) = reference.score([large])
    assert (found.width, found.height) == (SIZE, 68)


def test_results_of_another_shape_are_laid_on_the_content(content):
    height, width = content.shape[:2]
    stretched = images.resize(content, width, width)
    boxed = np.ones((width, width, 3), np.float32)
    top = (width - height) // 2
    boxed[top : top + height] = content
    beside = np.ones((height, 2 * width, 3), np.float32)
    beside[:, width // 2 : width // 2 + width] = content
    rounded = images.resize(content, height + 1, width)
    lettering = Lettering(content)
    for image in (stretched, boxed, beside, rounded):
        assert lettering.readability(_align(image, lettering)).readability > 0.95


@pytest.mark.parametrize(
    "change",
    [lambda image: 1 - image, lambda image: 1 - (1 - image) * np.float32([0.3, 0.9, 0.8])],
    ids=["white on black", "coloured"],
)
def test_any_content_scores_nought_against_itself(network, content, change):
    content = change(content)
    (found,) = Reference(content, at_size(STYLE, SIZE), network=network).score([content])
    assert found.readability.readability == pytest.approx(1, abs=1e-3)
    assert found.artefacts.artefacts < 1e-3
    assert found.style == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_plain_result_scores_without_a_warning(score, content, value):
    (found,) = score(np.full_like(content, value))
    assert found.readability.readability == 0
    assert np.isfinite(list(found.blocks)).all()


def test_a_dict_has_all_figures_as_json_values(score, content):
    found = score(content)[0].to_dict()
    assert {"readability", "artefacts", "style"} < set(found)
    assert [f"block{number}" in found for number in range(1, 6)] == [True] * 5
    assert found["ocr"] is None
    assert all(isinstance(value, float | int | list | None) for value in found.values())


def test_bad_images_are_refused(network, content, reference):
    with pytest.raises(ImageError, match="style: is the content itself"):
        Reference(content, content, network=network)
    with pytest.raises(ImageError, match=r"content: 60×15 pixels is too small"):
        Reference(np.ones((15, 60, 3), np.float32), at_size(STYLE, SIZE), network=network)
    with pytest.raises(ImageError, match="content: no lettering"):
        Reference(np.ones((50, 60, 3), np.float32), at_size(STYLE, SIZE), network=network)
    with pytest.raises(ImageError, match=r"result 2: 8×8 pixels is too small"):
        reference.score([content, np.ones((8, 8, 3), np.float32)])
