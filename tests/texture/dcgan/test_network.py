from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from reference import torch_

from jaxtex.errors import SettingsError
from jaxtex.texture.dcgan.convs import transposed_conv
from jaxtex.texture.dcgan.network import (
    Discriminator,
    Generator,
    channels,
    enlarged,
    grown,
    widened,
)
from jaxtex.texture.dcgan.train import take_apart

BATCH, LATENT, FEATURES = 5, 7, 3


def drawn(seed: int, *shape: int) -> jax.Array:
    """By NumPy, which compiles nothing for a shape."""
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def made(kind, **options):
    return nnx.jit(lambda: kind(rngs=nnx.Rngs(0), **options))()


def tensor(array, *axes: int) -> Any:
    return torch_().tensor(np.array(array).transpose(axes) if axes else np.array(array))


def torch_generator(ours: Generator) -> Any:
    """The module of pytorch/examples, dcgan/main.py, with our weights."""
    torch = torch_()
    layers = []
    first = torch.nn.ConvTranspose2d(ours.latent_size, 8 * ours.features, 4, 1, 0, bias=False)
    first.weight.data = tensor(ours.project[...], 0, 3, 1, 2)
    layers.append(first)
    for norm, conv in zip(ours.norms, ours.convs, strict=True):
        outer, inner = conv.kernel.shape[2:]
        batch_norm = torch.nn.BatchNorm2d(inner)
        batch_norm.weight.data, batch_norm.bias.data = (
            tensor(norm.scale[...]),
            tensor(norm.bias[...]),
        )
        doubling = torch.nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False)
        doubling.weight.data = tensor(conv.kernel[...], 3, 2, 0, 1)
        layers += [batch_norm, torch.nn.ReLU(), doubling]
    return torch.nn.Sequential(*layers, torch.nn.Tanh())


def torch_discriminator(ours: Discriminator) -> Any:
    """Its discriminator, without the sigmoid."""
    torch = torch_()
    layers = []
    for stage, conv in enumerate(ours.convs):
        outer, inner = conv.kernel.shape[2:]
        halving = torch.nn.Conv2d(outer, inner, 4, 2, 1, bias=False)
        halving.weight.data = tensor(conv.kernel[...], 3, 2, 0, 1)
        layers.append(halving)
        if stage:
            norm = ours.norms[stage - 1]
            batch_norm = torch.nn.BatchNorm2d(inner)
            batch_norm.weight.data = tensor(norm.scale[...])
            batch_norm.bias.data = tensor(norm.bias[...])
            layers.append(batch_norm)
        layers.append(torch.nn.LeakyReLU(0.2))
    last = torch.nn.Conv2d(ours.judge.shape[-1], 1, 4, 1, 0, bias=False)
    last.weight.data = tensor(ours.judge[...], 2, 0, 1)[None]
    return torch.nn.Sequential(*layers, last)


def gradients(module: nnx.Module, loss) -> dict[str, np.ndarray]:
    blueprint, values = take_apart(module)
    return jax.jit(jax.grad(lambda values: loss(blueprint.build(values))))(values)


def in_our_layout(parameter: Any, ours: tuple[int, ...]) -> np.ndarray:
    gradient = parameter.grad.numpy()
    if gradient.ndim == 1:
        return gradient
    if len(ours) == 3:
        return gradient[0].transpose(1, 2, 0)
    # The projection keeps the latent first.
    project = gradient.transpose(0, 2, 3, 1)
    return project if project.shape == ours else gradient.transpose(2, 3, 1, 0)


def assert_close(found, expected) -> None:
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * scale)


def test_the_generator_equals_pytorchs_forward_and_backward():
    ours = made(Generator, latent_size=LATENT, features=FEATURES)
    theirs = torch_generator(ours)
    latents, weights = drawn(1, BATCH, LATENT), drawn(2, BATCH, 64, 64, 3)

    expected = theirs(tensor(latents)[:, :, None, None])
    (expected * tensor(weights, 0, 3, 1, 2)).sum().backward()
    found = nnx.jit(lambda module: module(latents, train=True))(ours)
    assert_close(found, expected.detach().numpy().transpose(0, 2, 3, 1))

    found = gradients(ours, lambda module: (module(latents, train=True) * weights).sum())
    names = ["project"]
    for stage in range(len(ours.convs)):
        names += [f"norms.{stage}.scale", f"norms.{stage}.bias", f"convs.{stage}.kernel"]
    for name, parameter in zip(names, theirs.parameters(), strict=True):
        assert_close(found[name], in_our_layout(parameter, found[name].shape))


def test_running_averages_follow_pytorchs():
    ours = made(Generator, latent_size=LATENT, features=FEATURES)
    theirs = torch_generator(ours)
    step = nnx.jit(lambda module, latents: module(latents, train=True))
    for seed in range(3, 7):
        latents = drawn(seed, 64, LATENT)
        step(ours, latents)
        theirs(tensor(latents)[:, :, None, None])
    theirs.eval()
    expected = theirs(tensor(latents)[:, :, None, None]).detach().numpy().transpose(0, 2, 3, 1)
    # PyTorch averages the unbiased variance: 1/1024 more of it in the first norm.
    found = nnx.jit(lambda module: module(latents, train=False))(ours)
    np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-4)


def test_the_discriminator_equals_pytorchs_forward_and_backward():
    ours = made(Discriminator, features=FEATURES)
    theirs = torch_discriminator(ours)
    textures, weights = drawn(1, BATCH, 64, 64, 3), drawn(2, BATCH)

    x = tensor(textures, 0, 3, 1, 2).requires_grad_()
    expected = theirs(x).flatten()
    (expected * tensor(weights)).sum().backward()
    assert_close(nnx.jit(lambda module: module(textures))(ours), expected.detach().numpy())

    blueprint, values = take_apart(ours)
    slope = jax.jit(jax.grad(lambda textures: (blueprint.build(values)(textures) * weights).sum()))
    assert_close(slope(textures), x.grad.numpy().transpose(0, 2, 3, 1))

    found = gradients(ours, lambda module: (module(textures) * weights).sum())
    names = ["convs.0.kernel"]
    for stage in range(1, len(ours.convs)):
        names += [
            f"convs.{stage}.kernel",
            f"norms.{stage - 1}.scale",
            f"norms.{stage - 1}.bias",
        ]
    for name, parameter in zip([*names, "judge"], theirs.parameters(), strict=True):
        assert_close(found[name], in_our_layout(parameter, found[name].shape))


@pytest.mark.parametrize(
    ("size", "expected"), [(64, (24, 12, 6, 3)), (128, (24, 24, 12, 6, 3))], ids=["64", "128"]
)
def test_channels_halve_from_eight_times_the_features(size, expected):
    assert channels(FEATURES, size) == expected


def test_textures_of_128_pixels_and_their_logits():
    def run():
        generator = Generator(latent_size=LATENT, features=1, size=128, rngs=nnx.Rngs(0))
        textures = generator(jnp.ones((2, LATENT)), train=True)
        return textures, Discriminator(features=1, size=128, rngs=nnx.Rngs(1))(textures)

    textures, logits = jax.eval_shape(run)
    assert textures.shape == (2, 128, 128, 3)
    assert logits.shape == (2,)


def test_weights_are_drawn_as_the_paper_says():
    generator = made(Generator, features=16)
    for kernel in (generator.project[...], generator.convs[0].kernel[...]):
        assert float(kernel.std()) == pytest.approx(0.02, rel=0.02)
        assert float(kernel.mean()) == pytest.approx(0, abs=1e-3)
    scale = generator.norms[0].scale[...]
    assert float(scale.mean()) == pytest.approx(1, abs=0.01)
    assert float(scale.std()) == pytest.approx(0.02, rel=0.3)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"size": 96}, "size: 96 is not one of 64, 128"), ({"features": 0}, "features: 0")],
    ids=["size", "features"],
)
def test_other_sizes_are_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        Generator(rngs=nnx.Rngs(0), **options)


def test_a_grown_generator_enlarges_its_first_map_and_keeps_its_finer_layers():
    small = made(Generator, latent_size=LATENT, features=FEATURES)
    large = grown(small)
    assert (large.size, large.latent_size, large.features) == (128, LATENT, FEATURES)
    coarse = drawn(4, 1, 4, 4, 8 * FEATURES)
    found = jax.jit(transposed_conv)(coarse, large.convs[0].kernel[...])
    expected = jax.image.resize(coarse, (1, 8, 8, 8 * FEATURES), "linear")
    np.testing.assert_allclose(found[:, 1:-1, 1:-1], expected[:, 1:-1, 1:-1], atol=1e-5)
    for old, new in zip(small.convs, large.convs[1:], strict=True):
        np.testing.assert_array_equal(old.kernel[...], new.kernel[...])
    textures = nnx.jit(lambda module: module(drawn(5, 4, LATENT), train=True))(large)
    assert textures.shape == (4, 128, 128, 3)


@pytest.mark.parametrize("grain", [0, 2])
@pytest.mark.parametrize("train", [False, True])
def test_a_widened_generator_draws_the_same_textures(grain, train):
    narrow = made(Generator, latent_size=LATENT, features=FEATURES, grain=grain)
    for number, strengths in enumerate(narrow.strengths):
        strengths[...] = drawn(number, *strengths.shape) / 5
    for number, norm in enumerate(narrow.norms):
        norm.mean[...] = drawn(number, *norm.mean.shape) / 10
    wide = widened(narrow, jax.random.key(3))
    assert (wide.size, wide.latent_size, wide.features) == (64, LATENT, 2 * FEATURES)
    draw = nnx.jit(lambda module: module(drawn(5, 4, LATENT), train=train))
    np.testing.assert_allclose(draw(wide), draw(narrow), atol=2e-5)
    kernel = np.asarray(wide.convs[1].kernel[...])
    shares = kernel[..., ::2] / (kernel[..., ::2] + kernel[..., 1::2])
    assert (shares.min(), shares.max()) == pytest.approx((0.2, 0.8), abs=0.01)


def test_a_generator_is_enlarged_as_far_as_it_is_asked():
    small = made(Generator, latent_size=LATENT, features=FEATURES)
    key = jax.random.key(0)
    assert enlarged(small, key, features=FEATURES, size=64) is small
    both = enlarged(small, key, features=2 * FEATURES, size=128)
    assert (both.features, both.size) == (2 * FEATURES, 128)


def test_a_generator_of_the_largest_size_does_not_grow():
    with pytest.raises(SettingsError, match="size: 256"):
        grown(made(Generator, latent_size=LATENT, features=1, size=128))
