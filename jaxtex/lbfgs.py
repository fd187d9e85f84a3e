"""L-BFGS as a compiled state machine: one step is one evaluation of the objective.

With the bracketing line search of Lewis and Overton (2013), which suits objectives with kinks such
as max pooling and ReLU. The line search is part of the carried state, so that a program holds one
copy of the objective, and each job of a batch is at its own place in its own search. Optax supplies
the directions.

Losses are a named tuple of arrays `[b]`, `total` among them.
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float32, Int32, PyTree

Images = Float32[Array, "b h w c"]
Scalars = Float32[Array, " b"]

# The weak Wolfe conditions' constants (Lewis and Overton 2013).
_ARMIJO, _CURVATURE = 1e-4, 0.9
# A trial also passes when its loss equals the last one within its noise while the slope is downhill
# or flat (after Hager and Zhang 2005), else the search stalls near an optimum. By precision, about
# four times what bench/precision.py measures.
_NOISE = {"float32": 1e-6, "tensorfloat32": 3e-5, "bfloat16": 2e-4}
_MAX_TRIALS = 10
MEMORY = 20
"""Steps that the curvature is known from."""


class LBFGSState(NamedTuple):
    """L-BFGS's state: `point` = `best` + `step` · `direction` is the line search's next trial."""

    point: Images
    best: Images
    losses: Any
    failed: Bool[Array, " b"]
    gradient: Images
    direction: Images
    slope: Scalars
    step: Scalars
    low: Scalars
    high: Scalars
    trials: Int32[Array, " b"]
    memory: PyTree
    learning_rate: Scalars


def lbfgs_init(
    image: Images, learning_rate: Scalars, unknown: Any, *, memory: int = MEMORY
) -> LBFGSState:
    """Starts L-BFGS at `image`; the first step changes pixels by `learning_rate` on average.

    `unknown` has the shape of the objective's losses, all infinite; `memory` is how many steps the
    curvature is known from, each of which takes two images.
    """
    batch = image.shape[0]
    zeros = jnp.zeros(batch, jnp.float32)
    return LBFGSState(
        point=image,
        best=image,
        losses=unknown,
        failed=jnp.zeros(batch, bool),
        gradient=jnp.zeros_like(image),
        direction=jnp.zeros_like(image),
        slope=zeros,
        step=zeros,
        low=zeros,
        high=jnp.full(batch, jnp.inf),
        trials=jnp.zeros(batch, jnp.int32),
        memory=jax.vmap(_directions(memory).init)(image),
        learning_rate=learning_rate,
    )


def lbfgs_update(
    state: LBFGSState, found: Any, gradient: Images, *, precision: str = "float32"
) -> LBFGSState:
    """Judges the trial `state.point`, where the objective has `found` and `gradient`.

    An accepted trial becomes `best` and gives a new direction; another one narrows the bracket. A
    search that has used up its trials forgets the curvature and starts again downhill. A job whose
    first loss, or the loss of a search's last trial, is not finite has failed. `precision` is that
    of the objective: losses count as equal within its noise.
    """
    return jax.vmap(functools.partial(_lbfgs_update, _NOISE[precision]))(state, found, gradient)


def _directions(memory: int) -> optax.GradientTransformation:
    return optax.scale_by_lbfgs(memory, scale_init_precond=True)


def _lbfgs_update(noise: float, state: Any, found: Any, gradient: Array) -> Any:
    """`lbfgs_update` of one job."""
    value, last = found.total, state.losses.total
    first = jnp.isinf(last)
    finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
    slope = jnp.vdot(gradient, state.direction)
    level = value <= last + noise * jnp.abs(last)
    lower = value <= last + _ARMIJO * state.step * state.slope
    lower = finite & (lower | (level & (slope <= 0)))
    exhausted = state.trials + 1 >= _MAX_TRIALS
    accept = finite & (first | (lower & ((slope >= _CURVATURE * state.slope) | exhausted)))
    restart = ~accept & exhausted
    renew = accept | restart

    # Too far if the loss did not fall enough, too short if it still falls as steeply.
    high = jnp.where(lower, state.high, state.step)
    low = jnp.where(lower, state.step, state.low)
    narrowed = jnp.where(jnp.isinf(high), 2 * state.step, (low + high) / 2)

    best = jnp.where(accept, state.point, state.best)
    at_best = jnp.where(accept, gradient, state.gradient)
    # A step taken for want of trials may have no positive curvature: it must not be remembered.
    forget = exhausted
    downhill, memory = _lbfgs_direction(at_best, state.memory, best, forget, renew)
    direction = jnp.where(renew, -downhill, state.direction)
    learning_rate = jnp.where(restart, state.learning_rate / 10, state.learning_rate)
    cautious = learning_rate * direction.size / jnp.maximum(jnp.sum(jnp.abs(direction)), 1e-30)
    step = jnp.where(renew, jnp.where(first | forget, cautious, 1.0), narrowed)
    return state._replace(
        point=best + step * direction,
        best=best,
        losses=jax.tree.map(lambda new, old: jnp.where(accept, new, old), found, state.losses),
        failed=state.failed | ((first | restart) & ~finite),
        gradient=at_best,
        direction=direction,
        slope=jnp.where(renew, jnp.vdot(at_best, direction), state.slope),
        step=step,
        low=jnp.where(renew, 0.0, low),
        high=jnp.where(renew, jnp.inf, high),
        trials=jnp.where(renew, 0, state.trials + 1),
        memory=memory,
        learning_rate=learning_rate,
    )


def _lbfgs_direction(
    gradient: Array, memory: Any, point: Array, forget: Bool[Array, ""], keep: Bool[Array, ""]
) -> tuple[Array, Any]:
    """The gradient times L-BFGS's inverse Hessian, and the memory then.

    With `forget` all pairs before are; without `keep` that of this call will be. Neither selects
    between whole memories, which are twenty images twice: pairs without weight do not count, and
    those of a call that is not counted are overwritten by the next before they are read.
    """
    none = (0, jnp.zeros_like(memory.weights_memory))
    count, weights = _select(forget, none, (memory.count, memory.weights_memory))
    memory = memory._replace(count=count, weights_memory=weights)
    direction, then = _directions(len(memory.weights_memory)).update(gradient, memory, point)
    small = ("count", "params", "updates", "weights_memory")
    kept = {name: _select(keep, getattr(then, name), getattr(memory, name)) for name in small}
    return direction, then._replace(**kept)


def _select(condition: Bool[Array, ""], chosen: PyTree, other: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), chosen, other)
