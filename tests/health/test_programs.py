import json

import numpy as np
import pytest

from jaxtex import weights
from jaxtex.cli import main
from jaxtex.health import doctor, networks, programs, reference
from jaxtex.texture import vmf
from jaxtex.texture.dcgan import TextureModel
from jaxtex.texture.similarity import ssim

QUICK = (
    programs.msgnet,
    programs.texture_model,
    programs.vmf_moments,
    programs.vmf_density,
    programs.ssim,
)
LONG = tuple(program for program in programs.PROGRAMS if program not in QUICK)


@pytest.mark.parametrize("program", QUICK, ids=lambda program: program.__name__)
def test_a_program_is_as_in_float64(program):
    check = program()
    assert check.ok, check.detail


@pytest.mark.slow
@pytest.mark.parametrize("program", LONG, ids=lambda program: program.__name__)
def test_a_long_program_is_as_in_float64(program):
    check = program()
    assert check.ok, check.detail


@pytest.mark.parametrize(
    ("place", "name", "wrong", "program"),
    [
        (ssim, "ssim_vectors", lambda right: lambda *a: 1.0001 * right(*a), programs.ssim),
        (
            vmf,
            "sample",
            lambda right: lambda key, mean, kappa, shape: right(key, mean, 1.1 * kappa, shape),
            programs.vmf_moments,
        ),
        (vmf, "log_prob", lambda right: lambda *a: 0.001 + right(*a), programs.vmf_density),
        (
            TextureModel,
            "generate",
            lambda right: lambda model, latents: 1.0001 * right(model, latents),
            programs.texture_model,
        ),
    ],
    ids=["ssim", "vmf_sample", "vmf_density", "texture_model"],
)
def test_a_wrong_program_fails(monkeypatch, place, name, wrong, program):
    monkeypatch.setattr(place, name, wrong(getattr(place, name)))
    check = program()
    assert not check.ok
    assert check.detail.startswith("largest relative error ")


def test_deep_has_a_section_more(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "CANARIES", ())
    monkeypatch.setattr(doctor, "PROGRAMS", (programs.ssim,))
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--deep", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert stop.value.code == 0
    assert list(report) == ["ok", "versions", "devices", "weights", "canaries", "programs"]
    assert [check["name"] for check in report["programs"]] == ["ssim"]


def test_a_failing_program_ends_with_code_1(capsys, monkeypatch):
    failed = doctor.Check("vgg16", False, "largest relative error 1.0e-01, tolerance 5e-05")
    monkeypatch.setattr(doctor, "CANARIES", ())
    monkeypatch.setattr(doctor, "PROGRAMS", (lambda: failed,))
    with pytest.raises(SystemExit) as stop:
        main(["doctor", "--deep"])
    assert stop.value.code == 1
    assert f"FAIL  vgg16              {failed.detail}" in capsys.readouterr().out


def test_the_gradient_of_vgg16_is_that_of_central_differences():
    params = weights.load_vgg16().params
    draw = np.random.default_rng(0).normal
    image = 100 * draw(size=(9, 11, 3))
    found = networks.vgg16(params, image, "conv2_2")
    cotangents = {name: draw(size=found[name].shape) for name in ("conv1_1", "conv2_1", "conv2_2")}

    def total(image):
        found = networks.vgg16(params, image, "conv2_2")
        return sum(float(np.vdot(cotangents[name], found[name])) for name in cotangents)

    gradient = networks.vgg16_gradient(params, found, cotangents)
    along, differences = reference.slopes(total, image, gradient, 1e-5)
    np.testing.assert_allclose(along, differences, atol=1e-6)


def test_a_wrong_gradient_has_other_slopes():
    point = np.array([[1.0, 2.0], [3.0, 4.0]])
    right, differences = reference.slopes(lambda x: float(np.sum(x**2)), point, 2 * point)
    np.testing.assert_allclose(right, differences, atol=1e-9)
    wrong, differences = reference.slopes(lambda x: float(np.sum(x**2)), point, 2 * point + 0.01)
    assert np.abs(np.subtract(wrong, differences)).max() > 1e-3
