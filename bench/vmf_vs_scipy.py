"""How long does it take to draw from the von Mises-Fisher distribution, ours against SciPy?

On the CPU, compiled and warm, every rival in turn within one process: jaxtex (float32), SciPy
(float64, one core), and Wood's sampler as one would write it in JAX, with `jax.random.beta` for
the cosine and `jax.random.normal` for the direction. Those normals alone, and an array of that
size filled with ones, are there for scale. Beside the time stands the mean cosine less A_n(κ) in
its standard errors, which must be a few at most.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import _table


def plain_wood() -> Callable[..., Any]:
    """Wood's algorithm VM*, compiled: (key, direction, kappa, count) to points.

    As printed it cancels in float32 and accepts nothing at large κ: it gives up after 100 rounds.
    """
    import jax
    import jax.numpy as jnp

    @functools.partial(jax.jit, static_argnums=3)
    def draw(key: Any, direction: Any, kappa: Any, count: int) -> Any:
        n = direction.shape[-1]
        m = n - 1
        b = (jnp.sqrt(4 * kappa**2 + m**2) - 2 * kappa) / m
        x0 = (1 - b) / (1 + b)
        c = kappa * x0 + m * jnp.log(1 - x0**2)

        def propose(state: Any) -> Any:
            key, rounds, pending, cosine = state
            key, beta_key, uniform_key = jax.random.split(key, 3)
            z = jax.random.beta(beta_key, m / 2, m / 2, (count,))
            proposed = (1 - (1 + b) * z) / (1 - (1 - b) * z)
            height = kappa * proposed + m * jnp.log(1 - x0 * proposed) - c
            accepted = height >= jnp.log(jax.random.uniform(uniform_key, (count,)))
            cosine = jnp.where(pending & accepted, proposed, cosine)
            return key, rounds + 1, pending & ~accepted, cosine

        def unfinished(state: Any) -> Any:
            return (state[1] < 100) & state[2].any()

        tangent_key, key = jax.random.split(key)
        start = key, 0, jnp.ones(count, bool), jnp.zeros(count)
        cosine = jax.lax.while_loop(unfinished, propose, start)[3][:, None]
        tangent = jax.random.normal(tangent_key, (count, n))
        tangent -= (tangent @ direction)[:, None] * direction
        tangent /= jnp.linalg.norm(tangent, axis=-1, keepdims=True)
        return cosine * direction + jnp.sqrt(1 - cosine**2) * tangent

    return draw


def make_rivals(options: Any, n: int, kappa: float) -> dict[str, Callable[[], Any]]:
    """Each returns its array when it is done."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from scipy import stats

    from jaxtex.texture import vmf

    count, key = options.count, jax.random.key(0, impl=options.impl)
    direction = np.full(n, 1 / math.sqrt(n), np.float32)
    wood = plain_wood()
    normal = jax.jit(lambda key: jax.random.normal(key, (count, n)))
    ones = jax.jit(lambda value: jnp.full((count, n), value))
    theirs = stats.vonmises_fisher(direction / np.linalg.norm(direction.astype(float)), kappa)
    generator = np.random.default_rng(0)
    return {
        "jaxtex": lambda: vmf.sample(key, direction, kappa, (count,)),
        "SciPy": lambda: theirs.rvs(count, random_state=generator),
        "Wood, jax.random.beta": lambda: wood(key, direction, jnp.float32(kappa), count),
        "jax.random.normal alone": lambda: normal(key),
        "ones alone": lambda: ones(1.0),
    }


def mean_in_errors(points: Any, n: int, kappa: float) -> float:
    """The mean cosine less A_n(κ), in standard errors."""
    import numpy as np

    from jaxtex.texture import vmf

    cosine = np.asarray(points, np.float64) @ np.full(n, 1 / math.sqrt(n))
    error = cosine.std() / math.sqrt(len(cosine))
    return (cosine.mean() - float(vmf.mean_resultant_length(kappa, n))) / error


def measure(options: Any, n: int, kappa: float, report: _table.Report) -> None:
    """One table."""
    import jax

    title = f"{options.count:,} draws, n = {n}, κ = {kappa:g}"
    _table.progress(f"{title}: warming up")
    rivals = make_rivals(options, n, kappa)
    beside = ("jax.random.normal alone", "ones alone")
    off = {name: f"{mean_in_errors(draw(), n, kappa):+.1f}" for name, draw in rivals.items()}
    for name in beside:
        del off[name]
    _table.progress(f"{title}: {options.rounds} rounds")
    turns: dict[str, Callable[[], None]] = {
        name: lambda draw=draw: jax.block_until_ready(draw()) for name, draw in rivals.items()
    }
    seconds = _table.in_turn(turns, options.rounds)
    report.compare(title, seconds, beside=beside, columns={"mean, in errors": off})


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--count", type=_table.count, default=100_000, help="default: 100000")
    arguments.add_argument(
        "--dimensions", nargs="+", type=_table.count, default=[100], help="default: 100"
    )
    arguments.add_argument(
        "--kappas", nargs="+", type=float, default=[100.0], help="above 0 (SciPy's); default: 100"
    )
    arguments.add_argument("--rounds", type=_table.count, default=7, help="default: 7")
    arguments.add_argument(
        "--impl",
        choices=("threefry2x32", "rbg", "unsafe_rbg"),
        default="threefry2x32",
        help="kind of JAX's keys; default: threefry2x32",
    )
    options = arguments.parse_args()
    if not all(0 < kappa < math.inf for kappa in options.kappas):
        arguments.error("--kappas: each must be above 0")
    if min(options.dimensions) < 2:
        arguments.error("--dimensions: each must be 2 or more")

    _table.cpu_only()
    report = _table.Report(as_json=options.json)
    import scipy

    report.note(f"SciPy {scipy.__version__}; keys: {options.impl}")
    for n in options.dimensions:
        for kappa in options.kappas:
            measure(options, n, kappa, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
