"""Shape annotations are checked by beartype while the tests run."""

import gc
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxtex", "beartype.beartype")

_MAPS = Path("/proc/self/maps")
# Linux allows a process 65,530 mappings; every compiled program on CPU takes some, and XLA crashes
# when it gets no more.
_MOST_MAPPINGS = 20_000


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forgets compiled programs, between two files of tests, when there are very many."""
    yield
    if _MAPS.exists() and _MAPS.read_bytes().count(b"\n") > _MOST_MAPPINGS:
        import jax

        jax.clear_caches()
        gc.collect()
