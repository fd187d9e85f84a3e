import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import torch_

from jaxtex.texture.dcgan.convs import strided_conv, tile_size, transposed_conv

# Direct: few channels, or a size that tiles do not fill; then Winograd's tiles of 2×2 and of 4×4.
SHAPES = [(2, 4, 4, 5, 7), (3, 8, 2, 3, 4), (1, 2, 6, 8, 1), (2, 3, 5, 9, 4)]
TILED = [(2, 4, 4, 9, 5), (1, 4, 8, 10, 3), (2, 16, 8, 12, 7)]


def drawn(*shape: int) -> jax.Array:
    # By NumPy, which compiles nothing for a shape.
    return jnp.asarray(np.random.default_rng(sum(shape)).normal(size=shape), jnp.float32)


def to_torch(array: jax.Array, *axes: int):
    return torch_().tensor(np.array(array.transpose(axes)), requires_grad=True)


def pytorch(function, image: jax.Array, kernel: jax.Array, cotangent: jax.Array):
    """Output and both gradients, back in our layout."""
    x, k = to_torch(image, 0, 3, 1, 2), to_torch(kernel, 3, 2, 0, 1)
    out = function(x, k, stride=2, padding=1)
    out.backward(to_torch(cotangent, 0, 3, 1, 2))
    back = [out.detach(), x.grad]
    return *(each.numpy().transpose(0, 2, 3, 1) for each in back), k.grad.numpy().transpose(
        2, 3, 1, 0
    )


@functools.partial(jax.jit, static_argnums=0)
def with_gradients(function, image, kernel, cotangent):
    out, pullback = jax.vjp(function, image, kernel)
    return out, *pullback(cotangent)


@pytest.mark.parametrize("shape", SHAPES + TILED)
@pytest.mark.parametrize("direction", ["strided", "transposed"])
def test_outputs_and_gradients_equal_pytorchs(shape, direction):
    torch = torch_()
    n, h, w, a, b = shape
    small, large, kernel = drawn(n, h, w, b), drawn(n, 2 * h, 2 * w, a), drawn(4, 4, a, b)
    if direction == "strided":
        ours, theirs, image, cotangent = strided_conv, torch.conv2d, large, small
    else:
        ours, theirs, image, cotangent = transposed_conv, torch.conv_transpose2d, small, large
    expected = pytorch(theirs, image, kernel, cotangent)
    for found, wanted in zip(with_gradients(ours, image, kernel, cotangent), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_tiles_are_used_where_they_fill_the_map_and_channels_are_many():
    assert [tile_size("cpu", *shape[1:4]) for shape in TILED] == [2, 4, 4]
    assert [tile_size("cpu", *shape[1:4]) for shape in SHAPES] == [0, 0, 0, 0]
    assert tile_size("gpu", 8, 8, 64) == 0


def adjoint(x: jax.Array, y: jax.Array, kernel: jax.Array) -> None:
    there = np.vdot(jax.jit(strided_conv)(x, kernel), y)
    back = np.vdot(x, jax.jit(transposed_conv)(y, kernel))
    assert there == pytest.approx(back, rel=1e-5)


def test_each_is_the_others_adjoint():
    adjoint(drawn(2, 6, 10, 3), drawn(2, 3, 5, 4), drawn(4, 4, 3, 4))


@pytest.mark.parametrize(("n", "h", "w", "a", "b"), TILED)
def test_each_is_the_others_adjoint_in_tiles(n, h, w, a, b):
    # Of one sign, so that the sums do not cancel.
    adjoint(*map(abs, (drawn(n, 2 * h, 2 * w, a), drawn(n, h, w, b), drawn(4, 4, a, b))))


@pytest.mark.parametrize(("size", "channels"), [(4, 2), (8, 10)])
def test_second_derivatives_exist(size, channels):
    x, kernel = drawn(1, size, size, channels), drawn(4, 4, channels, 3)

    @jax.jit
    @jax.value_and_grad
    def penalty(kernel):
        slope = jax.grad(lambda x: (strided_conv(x, kernel) ** 3).sum())(x)
        return (slope**2).sum()

    direction, step = drawn(4, 4, channels, 3) * 0.01, 1e-2
    ahead, behind = (penalty(kernel + sign * step * direction)[0] for sign in (1, -1))
    expected = (ahead - behind) / step / 2
    found = float(np.vdot(penalty(kernel)[1], direction))
    assert found == pytest.approx(float(expected), rel=1e-2)
