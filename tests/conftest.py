"""Shape annotations are checked by beartype while the tests run."""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from jaxtyping import install_import_hook

install_import_hook("jaxtex", "beartype.beartype")

# What a script starts in the background ignores Ctrl-C, and so would the commands that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory) -> Iterator[Path]:
    """Programs are compiled once for all workers of pytest-xdist and the processes they start."""
    from jax.experimental.compilation_cache import compilation_cache

    from jaxtex.runtime import configure

    base = tmp_path_factory.getbasetemp()
    # The name of the folder is part of a program's key.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAXTEX_CACHE", str(folder))
        configure()
        # JAX looks but once whether there is a cache: at its first program, long since compiled
        # where a file of tests computes something as it is imported.
        compilation_cache.reset_cache()
        # Modules and what they hold are never garbage: looking through them takes a twentieth of
        # all time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 10, 20)
        yield folder


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forgets compiled programs, between two files of tests, when there are very many."""
    yield
    from jaxtex.runtime import forget_programs

    forget_programs()
