"""The words of the front: all in one place, and none that nobody shows."""

import re
from pathlib import Path

import pytest

from jaxtex.ui import text, text_textures

PACKAGE = Path(text.__file__).parent
CODE = "".join(
    path.read_text(encoding="utf-8")
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE or not path.name.startswith("text")
)
WORDS = {name for words in (text, text_textures) for name in vars(words) if name.isupper()}


@pytest.mark.parametrize("name", sorted(WORDS))
def test_every_word_is_shown_somewhere(name):
    assert re.search(rf"\btext(_textures)?\.{name}\b", CODE)
