"""A real cluster of workers on this machine, in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgnet_models import random_model
from texture_models import lively_model
from tiny_jobs import make_images

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray"),
]

SCRIPT = """
import io, json, os, signal, sys
from collections import Counter
from pathlib import Path
import numpy as np
from PIL import Image
from tiny_jobs import TINY
from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.manifests.manifest import Manifest, Row
from jaxtex.jobs.kinds.plan import plan
from jaxtex.jobs.engines.cluster import RayEngine
from jaxtex.jobs.results import ResultFolder

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    manifest = Manifest(name="rows", folder=folder)
    for number in range(24):
        values = {**TINY, "content": f"c{1 + number % 2}.png", "style": ("s1.png",),
                  "output": f"{number}.png", "content_weight": 0.05 + number / 10}
        manifest.rows.append(Row(number + 1, values))
    jobs, bad = plan(manifest, folder / "out")
    assert not bad, bad
    results, warnings, killed, times = ResultFolder(folder / "out"), [], [], Counter()

    def deliver(each):
        results.write(each)
        times[each.job.output] += 1
        if len(times) == 3:
            killed.append(engine.processes[0])
            os.kill(killed[0], signal.SIGKILL)

    engine = RayEngine(deliver=deliver, workers=2, batch_size=1, device="cpu",
                       warn=warnings.append)
    with results.opened(jobs, resume=True, overwrite=False) as missing:
        whole = engine.run(missing)
    with results.opened(jobs, resume=True, overwrite=False) as missing:
        left = len(missing)

    alone = {}
    def keep(each):
        alone[each.job.output] = each.image
    LocalEngine(deliver=keep).run(jobs)
    def pixels(data):
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image, np.float32) / 255
    difference = max(
        float(np.abs(pixels((folder / "out" / name).read_bytes()) - pixels(data)).max())
        for name, data in alone.items()
    )
    lines = (folder / "out" / "results.jsonl").read_text().splitlines()
    print(json.dumps({
        "whole": whole, "left": left, "done": engine.done, "failed": engine.failed,
        "outputs": sorted(json.loads(line)["output"] for line in lines),
        "most": max(times.values()), "warnings": warnings, "difference": difference,
    }))
"""


KINDS = """
import json, sys
from pathlib import Path
from tiny_jobs import TINY
from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.manifests.manifest import Manifest, Row
from jaxtex.jobs.kinds.plan import plan
from jaxtex.jobs.engines.cluster import RayEngine

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    rows = [
        {**TINY, "content": "c1.png", "style": ("s1.png",), "output": "s.png"},
        {"job": "msgnet", "content": "c1.png", "style": ("s1.png",), "model": "net.safetensors",
         "output": "m.png"},
        {"job": "texture", "count": 3, "direction": "random", "model": "t.safetensors",
         "output": "t.png"},
        {"job": "texture", "radius": 30, "model": "t.safetensors", "output": "bad.png"},
    ]
    manifest = Manifest(name="rows", folder=folder)
    manifest.rows = [Row(line, row) for line, row in enumerate(rows)]
    jobs, bad = plan(manifest, folder / "out")
    assert not bad, bad
    far, near = {}, {}
    engine = RayEngine(deliver=lambda each: far.update({each.job.output: each}), workers=1,
                       device="cpu")
    assert engine.run(jobs)
    LocalEngine(deliver=lambda each: near.update({each.job.output: each})).run(jobs)
    print(json.dumps({
        "same": [name for name in near if near[name].image == far[name].image],
        "identities": [near[name].record()["identity"] == far[name].record()["identity"]
                       for name in near],
        "failed": {name: each.error for name, each in far.items() if each.image is None},
    }))
"""


@pytest.fixture
def run(tmp_path):
    """Runs a script on the images of `make_images`; gives the JSON of its last line."""

    def run(text):
        make_images(tmp_path)
        script = tmp_path / "script.py"
        script.write_text(text)
        tests = Path(__file__).parents[2]
        path = os.pathsep.join(map(str, (tests, tests.parent)))
        done = subprocess.run(
            [sys.executable, script, tmp_path],
            capture_output=True,
            text=True,
            timeout=580,
            env={**os.environ, "PYTHONPATH": path, "JAXTEX_CACHE": str(tmp_path / "cache")},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def test_jobs_of_all_kinds_are_what_they_are_in_one_process(run, tmp_path):
    random_model(tmp_path / "net.safetensors")
    lively_model(tmp_path / "t.safetensors")
    said = run(KINDS)
    assert {"m.png", "t.png", "bad.png"} <= set(said["same"])
    assert said["identities"] == [True] * 4
    assert list(said["failed"]) == ["bad.png"]
    assert "points lie off the prior's shell" in said["failed"]["bad.png"]


def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_written_twice(run):
    said = run(SCRIPT)
    assert (said["whole"], said["left"], said["done"], said["failed"]) == (True, 0, 24, 0)
    assert said["outputs"] == sorted(f"{number}.png" for number in range(24))
    assert said["most"] == 1
    assert said["warnings"] == ["a worker died; 2 jobs are run again"]
    assert said["difference"] < 0.01
