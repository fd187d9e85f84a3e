import colorsys
import json

import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, SIZE, STYLE, TINY, bars, picture

import jaxtex
from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style import DivergedError, load_network, resolve_settings
from jaxtex.vgg import VGG16
from jaxtex.weights import load_vgg16


@pytest.fixture(scope="module")
def network():
    return load_network()


@pytest.fixture(scope="module")
def stylize(network):
    def stylize(content=None, style=None, **options):
        content = picture(CONTENT) if content is None else content
        style = picture(STYLE) if style is None else style
        return jaxtex.stylize(content, style, network=network, **{**TINY, **options})

    return stylize


def uint8(image: np.ndarray) -> np.ndarray:
    return np.rint(image * 255).astype(np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_result_has_the_contents_type(stylize, dtype):
    whole = np.issubdtype(dtype, np.integer)
    most = np.iinfo(dtype).max if whole else 1
    content = picture(CONTENT) * most
    result = stylize((np.rint(content) if whole else content).astype(dtype))
    assert result.image.dtype == dtype
    assert result.image.shape == (34, SIZE, 3)
    assert 0.5 * most < result.image.mean() < most


def test_without_size_the_result_has_the_contents_own(stylize):
    content = bars(71, 33)
    assert stylize(content, size=None).image.shape == content.shape


def test_equal_runs_give_equal_bytes(stylize):
    first, second = stylize(), stylize()
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.history.total, second.history.total)


def test_noise_starts_from_its_seed(stylize):
    first, again, other = (stylize(init="noise", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert not np.array_equal(first.image, other.image)


def test_a_black_and_white_logo_stays_without_colour(stylize):
    image = stylize().image
    np.testing.assert_array_equal(image[..., 0], image[..., 1])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


def test_white_on_black_stays_white_on_black(stylize):
    content = picture(INVERTED)
    image = stylize(content).image
    assert image[[0, -1]].max() < 0.2
    ink = images.resize(content, *image.shape[:2])[..., 0] > 0.9
    assert image[ink].mean() > 0.8


def test_an_inverted_logo_gives_the_inverted_result(stylize):
    # Both are worked on as black ink on white paper.
    plain, inverted = stylize().image, stylize(1 - picture(CONTENT)).image
    np.testing.assert_allclose(inverted, 1 - plain, atol=0.02)


def test_a_coloured_logo_keeps_its_colours(stylize):
    loaded = images.load_image(COLOURED)
    result = stylize(uint8(np.dstack([loaded.rgb, loaded.alpha])))
    assert result.job.canvas == "ink"

    def hues(image):
        hsv = np.array([colorsys.rgb_to_hsv(*color) for color in image.reshape(-1, 3)])
        return hsv[(hsv[:, 1] > 0.5), 0]

    allowed = np.unique(np.round(hues(uint8(images.resize(loaded.rgb, 57, 256)) / 255), 2))
    distance = np.abs(
        hues(result.image[result.image[..., 3] > 128][:, :3] / 255)[:, None] - allowed[None]
    )
    distance = np.minimum(distance, 1 - distance).min(1)
    assert np.mean(distance < 0.02) > 0.98


def test_a_transparent_logo_gives_its_shape_back(stylize):
    loaded = images.load_image(COLOURED)
    rgba = uint8(np.dstack([loaded.rgb, loaded.alpha]))
    picture = stylize(rgba).image
    assert picture.dtype == np.uint8
    colors, alpha = images.split((picture / 255).astype(np.float32))
    height, width = alpha.shape
    shape = images.resize(loaded.alpha, height, width)
    assert alpha[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert np.mean((alpha > 0.5) == (shape > 0.5)) > 0.9
    assert alpha[shape == 1].mean() > 0.9
    assert colors.shape == (height, width, 3)


def test_an_opaque_alpha_channel_changes_nothing(stylize):
    plain = picture(CONTENT)
    rgba = np.dstack([plain, np.ones(plain.shape[:2], np.float32)])
    np.testing.assert_array_equal(stylize(rgba).image, stylize(plain).image)


def test_a_composed_logo_is_laid_out_as_the_band_on_its_own_ground(stylize):
    loaded = images.load_image(COLOURED)
    rgba = uint8(np.dstack([loaded.rgb, loaded.alpha]))
    kept, composed = (stylize(rgba, composition=each) for each in ("keep", "band"))
    assert composed.job.kept is None
    height, width = composed.image.shape[:2]
    assert max(height, width) == SIZE
    assert height / width > 1.1 * kept.image.shape[0] / kept.image.shape[1]
    alpha = composed.image[..., 3]
    assert alpha[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert composed.metadata["composition"] == "band"
    # The symbol stays whole.
    assert kept.job.mask.min() == 1
    assert composed.job.mask.min() == 0


def test_nothing_of_a_composition_is_the_same_bytes(stylize):
    kept, none = stylize(), stylize(composition=0)
    np.testing.assert_array_equal(kept.image, none.image)
    assert none.settings.composition == "keep"


def test_a_composition_and_a_mask_are_refused(stylize):
    mask = np.ones(picture(CONTENT).shape[:2], np.float32)
    with pytest.raises(SettingsError, match=r"^composition: 'band' moves the letters"):
        stylize(composition="band", mask=mask)


def test_what_cannot_be_composed_is_kept_and_says_why(stylize):
    job = stylize(bars(), composition="band").job
    assert job.kept == "the content has fewer than three letters"


def test_a_coloured_style_colours_the_result_unless_told_otherwise(stylize):
    style = bars(60, 90, ink=(0.9, 0.1, 0.1), ground=(0.1, 0.1, 0.5))
    colored = stylize(style=style, canvas="rgb").image
    kept = stylize(style=style, canvas="rgb", preserve_color=True).image
    assert np.ptp(colored, axis=-1).max() > 0.02
    assert np.ptp(kept, axis=-1).max() < 0.01


def test_styles_may_be_a_list_grey_or_of_other_sizes(stylize):
    style = picture(STYLE)
    one = stylize(style=style)
    grey = stylize(style=[style[..., 0]])
    two = stylize(style=[style[..., 0], style[:200, :300]])
    np.testing.assert_array_equal(one.image, grey.image)
    assert two.image.shape == one.image.shape
    assert not np.array_equal(two.image, one.image)


def test_a_style_of_weight_zero_does_not_count(stylize):
    style = picture(STYLE)
    one = stylize(style=style)
    two = stylize(style=[style, style[:200, :300]], style_weights=[1.0, 0.0])
    np.testing.assert_allclose(two.history.total, one.history.total, rtol=1e-4)


def test_a_batch_gives_each_job_the_result_of_its_single_run(stylize, network):
    first, style = picture(CONTENT), picture(STYLE)
    second = np.ascontiguousarray(first[:, ::-1])
    third = picture(INVERTED)
    # Adam follows its first steps through rounding; a line search may turn another way.
    options = {**TINY, "optimizer": "adam", "network": network}
    results = jaxtex.stylize_batch([first, second, third], style, **options)
    assert results[0].job.group == results[1].job.group != results[2].job.group
    for content, result in zip([first, second, third], results, strict=True):
        single = stylize(content, optimizer="adam")
        assert result.image.shape == single.image.shape
        np.testing.assert_allclose(result.image, single.image, atol=0.02)
        np.testing.assert_allclose(result.history.total, single.history.total, rtol=2e-3)


def test_a_batch_takes_a_style_for_each_content(network):
    contents, options = [picture(CONTENT)] * 2, {**TINY, "network": network}
    style = picture(STYLE)
    first, second = jaxtex.stylize_batch(contents, [style, style[:200, :300]], **options)
    assert not np.array_equal(first.image, second.image)
    with pytest.raises(SettingsError, match="styles: 1 given for 2 contents"):
        jaxtex.stylize_batch(contents, [style], **options)
    assert jaxtex.stylize_batch([], style, **options) == []


def test_a_loss_that_is_not_finite_leaves_the_last_good_image(stylize):
    found = load_vgg16()
    huge = {name: value * np.float32(1e12) for name, value in found.params.items()}
    with pytest.raises(DivergedError, match=r"non-finite.*lower the learning rate") as caught:
        jaxtex.stylize(picture(CONTENT), picture(STYLE), network=VGG16(huge, found.mean), **TINY)
    assert caught.value.result.status == "diverged"
    assert np.isfinite(caught.value.result.image).all()


def test_the_metadata_says_how_the_result_came_about(stylize):
    result = stylize()
    found = json.loads(json.dumps(result.metadata))
    assert found["version"] == jaxtex.__version__
    assert (found["preset"], found["seed"], found["steps"]) == ("steel", 0, 4)
    assert found["layers"] == TINY["layers"]
    assert (found["canvas"], found["status"], found["scales"]) == ("ink", "done", 1)


def test_settings_come_from_preset_strength_and_options_in_this_order():
    settings = resolve_settings("steel", 0.8, content_weight=0.5)
    assert settings.content_weight == 0.5
    assert settings.silhouette == resolve_settings("steel", 0.8).silhouette
    assert resolve_settings("gatys", steps=3).steps == 3


BAD = np.ones((40, 40, 3), np.float32)


@pytest.mark.parametrize(
    ("content", "style", "message"),
    [
        (BAD * np.nan, BAD, "content: has values that are NaN"),
        (BAD * 255, BAD, "content: has values from 255 to 255"),
        (BAD, BAD, "content: the image has a single colour"),
        (bars(), BAD, "style 1: the image has a single colour"),
        (bars(), [bars(), BAD[..., :2]], "style 2: has the shape"),
        (bars().astype(np.int64), BAD, "content: is of type int64"),
        (bars()[:1, :1], bars(), "content: 1×1 pixels is too small"),
        (np.zeros((40, 40, 4), np.uint8), bars(), "content: is fully transparent"),
        (np.zeros((0, 40, 4), np.uint8), bars(), "content: has no pixels"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused_by_name(content, style, message):
    with pytest.raises(ImageError, match=message):
        jaxtex.stylize(content, style)


def test_no_style_and_a_mask_of_another_size_are_refused():
    with pytest.raises(SettingsError, match="style: no style image"):
        jaxtex.stylize(bars(), [])
    with pytest.raises(SettingsError, match="mask: 3×2 pixels, the image has 64×40"):
        jaxtex.stylize(bars(), bars(), mask=np.ones((2, 3), np.float32))
    with pytest.raises(SettingsError, match="option 'stepz' is unknown"):
        jaxtex.stylize(bars(), bars(), stepz=3)
