"""Batches shared out to eight devices, which XLA makes of the CPU in a process of its own."""

import pytest
from msgnet_models import random_model
from texture_models import lively_model
from tiny_jobs import make_images
from virtual_devices import said_on

SCRIPT = """
import io, json, sys
from pathlib import Path
import jax
import numpy as np
from PIL import Image
from tiny_jobs import TINY
from jaxtex.jobs.kinds import msgnet
from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.manifests.manifest import Manifest, Row
from jaxtex.jobs.kinds.plan import plan
from jaxtex.style import problem
from jaxtex.style.optimise import _run_by_xla

folder = Path(sys.argv[1])
manifest = Manifest(name="rows", folder=folder)
for number in range(11):
    optimizer = {"optimizer": "adam", "learning_rate": 8} if number > 7 else {}
    values = {**TINY, "content": f"c{1 + number % 2}.png", "style": ("s1.png",),
              "output": f"{number}.png", "content_weight": 0.05 + number / 10, **optimizer}
    manifest.rows.append(Row(number + 1, values))
kinds = [{"job": "msgnet", "content": f"c{1 + n % 2}.png", "style": ("s1.png",),
          "model": sys.argv[2], "output": f"m{n}.png"} for n in range(3)]
kinds.append({"job": "texture", "output": "t.png", "count": 3, "model": sys.argv[3]})
manifest.rows += [Row(20 + number, values) for number, values in enumerate(kinds)]
jobs, bad = plan(manifest, folder / "out")
assert not bad, bad
real, seen = problem.run_chunk, []
real_stylise, applied = msgnet.stylise, []

def noted(program, convs, found, coefficients, state, count):
    arrays = {"image": state.point, "targets": found.content, "weights": coefficients.content}
    seen.append({name: [len(a.sharding.device_set), a.addressable_shards[0].data.shape[0]]
                 for name, a in arrays.items()})
    seen[-1]["kernels"] = [len(d.sharding.device_set) for d in jax.tree.leaves(convs)][:1]
    return real(program, convs, found, coefficients, state, count)

problem.run_chunk = noted

def noted_stylise(blueprint, values, contents, target):
    applied.append([len(contents.sharding.device_set), contents.addressable_shards[0].data.shape[0],
                    len(target.sharding.device_set),
                    *{len(value.sharding.device_set) for value in values.values()}])
    return real_stylise(blueprint, values, contents, target)

msgnet.stylise = noted_stylise

def pictures(devices):
    found = {}
    def deliver(each):
        with Image.open(io.BytesIO(each.image)) as image:
            found[each.job.output] = np.asarray(image, np.float32) / 255
    engine = LocalEngine(deliver=deliver, devices=devices)
    assert engine.run(jobs)
    return found

eight = pictures(jax.local_devices())
placed, shared = seen[:], applied[:]
programs = _run_by_xla._cache_size()
msgnet.stylise = real_stylise
one = pictures(jax.local_devices()[:1])
print(json.dumps({
    "devices": len(jax.local_devices()),
    "difference": max(float(np.abs(eight[name] - one[name]).max()) for name in one),
    "spread": float(np.abs(one["0.png"] - one["2.png"]).max()),
    "names": [sorted(eight), sorted(one)],
    "placed": placed,
    "applied": shared,
    "applications": float(np.abs(eight["m0.png"] - eight["m1.png"]).max()),
    "programs": programs,
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    make_images(folder)
    models = random_model(folder / "net.safetensors"), lively_model(folder / "t.safetensors")
    return said_on(8, SCRIPT, folder, *models)


def test_eight_devices_give_what_one_gives(said):
    assert said["devices"] == 8
    assert said["names"][0] == said["names"][1]
    assert len(said["names"][0]) == 15
    assert said["difference"] < 0.01
    assert said["spread"] > 0.05
    assert said["applications"] > 0.05


def test_every_device_has_its_share_of_the_jobs_and_all_of_the_network(said):
    for each in said["placed"]:
        for name in ("image", "targets", "weights"):
            assert each[name] == [8, 1]
        assert each["kernels"] == [8]
    # Contents by one, style and network whole.
    assert said["applied"] == [[8, 1, 8, 8]]


def test_a_shared_batch_is_compiled_once(said):
    # One program for L-BFGS and one for Adam.
    assert said["programs"] == 2
