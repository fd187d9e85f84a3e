"""Shape annotations are checked by beartype while the tests run."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxtex", "beartype.beartype")


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forgets compiled programs, between two files of tests, when there are very many."""
    yield
    from jaxtex.runtime import forget_programs

    forget_programs()
