"""SSIM against scikit-image and closed forms; SSIM vectors against SSIM; gradients."""

import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from scipy.ndimage import gaussian_filter
from ssim_reference import scikit_image

from jaxtex import platforms
from jaxtex.errors import ImageError, SettingsError
from jaxtex.texture import ssim as module
from jaxtex.texture.similarity.budget import Budget, budget
from jaxtex.texture.similarity.ssim import mssim, ssim, ssim_vectors

C1, C2 = 0.01**2, 0.03**2


def noise(seed, *shape):
    return np.random.default_rng(seed).random(shape, np.float32)


def smooth(seed, *shape):
    """Like a photograph: large and small details."""
    drawn = np.random.default_rng(seed).normal(size=shape)
    field = gaussian_filter(drawn, (6, 6, 0)) * 8 + gaussian_filter(drawn, (1, 1, 0)) / 4
    return np.clip(0.5 + 0.3 * field, 0, 1).astype(np.float32)


def edge(axis, *shape):
    """Half black and half white."""
    half = np.indices(shape)[axis] >= shape[axis] // 2
    return half.astype(np.float32)


SHAPE = (28, 41, 3)
PAIRS = {
    "noise": (noise(0, *SHAPE), noise(1, *SHAPE)),
    "smooth": (smooth(0, *SHAPE), smooth(1, *SHAPE)),
    "nearly equal": (smooth(0, *SHAPE), smooth(0, *SHAPE) * np.float32(0.999)),
    "negative": (smooth(0, *SHAPE), 1 - smooth(0, *SHAPE)),
    "another brightness": (0.1 * smooth(0, *SHAPE), 0.9 + 0.1 * smooth(0, *SHAPE)),
    "faint": (0.5 + 1e-3 * noise(0, *SHAPE), 0.5 + 1e-3 * noise(1, *SHAPE)),
    "flat and noise": (np.full(SHAPE, 0.25, np.float32), noise(1, *SHAPE)),
    "grey": (smooth(0, 20, 17, 1), smooth(1, 20, 17, 1)),
    "large, blurred in parts": (smooth(0, 75, 130, 1), smooth(1, 75, 130, 1)),
    "as small as the window": (noise(0, 11, 11, 3), noise(1, 11, 11, 3)),
}
HARD = {
    "crossed edges": (edge(0, *SHAPE), edge(1, *SHAPE)),
    "opposite edges": (edge(0, *SHAPE), 1 - edge(0, *SHAPE)),
    "edge and grey": (edge(0, *SHAPE), np.full(SHAPE, 0.5, np.float32)),
}


@pytest.mark.parametrize("name", PAIRS | HARD)
def test_mssim_is_that_of_scikit_image(name):
    a, b = (PAIRS | HARD)[name]
    expected, _ = scikit_image(a, b)
    assert float(mssim(a, b)) == pytest.approx(expected, abs=2e-6)
    assert float(ssim_vectors(a[None], b[None])[0, 0]) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("name", PAIRS | HARD)
def test_the_map_is_that_of_scikit_image_on_the_valid_region(name):
    a, b = (PAIRS | HARD)[name]
    _, expected = scikit_image(a, b)
    # Where white meets black, float32 keeps E d² to 6e-8 or so; C2 is 9e-4.
    contrast = name in HARD or name.startswith("large")
    np.testing.assert_allclose(ssim(a, b), expected, rtol=0, atol=5e-5 if contrast else 1e-5)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"data_range": 4.0}, {"data_range": 4.0}),
        ({"k1": 0.05, "k2": 0.1}, {"K1": 0.05, "K2": 0.1}),
        # scikit-image cuts its Gaussian off at 3.5 sigma: radius 3 here.
        ({"window": 7, "sigma": 0.9}, {"win_size": 7, "sigma": 0.9}),
    ],
)
def test_the_constants_mean_what_they_mean_to_scikit_image(ours, theirs):
    a, b = PAIRS["smooth"]
    expected, _ = scikit_image(a, b, **theirs)
    assert float(mssim(a, b, **ours)) == pytest.approx(expected, abs=2e-6)
    assert abs(expected - float(mssim(a, b))) > 1e-3


def test_data_range_is_a_matter_of_units():
    a, b = PAIRS["smooth"]
    np.testing.assert_allclose(ssim(a * 255, b * 255, data_range=255.0), ssim(a, b), atol=1e-5)


def test_luminance_is_ssim_of_the_luma():
    a, b = PAIRS["smooth"]
    luma = np.array([0.299, 0.587, 0.114])
    expected, _ = scikit_image((a @ luma)[..., None], (b @ luma)[..., None])
    assert float(mssim(a, b, luminance=True)) == pytest.approx(expected, abs=2e-6)
    found = ssim_vectors(a[None], b[None], luminance=True)
    assert float(found[0, 0]) == pytest.approx(expected, abs=2e-6)
    assert abs(expected - float(mssim(a, b))) > 1e-3


def test_luminance_of_a_grey_image_is_itself():
    a, b = PAIRS["grey"]
    assert float(mssim(a, b, luminance=True)) == float(mssim(a, b))


@pytest.mark.parametrize("name", PAIRS | HARD)
def test_an_image_is_exactly_like_itself(name):
    for image in (PAIRS | HARD)[name]:
        assert float(mssim(image, image.copy())) == 1
        assert (np.asarray(ssim(image, image.copy())) == 1).all()
        assert float(ssim_vectors(image[None], image[None].copy())[0, 0]) == 1


@pytest.mark.parametrize(("first", "second"), [(0.3, 0.3), (0, 0), (1, 1), (0.3, 0.7), (0, 1)])
def test_flat_images_have_the_value_of_the_formula(first, second):
    a, b = (np.full((20, 24, 3), level, np.float32) for level in (first, second))
    expected = (2 * first * second + C1) / (first**2 + second**2 + C1)
    np.testing.assert_allclose(ssim(a, b), expected, rtol=1e-5, atol=1e-7)
    assert float(mssim(a, b)) == pytest.approx(expected, abs=1e-6)
    if first == second:
        assert float(mssim(a, b)) == 1


def test_patterns_without_covariance_have_the_value_of_the_formula():
    """Stripes down and stripes across: in each window their means and variances are equal."""
    stripes = np.broadcast_to((np.arange(30) % 2)[:, None, None], (30, 30, 1)).astype(np.float32)
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    mean = taps[1::2].sum() / taps.sum()
    found = float(ssim(stripes, stripes.swapaxes(0, 1))[0, 0])
    assert found == pytest.approx(C2 / (2 * mean * (1 - mean) + C2), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st_numpy.arrays(
        np.float32,
        (2, 12, 12, 1),
        elements=st.one_of(
            st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1, width=32, allow_subnormal=False)
        ),
    )
)
def test_ssim_is_symmetric_and_within_its_range(images):
    a, b = images
    found = np.asarray(ssim(a, b))
    assert (found <= 1).all()
    assert (found > -1).all()
    np.testing.assert_array_equal(found, ssim(b, a))


def test_ssim_is_not_above_1_for_flat_images_of_any_level():
    """Where the covariance is computed on its own, rounding lifts such values above 1."""
    levels = np.linspace(0, 1, 1000, dtype=np.float32)
    flat = np.broadcast_to(levels[:, None, None, None], (1000, 11, 11, 1))
    beside = np.nextafter(flat, np.float32(2))
    assert (np.asarray(mssim(flat, flat.copy())) == 1).all()
    assert (np.asarray(mssim(flat, beside)) <= 1).all()


def test_batches_broadcast():
    a, b = noise(0, 3, 1, 14, 12, 3), noise(1, 4, 14, 12, 3)
    maps, means = ssim(a, b), mssim(a, b)
    assert maps.shape == (3, 4, 4, 2)
    assert means.shape == (3, 4)
    np.testing.assert_allclose(maps[2, 1], ssim(a[2, 0], b[1]), atol=1e-6)
    np.testing.assert_allclose(means[2, 1], np.mean(maps[2, 1]), atol=1e-6)
    np.testing.assert_allclose(mssim(b[0], a[:, 0]), means[:, 0], atol=1e-6)


def gradient(function, image):
    return np.asarray(jax.grad(function)(jnp.asarray(image)))


@pytest.mark.parametrize("name", ["noise", "smooth", "negative", "faint", "crossed edges"])
@pytest.mark.parametrize("luminance", [False, True])
def test_the_gradient_is_that_of_finite_differences(name, luminance):
    a, b = (image[6:22, 11:29] for image in (PAIRS | HARD)[name])
    found = gradient(lambda image: mssim(image, b, luminance=luminance), a)
    for direction in (np.random.default_rng(2).normal(size=a.shape), found):  # found is steepest
        unit = direction / np.linalg.norm(direction)
        expected = difference(a, b, unit, luminance)
        assert np.vdot(found, unit) == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert np.linalg.norm(found) > 1e-3


def difference(a, b, direction, luminance, step=1e-4):
    """The directional derivative of scikit-image's MSSIM in its first argument."""
    luma = np.array([0.299, 0.587, 0.114])

    def at(distance):
        images = a + distance * direction, b.astype(np.float64)
        if luminance:
            images = tuple((image @ luma)[..., None] for image in images)
        return scikit_image(*images)[0]

    return (at(step) - at(-step)) / (2 * step)


@pytest.mark.parametrize("name", sorted((PAIRS | HARD).keys() - {"large, blurred in parts"}))
def test_the_gradient_is_finite_and_zero_where_images_are_equal(name):
    a, b = (PAIRS | HARD)[name]
    assert np.isfinite(gradient(lambda image: mssim(image, b), a)).all()
    assert not gradient(lambda image: mssim(image, a), a).any()


@pytest.mark.parametrize(("first", "second"), [(0, 0), (0.3, 0.3), (0.3, 0.7), (0, 1)])
def test_the_gradient_of_flat_images_is_that_of_their_means(first, second):
    """At a variance and a covariance of 0, where square roots would have none."""
    a, b = (np.full((11, 11, 1), level, np.float32) for level in (first, second))
    found = gradient(lambda image: mssim(image, b), a)
    power = first**2 + second**2 + C1
    expected = (2 * second * power - 2 * first * (2 * first * second + C1)) / power**2
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 5 images of 12×14×3 and blocks of 6 pairs; as many programs as in a large job."""
    bytes_each = 4 * 12 * 14 * 3
    room = Budget(prepared=5 * bytes_each, compared=6 * bytes_each)
    monkeypatch.setattr(module, "budget", lambda: room)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (7, 11), (13, 4)])
def test_ssim_vectors_hold_the_mssim_of_every_pair(small_chunks, n, m):
    textures, references = noise(0, n, 12, 14, 3), noise(1, m, 12, 14, 3)
    found = ssim_vectors(textures, references)
    expected = mssim(textures[:, None], references[None])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_on_an_accelerator_blocks_are_a_share_of_its_memory(monkeypatch):
    textures, references = noise(0, 70, 16, 16, 3), noise(1, 40, 16, 16, 3)
    expected = ssim_vectors(textures, references)
    few = budget().compared
    device = types.SimpleNamespace(memory_stats=lambda: {"bytes_limit": 16 << 30})
    with platforms.tracing_for("gpu"):
        with monkeypatch.context() as patch:
            patch.setattr(jax, "local_devices", lambda: [device])
            assert budget().compared > 50 * few
        # That of a device that does not tell how much it has.
        assert budget().compared > 20 * few
        found = ssim_vectors(textures, references)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_large_job_is_that_of_its_parts():
    textures, references = noise(0, 700, 16, 16, 3), noise(1, 40, 16, 16, 3)
    found = np.asarray(ssim_vectors(textures, references))
    rows, columns = np.array([0, 3, 350, 699]), np.array([0, 17, 39])
    expected = mssim(textures[rows][:, None], references[columns])
    np.testing.assert_allclose(found[np.ix_(rows, columns)], expected, atol=1e-6)


def test_ssim_vectors_of_a_set_with_itself_are_symmetric_with_ones():
    textures = noise(0, 20, 16, 16, 3)
    found = np.asarray(ssim_vectors(textures, textures))
    assert (found.diagonal() == 1).all()
    np.testing.assert_allclose(found, found.T, atol=1e-6)


def test_ssim_vectors_are_a_part_of_larger_programs_with_the_gradient_of_mssim(small_chunks):
    textures, references = noise(0, 4, 12, 14, 3), noise(1, 7, 12, 14, 3)
    weights = jnp.asarray(noise(2, 4, 7))

    @functools.partial(jax.jit, static_argnums=0)
    def through(function, *images):
        return jax.value_and_grad(lambda pair: jnp.sum(weights * function(*pair)))(images)

    value, found = through(ssim_vectors, textures, references)
    expected_value, expected = through(lambda a, b: mssim(a[:, None], b), textures, references)
    assert float(value) == pytest.approx(float(expected_value), abs=1e-5)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_gradient_of_ssim_vectors_keeps_no_pairs(small_chunks):
    shape = jax.ShapeDtypeStruct((100, 12, 14, 3), jnp.float32)
    step = jax.jit(jax.grad(lambda a, b: jnp.sum(ssim_vectors(a, b))))
    needed = step.lower(shape, shape).compile().memory_analysis()
    assert needed.temp_size_in_bytes < 100 * 100 * 12 * 14 * 3 * 4 / 4


def test_no_more_than_a_chunk_is_prepared_at_once(small_chunks, monkeypatch):
    taken = []

    def prepare(options, size, images):
        taken.append(len(images))
        return original(options, size, images)

    original = module._prepare_blocks
    monkeypatch.setattr(module, "_prepare_blocks", prepare)
    ssim_vectors(noise(0, 12, 12, 14, 3), noise(1, 4, 12, 14, 3))
    assert taken == [4, 4, 4, 4]


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0)])
def test_no_textures_or_references_give_an_empty_array(n, m):
    found = ssim_vectors(np.zeros((n, 12, 12, 3), np.float32), np.zeros((m, 12, 12, 3), np.float32))
    assert found.shape == (n, m)


@pytest.mark.parametrize("function", [ssim, mssim])
def test_images_smaller_than_the_window_are_refused(function):
    image = noise(0, 10, 20, 3)
    with pytest.raises(ImageError, match=r"images of 20×10 pixels are smaller .* 11×11 are needed"):
        function(image, image)
    assert np.isfinite(function(image, image, window=9)).all()


def test_textures_smaller_than_the_window_are_refused():
    images = noise(0, 2, 20, 10, 3)
    with pytest.raises(ImageError, match="images of 10×20 pixels are smaller"):
        ssim_vectors(images, images)


@pytest.mark.parametrize("other", [(12, 13, 3), (13, 12, 3), (12, 12, 1)])
def test_images_of_different_shapes_are_refused(other):
    a, b = noise(0, 12, 12, 3), noise(1, *other)
    for call in (lambda: mssim(a, b), lambda: ssim(a, b), lambda: ssim_vectors(a[None], b[None])):
        with pytest.raises(ImageError, match="cannot be compared"):
            call()


def test_luminance_of_other_channels_is_refused():
    image = noise(0, 12, 12, 4)
    with pytest.raises(ImageError, match=r"luminance .* not of 4"):
        mssim(image, image, luminance=True)


@pytest.mark.parametrize(
    ("option", "value"),
    [("window", 10), ("window", 0), ("window", -3), ("sigma", 0.0), ("k1", -1.0), ("k2", 0.0),
     ("data_range", float("nan")), ("data_range", float("inf"))],
)  # fmt: skip
def test_a_constant_out_of_its_range_is_refused(option, value):
    image = noise(0, 12, 12, 3)
    for call in (mssim, ssim):
        with pytest.raises(SettingsError, match=f"{option}: {value} is not"):
            call(image, image, **{option: value})


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_integers_are_of_the_range_of_their_type(kind):
    full = np.iinfo(kind).max
    rng = np.random.default_rng(0)
    a = (rng.uniform(0, 1, (3, 16, 16, 3)) * full).astype(kind)
    b = np.clip(a.astype(np.int64) + full // 100, 0, full).astype(kind)
    floats = [np.float32(each / full) for each in (a, b)]
    for function in (ssim, mssim, ssim_vectors):
        np.testing.assert_allclose(function(a, b), function(*floats), atol=2e-6)
    stretched = [np.float32(each) for each in (a, b)]
    np.testing.assert_allclose(mssim(a, b), mssim(*stretched, data_range=float(full)), atol=2e-6)


def test_integers_and_floats_need_a_range():
    grey = np.full((16, 16, 1), 0.5, np.float32)
    with pytest.raises(ImageError, match=r"images of uint8 and float32 .* give both of one type"):
        mssim(np.uint8(grey * 255), grey)
    assert mssim(np.uint8(grey * 254), grey * 254, data_range=255.0) == pytest.approx(1)
