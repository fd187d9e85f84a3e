"""`jaxtex bench`."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from jaxtex.cli import app
from jaxtex.cli import bench as command
from jaxtex.errors import SettingsError


def test_bench_lists_the_measurements_with_their_questions():
    done = CliRunner().invoke(app, ["bench"])
    assert done.exit_code == 0
    questions = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    for name in ("cold-start", "memory", "ssim", "stylize", "time-to-quality"):
        assert questions[name].endswith("?")


def test_bench_lists_the_measurements_as_json():
    done = CliRunner().invoke(app, ["bench", "--json"])
    assert "stylize" in json.loads(done.stdout)["benchmarks"]


def test_bench_refuses_an_unknown_name_and_names_those_there_are():
    code = "from jaxtex.cli import main; main(['bench', 'stylise'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert "'stylise' is unknown; allowed are accelerator, all, " in done.stderr


@pytest.mark.parametrize("separator", [[], ["--"]])
def test_bench_hands_arguments_and_exit_code_on(monkeypatch, tmp_path, separator):
    script = tmp_path / "echo_vs_others.py"
    script.write_text("import sys, jaxtex\nprint(*sys.argv[1:])\nsys.exit(7)\n")
    monkeypatch.setattr(command, "directory", lambda: tmp_path)
    captured = []
    run = subprocess.run

    def keep_output(*arguments, **options):
        captured.append(run(*arguments, **options, capture_output=True, text=True))
        return captured[0]

    monkeypatch.setattr(command.subprocess, "run", keep_output)
    arguments = ["bench", "echo", *separator, "--json", "a", "--help"]
    assert CliRunner().invoke(app, arguments).exit_code == 7
    assert captured[0].stdout == "--json a --help\n"


def test_bench_without_scripts_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "directory", lambda: tmp_path)
    result = CliRunner().invoke(app, ["bench", "stylize"])
    assert isinstance(result.exception, SettingsError)
