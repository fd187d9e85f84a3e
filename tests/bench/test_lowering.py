"""Programs of stylisation lower for every platform, none of which needs to be here."""

import ast
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from bench_scripts import BENCH
from lowering import EXPORTED, PROGRAMS, faults, lowered

import jaxtex

STYLE = [
    name
    for name in PROGRAMS
    if name.startswith(("stylize", "start", "vgg16", "msgnet"))
    or name.endswith(("-target", "-targets", "-distances"))
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


# Parts of programs that are there, what `compiled_chunk` chooses from, and those that draw a
# network's first weights.
WITHIN = {
    "mean_cosine", "kappa_for_mean", "_deficit_of_images", "weighted_grams", "_make",
    "_run_by_xla", "_run_by_onednn",
}  # fmt: skip


def compiled_functions() -> set[str]:
    """The names of jaxtex's compiled functions, but for the canaries of `doctor`."""
    package = Path(jaxtex.__file__).parent
    found = set()
    for path in set(package.rglob("*.py")) - {package / "health" / "canaries.py"}:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                by, name = " ".join(map(ast.unparse, node.decorator_list)), node.name
            elif isinstance(node, ast.Assign):
                by, name = ast.unparse(node.value), ast.unparse(node.targets[0])
            else:
                continue
            if re.search(r"\b(jax\.|_)jit\b", by):
                found.add(name)
    return found


def test_every_compiled_function_is_among_the_programs():
    named = "\n".join(path.read_text("utf-8") for path in sorted(BENCH.glob("_*.py")))
    found = compiled_functions()
    assert {"train_step", "_render", "_mssim", *WITHIN} <= found
    # Those of interpolation are named by their parts.
    missing = {
        name
        for name in found - WITHIN
        if not re.search(rf'\b\w+\.{name}\b|"{name.lstrip("_")}":', named)
    }
    assert missing == set()
