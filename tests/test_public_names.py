"""What `import jaxtex` offers, as README and documentation use it."""

import subprocess
import sys

import pytest

import jaxtex


@pytest.mark.parametrize("name", jaxtex.__all__)
def test_every_public_name_is_there(name):
    assert getattr(jaxtex, name) is not None


@pytest.mark.parametrize("name", jaxtex.texture.__all__)
def test_every_texture_module_is_there(name):
    assert getattr(jaxtex.texture, name).__name__ == f"jaxtex.texture.{name}"


def test_texture_modules_come_with_the_package_alone():
    code = "import jaxtex; print(jaxtex.texture.vmf.sample.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "sample\n", done.stderr


def test_importing_the_package_does_not_import_jax():
    code = "import sys, jaxtex, jaxtex.texture; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("module", [jaxtex, jaxtex.texture])
def test_an_unknown_name_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match=f"No {module.__name__} attribute nothing"):
        _ = module.nothing
