"""One module decides what is traced for which platform, and in which precision."""

import ast
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import objectives
import pytest
from jax.extend import core
from reference import batch, in_jaxtex, network

import jaxtex
from jaxtex import platforms
from jaxtex.errors import SettingsError
from jaxtex.style import optimise
from jaxtex.texture import dcgan

HIGHEST = jax.lax.Precision.HIGHEST


def equations(jaxpr: core.Jaxpr) -> Iterator[core.JaxprEqn]:
    """All of a program, of the programs within it, too."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(
            equation.params, is_leaf=lambda leaf: isinstance(leaf, core.ClosedJaxpr | core.Jaxpr)
        ):
            if isinstance(inner, core.ClosedJaxpr):
                yield from equations(inner.jaxpr)
            elif isinstance(inner, core.Jaxpr):
                yield from equations(inner)


def products(function, *args) -> list[tuple[jnp.dtype, set]]:
    """The type of the factors of each product, and its precision."""
    found = [
        (equation.invars[0].aval.dtype, equation.params["precision"])
        for equation in equations(jax.make_jaxpr(function)(*args).jaxpr)
        if equation.primitive.name in ("dot_general", "conv_general_dilated")
    ]
    return [
        (dtype, set(precision) if isinstance(precision, tuple) else {precision})
        for dtype, precision in found
    ]


def a_job():
    job = objectives.problem()
    return *in_jaxtex(job), batch(objectives.image_of(job))


def steel(precision: str, optimizer: str):
    program, kernels, targets, coefficients, image = a_job()
    program = program._replace(precision=precision)
    one = jnp.ones(len(image))
    state = optimise.start(optimizer, image, one, one < 0)
    return products(
        lambda *rest: optimise.run_chunk(program, *rest), kernels, targets, coefficients, state, 1
    )


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("platform", ["cpu", "gpu", "tpu"])
def test_float32_is_what_it_says_in_every_product_of_a_stylisation(platform, optimizer):
    with platforms.tracing_for(platform):
        found = steel("float32", optimizer)
    assert len(found) >= 10
    assert all(dtype == jnp.float32 and precision == {HIGHEST} for dtype, precision in found)


def test_tensorfloat32_is_that_of_the_objective_not_of_the_search():
    with platforms.tracing_for("gpu"):
        found = [precision for _, precision in steel("tensorfloat32", "lbfgs")]
        all_exact = [precision for _, precision in steel("float32", "lbfgs")]
    objective = sum(precision == {jax.lax.Precision.HIGH} for precision in found)
    assert objective >= 10
    # The directions of L-BFGS and their slopes.
    assert sum(precision == {HIGHEST} for precision in found) == len(all_exact) - objective > 2


def test_bfloat16_is_the_type_of_the_factors():
    with platforms.tracing_for("tpu"):
        found = [dtype for dtype, _ in steel("bfloat16", "adam")]
    assert set(found) == {jnp.dtype(jnp.bfloat16)}


def test_textures_are_rendered_in_float32():
    model = dcgan.load_model()
    latents = jnp.zeros((2, model.latent_size))
    gradient = platforms.in_float32(
        jax.grad(lambda z: jnp.sum(model.render(model.params, z))),
    )
    for platform in ("cpu", "tpu"):
        with platforms.tracing_for(platform):
            found = products(gradient, latents)
        assert len(found) > 5
        assert [precision for _, precision in found] == len(found) * [{HIGHEST}]


def test_a_trace_for_one_platform_is_not_taken_for_another():
    prepare = jax.jit(lambda: network().prepare(("conv3_1",), 64, 64, 1)["conv3_1"].forward)
    here = prepare().ndim
    for platform, axes in (("tpu", 4), ("cpu", 3), ("gpu", 4)):
        with platforms.tracing_for(platform):
            assert prepare().ndim == axes
    assert prepare().ndim == here


def test_an_unknown_platform_is_refused():
    with pytest.raises(SettingsError, match=r"'cuda' is unknown; allowed are cpu, gpu, tpu"):
        platforms.tracing_for("cuda")


def test_nothing_else_asks_jax_for_its_platform():
    package = Path(jaxtex.__file__).parent
    askers = [
        str(path.relative_to(package))
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "default_backend"
    ]
    assert askers == ["platforms.py"]


def test_the_forms_of_all_platforms_agree():
    program, kernels, targets, coefficients, image = a_job()
    expected, gradient = objectives.value_and_gradient(
        program, kernels, targets, coefficients, image
    )
    with platforms.tracing_for("tpu"):
        found, other = objectives.value_and_gradient(program, kernels, targets, coefficients, image)
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-5)
    np.testing.assert_allclose(other, gradient, rtol=0, atol=1e-4 * np.abs(gradient).max())
