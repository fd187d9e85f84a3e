import json
from importlib import metadata
from pathlib import Path

import click
import jax.numpy as jnp
import numpy as np
import pytest

from jaxtex import cli, vgg
from jaxtex.cli import main
from jaxtex.health import canaries, doctor, reference
from jaxtex.style.objective import terms
from jaxtex.vgg import network
from jaxtex.weights import files as weights


def run(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[object, str]:
    """The exit code and the output of `jaxtex doctor`."""
    with pytest.raises(SystemExit) as stop:
        main(["doctor", *options])
    return stop.value.code, capsys.readouterr().out


def failures(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("FAIL")]


def only(monkeypatch: pytest.MonkeyPatch, *chosen) -> None:
    monkeypatch.setattr(doctor, "CANARIES", chosen)


def test_doctor_finds_nothing_wrong_here(capsys):
    code, output = run(capsys)
    lines = output.splitlines()
    assert code == 0, output
    assert {line[:6] for line in lines} <= {"ok    ", "note  "}
    names = ["Python", "jaxtex", *doctor.PACKAGES, "backend", "vgg16.safetensors", "objective"]
    assert [name for name in names if not any(line[6:].startswith(name) for line in lines)] == []
    assert "adam repeats       equal" in output


def test_json_is_one_object_with_the_checks_of_every_section(capsys, monkeypatch):
    only(monkeypatch, canaries.max_pooling)
    code, output = run(capsys, "--json")
    report = json.loads(output)
    assert code == 0
    assert list(report) == ["ok", "versions", "devices", "weights", "canaries"]
    assert report["ok"] is True
    assert report["canaries"] == [
        {"status": "ok", "name": "max pool", "ok": True, "detail": "equal"}
    ]
    names = [check["name"] for check in report["versions"]]
    assert names == ["Python", "jaxtex", *doctor.PACKAGES]
    assert report["devices"][0]["name"] == "backend"


def test_a_wrong_value_fails(capsys, monkeypatch):
    only(monkeypatch, canaries.gram_matrices)
    right = vgg.gram_matrix
    monkeypatch.setattr(vgg, "gram_matrix", lambda features: right(features) * 1.0001)
    code, output = run(capsys)
    assert code == 1
    (line,) = failures(output)
    assert line.startswith("FAIL  gram matrix        largest relative error ")
    assert line.endswith("e-04, tolerance 1e-05")


def test_a_wrong_gradient_of_a_right_value_fails(monkeypatch):
    def shares_ties_out(x):
        height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
        corners = [x[:, i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]
        return jnp.max(jnp.stack(corners), 0)

    monkeypatch.setattr(network, "max_pool", shares_ties_out)
    check = canaries.max_pooling()
    assert not check.ok
    assert "must be equal" in check.detail


def test_a_wrong_term_of_the_objective_fails(monkeypatch):
    right = terms.ink_loss
    monkeypatch.setattr(terms, "ink_loss", lambda *arguments: right(*arguments) * 1.01)
    problem = reference.Objective(("conv1_1",), "conv1_1")
    found = problem.run("adam", 1).losses.total[0]
    assert found > problem(problem.image.astype(np.float64)) * (1 + 1e-4)


def test_a_value_that_is_not_finite_fails():
    @canaries.canary("nan", 1e-5)
    def both():
        yield [1.0, np.nan], [1.0, 2.0]
        yield 1.0, 1.0

    assert not both().ok


def test_a_canary_that_raises_is_a_failure_with_its_text():
    @canaries.canary("raises", 1e-5)
    def raises():
        yield 1.0, 1.0
        raise RuntimeError("INTERNAL: no kernel image\nat address 0")

    assert raises() == doctor.Check("raises", False, "RuntimeError: INTERNAL: no kernel image")


def test_damaged_weights_fail(capsys, monkeypatch, tmp_path: Path):
    only(monkeypatch)
    header = weights.vgg16_path().read_bytes()[:2000]
    (tmp_path / "vgg16.safetensors").write_bytes(header)
    monkeypatch.setattr(weights, "directory", lambda: tmp_path)
    code, output = run(capsys)
    assert code == 1
    (line,) = failures(output)
    assert line.startswith("FAIL  weights ")
    assert "is not a whole .safetensors file" in line


def test_weights_of_another_digest_fail(capsys, monkeypatch):
    only(monkeypatch)
    monkeypatch.setattr(weights, "_SHIPPED_SHA256", "0" * 64)
    code, output = run(capsys)
    assert code == 1
    (line,) = failures(output)
    assert line.startswith("FAIL  vgg16.safetensors file")
    assert "recorded is 000" in line


@pytest.mark.parametrize("version", ["0.10.2", "0.11.0"])
def test_a_version_known_to_compute_wrong_values_fails(capsys, monkeypatch, version):
    only(monkeypatch)
    right = metadata.version
    monkeypatch.setattr(
        metadata, "version", lambda name: version if name == "jaxlib" else right(name)
    )
    code, output = run(capsys)
    assert code == 1
    (line,) = failures(output)
    assert line.startswith(f"FAIL  jaxlib             {version} ")
    assert "39103" in line


def test_a_missing_package_fails(monkeypatch):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert [c.name for c in doctor.versions() if not c.ok] == list(doctor.PACKAGES)


def test_a_section_that_raises_does_not_stop_the_others(monkeypatch):
    def broken():
        raise RuntimeError("jaxlib version 0.9 is incompatible")

    sections = {"devices": broken, "versions": doctor.versions}
    monkeypatch.setattr(doctor, "SECTIONS", sections)
    first, *others = doctor.examine()
    assert first == (
        "devices",
        doctor.Check("devices", False, "RuntimeError: jaxlib version 0.9 is incompatible"),
    )
    assert others


def test_an_unused_gpu_is_a_note(capsys, monkeypatch):
    only(monkeypatch)
    note = doctor.Note("gpu", True, "not used")
    monkeypatch.setattr(doctor, "SECTIONS", {"devices": lambda: iter([note])})
    code, output = run(capsys)
    assert code == 0
    assert output == "note  gpu                not used\n"


def test_main_honours_the_code_of_ctx_exit(monkeypatch):
    @click.command()
    @click.pass_context
    def command(ctx):
        ctx.exit(3)

    monkeypatch.setattr(cli, "app", command)
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 3
