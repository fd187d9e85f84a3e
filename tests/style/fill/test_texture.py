import dataclasses

import numpy as np
import pytest
from logos import CONTENT, bars, picture
from scipy import ndimage

from jaxtex import images
from jaxtex.errors import ImageError
from jaxtex.style import canvas, load_network, make_job, resolve_settings, run_jobs
from jaxtex.style.canvas import stroke_width
from jaxtex.style.fill import LAYERS, fill_letters, make_fill
from jaxtex.style.separation import separate_at

SIZE = 160


def texture(height: int = 160, width: int = 256, seed: int = 0) -> np.ndarray:
    """Rust: blotches of dark and bright brown with grain, darker towards the right."""
    draw = np.random.default_rng(seed).normal(size=(3, height, width))
    blotches = ndimage.gaussian_filter(draw[0], 6)
    level = 0.5 + 0.25 * blotches / blotches.std() + 0.06 * draw[1]
    level -= np.linspace(-0.2, 0.2, width)
    ramp = np.array([[0.15, 0.07, 0.05], [0.5, 0.22, 0.08], [0.85, 0.5, 0.25]])
    channels = [np.interp(level, (0, 0.5, 1), ramp[:, c]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* (D65) of sRGB."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array(
        [[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]
    )
    f = np.cbrt(xyz / (0.9505, 1.0, 1.089))
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


@pytest.fixture(scope="module")
def ink():
    image = picture(CONTENT)
    return separate_at(image, *images.fit(*image.shape[:2], SIZE))


@pytest.fixture(scope="module")
def filled(ink):
    """The job of a fill and what it came to."""
    job = job_of()
    (outcome,) = run_jobs([job], network=load_network())
    return job, outcome


def job_of(**options):
    settings = resolve_settings(**{"steps": 72, "size": SIZE, **options})
    return make_job(settings, picture(CONTENT), [texture()])


def fill_of(job, outcome):
    """The texture at the content's size."""
    return canvas.unpad(canvas.from_levels(outcome.levels), job.painting.margin)


def test_the_fill_has_the_contents_size(filled, ink):
    job, outcome = filled
    fill = fill_of(job, outcome)
    assert fill.shape == (*ink.coverage.shape, 3)
    assert fill.dtype == np.float32
    assert fill.min() >= 0
    assert fill.max() <= 1


def test_within_the_letters_the_statistics_are_the_textures(filled, ink):
    job, outcome = filled
    total = outcome.history.total
    assert outcome.status == "done"
    assert total[-1] < 0.25 * total[0]
    inside = ink.coverage > 0.95
    found, wanted = lab(fill_of(job, outcome)[inside]), lab(texture()).reshape(-1, 3)
    assert np.linalg.norm(found.mean(0) - wanted.mean(0)) < 5
    np.testing.assert_allclose(found.std(0), wanted.std(0), rtol=0.3)


@pytest.mark.parametrize("ground", [(1.0, 1.0, 1.0), (0.0, 0.1, 0.3)], ids=["paper", "blue"])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_outside_the_letters_is_exactly_the_ground(filled, ink, ground, strength):
    job, outcome = filled
    color = np.array(ground, np.float32)
    own = dataclasses.replace(ink, ground=np.broadcast_to(color, ink.color.shape))
    letters = fill_letters(own, fill_of(job, outcome), strength)
    image = letters.paint(letters.coverage)
    stroke = stroke_width(ink.coverage > 0.5)
    far = ndimage.distance_transform_edt(ink.coverage < 0.05) > strength * stroke / 6 + 1
    outside = far if strength else ink.coverage == 0
    assert outside.mean() > 0.3
    np.testing.assert_array_equal(image[outside], np.broadcast_to(color, (outside.sum(), 3)))
    within = ndimage.distance_transform_edt(ink.coverage > 0.5) > strength * stroke / 6 + 1
    assert letters.coverage[within].mean() > 0.98


def test_at_strength_zero_the_edges_are_the_contents(filled, ink):
    job, outcome = filled
    letters = fill_letters(ink, fill_of(job, outcome), 0.0)
    np.testing.assert_array_equal(letters.coverage, ink.coverage)


def test_the_same_fill_has_the_same_bytes(filled, ink):
    job, outcome = filled
    again = job_of()
    assert again.digest == job.digest
    np.testing.assert_array_equal(again.init, job.init)
    (other,) = run_jobs([again], network=load_network())
    np.testing.assert_array_equal(other.levels, outcome.levels)


def test_the_guide_is_the_letters_and_what_their_edges_may_need(filled, ink):
    job, _ = filled
    margin = job.painting.margin
    inner = job.guide[margin:-margin, margin:-margin]
    assert not job.guide[:margin].any()
    assert inner[ink.coverage > 0.5].all()
    stroke = stroke_width(ink.coverage > 0.5)
    far = ndimage.distance_transform_edt(ink.coverage <= 0.5)
    assert inner[far <= stroke / 6].all()
    assert not inner[far > stroke / 6 + 2].any()


# The texture's scale and part

COVERAGE = 1 - bars(100, 200)[..., 0]


@pytest.mark.parametrize(
    ("size", "style_size", "expected"),
    [
        ((160, 256), None, (160, 256)),
        ((300, 300), None, (300, 300)),
        ((80, 160), None, (132, 264)),
        ((40, 60), None, (80, 120)),
        ((2000, 1600), None, (580, 464)),
        ((160, 256), 128, (80, 128)),
        ((160, 256), 1024, (640, 1024)),
    ],
    ids=str,
)
def test_a_texture_keeps_its_scale_unless_that_is_far_from_the_canvas(size, style_size, expected):
    settings = resolve_settings(style_size=style_size)
    job = make_fill(settings, COVERAGE, [np.resize(texture(), (*size, 3))])
    height, width = job.textures[0].shape[:2]
    assert (height, width) == pytest.approx(expected, abs=1)
    assert job.canvas.shape == (132, 232, 3)


def test_the_start_is_the_texture_itself():
    rust = texture(180, 300)
    job = make_fill(resolve_settings(), COVERAGE, [rust])
    start = job.canvas / 255
    places = [
        (top, left)
        for top in range(180 - 132 + 1)
        for left in range(300 - 232 + 1)
        if np.allclose(rust[top, left], start[0, 0], atol=1e-5)
    ]
    assert any(
        np.allclose(rust[top : top + 132, left : left + 232], start, atol=1e-5)
        for top, left in places
    )


def test_the_part_that_is_most_like_the_whole_is_used():
    # Dark on the left, bright on the right: in the middle the letters have of both.
    level = np.repeat(np.linspace(0, 1, 460)[None], 132, 0)
    texture = np.repeat(level[..., None], 3, -1).astype(np.float32)
    job = make_fill(resolve_settings(), COVERAGE, [texture])
    mean = float((job.canvas[..., 0] * job.guide).sum() / job.guide.sum()) / 255
    assert mean == pytest.approx(0.5, abs=0.1)


def test_settings_that_shape_letters_have_no_say():
    job = job_of(steps=60, preserve_color=True, seed=7)
    assert job.canvas == "fill"
    assert job.layers == LAYERS
    assert [phase.steps for phase in job.phases] == [10]
    assert job.settings.seed == job.asked.seed == 7
    assert job.asked.steps == 60
    assert job.picture(job.init).shape == (42, SIZE, 3)


def test_letters_may_keep_their_colours():
    job = job_of(colors="#0066cc")
    found = job.picture(job.init)
    inside = found[np.abs(found - 1).max(-1) > 0.3]
    hue = np.median(inside, 0)
    assert hue[2] > hue[1] > hue[0]
    assert np.ptp(inside @ np.float32([0.3, 0.6, 0.1])) > 0.1


def test_a_content_without_ink_is_refused():
    with pytest.raises(ImageError, match="no ink"):
        make_fill(resolve_settings(), np.zeros((50, 90), np.float32), [texture()])


def test_a_texture_of_a_few_pixels_is_refused():
    with pytest.raises(ImageError, match="too small"):
        make_fill(resolve_settings(style_size=6), COVERAGE, [texture()])
