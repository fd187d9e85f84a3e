"""A real cluster of two workers on this machine, in a process of its own."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_jobs import make_images

pytestmark = pytest.mark.slow

SCRIPT = """
import io, json, os, signal, sys
from collections import Counter
from pathlib import Path
import numpy as np
from PIL import Image
from tiny_jobs import TINY
from jaxtex.jobs.local import LocalEngine
from jaxtex.jobs.manifest import Manifest, Row
from jaxtex.jobs.plan import plan
from jaxtex.jobs.ray_engine import RayEngine
from jaxtex.jobs.results import ResultFolder
from jaxtex.style.run import load_network

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
    LocalEngine(network=load_network(), deliver=keep).run(jobs)
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


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs Ray")
def test_a_worker_that_is_killed_loses_nothing_and_nothing_is_written_twice(tmp_path):
    make_images(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (tests, tests.parent)))
    done = subprocess.run(
        [sys.executable, script, tmp_path],
        capture_output=True,
        text=True,
        timeout=580,
        env={**os.environ, "PYTHONPATH": path, "JAXTEX_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["whole"], said["left"], said["done"], said["failed"]) == (True, 0, 24, 0)
    assert said["outputs"] == sorted(f"{number}.png" for number in range(24))
    assert said["most"] == 1
    assert said["warnings"] == ["a worker died; 2 jobs are run again"]
    assert said["difference"] < 0.01
