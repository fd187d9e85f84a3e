"""What the rooms offer at their doors, as README and documentation use it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import jaxtex

ROOMS = sorted(
    ".".join(("jaxtex", *stub.parent.relative_to(Path(jaxtex.__file__).parent).parts))
    for stub in Path(jaxtex.__file__).parent.rglob("__init__.pyi")
)
MODULES = (
    "cluster",
    "interpolate",
    "invert",
    "model",
    "rendered",
    "search",
    "sphere",
    "ssim",
    "vmf",
)


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_at_a_door_is_there(room):
    door = importlib.import_module(room)
    assert door.__all__
    for name in door.__all__:
        assert getattr(door, name) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_at_a_door_is_also_that_of_a_module_behind_it(room):
    """Importing the module would put it in the place of the name."""
    door = importlib.import_module(room)
    modules = {path.stem for path in Path(door.__file__).parent.glob("[!_]*.py")}
    for name in modules.intersection(door.__all__):
        assert getattr(door, name).__name__ == f"{room}.{name}"


@pytest.mark.parametrize("name", MODULES)
def test_every_documented_texture_module_is_there(name):
    assert getattr(jaxtex.texture, name).__name__.rpartition(".")[2] == name


def test_texture_modules_come_with_the_package_alone():
    code = "import jaxtex; print(jaxtex.texture.vmf.sample.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "sample\n", done.stderr


def test_importing_the_rooms_imports_neither_jax_nor_numpy():
    code = (
        f"import sys; [__import__(room) for room in {ROOMS}]; "
        "sys.exit('jax' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("module", [jaxtex, jaxtex.texture])
def test_an_unknown_name_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match=f"No {module.__name__} attribute nothing"):
        _ = module.nothing
