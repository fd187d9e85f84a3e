"""Shape annotations are checked by beartype while the tests run."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxtex", "beartype.beartype")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Iterator[Path]:
    """Programs are compiled once for the session: its tests, and the processes they start."""
    from jax.experimental.compilation_cache import compilation_cache

    from jaxtex.runtime import configure

    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAXTEX_CACHE", str(folder))
        configure()
        # JAX looks but once whether there is a cache: at its first program, long since compiled
        # where a file of tests computes something as it is imported.
        compilation_cache.reset_cache()
        yield folder


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forgets compiled programs, between two files of tests, when there are very many."""
    yield
    from jaxtex.runtime import forget_programs

    forget_programs()
