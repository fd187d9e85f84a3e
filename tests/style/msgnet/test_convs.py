import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import torch_

from jaxtex import platforms
from jaxtex.style.msgnet import convs

RNG = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def in_torch(x, kernel, bias, *, stride: int = 1, repeat: int = 1):
    """Nearest-neighbour upsampling, reflected borders, convolution: `[n, h, w, c]`."""
    torch = torch_()
    x = torch.tensor(x).permute(0, 3, 1, 2)
    if repeat > 1:
        x = torch.nn.functional.interpolate(x, scale_factor=repeat)
    padding = kernel.shape[0] // 2
    if padding:
        x = torch.nn.functional.pad(x, 4 * (padding,), mode="reflect")
    kernel = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
    out = torch.nn.functional.conv2d(x, kernel, torch.tensor(bias), stride)
    return out.permute(0, 2, 3, 1).numpy()


FORMS = {
    "dense": (convs.dense, 1, 5, 4, {}),
    "7x7": (convs.reflected_conv, 7, 3, 4, {}),
    "3x3": (convs.reflected_conv, 3, 5, 4, {}),
    "winograd": (convs.reflected_conv, 3, 128, 64, {}),
    "halving": (convs.halving_conv, 3, 5, 4, {"stride": 2}),
    "halving 1x1": (convs.halving_dense, 1, 5, 4, {"stride": 2}),
    "upsampled": (convs.upsampled_conv, 3, 5, 4, {"repeat": 2}),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("size", [(9, 12), (8, 13)], ids=["9x12", "8x13"])
def test_a_convolution_is_pytorchs(name, size):
    form, side, inputs, outputs, options = FORMS[name]
    x, kernel = drawn(2, *size, inputs), drawn(side, side, inputs, outputs)
    bias = drawn(outputs)
    expected = in_torch(x, kernel, bias, **options)
    np.testing.assert_allclose(
        jax.jit(form)(x, kernel, bias), expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )


def test_the_gradient_in_winograds_form_is_that_of_the_plain_one():
    x, kernel = jnp.asarray(drawn(1, 10, 11, 128)), jnp.asarray(drawn(3, 3, 128, 64))
    cotangent = jnp.asarray(drawn(1, 8, 9, 64))

    @functools.partial(jax.jit, static_argnums=0)
    def gradients(form, x, kernel):
        return jax.vjp(form, x, kernel)[1](cotangent)

    plain, found = (gradients(form, x, kernel) for form in (convs._valid, convs._winograd_valid))
    for ours, theirs in zip(found, plain, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("platform", ["cpu", "gpu"])
@pytest.mark.parametrize("size", [(8, 12), (9, 13)], ids=["8x12", "9x13"])
def test_the_gradient_of_every_other_pixel_is_that_of_the_plain_convolution(platform, size):
    def total(form, x, kernel):
        return jnp.sum(jnp.square(form(x, kernel)))

    x, kernel = jnp.asarray(drawn(2, *size, 5)), jnp.asarray(drawn(1, 1, 5, 4))
    plain = functools.partial(total, functools.partial(convs._valid, stride=2))
    expected = jax.jit(jax.grad(plain, (0, 1)))(x, kernel)
    with platforms.tracing_for(platform):
        halved = functools.partial(total, convs._every_other)
        found = jax.jit(jax.grad(halved, (0, 1)))(x, kernel)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


def test_the_norm_is_pytorchs_and_a_relu():
    torch = torch_()
    x = drawn(2, 9, 12, 5) * 3 + 100
    expected = torch.nn.functional.instance_norm(torch.tensor(x).permute(0, 3, 1, 2)).relu()
    found = jax.jit(convs.instance_norm)(x)
    np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1).numpy(), rtol=0, atol=1e-4)
