"""The platform that programs are traced for, and what precision means on it; decided only here.

A program is traced for the platform that JAX runs on, or, so that it can be compiled or exported
for a device that is not there, for the one that `tracing_for` names. JAX keeps traces of different
platforms and precisions apart.
"""

import contextlib
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import jaxlib

from jaxtex.errors import SettingsError

PLATFORMS = ("cpu", "gpu", "tpu")

P = ParamSpec("P")
R = TypeVar("R")

# What JAX calls the precision of products of float32 arrays. Those of bfloat16 arrays are exact.
_PRODUCTS = {"float32": "highest", "tensorfloat32": "tensorfloat32", "bfloat16": "highest"}

ONEDNN = {"xla_cpu_experimental_onednn_custom_call": True}
"""With this option to `jax.jit` XLA on CPU hands convolutions of bfloat16 to oneDNN."""

_LARGE = 80_000

_CPUINFO = Path("/proc/cpuinfo")

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


def fastest_precision(pixels: int) -> Literal["float32", "tensorfloat32", "bfloat16"]:
    """The fastest precision that costs a stylisation of so many pixels nothing that can be seen."""
    if current() != "cpu":
        return "tensorfloat32"
    # Programs with calls of oneDNN are compiled anew by every process, which small images do not
    # make up for.
    large = pixels >= _LARGE
    return "bfloat16" if large and by_onednn(jnp.dtype(jnp.bfloat16)) else "float32"


def by_onednn(dtype: jnp.dtype) -> bool:
    """Whether convolutions in `dtype` are fastest by oneDNN, in programs compiled with `ONEDNN`."""
    return multiplied_by_units(dtype) and jaxlib.version.__version_info__ >= (0, 12)


def multiplied_by_units(dtype: jnp.dtype) -> bool:
    """Whether XLA on CPU multiplies matrices of `dtype` with units for it (bfloat16's AMX)."""
    return current() == "cpu" and dtype == jnp.bfloat16 and _has_amx()


@functools.cache
def _has_amx() -> bool:
    """Without it oneDNN's products of bfloat16 are slower than XLA's own, or crash."""
    try:
        flags = _CPUINFO.read_text("utf-8", "replace")
    except OSError:
        return False
    return "amx_bf16" in flags and "AMX" in os.environ.get("ONEDNN_MAX_CPU_ISA", "AMX").upper()


def in_float32(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, all products and gradients in it traced in float32; for `jax.jit`."""

    @functools.wraps(function)
    def traced(*args: P.args, **kwargs: P.kwargs) -> R:
        with products("float32"):
            return function(*args, **kwargs)

    return traced
