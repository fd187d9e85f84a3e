"""What users' type checkers see: a program that uses the public interface is clean."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("typed_program.py")
WRONG = "jaxtex.stylize(3, 'band.png', strength='much')\n"


def mypy(path: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    words = ["--strict", "--follow-imports=silent", "--config-file=", f"--cache-dir={tmp_path}"]
    return subprocess.run(
        [sys.executable, "-m", "mypy", *words, str(path)], capture_output=True, text=True
    )


def test_mypy_finds_nothing_in_strict_mode_and_what_is_wrong(tmp_path):
    pytest.importorskip("mypy", reason="mypy is not installed")
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import jaxtex\n" + WRONG)
    done = mypy(PROGRAM, tmp_path)
    assert done.returncode == 0, done.stdout
    assert 'incompatible type "str"; expected "float | int | None"' in mypy(wrong, tmp_path).stdout


def test_pyright_finds_nothing_in_strict_mode(tmp_path):
    pyright = [sys.executable, "-m", "pyright"]
    if subprocess.run([*pyright, "--version"], capture_output=True).returncode:
        pytest.skip("pyright is not installed, or cannot fetch its program")
    copy = tmp_path / "program.py"
    copy.write_text(PROGRAM.read_text(encoding="utf-8"))
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(PROGRAM.parents[1])]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    words = ["--pythonpath", sys.executable, "-p", str(tmp_path)]
    done = subprocess.run([*pyright, *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
