"""Sweeps and `stylize_batch` on four devices, which XLA makes of the CPU in its own process."""

import pytest
from virtual_devices import said_on

SCRIPT = """
import json
import jax
import numpy as np
from logos import SHALLOW, bars
from jaxtex.style import Hooks, load_network, problem, resolve_settings, stylize_batch
from jaxtex.style.experiments import Axis, Grid, Sweep, cells

options = {**SHALLOW, "scales": 1, "margin": 0, "steps": 4,
           "finish_steps": 0, "canvas": "grey", "learning_rate": 8.0}
base = resolve_settings("network-of-steel", **options)
grid = Grid(name="grid", title="grid", base=base,
            columns=Axis(name="content", values=(0.0, 1e8, 1e12), option="content_weight"))
style = np.random.default_rng(0).permutation(bars(30, 50))
contents = [bars(), bars()[:, ::-1], bars()[::-1]]
network, seen, frames, steps = load_network(), [], [], []
real = problem.run_chunk

def noted(program, convs, found, coefficients, state, count):
    arrays = state.point, found.content, coefficients.content
    seen.append([[len(a.sharding.device_set), *a.addressable_shards[0].data.shape[:1]]
                 for a in arrays])
    return real(program, convs, found, coefficients, state, count)

problem.run_chunk = noted
hooks = Hooks(frame=lambda step, pictures: frames.append(len(pictures)), frame_every=4,
              progress=lambda progress: steps.append(progress.loss))

def pictures(devices):
    sweep = Sweep(cells(grid), contents[0], style, devices=devices)
    swept = [result.image for _, result in sweep.run(network=network)]
    found = stylize_batch(contents, style, preset="network-of-steel", network=network,
                          hooks=hooks, devices=devices, **options)
    losses = [float(result.history.total[-1]) for result in found]
    return np.array([*swept, *(result.image for result in found)]), losses

four, losses = pictures(None)
placed, shown, last = seen[:], frames[:], steps[-1]
one, _ = pictures(jax.local_devices()[:1])
print(json.dumps({
    "devices": len(jax.local_devices()),
    "placed": placed,
    "frames": shown,
    "mean": [last, float(np.mean(losses))],
    "shapes": [four.shape, one.shape],
    "difference": float(np.abs(four - one).max()),
    "apart": [float(np.abs(a - b).max()) for a, b in zip(one, one[1:])],
}))
"""


@pytest.fixture(scope="module")
def said():
    return said_on(4, SCRIPT)


def test_four_devices_give_what_one_gives(said):
    assert said["devices"] == 4
    assert said["shapes"][0] == said["shapes"][1]
    assert said["difference"] < 0.01
    assert min(said["apart"]) > 0.02


def test_every_device_has_its_share_of_the_jobs(said):
    # Of three: the fourth device has a copy of the last one.
    for arrays in said["placed"]:
        assert arrays == [[4, 1]] * 3


def test_copies_that_fill_a_batch_are_not_shown(said):
    assert set(said["frames"]) == {3}
    assert said["mean"][0] == pytest.approx(said["mean"][1], rel=1e-5)
