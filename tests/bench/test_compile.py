"""Programs compiled for devices that are not here; budgets of what they may take."""

import importlib.util
import json

import pytest
from bench_scripts import BENCH, run_script

needs_libtpu = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("libtpu", "requests")),
    reason="XLA's compiler for TPUs is not installed: pip install 'jaxtex[aot]'",
)
STEEL = ("stylize", "stylize-adam", "stylize-rematerialised", "stylize-bfloat16")


def found(*words):
    done = run_script("compile", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def aot(monkeypatch):
    """`bench/_aot.py`."""
    monkeypatch.syspath_prepend(str(BENCH))
    import _aot

    return _aot


def test_a_program_is_compiled_for_this_cpu(tmp_path):
    record = tmp_path / "found.json"
    words = ("--target=cpu", "--small", "--programs", "dcgan-render", "vmf-entropy")
    said = found(*words, f"--record={record}")
    render, entropy = said["programs"]
    # A texture of 64×64 takes 0.21 GFLOP by the kernels' sizes, less by Winograd; there are 32.
    assert 1e9 < render["flops"] < 6.8e9
    assert render["arguments"] > 2**20 > entropy["arguments"] > 0
    assert render["temporaries"] > 0
    assert (render["float64"], render["roofline"]) == (0, None)
    assert render["largest_constant"] < 64 << 10
    assert said["collectives"] == {"dcgan-render": {}, "vmf-entropy": None}
    assert json.loads(record.read_text())["programs"] == said["programs"]


@pytest.mark.parametrize("target", ["v5e", "h100"])
def test_a_compiler_that_is_missing_is_named(tmp_path, target):
    # Nothing is found where the packages are not.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "hidden = ('libtpu', 'jax_cuda12_plugin', 'jax_cuda13_plugin')\n"
        "importlib.util.find_spec = lambda name, *rest: "
        "None if name in hidden else find(name, *rest)\n"
    )
    done = run_script("compile", f"--target={target}", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert "pip install 'jaxtex[" in sentence


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--target=cpu", "--programs", "stylise"], "'stylise' is unknown; allowed are stylize, "),
        (["--target=cpu", "--programs", "invert", "--largest"], "must be the first program"),
        (["--target=v4"], "invalid choice: 'v4'"),
    ],
    ids=["program", "largest", "target"],
)
def test_bad_words_are_refused(words, named):
    done = run_script("compile", *words)
    assert done.returncode == 2
    assert named in done.stderr


def test_a_text_is_searched_for_what_it_should_not_hold(aot):
    text = (
        "  %a = f32[8,8]{1,0} constant({...})\n"
        "  %b = f64[]{:T(256)} constant(0)\n"
        "  %c = (f32[2]{0}, /*index=1*/f32[2]{0}) all-reduce-start(%a, %a), replica_groups={}\n"
        "  %d = f32[2]{0} all-reduce-done(%c)\n"
        "  %e = f32[4]{0} all-gather(%d), dimensions={0}\n"
    )
    assert aot.of_text(text) == {
        "collectives": {"all-reduce": 1, "all-gather": 1},
        "float64": 1,
        "largest_constant": 256,
    }


def test_a_roofline_is_the_slower_of_arithmetic_and_memory(aot):
    target = aot.TARGETS["v5e"]
    assert aot.roofline(target, {"flops": 197e12, "bytes": 1.0}, "bfloat16") == 1
    assert aot.roofline(target, {"flops": 197e12, "bytes": 1.0}, "float32") == 6
    assert aot.roofline(target, {"flops": 1.0, "bytes": 819e9}, "float32") == 1
    assert aot.roofline(aot.TARGETS["cpu"], {"flops": 1.0, "bytes": 1.0}, "float32") is None


@pytest.fixture
def compiler(monkeypatch, aot):
    """The command's compiler for a v5e, with 1 GiB and 2 a picture, or less."""
    spec = importlib.util.spec_from_file_location("bench_compile", BENCH / "compile.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Compiler.__new__(module.Compiler)
    made.target, made.asked = aot.TARGETS["v5e"], []

    def of_batch(name, side, batch):
        made.asked.append(batch)
        held = 1 + 2 * batch if side > 64 else 1 + batch / 16
        return {"held": held * 2**30} if held <= 15.75 else {"does_not_fit": "Used more"}

    made.of_batch = of_batch
    return made


@pytest.mark.parametrize(
    ("side", "most", "asked"), [(64, 236, [8, 16]), (512, 7, [8, 16, 4, 8, 2, 4])]
)
def test_the_largest_batch_is_that_of_two_others_memory(compiler, side, most, asked):
    assert compiler.largest("stylize", side) == (most, asked[-1])
    assert compiler.asked == asked


def test_where_not_even_two_fit_it_is_said(compiler, aot):
    compiler.of_batch = lambda *_: {"does_not_fit": "Used more"}
    assert compiler.largest_batch("stylize", 512) == "Not even two of stylize at 512×512 fit."


# Budgets, for a v5e. The bytes are those of libtpu 0.0.41.
BYTES_A_PIXEL = 32_300


@pytest.fixture(scope="module")
def on_four():
    """What runs of a batch over four devices hold, and training."""
    programs = (*STEEL, "msgnet-apply", "dcgan-render", "msgnet-train", "dcgan-train")
    return found("--target=v5e", "--small", "--programs", *programs)


@pytest.mark.slow
@needs_libtpu
@pytest.mark.parametrize("name", [*STEEL, "msgnet-apply", "dcgan-render"])
def test_devices_that_share_a_batch_do_not_talk(on_four, name):
    assert on_four["collectives"][name] == {}


@pytest.mark.slow
@needs_libtpu
@pytest.mark.parametrize("name", ["msgnet-train", "dcgan-train"])
def test_devices_that_train_together_add_up_gradients_alone(on_four, name):
    assert set(on_four["collectives"][name]) == {"all-reduce"}


@pytest.mark.slow
@needs_libtpu
def test_programs_for_a_tpu_hold_no_float64_and_no_large_constant(on_four):
    for row in on_four["programs"]:
        assert row["float64"] == 0, row["name"]
        assert row["largest_constant"] <= 64 << 10, row["name"]


@pytest.mark.slow
@needs_libtpu
def test_an_evaluation_of_steel_moves_no_more_bytes_than_it_did():
    words = ("--target=v5e", "--programs", "stylize", "--batches", "1", "--devices=1")
    (row,) = found(*words)["programs"]
    assert row["pixels"] == 512**2
    assert row["bytes"] / row["pixels"] <= 1.05 * BYTES_A_PIXEL
