import jax
import jax.numpy as jnp
import numpy as np
import pytest
import reference
from jax import lax
from reference import batch, network, noise, tensor, torch_

from jaxtex import vgg
from jaxtex.errors import SettingsError

TOLERANCE = 1e-4


def nhwc(features) -> np.ndarray:
    return features.detach().permute(0, 2, 3, 1).numpy()


def assert_close(actual, expected, tolerance: float = TOLERANCE) -> None:
    """Within `tolerance` of the largest expected magnitude."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


def cotangents_of(layers, image: np.ndarray) -> dict[str, np.ndarray]:
    """What the features of each layer are weighted with: noise, scaled to sum to about 1."""
    draw = np.random.default_rng(9).normal
    found = {}
    for layer in layers:
        size = [side >> vgg.depth(layer) for side in image.shape[:2]]
        shape = (1, *size, *reference.shipped().params[f"{layer}.bias"].shape)
        found[layer] = draw(size=shape) / np.prod(shape)
    return found


def features_of(image: np.ndarray, layers, **options):
    prepared = network().prepare(layers, *image.shape)
    run = jax.jit(lambda image, prepared: vgg.extract(prepared, image, layers, **options))
    return run(batch(image), prepared)


def features_and_gradient(image: np.ndarray, cotangents, features="conv", pool="max"):
    """Features of jaxtex and the gradient of their weighted sum, in one compiled program."""

    def function(image, prepared):
        found = vgg.extract(prepared, image, cotangents, features=features, pool=pool)
        return sum(jnp.sum(found[layer] * cotangents[layer]) for layer in cotangents), found

    prepared = network().prepare(cotangents, *image.shape)
    gradient, found = jax.jit(jax.grad(function, has_aux=True))(batch(image), prepared)
    return found, gradient


def expected_features_and_gradient(image: np.ndarray, cotangents, features="conv", pool="max"):
    leaf = tensor(image[None], gradient=True)
    found = reference.vgg_features(leaf, list(cotangents), features, pool)
    found = {layer: x.permute(0, 2, 3, 1) for layer, x in found.items()}
    sum((found[layer] * tensor(cotangents[layer])).sum() for layer in cotangents).backward()
    return {layer: x.detach().numpy() for layer, x in found.items()}, leaf.grad.numpy()


@pytest.mark.parametrize(
    ("layers", "height", "width", "channels", "features", "pool"),
    [
        (vgg.LAYERS, 33, 47, 3, "conv", "max"),
        (("conv1_1", "conv2_2", "conv3_1"), 61, 50, 1, "relu", "max"),
        (("conv1_2", "conv3_2"), 26, 35, 3, "relu", "avg"),
        (("conv2_1",), 15, 12, 1, "conv", "avg"),
    ],
)
def test_features_and_gradients_match_float64_reference(
    layers, height, width, channels, features, pool
):
    image = noise(0, height, width, channels)
    cotangents = cotangents_of(layers, image)
    found, gradient = features_and_gradient(image, cotangents, features, pool)
    expected, expected_gradient = expected_features_and_gradient(image, cotangents, features, pool)
    assert set(found) == set(expected) == set(layers)
    for layer in layers:
        assert_close(found[layer], expected[layer])
    assert_close(gradient, expected_gradient)


def test_conv_features_are_taken_before_the_relu():
    image = batch(noise(0, 8, 8))
    before = network()(image, ["conv1_2"])["conv1_2"]
    after = network()(image, ["conv1_2"], features="relu")["conv1_2"]
    assert before.min() < 0
    np.testing.assert_array_equal(after, jnp.maximum(before, 0))


def test_grey_image_has_the_features_of_three_equal_channels():
    grey = noise(1, 33, 47, channels=1)
    layers = ["conv1_1", "conv2_1"]
    found = features_of(grey, layers)
    rgb = features_of(np.repeat(grey, 3, 2), layers)
    for layer in layers:
        assert_close(found[layer], rgb[layer])


def test_channels_are_red_green_blue():
    red, blue = np.zeros((2, 8, 8, 3))
    red[..., 0] = blue[..., 2] = 255.0
    found = network()(batch(red, blue), ["conv1_1"])["conv1_1"]
    expected = reference.vgg_features(tensor(np.stack([red, blue])), ["conv1_1"])["conv1_1"]
    assert_close(found, nhwc(expected))


@pytest.mark.parametrize(("layers", "deepest"), [(["conv1_1"], 1), (["conv2_1", "conv1_2"], 3)])
def test_nothing_deeper_than_the_deepest_layer_is_prepared(layers, deepest):
    prepared = network().prepare(layers, 16, 16, 3)
    assert tuple(prepared) == vgg.LAYERS[:deepest]
    image = batch(noise(0, 16, 16))
    found = jax.eval_shape(lambda image: vgg.extract(prepared, image, layers), image)
    assert set(found) == set(layers)


def test_gradient_of_a_flat_image_goes_to_the_first_maximum():
    # A dark frame on white: nearly every window of the pool holds four equal values.
    image = np.full((24, 32, 1), 255.0)
    image[4:20, 4:8] = image[4:20, 24:28] = 0
    cotangents = cotangents_of(("conv2_1",), image)
    _, gradient = features_and_gradient(image, cotangents)
    assert_close(gradient, expected_features_and_gradient(image, cotangents)[1])


@pytest.mark.parametrize(("height", "width"), [(8, 6), (7, 9), (2, 3)])
def test_max_pool_and_its_gradient_match_torch_with_ties(height, width):
    torch = torch_()
    draw = np.random.default_rng(3)
    x = draw.integers(0, 3, (2, height, width, 5)).astype(np.float32)
    x[1] = 7.0
    leaf = tensor(x.transpose(0, 3, 1, 2), "float32", gradient=True)
    expected = torch.nn.functional.max_pool2d(leaf, 2, 2)
    found, pullback = jax.vjp(vgg.max_pool, jnp.asarray(x))
    np.testing.assert_array_equal(found, nhwc(expected))
    cotangent = draw.normal(size=found.shape).astype(np.float32)
    expected.backward(tensor(cotangent.transpose(0, 3, 1, 2), "float32"))
    np.testing.assert_array_equal(pullback(cotangent)[0], nhwc(leaf.grad))


@pytest.mark.parametrize(("height", "width"), [(8, 6), (7, 9)])
def test_avg_pool_and_its_gradient_match_torch(height, width):
    torch = torch_()
    draw = np.random.default_rng(4)
    x = draw.normal(size=(2, height, width, 5)).astype(np.float32)
    leaf = tensor(x.transpose(0, 3, 1, 2), "float32", gradient=True)
    expected = torch.nn.functional.avg_pool2d(leaf, 2, 2)
    found, pullback = jax.vjp(vgg.avg_pool, jnp.asarray(x))
    cotangent = draw.normal(size=found.shape).astype(np.float32)
    expected.backward(tensor(cotangent.transpose(0, 3, 1, 2), "float32"))
    np.testing.assert_allclose(found, nhwc(expected), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(pullback(cotangent)[0], nhwc(leaf.grad), rtol=1e-6)


def random_conv(channels_in: int, channels_out: int, seed: int = 5):
    draw = np.random.default_rng(seed).normal
    kernel = draw(size=(3, 3, channels_in, channels_out)) / np.sqrt(9 * channels_in)
    return jnp.asarray(kernel, jnp.float32), jnp.asarray(draw(size=channels_out), jnp.float32)


def conv_and_gradient(x, conv, cotangent):
    value, pullback = jax.vjp(lambda x: vgg.conv3x3(x, conv), x)
    return value, pullback(cotangent)[0]


@pytest.mark.parametrize(("height", "width"), [(4, 8), (5, 7), (9, 6), (1, 2)])
@pytest.mark.parametrize("form", ["winograd", "columns"])
def test_each_form_equals_direct_in_value_and_gradient(form, height, width):
    kernel, bias = random_conv(8, 12)
    draw = np.random.default_rng(6).normal
    x = jnp.asarray(draw(size=(3, height, width, 8)), jnp.float32)
    cotangent = jnp.asarray(draw(size=(3, height, width, 12)), jnp.float32)

    def both(form):
        conv = vgg.prepare_conv(kernel, bias, form)
        return jax.jit(conv_and_gradient)(x, conv, cotangent)

    for found, direct in zip(both(form), both("direct"), strict=True):
        assert_close(found, direct, 1e-5)


@pytest.mark.parametrize("form", ["direct", "winograd", "columns"])
def test_conv_and_its_gradient_match_float64_reference(form):
    torch = torch_()
    kernel, bias = random_conv(8, 12)
    draw = np.random.default_rng(7).normal
    x, cotangent = draw(size=(3, 9, 6, 8)), draw(size=(3, 9, 6, 12))
    leaf = tensor(x.transpose(0, 3, 1, 2), gradient=True)
    expected = torch.nn.functional.conv2d(
        leaf, tensor(kernel.transpose(3, 2, 0, 1)), tensor(bias), padding=1
    )
    expected.backward(tensor(cotangent.transpose(0, 3, 1, 2)))
    conv = vgg.prepare_conv(kernel, bias, form)
    found, gradient = jax.jit(conv_and_gradient)(batch(*x), conv, batch(*cotangent))
    assert_close(found, nhwc(expected), 1e-5)
    assert_close(gradient, nhwc(leaf.grad), 1e-5)


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        ((4, 8, 512, 512), "columns"),
        ((8, 16, 256, 512), "columns"),
        ((12, 11, 512, 512), "winograd"),
        ((1, 1, 512, 512), "columns"),
        ((0, 1, 512, 512), "direct"),
        ((4, 8, 256, 256), "direct"),
    ],
)
def test_small_maps_with_large_kernels_take_one_product(shape, form):
    assert vgg.conv_form("cpu", *shape) == form
    assert vgg.conv_form("gpu", *shape) == "direct"


def test_gradient_inside_a_loop_equals_the_one_outside():
    image = batch(noise(8, 20, 28, 1))
    prepared = network().prepare(["conv2_1"], *image.shape[1:])

    def gradient(image):
        def function(image):
            return jnp.mean(jnp.square(vgg.extract(prepared, image, ["conv2_1"])["conv2_1"]))

        return jax.grad(function)(image)

    def step(_, carry):
        image, _ = carry
        found = gradient(image)
        return image - found / jnp.max(jnp.abs(found)), found

    _, looped = jax.jit(lambda carry: lax.fori_loop(0, 3, step, carry))((image, image))
    outside = jax.jit(gradient)
    for _ in range(3):
        found = outside(image)
        image = image - found / jnp.max(jnp.abs(found))
    assert_close(looped, found)


def test_rematerialisation_changes_neither_values_nor_gradients():
    image = batch(noise(10, 19, 22))
    layers = ("conv1_2", "conv2_2")
    prepared = network().prepare(layers, *image.shape[1:])

    def compute(rematerialise):
        def function(image):
            found = vgg.extract(prepared, image, layers, rematerialise=rematerialise)
            return sum(jnp.sum(jnp.sin(x)) for x in found.values()), found

        return jax.jit(jax.value_and_grad(function, has_aux=True))(image)

    (_, kept), gradient = compute(False)
    (_, again), gradient_again = compute(True)
    for layer in layers:
        assert_close(again[layer], kept[layer], 1e-6)
    assert_close(gradient_again, gradient, 1e-5)


def test_rematerialisation_takes_less_memory():
    image = batch(noise(10, 128, 128))
    layers = ("conv1_2", "conv3_3")
    prepared = network().prepare(layers, *image.shape[1:])

    def temporaries(rematerialise):
        def function(image):
            found = vgg.extract(prepared, image, layers, rematerialise=rematerialise)
            return sum(jnp.sum(jnp.sin(x)) for x in found.values())

        compiled = jax.jit(jax.grad(function)).lower(image).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert temporaries(True) < 0.9 * temporaries(False)


def test_bfloat16_features_are_close():
    image = noise(11, 24, 32)
    layers = ("conv1_1", "conv2_2", "conv3_1")
    exact = features_of(image, layers)
    rounded = features_of(image, layers, dtype=jnp.dtype("bfloat16"))
    for layer in layers:
        assert rounded[layer].dtype == jnp.bfloat16
        error = jnp.linalg.norm((rounded[layer] - exact[layer]).ravel())
        assert 0 < error < 0.02 * jnp.linalg.norm(exact[layer].ravel())


def test_wide_grey_image_with_total_variation_has_a_gradient():
    # XLA 0.10.1 on CPU crashed in the gradient of a grey image copied to three channels.
    image = batch(noise(12, 128, 304, 1))
    prepared = network().prepare(["conv1_2"], *image.shape[1:])

    @jax.jit
    @jax.value_and_grad
    def function(image):
        features = vgg.extract(prepared, image, ["conv1_2"])["conv1_2"]
        variation = jnp.sum(jnp.abs(jnp.diff(image, axis=1)))
        variation += jnp.sum(jnp.abs(jnp.diff(image, axis=2)))
        return jnp.mean(jnp.square(features)) + variation

    value, gradient = function(image)
    assert jnp.isfinite(value)
    assert jnp.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("layers", "size"), [(["conv1_2"], 1), (["conv1_1", "conv3_3"], 4), (["conv5_1"], 16)]
)
def test_minimum_size_is_the_smallest_that_has_features(layers, size):
    assert vgg.minimum_size(layers) == size
    deepest = layers[-1]

    def area(side):
        found = jax.eval_shape(lambda x: network()(x, [deepest]), jnp.zeros((1, side, side, 1)))
        return found[deepest].shape[1] * found[deepest].shape[2]

    assert area(size) == 1
    assert area(size - 1) == 0


def test_known_layers_pass():
    assert [vgg.check_layer(layer) for layer in vgg.LAYERS] == list(vgg.LAYERS)


@pytest.mark.parametrize("layer", ["conv1_3", "relu1_1", "conv6_1", "", "CONV1_1"])
def test_unknown_layer_is_refused_with_the_known_ones(layer):
    with pytest.raises(SettingsError, match=r"allowed are conv1_1, .*conv5_3"):
        vgg.check_layer(layer)


@pytest.mark.parametrize(
    ("layer", "side"), [("conv1_1", 3), ("conv1_2", 5), ("conv2_1", 10), ("conv4_1", 60)]
)
def test_receptive_field_by_hand(layer, side):
    assert vgg.receptive_field(layer) == side


def test_a_position_sees_its_receptive_field():
    cotangents = cotangents_of(["conv2_1"], image := noise(5, 40, 40))
    cotangents["conv2_1"][:, np.arange(20) != 8] = 0
    _, gradient = features_and_gradient(image, cotangents)
    slope = np.abs(np.asarray(gradient[0])).sum((1, 2))
    # Winograd's form rounds: beyond the field its slopes are nearly, not quite, 0.
    rows = np.flatnonzero(slope > 1e-4 * slope.max())
    assert rows[-1] - rows[0] + 1 == vgg.receptive_field("conv2_1")
