"""Several steps in one dispatch."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
from jax.sharding import Mesh

State = TypeVar("State")
Losses = TypeVar("Losses")

_AT_ONCE = 8


def steps_at_once(mesh: Mesh) -> int:
    """How many steps one dispatch makes: on CPU one, where XLA's convolutions are slow in loops."""
    return 1 if mesh.devices.flat[0].platform == "cpu" else _AT_ONCE


def scan(
    step: Callable[[State, Any], tuple[State, Losses]], state: State, batches: Any
) -> tuple[State, Losses]:
    """`jax.lax.scan` over the first axis of `batches`; a single step is made without a loop."""
    if len(jax.tree.leaves(batches)[0]) > 1:
        return jax.lax.scan(step, state, batches)
    state, losses = step(state, jax.tree.map(lambda leaf: leaf[0], batches))
    return state, jax.tree.map(lambda leaf: leaf[None], losses)
