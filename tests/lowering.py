"""Programs lowered for platforms that are not here, shared by the tests of `bench`."""

import re
import sys

import jax
from bench_scripts import BENCH

from jaxtex import platforms

if str(BENCH) not in sys.path:
    sys.path.append(str(BENCH))
import _programs

PROGRAMS = _programs.programs(_programs.SMALL)
# What JAX calls the platforms when it exports.
EXPORTED = {"cpu": "cpu", "gpu": "cuda", "tpu": "tpu"}
MOST_BYTES = 64 << 10


def lowered(name: str, platform: str) -> str:
    """The text of a small program, traced and lowered for a platform."""
    with platforms.tracing_for(platform):
        case = PROGRAMS[name]()
        made = jax.export.export(case.function, platforms=[EXPORTED[platform]])(*case.args)
    assert made.platforms == (EXPORTED[platform],)
    return made.mlir_module()


def faults(text: str) -> list[str]:
    """What a program's text must not hold."""
    found = [f"a custom call of {name}" for name in re.findall(r"custom_call @(\w+)", text)]
    if re.search(r"\bf64\b|xf64\b", text):
        found.append("float64")
    if re.search(r"tensor<(\d+x)*\?", text):
        found.append("a shape that is not known")
    # Hexadecimal digits, two a byte; shorter constants are written out.
    sizes = [len(digits) // 2 for digits in re.findall(r'"0x([0-9A-Fa-f]+)"', text)]
    return found + [f"a constant of {size} bytes" for size in sizes if size > MOST_BYTES]
