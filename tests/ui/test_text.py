"""The words of the front: all in one place, and none that nobody shows."""

import re
from pathlib import Path

import pytest

from jaxtex.ui import text

PACKAGE = Path(text.__file__).parent
CODE = "".join(
    path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "text.py"
)


@pytest.mark.parametrize("name", [name for name in vars(text) if name.isupper()])
def test_every_word_is_shown_somewhere(name):
    assert re.search(rf"\btext\.{name}\b", CODE)
