import os
import platform
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxtex.errors import SettingsError
from jaxtex.runtime import forget_programs, join_cluster, trim_memory


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
