import os
import platform
import subprocess
import sys
from pathlib import Path

import jax
import jaxlib.utils
import jaxlib.version
import numpy as np
import pytest

from jaxtex.errors import SettingsError
from jaxtex.runtime import forget_programs, join_cluster, quiet_loader, trim_memory


def test_a_process_on_its_own_joins_nothing(monkeypatch):
    for name in ("JAX_COORDINATOR_ADDRESS", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    # Would fail, were it imported.
    monkeypatch.setitem(sys.modules, "jax", None)
    join_cluster()
    monkeypatch.setenv("SLURM_NTASKS", "1")
    join_cluster()


@pytest.mark.parametrize(("name", "value"), [("SLURM_NTASKS", "many"), ("JAX_NUM_PROCESSES", "-1")])
def test_a_number_of_processes_that_is_none_is_named(monkeypatch, name, value):
    monkeypatch.setenv("JAX_COORDINATOR_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}: '{value}' is not a whole number"):
        join_cluster()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="no malloc_trim")
def test_trimming_gives_back_what_is_free_below_the_heap_s_top():
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    # Below glibc's limit for mappings of their own; the last ones keep the heap's top in place.
    blocks = [bytearray(100_000) for _ in range(2000)]
    del blocks[: 99 * len(blocks) // 100]
    before = resident()
    trim_memory()
    assert before - resident() > 50e6


def mappings():
    return Path("/proc/self/maps").read_bytes().count(b"\n")


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc/self/maps")
def test_programs_are_forgotten_above_the_limit_and_compute_the_same_again():
    traced, at_first = [], mappings()

    @jax.jit
    def compute(x):
        traced.append(x.shape)
        return (x / 3).sum() + x

    inputs = [np.arange(size, dtype=np.float32) for size in range(1, 31)]
    before = [np.asarray(compute(x)) for x in inputs]
    many = mappings()
    assert many > at_first
    assert not forget_programs(many + 1000)
    compute(inputs[0])
    assert len(traced) == len(inputs)
    assert forget_programs(1)
    assert mappings() <= many - len(inputs)
    for x, expected in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(compute(x), expected)
    assert len(traced) == 2 * len(inputs)


def test_nothing_is_forgotten_where_the_system_does_not_tell(monkeypatch):
    def missing(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_bytes", missing)
    assert not forget_programs(0)


# A program of a user who has imported JAX, and whose JAX has computed something, before jaxtex.
JAX_FIRST = """
import jax, jax.numpy as jnp
jnp.ones(3).sum().block_until_ready()
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name))
from jaxtex.runtime import configure
configure("cpu")
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
from jax.experimental.compilation_cache import compilation_cache
compilation_cache.reset_cache()
jax.jit(lambda x: jnp.sin(x) @ x.T)(jnp.ones((7, 5))).block_until_ready()
print(hits.count("/jax/compilation_cache/cache_hits"))
"""

# One who turns the cache of JAX on himself and has jaxtex compute.
CACHE_FIRST = """
import jax, sys
jax.config.update("jax_compilation_cache_dir", sys.argv[1])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name))
import numpy as np
from jaxtex.texture.similarity.ssim import mssim
images = np.zeros((2, 16, 16, 3), np.float32)
mssim(images[0], images[1]).block_until_ready()
print(hits.count("/jax/compilation_cache/cache_hits"))
"""


def run_twice(code: str, cache: Path) -> list[subprocess.CompletedProcess]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("TF_CPP_MIN_LOG_LEVEL", "JAX_COMPILATION_CACHE_DIR")
    }
    environment |= {"JAX_PLATFORMS": "cpu", "JAXTEX_CACHE": str(cache)}
    command = [sys.executable, "-c", code, str(cache)]
    return [
        subprocess.run(command, capture_output=True, text=True, env=environment) for _ in range(2)
    ]


@pytest.mark.parametrize("code", [JAX_FIRST, CACHE_FIRST], ids=["jax_first", "cache_first"])
def test_programs_are_read_from_the_cache_without_a_word(tmp_path, code):
    first, second = run_twice(code, tmp_path / "cache")
    assert [done.returncode for done in (first, second)] == [0, 0], first.stderr + second.stderr
    assert int(first.stdout) == 0
    assert int(second.stdout) > 0
    assert first.stderr + second.stderr == ""


@pytest.mark.parametrize(
    ("level", "version", "found"),
    [
        ("1", (0, 10, 1), [3]),  # JAX's own
        ("3", (0, 10, 1), [3]),
        ("0", (0, 10, 1), []),
        ("2", (0, 10, 1), []),
        ("1", (0, 12, 0), []),
    ],
)
def test_a_level_that_the_user_has_set_stays(monkeypatch, level, version, found):
    levels = []
    monkeypatch.setattr(jaxlib.utils, "absl_set_min_log_level", levels.append)
    monkeypatch.setattr(jaxlib.version, "__version_info__", version)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", level)
    quiet_loader()
    assert levels == found
