"""Programs of textures and of the sphere lower for every platform."""

import pytest
from lowering import EXPORTED, PROGRAMS, faults, lowered

TEXTURES = [
    name
    for name in PROGRAMS
    if name.startswith(("dcgan", "vmf", "invert", "interpolate", "extend", "ssim", "cluster"))
]
# What others hold as well.
LONG = ("dcgan-train-128",)


@pytest.mark.parametrize("platform", EXPORTED)
@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=[pytest.mark.slow] * (each in LONG)) for each in TEXTURES],
)
def test_a_program_of_textures_lowers(name, platform):
    text = lowered(name, platform)
    assert "stablehlo." in text
    assert faults(text) == []
