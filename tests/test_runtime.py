import sys

import pytest

from jaxtex.errors import SettingsError
from jaxtex.runtime import join_cluster


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
