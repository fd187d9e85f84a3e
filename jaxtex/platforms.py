"""The platform that programs are traced for, and what precision means on it; decided only here.

A program is traced for the platform that JAX runs on, or, so that it can be compiled or exported
for a device that is not there, for the one that `tracing_for` names. JAX keeps traces of different
platforms and precisions apart.
"""

import contextlib
import functools
from collections.abc import Callable
from typing import Literal, ParamSpec, TypeVar

import jax

from jaxtex.errors import SettingsError

PLATFORMS = ("cpu", "gpu", "tpu")

P = ParamSpec("P")
R = TypeVar("R")

# What JAX calls the precision of products of float32 arrays. Those of bfloat16 arrays are exact.
_PRODUCTS = {"float32": "highest", "tensorfloat32": "tensorfloat32", "bfloat16": "highest"}

_traced_for = jax.make_user_context(None)


def current() -> str:
    """The platform that programs are traced for: `cpu`, `gpu` or `tpu`."""
    return _traced_for.value or jax.default_backend()


def tracing_for(platform: str) -> contextlib.AbstractContextManager[None]:
    """Within it, programs are traced in the forms that are fastest on `platform`.

    Raises:
      SettingsError: `platform` is no name of one.
    """
    if platform not in PLATFORMS:
        raise SettingsError(
            f"platform: {platform!r} is unknown; allowed are {', '.join(PLATFORMS)}"
        )
    return _traced_for(platform)


def products(precision: str) -> contextlib.AbstractContextManager[None]:
    """Within it, products of float32 arrays are traced in `precision`, one of `style.Precision`.

    Without it JAX takes what is fastest: bfloat16 on TPUs, TF32 on GPUs that have it.
    """
    return jax.default_matmul_precision(_PRODUCTS[precision])


def fastest_precision() -> Literal["float32", "tensorfloat32"]:
    """The fastest precision of products that costs a stylisation nothing that can be seen."""
    return "float32" if current() == "cpu" else "tensorfloat32"


def in_float32(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, all products and gradients in it traced in float32; for `jax.jit`."""

    @functools.wraps(function)
    def traced(*args: P.args, **kwargs: P.kwargs) -> R:
        with products("float32"):
            return function(*args, **kwargs)

    return traced
