"""What CPUs with units for bfloat16 take: Gram matrices by dots, convolutions by oneDNN."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from reference import batch, network, noise

from jaxtex import platforms, vgg
from jaxtex.style import PRESETS, make_job, run_jobs

BFLOAT16, FLOAT32 = jnp.dtype(jnp.bfloat16), jnp.dtype("float32")
LAYERS = ("conv1_2", "conv2_2", "conv3_1")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Makes this machine one whose processor has `flags`, with a version of jaxlib."""

    def made(flags: str, version: tuple[int, ...] = (0, 12, 0)) -> None:
        cpuinfo = tmp_path / "cpuinfo"
        cpuinfo.write_text(f"processor : 0\nflags\t\t: fpu {flags} sse\n", "utf-8")
        monkeypatch.setattr(platforms, "_CPUINFO", cpuinfo)
        monkeypatch.setattr(platforms.jaxlib.version, "__version_info__", version)
        platforms._has_amx.cache_clear()

    yield made
    monkeypatch.undo()
    platforms._has_amx.cache_clear()


@pytest.mark.parametrize(
    ("flags", "version", "units", "onednn"),
    [
        ("amx_bf16 avx512_bf16", (0, 12, 0), True, True),
        ("amx_bf16", (0, 10, 1), True, False),
        ("avx512_bf16", (0, 12, 0), False, False),
        ("avx2", (0, 13, 0), False, False),
    ],
)
def test_the_processor_and_the_version_decide(machine, flags, version, units, onednn):
    machine(flags, version)
    assert platforms.multiplied_by_units(BFLOAT16) is units
    assert platforms.by_onednn(BFLOAT16) is onednn
    assert not platforms.by_onednn(FLOAT32)
    assert not platforms.multiplied_by_units(FLOAT32)
    form = functools.partial(vgg.conv_form, "cpu", 48, 128, 256, 256)
    assert form(dtype=BFLOAT16) == ("direct" if onednn else "winograd")
    assert form() == "winograd"
    with platforms.tracing_for("tpu"):
        assert not platforms.by_onednn(BFLOAT16)


def test_without_cpuinfo_there_are_no_units(monkeypatch, machine, tmp_path):
    machine("amx_bf16")
    monkeypatch.setattr(platforms, "_CPUINFO", tmp_path / "none")
    assert not platforms.multiplied_by_units(BFLOAT16)


@pytest.mark.parametrize(("limit", "onednn"), [("AVX2", False), ("AVX512_CORE_AMX", True)])
def test_a_limit_for_onednn_is_kept(machine, monkeypatch, limit, onednn):
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    machine("amx_bf16")
    assert platforms.by_onednn(BFLOAT16) is onednn


@pytest.mark.parametrize("version", [(0, 10, 1), (0, 12, 0)])
@pytest.mark.parametrize("channels", [64, 256])
def test_gram_matrices_by_units_are_those_of_float32(machine, version, channels):
    machine("amx_bf16", version)
    draw = np.random.default_rng(0).normal
    features = jnp.asarray(draw(size=(2, 17, 23, channels)), BFLOAT16)
    cotangent = jnp.asarray(draw(size=(2, channels, channels)), jnp.float32)
    found, pull = jax.vjp(vgg.gram_matrix, features)
    expected, expected_pull = jax.vjp(vgg.gram_matrix, features.astype(jnp.float32))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    (gradient,), (expected_gradient,) = pull(cotangent), expected_pull(cotangent)
    assert gradient.dtype == BFLOAT16
    error = np.abs(gradient.astype(jnp.float32) - expected_gradient).max()
    assert error <= 0.02 * np.abs(expected_gradient).max()


@pytest.mark.skipif(
    not platforms.by_onednn(BFLOAT16), reason="needs a CPU with AMX, and jaxlib 0.12 or newer"
)
def test_convolutions_by_onednn_are_those_of_float32():
    image = batch(noise(0, 61, 50))

    def _features(image, prepared, dtype):
        def total(image):
            found = vgg.extract(prepared, image, LAYERS, dtype=dtype)
            return sum(jnp.mean(each.astype(jnp.float32)) for each in found.values()), found

        return jax.value_and_grad(total, has_aux=True)(image)

    found = {}
    for dtype, options in ((FLOAT32, None), (BFLOAT16, platforms.ONEDNN)):
        features = jax.jit(_features, compiler_options=options, static_argnames="dtype")
        prepared = network().prepare(LAYERS, 61, 50, 3, dtype=dtype)
        (_, found[dtype]), gradient = features(image, prepared, dtype)
        assert np.isfinite(gradient).all()
        text = features.lower(image, prepared, dtype).compile().as_text()
        assert ('"__onednn$convolution"' in text) == (dtype == BFLOAT16)
    for layer in LAYERS:
        expected = found[FLOAT32][layer]
        error = jnp.sqrt(jnp.mean((found[BFLOAT16][layer].astype(jnp.float32) - expected) ** 2))
        assert error <= 0.01 * jnp.std(expected)


def test_a_run_in_bfloat16_repeats_and_nears_that_in_float32():
    content, style = ((noise(seed, 40, 48) / 255).astype(np.float32) for seed in (0, 1))
    found = {}
    for name, precision in (("one", "bfloat16"), ("two", "bfloat16"), ("exact", "float32")):
        settings = PRESETS["steel"].with_options(
            precision=precision, scales=1, margin=0, steps=4, finish_steps=0, canvas="grey",
            layers={"conv1_2": 1.0, "conv3_1": 1.0}, content_layer="conv2_2",
        )  # fmt: skip
        (found[name],) = run_jobs([make_job(settings, content, [style])], network=network())
    np.testing.assert_array_equal(found["one"].levels, found["two"].levels)
    np.testing.assert_allclose(
        found["one"].history.total[0], found["exact"].history.total[0], rtol=0.02
    )


@pytest.mark.parametrize(
    ("flags", "pixels", "precision"),
    [
        ("amx_bf16", 512 * 192, "bfloat16"),
        ("amx_bf16", 256 * 96, "float32"),
        ("avx2", 512 * 192, "float32"),
    ],
)
def test_auto_takes_bfloat16_for_large_images_on_processors_with_units(
    machine, flags, pixels, precision
):
    machine(flags)
    assert platforms.fastest_precision(pixels) == precision
    with platforms.tracing_for("gpu"):
        assert platforms.fastest_precision(pixels) == "tensorfloat32"
