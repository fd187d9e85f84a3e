"""Optimisers as compiled state machines: one step is one evaluation of the objective.

Adam (Kingma and Ba 2015) and L-BFGS with the bracketing line search of Lewis and Overton (2013),
which suits objectives with kinks such as max pooling and ReLU. The line search is part of the
carried state, so that a program holds one copy of the objective, and each job of a batch is at its
own place in its own search. Optax supplies the directions.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Bool, Float32, Int32, PyTree

from jaxtex import platforms
from jaxtex.style.objective import Coefficients, Losses, Program, Targets, losses
from jaxtex.style.settings import Optimizer, Precision
from jaxtex.vgg import PreparedConv

Images = Float32[Array, "b h w c"]
Scalars = Float32[Array, " b"]

CHUNK = 64
"""The most steps that one call of `run_chunk` makes."""

# The weak Wolfe conditions' constants (Lewis and Overton 2013).
_ARMIJO, _CURVATURE = 1e-4, 0.9
# A trial also passes when its loss equals the last one within its noise while the slope is downhill
# or flat (after Hager and Zhang 2005), else the search stalls near an optimum. By precision, about
# four times what bench/precision.py measures.
_NOISE = {"float32": 1e-6, "tensorfloat32": 3e-5, "bfloat16": 2e-4}
_MAX_TRIALS = 10
_MEMORY = 20


class AdamState(NamedTuple):
    """Adam's state; `best` is the last point whose loss and gradient were finite."""

    point: Images
    best: Images
    losses: Losses
    failed: Bool[Array, " b"]
    moments: PyTree
    learning_rate: Scalars
    project: Bool[Array, " b"]


class LBFGSState(NamedTuple):
    """L-BFGS's state: `point` = `best` + `step` · `direction` is the line search's next trial."""

    point: Images
    best: Images
    losses: Losses
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


OptimiserState = AdamState | LBFGSState


@functools.partial(jax.jit, static_argnames="optimizer")
def start(
    optimizer: Optimizer, image: Images, learning_rate: Scalars, project: Bool[Array, " b"]
) -> OptimiserState:
    """The first state of `optimizer` at `image`, ready for `run_chunk`."""
    if optimizer == "adam":
        state: OptimiserState = adam_init(image, learning_rate, project)
    else:
        state = lbfgs_init(image, learning_rate)
    # run_chunk overwrites its state in place, so no two leaves may share a buffer; and it returns
    # strong types, so a weak one would compile the second chunk anew.
    return jax.tree.map(lambda leaf: jnp.array(leaf, leaf.dtype), state)


def _unknown_losses(batch: int) -> Losses:
    return Losses(*(jnp.full(batch, jnp.inf) for _ in Losses._fields))


def adam_init(image: Images, learning_rate: Scalars, project: Bool[Array, " b"]) -> AdamState:
    """Starts Adam at `image`, 0 to 255; with `project` every step ends inside that range."""
    batch = image.shape[0]
    moments = optax.scale_by_adam().init(image)
    failed = jnp.zeros(batch, bool)
    return AdamState(image, image, _unknown_losses(batch), failed, moments, learning_rate, project)


def adam_update(state: AdamState, found: Losses, gradient: Images) -> AdamState:
    """One Adam step from `state.point`, where the objective has `found` and `gradient`.

    A job whose loss or gradient is not finite stays where it is.
    """
    finite = jnp.isfinite(found.total) & jnp.all(jnp.isfinite(gradient), (1, 2, 3))
    ok = finite & ~state.failed
    gradient = jnp.where(_over_pixels(ok), gradient, 0)
    direction, moments = optax.scale_by_adam().update(gradient, state.moments)
    point = state.point - _over_pixels(state.learning_rate) * direction
    point = jnp.where(_over_pixels(state.project), jnp.clip(point, 0, 255), point)
    return state._replace(
        point=jnp.where(_over_pixels(ok), point, state.point),
        best=jnp.where(_over_pixels(ok), state.point, state.best),
        losses=jax.tree.map(lambda new, old: jnp.where(ok, new, old), found, state.losses),
        failed=~ok,
        moments=moments,
    )


def lbfgs_init(image: Images, learning_rate: Scalars) -> LBFGSState:
    """Starts L-BFGS at `image`; the first step changes pixels by `learning_rate` on average."""
    batch = image.shape[0]
    zeros = jnp.zeros(batch, jnp.float32)
    return LBFGSState(
        point=image,
        best=image,
        losses=_unknown_losses(batch),
        failed=jnp.zeros(batch, bool),
        gradient=jnp.zeros_like(image),
        direction=jnp.zeros_like(image),
        slope=zeros,
        step=zeros,
        low=zeros,
        high=jnp.full(batch, jnp.inf),
        trials=jnp.zeros(batch, jnp.int32),
        memory=jax.vmap(_lbfgs_directions().init)(image),
        learning_rate=learning_rate,
    )


def lbfgs_update(
    state: LBFGSState, found: Losses, gradient: Images, *, precision: Precision = "float32"
) -> LBFGSState:
    """Judges the trial `state.point`, where the objective has `found` and `gradient`.

    An accepted trial becomes `best` and gives a new direction; another one narrows the bracket. A
    search that has used up its trials forgets the curvature and starts again downhill. A job whose
    first loss, or the loss of a search's last trial, is not finite has failed. `precision` is that
    of the objective: losses count as equal within its noise.
    """
    return jax.vmap(functools.partial(_lbfgs_update, _NOISE[precision]))(state, found, gradient)


def _lbfgs_directions() -> optax.GradientTransformation:
    return optax.scale_by_lbfgs(_MEMORY, scale_init_precond=True)


def _lbfgs_update(noise: float, state: Any, found: Losses, gradient: Array) -> Any:
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
    direction, then = _lbfgs_directions().update(gradient, memory, point)
    small = ("count", "params", "updates", "weights_memory")
    kept = {name: _select(keep, getattr(then, name), getattr(memory, name)) for name in small}
    return direction, then._replace(**kept)


def _select(condition: Bool[Array, ""], chosen: PyTree, other: PyTree) -> PyTree:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), chosen, other)


def _over_pixels(values: Array) -> Array:
    """`[b]` as `[b, 1, 1, 1]`."""
    return values[:, None, None, None]


@functools.partial(jax.jit, static_argnames="program", donate_argnames="state")
@platforms.in_float32
def run_chunk(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    targets: Targets,
    coefficients: Coefficients,
    state: OptimiserState,
    count: Int32[Array, ""],
) -> tuple[OptimiserState, Losses]:
    """Makes `count` ≤ `CHUNK` steps, each one evaluation.

    Returns the state and the losses `[CHUNK, b]` of `state.best` after each step; the first
    `count` rows are filled. `count` is traced, so that how a run is cut into chunks changes
    neither the program nor, thereby, a bit of the result.
    """
    update: Callable[..., Any] = adam_update
    if isinstance(state, LBFGSState):
        update = functools.partial(lbfgs_update, precision=program.precision)

    def total(image):
        found = losses(program, vgg, targets, coefficients, image)
        return jnp.sum(found.total), found

    def step(i, carry):
        state, history = carry
        with platforms.products(program.precision):
            (_, found), gradient = jax.value_and_grad(total, has_aux=True)(state.point)
        state = update(state, found, gradient)
        history = jax.tree.map(lambda rows, row: rows.at[i].set(row), history, state.losses)
        return state, history

    history = Losses(*(jnp.zeros((CHUNK, state.best.shape[0])) for _ in Losses._fields))
    return lax.fori_loop(0, count, step, (state, history))
