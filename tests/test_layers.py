"""The rooms of the house: who may import whom, and how much fits into one."""

import subprocess
import sys
from pathlib import Path

import pytest

import jaxtex

pytest.importorskip("importlinter", reason="import-linter is not installed")

PACKAGE = Path(jaxtex.__file__).parent
FOLDERS = sorted({path.parent for path in PACKAGE.rglob("*.py")})


def inside(path):
    return path.relative_to(PACKAGE).as_posix()


def test_rooms_import_only_from_those_below():
    # In a process of its own: it closes the streams that it prints to.
    code = (
        "import sys; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(no_cache=True, no_logo=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=inside)
def test_a_module_fits_on_a_few_screens(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 320


@pytest.mark.parametrize("folder", FOLDERS, ids=inside)
def test_a_folder_has_about_a_dozen_modules(folder):
    assert len(list(folder.glob("[!_]*.py"))) <= 14


@pytest.mark.parametrize("folder", FOLDERS, ids=inside)
def test_a_room_says_what_it_is_for(folder):
    first = (folder / "__init__.py").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith('"""')
    assert first.rstrip('"').endswith(".")
