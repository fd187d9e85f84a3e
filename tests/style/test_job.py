import dataclasses

import numpy as np
import pytest
from logos import COLOURED, CONTENT, INVERTED, SHALLOW, SIZE, bars, picture

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError
from jaxtex.style import Settings, make_job, resolve_settings

STYLES = [bars(30, 50)]


def settings(**options) -> Settings:
    return resolve_settings(**{**SHALLOW, "scales": 1, "margin": 4, **options})


def job_of(content: np.ndarray | None = None, styles=STYLES, *, images_too=None, **options):
    content = bars() if content is None else content
    return make_job(settings(**options), content, styles, **(images_too or {}))


@pytest.mark.parametrize(("height", "width"), [(33, 71), (40, 40), (71, 33), (24, 201)])
@pytest.mark.parametrize("canvas", ["auto", "rgb"])
def test_the_picture_has_exactly_the_contents_size(height, width, canvas):
    job = job_of(bars(height, width), canvas=canvas)
    assert job.picture(job.content).shape == (height, width, 3)
    assert job.content.shape[:2] == (height + 8, width + 8)


@pytest.mark.parametrize("size", [31, 64, 97])
def test_size_is_the_longer_side(size):
    wide, tall = bars(40, 64), bars(64, 40)
    short = round(40 * size / 64)
    assert job_of(wide, size=size).picture(job_of(wide, size=size).content).shape[:2] == (
        short,
        size,
    )
    assert job_of(tall, size=size).painting.content.shape[:2] == (size, short)


def test_a_kept_margin_is_part_of_the_picture():
    job = job_of(keep_margin=True)
    picture = job.picture(job.content)
    assert picture.shape == (48, 72, 3)
    np.testing.assert_allclose(picture[:4], 1, atol=1e-6)


def test_the_default_margin_is_a_twelfth_of_the_width():
    assert job_of(bars(40, 96), margin=None).content.shape == (56, 112, 1)


@pytest.mark.parametrize("path", [CONTENT, INVERTED, COLOURED], ids=lambda path: path.stem)
@pytest.mark.parametrize("canvas", ["auto", "rgb"])
def test_the_content_itself_is_shown_as_it_is(path, canvas):
    job = job_of(picture(path), size=SIZE, canvas=canvas, contrast=0.0)
    assert (
        np.abs(
            images.over(*images.split(job.picture(job.content)), (1.0, 1.0, 1.0))
            - job.painting.content
        ).mean()
        < 0.02
    )


@pytest.mark.parametrize("shape", [(24, 36, 1), (17, 50, 1)])
def test_a_canvas_of_any_size_is_shown_at_full_size(shape):
    job = job_of()
    levels = np.full(shape, 255, np.float32)
    np.testing.assert_allclose(job.picture(levels), 1, atol=1e-6)


@pytest.mark.parametrize("canvas", ["auto", "rgb", "grey"])
@pytest.mark.parametrize("keep_margin", [False, True])
def test_the_content_without_its_ground_is_its_ink(canvas, keep_margin):
    job = job_of(canvas=canvas, keep_margin=keep_margin, images_too={"background": "transparent"})
    found = job.picture(job.content)
    ink = 1 - bars()[..., 0]
    ink = np.pad(ink, 4) if keep_margin else ink
    np.testing.assert_allclose(found[..., 3], ink, atol=0.02)
    assert found[ink > 0, :3].max() < 0.02


@pytest.mark.parametrize("canvas", ["auto", "rgb"])
def test_a_content_may_be_put_on_a_colour(canvas):
    white = np.dstack([np.ones((40, 64, 3), np.float32), 1 - bars()[..., 0]])
    job = job_of(white, canvas=canvas, images_too={"background": (0.2, 0.4, 0.6)})
    found = job.picture(job.content)
    assert found.shape == (40, 64, 3)
    np.testing.assert_allclose(found[0, 0], (0.2, 0.4, 0.6), atol=1e-6)
    np.testing.assert_allclose(found[20, 20], 1, atol=1e-3)


def test_a_plain_ground_gives_way_to_a_colour():
    job = job_of(images_too={"background": (0.2, 0.4, 0.6)})
    found = job.picture(job.content)
    np.testing.assert_allclose(found[0, 0], (0.2, 0.4, 0.6), atol=1e-6)
    np.testing.assert_allclose(found[20, 20], 0, atol=1e-6)


def test_specks_beside_letters_are_left_out_of_the_picture():
    job = job_of()
    levels = job.content.copy()
    speck, drip, splash = np.s_[8:10, 60:62], np.s_[36:42, 24:26], np.s_[8:20, 40:48]
    for part in (speck, drip, splash):
        levels[part] = 0
    found = job.picture(levels)
    without = levels.copy()
    without[speck] = 255
    np.testing.assert_allclose(found[..., 0], without[4:-4, 4:-4, 0] / 255, atol=0.02)


def test_guided_ends_leave_out_more_unless_the_style_is_specked():
    style, splashed = bars(), bars()
    splashed[10:13, 10:13] = splashed[34:36, 50:53] = 0
    part = np.s_[8:14, 54:60]
    for one, ends, stays in ((style, 0.0, True), (style, 0.7, False), (splashed, 0.7, True)):
        job = job_of(bars(), [one], canvas="ink", margin=0, ends=ends, size=64)
        levels = job.content.copy()
        levels[part] = 0
        found, clean = (job.picture(each)[part] for each in (levels, job.content))
        assert (np.abs(found - clean).max() > 0.5) == stays


def test_small_antialiased_letters_are_ink():
    job = job_of(picture(CONTENT), size=96, images_too={"background": "transparent"})
    assert job.canvas == "ink"
    alpha = job.picture(job.content)[..., 3]
    assert alpha[0, 0] == 0
    assert alpha.max() == 1


def test_a_content_without_a_plain_ground_cannot_be_cut_out():
    noise = np.random.default_rng(0).uniform(size=(40, 40, 3)).astype(np.float32)
    with pytest.raises(ImageError, match=r"^background: 'transparent' needs"):
        job_of(noise, images_too={"background": "transparent"})


@pytest.mark.parametrize("canvas", ["auto", "rgb", "grey"])
def test_white_ink_on_transparent_ground_has_its_alphas_shape(canvas):
    alpha = 1 - bars()[..., 0]
    job = job_of(np.dstack([np.ones((40, 64, 3), np.float32), alpha]), canvas=canvas)
    found = job.picture(job.content)
    np.testing.assert_allclose(found[alpha > 0, :3], 1, atol=1e-6)
    np.testing.assert_allclose(found[..., 3], alpha, atol=1e-6)


@pytest.mark.parametrize("scales", [1, 2, 3])
@pytest.mark.parametrize("steps", [30, 41])
def test_phases_go_from_coarse_to_fine_and_share_the_steps(scales, steps):
    job = job_of(bars(80, 96), scales=scales, steps=steps, finish_steps=2)
    *body, finish = job.phases
    assert [phase.factor for phase in body] == [0.5**n for n in reversed(range(scales))]
    assert sum(phase.steps for phase in body) == steps
    assert (finish.height, finish.width, finish.steps) == (88, 104, 2)
    assert (body[-1].height, body[-1].width) == (88, 104)
    assert [phase.ink for phase in body] == [0] * scales
    assert finish.ink == job.settings.ink


def test_ink_leaves_next_to_nothing_to_the_full_size():
    def steps(**options):
        return [phase.steps for phase in job_of(bars(80, 96), scales=3, steps=50, **options).phases]

    assert steps(finish_steps=4) == [20, 28, 2, 4]
    # Without an ink phase, and on pictures, the full size has its part.
    assert steps(finish_steps=0) == [19, 18, 13]
    assert steps(finish_steps=4, canvas="grey") == [19, 18, 13, 4]


@pytest.mark.parametrize(("scales", "factors"), [(3, [0.25, 0.5]), (2, [0.5]), (1, [0.5])])
def test_a_draft_has_half_the_size_and_a_sixth_of_the_steps(scales, factors):
    job = job_of(bars(80, 96), scales=scales, steps=50, finish_steps=10, draft=True)
    *body, finish = job.phases
    assert [phase.factor for phase in body] == factors
    assert sum(phase.steps for phase in body) == 9
    assert (finish.height, finish.width, finish.steps) == (44, 52, 2)
    assert finish.ink == job.settings.ink
    found = job.picture(np.full((44, 52, 1), 255, np.float32))
    assert found.shape == (80, 96, 3)


def test_a_draft_of_an_image_too_small_for_half_the_size_has_all_of_it():
    job = job_of(bars(20, 24), scales=1, steps=8, draft=True, layers={"conv5_1": 1.0})
    assert [phase.factor for phase in job.phases] == [1.0, 1.0]


def test_fewer_steps_than_scales_leave_no_empty_phase():
    assert all(phase.steps for phase in job_of(scales=3, steps=1, finish_steps=1).phases)


def test_no_size_is_too_small_for_the_layers():
    job = job_of(scales=6, layers={"conv5_1": 1.0})
    assert min(job.phases[0].height, job.phases[0].width) >= 16


def test_without_finish_the_ink_term_counts_all_the_time():
    job = job_of(finish_steps=0, ink=2.0)
    assert [phase.ink for phase in job.phases] == [2.0]


def test_layers_with_coefficient_zero_are_not_in_the_program():
    job = job_of(layers={"conv1_1": 1, "conv5_3": 0})
    assert job.program.layers == ("conv1_1",)
    assert "conv5_3" not in job.program.all_layers


def test_the_starting_points():
    content = job_of(init="content")
    np.testing.assert_array_equal(content.init, content.content)
    noise = [job_of(init="noise", seed=seed).init for seed in (1, 1, 2, 2**32 - 1)]
    np.testing.assert_array_equal(noise[0], noise[1])
    assert all(np.abs(noise[0] - other).mean() > 50 for other in noise[2:])
    assert noise[0].min() >= 0
    assert noise[0].max() <= 255
    style = job_of(init="style")
    np.testing.assert_allclose(
        style.init, images.resize(style.styles[0] / 255, 48, 72) * 255, atol=1e-3
    )
    file = job_of(init="file", images_too={"init": 1 - bars(20, 32)})
    assert file.init.shape == file.content.shape
    with pytest.raises(SettingsError, match="init: 'file' needs the start image"):
        job_of(init="file")


def test_a_mask_of_any_size_covers_the_content_and_not_the_margin():
    mask = np.zeros((10, 16), np.float32)
    mask[:, 8:] = 1
    job = job_of(images_too={"mask": mask})
    assert job.mask.shape == (48, 72, 1)
    assert not job.mask[:, :4].any()
    np.testing.assert_allclose(job.mask[24, [8, 20, 50, 64], 0], [0, 0, 1, 1], atol=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"content": bars(40, 62)},
        {"content": 1 - bars()},
        {"styles": [bars(30, 52)]},
        {"styles": STYLES * 2},
        {"images_too": {"mask": np.ones((40, 64), np.float32)}},
        {"images_too": {"init": bars()}},
        {"content": np.dstack([bars(), 1 - bars()[..., 0]])},
    ],
)
def test_the_digest_tells_jobs_with_other_images_apart(change):
    assert job_of().digest == job_of().digest
    assert job_of(**change).digest != job_of().digest


def test_jobs_with_other_coefficients_and_images_share_a_batch():
    first = job_of()
    assert job_of(1 - bars(), [bars(20, 20)], content_weight=9.0, tv=1.0).group == first.group
    assert job_of(bars(40, 62)).group != first.group
    assert job_of(steps=9).group != first.group
    assert job_of(optimizer="adam").group != first.group
    assert job_of(pool="avg").group != first.group


def test_style_weights_sum_to_one():
    styles = STYLES * 2
    assert job_of(styles=styles).style_weights == (0.5, 0.5)
    weighted = job_of(styles=styles, images_too={"style_weights": [3.0, 1.0]})
    assert weighted.style_weights == (0.75, 0.25)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], "1 given for 2 style images"),
        ([1.0, 1.0, 1.0], "3 given for 2"),
        ([0.0, 0.0], "above 0"),
        ([-1.0, 2.0], "0 or more"),
        ([float("nan"), 1.0], "0 or more"),
        ([float("inf"), 1.0], "0 or more"),
    ],
)
def test_style_weights_that_do_not_fit_are_refused(weights, message):
    with pytest.raises(SettingsError, match=f"^style-weight: .*{message}"):
        job_of(styles=STYLES * 2, images_too={"style_weights": weights})


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 64, 3), (64, 7, 3)])
def test_an_image_too_small_for_the_deepest_layer_is_refused(shape):
    image = np.random.default_rng(0).uniform(size=shape).astype(np.float32)
    for content, styles, name in ((image, STYLES, "content"), (bars(), [bars(), image], "style 2")):
        with pytest.raises(ImageError, match=f"^{name}: {shape[1]}×{shape[0]} pixels is too small"):
            job_of(content, styles, layers={"conv4_1": 1.0})


def test_a_content_too_narrow_after_resizing_is_refused():
    with pytest.raises(ImageError, match=r"content: 64×3 pixels, at size 64 .* conv3_1"):
        job_of(bars(20, 400), size=64, margin=0, layers={"conv3_1": 1.0})


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_an_image_of_a_single_colour_is_refused(value):
    flat = np.full((40, 64, 3), value, np.float32)
    for content, styles, name in ((flat, STYLES, "content"), (bars(), [flat], "style 1")):
        with pytest.raises(ImageError, match=f"^{name}: the image has a single colour"):
            job_of(content, styles)


def test_a_job_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        job_of().margin = 3
