"""A batch over several devices: none waits for another, and all find what one alone does."""

import numpy as np
import pytest
from virtual_devices import said_on

SCRIPT = """
import json, re
import jax
import numpy as np
from logos import bars
from jaxtex import platforms
from jaxtex.style import (
    Placement, SharedTargets, load_network, make_job, problem, resolve_settings, run_jobs
)
from jaxtex.style.optimise import compiled_chunk

# With a pool and all terms, but few layers: seconds to compile.
settings = resolve_settings(
    "steel", layers={"conv1_2": 1.0, "conv2_1": 1.0}, content_layer="conv2_1", canvas="grey",
    size=32, margin=0, steps=3, finish_steps=0, scales=1,
)
style = np.random.default_rng(1).permutation(bars(30, 50))
jobs = [make_job(settings, np.roll(bars(), 3 * number, 1), [style]) for number in range(8)]
start = np.stack([job.init for job in jobs])
network, programs = load_network(), []

def noted(program, *args):
    if not programs:
        programs.append(compiled_chunk(program).lower(program, *args).compile())
    return programs[0](*args)

problem.run_chunk = noted
found = {}
for forms, counts in (("cpu", (1, 8)), ("tpu", (1, 4))):
    for count in counts:
        programs.clear()
        with platforms.tracing_for(forms):
            shared = SharedTargets(network, Placement(jax.devices()[:count]))
            levels = np.stack([outcome.levels for outcome in run_jobs(jobs, shared=shared)])
        text = programs[0].as_text()
        found[f"{forms} {count}"] = {
            "devices": int((re.search(r"num_partitions=(\\d+)", text) or "11")[1]),
            "waits": re.findall(r" (all-\\w+|reduce-scatter|collective-\\w+)(?:-start)?\\(", text),
            "levels": levels.tolist(),
        }
print(json.dumps({"start": start.tolist(), "found": found}))
"""


@pytest.fixture(scope="module")
def said():
    return said_on(8, SCRIPT, timeout=600, strict=False)


@pytest.mark.parametrize(("forms", "count"), [("cpu", 8), ("tpu", 4)])
def test_no_device_waits_for_another(said, forms, count):
    found = said["found"][f"{forms} {count}"]
    assert found["devices"] == count
    assert found["waits"] == []


@pytest.mark.parametrize(("forms", "count"), [("cpu", 8), ("tpu", 4)])
def test_devices_find_what_one_finds(said, forms, count):
    one, several = (np.array(said["found"][f"{forms} {each}"]["levels"]) for each in (1, count))
    moved = np.abs(one - said["start"]).max()
    assert moved > 1
    np.testing.assert_allclose(several, one, rtol=0, atol=1e-3 * moved)
