"""Canaries: compiled kernels on this machine against plain float64 NumPy references.

JAX is imported inside the checks, so that a broken installation is reported rather than raised.
"""

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxtex.errors import first_line
from jaxtex.health.networks import convolve, strided, transposed
from jaxtex.health.reference import Objective, slopes
from jaxtex.weights import Check

if TYPE_CHECKING:
    from jaxtex.style.settings import Optimizer
    from jaxtex.vgg import ConvForm

Pairs = Iterator[tuple[Any, Any]]

# The largest relative error where matrix products are rounded to TF32 or bfloat16 by default.
_ACCELERATOR_TOLERANCE = 2e-2


def canary(name: str, tolerance: float) -> Callable[[Callable[[], Pairs]], Callable[[], Check]]:
    """Makes a check of a function that yields pairs of a computed and an expected array.

    The error of a pair is the largest difference relative to the largest expected magnitude. With
    tolerance 0 the pairs must be equal, NaNs included, on every platform.
    """

    def decorate(pairs: Callable[[], Pairs]) -> Callable[[], Check]:
        @functools.wraps(pairs)
        def check() -> Check:
            try:
                errors = [_error(actual, expected) for actual, expected in pairs()]
                allowed = tolerance and max(tolerance, _platform_tolerance())
            except Exception as error:
                return Check(name, False, f"{type(error).__name__}: {first_line(error)}")
            worst = float(np.max(errors))  # NaN where one is, and then not within tolerance
            detail = f"largest relative error {worst:.1e}, tolerance {allowed:.0e}"
            return Check(name, worst <= allowed, detail if allowed else _equal(worst))

        return check

    return decorate


def _equal(worst: float) -> str:
    return "equal" if worst == 0 else f"differs by {worst:.1e}, must be equal"


def _platform_tolerance() -> float:
    from jaxtex import platforms

    return 0.0 if platforms.current() == "cpu" else _ACCELERATOR_TOLERANCE


def _error(actual: Any, expected: Any) -> float:
    actual, expected = (np.asarray(array, np.float64) for array in (actual, expected))
    if actual.shape != expected.shape:
        raise ValueError(f"shape {list(actual.shape)} instead of {list(expected.shape)}")
    if np.array_equal(actual, expected, equal_nan=True):
        return 0.0 if np.isfinite(expected).all() else np.nan
    return float(np.max(np.abs(actual - expected)) / max(np.max(np.abs(expected)), 1e-30))


def _draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@canary("matrix-vector", 1e-5)
def matrix_vector() -> Pairs:
    """jax issue 39103: the last rows of a vmapped product and reduction were others' rows.

    The sum over all rows hides it, so rows are compared.
    """
    import jax
    import jax.numpy as jnp

    def squares(matrix, rows):
        return jax.vmap(lambda row: jnp.sum(jnp.square(matrix @ row)))(rows)

    matrix, rows = _draw(0, 3, 3), _draw(1, 32_769, 3)
    products = rows.astype(np.float64) @ matrix.T.astype(np.float64)
    yield jax.jit(squares)(matrix, rows), np.sum(products**2, 1)
    total = jax.grad(lambda *arguments: jnp.sum(squares(*arguments)), (0, 1))
    by_matrix, by_rows = jax.jit(total)(matrix, rows)
    yield by_matrix, 2 * products.T @ rows
    yield by_rows, 2 * products @ matrix


def _convolution(form: "ConvForm", dtype: str = "float32") -> Pairs:
    import jax

    from jaxtex import platforms
    from jaxtex.vgg import convolution

    shapes = (2, 13, 17, 24), (3, 3, 24, 40), (40,), (2, 13, 17, 40)
    kind = jax.numpy.dtype(dtype)
    # Of values that this type has; kernels come in float32.
    drawn = [_draw(seed, *shape).astype(kind) for seed, shape in enumerate(shapes)]
    x, kernel, bias, cotangent = (array.astype(np.float32) for array in drawn)
    # As whole programs are compiled that convolve in this type.
    options = platforms.ONEDNN if platforms.by_onednn(kind) else None

    @functools.partial(jax.jit, compiler_options=options)
    def both(x, kernel, bias, cotangent):
        conv = convolution.prepare_conv(kernel, bias, form)
        out, pull = jax.vjp(lambda x: convolution.conv3x3(x, conv), x)
        return out, pull(cotangent)[0]

    out, gradient = both(drawn[0], kernel, bias, drawn[3])
    yield out, np.stack([convolve(image, kernel, bias) for image in x])
    spread = np.zeros((2, 15, 19, 24))
    for i, j in np.ndindex(3, 3):
        spread[:, i : i + 13, j : j + 17] += cotangent @ kernel[i, j].T.astype(np.float64)
    yield gradient, spread[:, 1:-1, 1:-1]


@canary("conv3x3 direct", 1e-5)
def direct_convolution() -> Pairs:
    """XLA's convolution and its input's gradient at an odd size."""
    return _convolution("direct")


@canary("conv3x3 winograd", 5e-5)
def winograd_convolution() -> Pairs:
    """Winograd's convolution and its input's gradient at an odd size."""
    return _convolution("winograd")


@canary("conv3x3 columns", 1e-5)
def columns_convolution() -> Pairs:
    """The convolution of small maps, one product, and its input's gradient at an odd size."""
    return _convolution("columns")


@canary("conv3x3 bfloat16", 1e-2)
def bfloat16_convolution() -> Pairs:
    """The convolution in bfloat16: oneDNN's, where stylisations take it."""
    return _convolution("direct", "bfloat16")


@canary("strided conv", 5e-5)
def strided_convolution() -> Pairs:
    """DCGAN's halving convolution and both gradients, at sizes that its tiles fill."""
    import jax

    from jaxtex.texture.dcgan.convs import strided_conv

    @jax.jit
    def both(x, kernel, cotangent):
        out, pull = jax.vjp(strided_conv, x, kernel)
        return out, *pull(cotangent)

    for height, width in ((4, 4), (8, 4)):
        x, kernel = _draw(0, 3, 2 * height, 2 * width, 12), _draw(1, 4, 4, 12, 20)
        cotangent = _draw(2, 3, height, width, 20)
        padded = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
        to_kernel = np.zeros(kernel.shape)
        for i, j in np.ndindex(4, 4):
            part = padded[:, i : i + 2 * height : 2, j : j + 2 * width : 2]
            to_kernel[i, j] = np.einsum("nhwa,nhwb->ab", part, cotangent)
        expected = strided(x, kernel), transposed(cotangent, kernel), to_kernel
        yield from zip(both(x, kernel, cotangent), expected, strict=True)


@canary("max pool", 0.0)
def max_pooling() -> Pairs:
    """The gradient goes to the first maximum of each window."""
    import jax

    from jaxtex.vgg import network

    x = np.random.default_rng(0).integers(0, 3, (2, 7, 9, 5)).astype(np.float32)
    cotangent = _draw(1, 2, 3, 4, 5)
    expected, gradient = np.zeros_like(cotangent), np.zeros_like(x)
    for b, i, j, c in np.ndindex(*cotangent.shape):
        window = x[b, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, c]
        row, column = divmod(int(np.argmax(window)), 2)
        expected[b, i, j, c] = window[row, column]
        gradient[b, 2 * i + row, 2 * j + column, c] = cotangent[b, i, j, c]

    @jax.jit
    def both(x, cotangent):
        out, pull = jax.vjp(network.max_pool, x)
        return out, pull(cotangent)[0]

    out, found = both(x, cotangent)
    yield out, expected
    yield found, gradient


@canary("gram matrix", 1e-5)
def gram_matrices() -> Pairs:
    """Gram matrices and their gradient at the size of a logo's features."""
    import jax

    from jaxtex import vgg

    features, cotangent = _draw(0, 1, 47, 131, 64), _draw(1, 1, 64, 64)

    @jax.jit
    def both(features, cotangent):
        out, pull = jax.vjp(vgg.gram_matrix, features)
        return out, pull(cotangent)[0]

    gram, gradient = both(features, cotangent)
    flat = features.reshape(-1, 64).astype(np.float64)
    yield gram[0], flat.T @ flat / len(flat)
    yield gradient.reshape(-1, 64), flat @ (cotangent[0] + cotangent[0].T) / len(flat)


def _with_winograd() -> Objective:
    """A job with a pool and, on CPU, with Winograd's convolution in conv2_2."""
    return Objective(("conv1_1", "conv2_2"), "conv2_1")


@canary("objective", 1e-5)
def whole_objective() -> Pairs:
    """The objective and its gradient as the compiled loop computes them, on a grey image.

    The gradient is held against central differences.
    """
    return evaluation(_with_winograd())


def evaluation(problem: Objective) -> Pairs:
    """The loss and its gradient that the compiled loop starts with, and those in float64."""
    state = problem.run("lbfgs", 1)  # its first evaluation is kept in the state
    image = problem.image.astype(np.float64)
    yield state.losses.total[0], problem(image)
    yield slopes(problem, image, state.gradient[0])


def _repeated(problem: Objective, optimizer: "Optimizer") -> Pairs:
    import jax

    first, second = (jax.tree.leaves(problem.run(optimizer, 6)) for _ in range(2))
    for one, two in zip(first, second, strict=True):
        yield np.asarray(one).tobytes() == np.asarray(two).tobytes(), True


@canary("adam repeats", 0.0)
def adam_repeats() -> Pairs:
    """Two runs of Adam have the same bytes."""
    return _repeated(Objective(("conv1_1",), "conv1_2"), "adam")


@canary("lbfgs repeats", 0.0)
def lbfgs_repeats() -> Pairs:
    """Two runs of L-BFGS have the same bytes."""
    return _repeated(_with_winograd(), "lbfgs")


CANARIES: tuple[Callable[[], Check], ...] = (
    matrix_vector,
    direct_convolution,
    winograd_convolution,
    columns_convolution,
    bfloat16_convolution,
    strided_convolution,
    max_pooling,
    gram_matrices,
    whole_objective,
    adam_repeats,
    lbfgs_repeats,
)
