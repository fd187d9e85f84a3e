"""Optimisers as compiled state machines: one step is one evaluation of the objective.

Adam (Kingma and Ba 2015), and L-BFGS, which `jaxtex.lbfgs` has; optax supplies the directions.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Bool, Int32, PyTree

from jaxtex import platforms
from jaxtex.lbfgs import Images, LBFGSState, Scalars, lbfgs_init, lbfgs_update
from jaxtex.style.objective import Coefficients, Losses, Program, Targets, losses
from jaxtex.style.settings import Optimizer
from jaxtex.vgg import PreparedConv

CHUNK = 64
"""The most steps that one call of `run_chunk` makes."""


class AdamState(NamedTuple):
    """Adam's state; `best` is the last point whose loss and gradient were finite."""

    point: Images
    best: Images
    losses: Losses
    failed: Bool[Array, " b"]
    moments: PyTree
    learning_rate: Scalars
    project: Bool[Array, " b"]


OptimiserState = AdamState | LBFGSState


@functools.partial(jax.jit, static_argnames="optimizer")
def start(
    optimizer: Optimizer, image: Images, learning_rate: Scalars, project: Bool[Array, " b"]
) -> OptimiserState:
    """The first state of `optimizer` at `image`, ready for `run_chunk`."""
    if optimizer == "adam":
        state: OptimiserState = adam_init(image, learning_rate, project)
    else:
        state = lbfgs_init(image, learning_rate, _unknown_losses(len(image)))
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


def _over_pixels(values: Array) -> Array:
    """`[b]` as `[b, 1, 1, 1]`."""
    return values[:, None, None, None]


def run_chunk(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    targets: Targets,
    coefficients: Coefficients,
    state: OptimiserState,
    count: Int32[Array, ""] | np.int32,
) -> tuple[OptimiserState, Losses]:
    """Makes `count` ≤ `CHUNK` steps, each one evaluation; `state` is used up.

    Returns the state and the losses `[CHUNK, b]` of `state.best` after each step; the first
    `count` rows are filled. `count` is traced, so that how a run is cut into chunks changes
    neither the program nor, thereby, a bit of the result.
    """
    compiled = compiled_chunk(program)
    return compiled(program, vgg, targets, coefficients, state, count)


def compiled_chunk(program: Program) -> jax.stages.Wrapped:
    """The compiled function that `run_chunk` calls for `program`."""
    return _run_by_onednn if platforms.by_onednn(program.dtype) else _run_by_xla


@platforms.in_float32
def _run(
    program: Program,
    vgg: Mapping[str, PreparedConv],
    targets: Targets,
    coefficients: Coefficients,
    state: OptimiserState,
    count: Int32[Array, ""],
) -> tuple[OptimiserState, Losses]:
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


_run_by_xla = jax.jit(_run, static_argnames="program", donate_argnames="state")
_run_by_onednn = jax.jit(
    _run,
    static_argnames="program",
    donate_argnames="state",
    compiler_options=platforms.ONEDNN,
)
