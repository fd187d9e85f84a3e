"""Programs of stylisation lower for every platform, none of which needs to be here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lowering import EXPORTED, PROGRAMS, faults, lowered

STYLE = [
    name
    for name in PROGRAMS
    if name.startswith(("stylize", "start", "vgg16", "msgnet"))
    or name.endswith(("-target", "-targets", "-target-guided", "-distances"))
]
# What others hold as well.
LONG = ("stylize-tensorfloat32", "stylize-rgb", "stylize-adam")


@pytest.mark.parametrize("platform", EXPORTED)
@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG)) for each in STYLE],
)
def test_a_program_of_stylisation_lowers(name, platform):
    text = lowered(name, platform)
    assert "stablehlo." in text
    assert faults(text) == []


def exported(function, *args) -> str:
    return jax.export.export(jax.jit(function), platforms=["tpu"])(*args).mlir_module()


def test_a_large_constant_is_seen():
    table = np.random.default_rng(0).random(20_000, np.float32)
    assert faults(exported(lambda x: x + table, jnp.ones(20_000))) == ["a constant of 80000 bytes"]


def test_float64_is_seen():
    with jax.enable_x64(True):
        text = exported(lambda x: x * 2, jax.ShapeDtypeStruct((2,), jnp.float64))
    assert faults(text) == ["float64"]


def test_what_one_platform_alone_can_do_is_seen():
    with pytest.raises(ValueError, match="custom call"):
        jax.export.export(
            jax.jit(lambda x: jax.ffi.ffi_call("only_here", x)(x)), platforms=["tpu"]
        )(jnp.ones(2))
