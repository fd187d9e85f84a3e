"""What four devices tell each other, in the compiled text; XLA makes them of the CPU."""

import pytest
from virtual_devices import said_on

SCRIPT = r"""
import json, math, re
import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from jaxtex import platforms
from jaxtex.style.msgnet import model as msgnet, train as msgnet_train
from jaxtex.style.run import load_network
from jaxtex.texture.dcgan import model as dcgan, train as dcgan_train
from jaxtex.training import devices

mesh, network = devices(), load_network()
assert mesh.size == 4
KINDS = "all-reduce|all-gather|all-to-all|collective-permute|collective-broadcast|reduce-scatter"

def arrays(tree, *axes):
    sharding = NamedSharding(mesh, PartitionSpec(*axes))
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), tree
    )

def batch(*shape, dtype=np.float32):
    return arrays(np.empty(shape, dtype), "batch")

def whole(*shape, dtype=np.float32):
    return arrays(np.empty(shape, dtype))

def told(function, *args):
    lowered = function.lower(*args)
    compiled = lowered.compile()
    found = []
    for line in compiled.as_text().splitlines():
        said = re.search(rf"= (.*?) ({KINDS})(-start)?\(", line)
        if said:
            shapes = re.findall(r"\w+\[([\d,]*)\]", said[1])
            sizes = [math.prod(map(int, filter(None, shape.split(",")))) for shape in shapes]
            found.append([said[2], max(sizes)])
    work = [each.cost_analysis()["flops"] for each in (compiled, lowered)]
    return {"told": found, "share": work[0] / work[1]}

def of_dcgan(mesh, count, **options):
    settings = dcgan_train.Settings(features=4, latent_size=8, batch_size=count, **options)
    networks, state = dcgan_train.start(settings, mesh)
    return networks, settings.rates(), state

def training(count, steps=1, **options):
    networks, rates, state = of_dcgan(mesh, count, **options)
    textures = arrays(np.empty((steps, count, 64, 64, 3), np.uint8), None, "batch")
    return told(dcgan_train.train_steps, networks, rates, arrays(state), textures)

def programs():
    yield "dcgan", lambda: training(16)
    yield "dcgan in a loop", lambda: training(16, steps=2)
    yield "dcgan spectral augmented", lambda: training(16, spectral=True, augmented=True)
    settings = msgnet_train.Settings(features=2, size=32, style_sizes=(32,), batch_size=4)
    blueprint, state = msgnet_train.start(settings)
    kernels = jax.eval_shape(lambda: msgnet_train.prepare(network, 32, 32))
    images, style = (4, 32, 32, 3), (1, 32, 32, 3)
    yield "msgnet", lambda: told(
        msgnet_train.train_step, blueprint, settings.rates(), arrays(kernels), arrays(state),
        batch(*images, dtype=np.uint8), whole(*style, dtype=np.uint8),
    )
    values = arrays(state.network)
    yield "msgnet apply", lambda: told(
        msgnet.stylise, blueprint, values, batch(*images), whole(1, 8, 8)
    )
    networks, _, state = of_dcgan(None, 4)
    params = dcgan.fold(networks.generator.build({**state.generator, **state.statistics}))
    yield "sampling", lambda: told(
        jax.jit(dcgan.TextureModel.render), arrays(params), batch(8, 8)
    )

found = {}
# Of both forms of convolutions: those for CPU, and the direct ones of accelerators.
for platform in ("cpu", "tpu"):
    with platforms.tracing_for(platform):
        for name, compiled in programs():
            if (platform == "cpu") == (name == "dcgan"):
                found[f"{name}, {platform}"] = compiled()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found():
    # Nothing is run: machine code may be poor.
    return said_on(4, SCRIPT, timeout=900, strict=False, flags="--xla_backend_optimization_level=0")


LARGEST = {"dcgan": 4 * 4 * 16 * 32, "msgnet": 7 * 7 * 3 * 64}
"""The entries of the largest kernel."""


@pytest.mark.parametrize(
    "program",
    ["dcgan, cpu", "dcgan in a loop, tpu", "dcgan spectral augmented, tpu", "msgnet, tpu"],
)
def test_training_adds_up_what_has_the_size_of_weights_and_says_nothing_else(found, program):
    told = found[program]["told"]
    assert {kind for kind, _ in told} == {"all-reduce"}
    # In Winograd's form a kernel has up to 36 entries for 16: less than a map of all images.
    assert max(size for _, size in told) <= 36 / 16 * LARGEST[program.split(",")[0].split()[0]]


@pytest.mark.parametrize("program", ["msgnet apply, tpu", "sampling, tpu"])
def test_images_are_made_without_a_word(found, program):
    assert found[program]["told"] == []


@pytest.mark.parametrize("program", ["dcgan, cpu", "msgnet apply, tpu"])
def test_a_device_does_a_quarter_of_the_work(found, program):
    assert found[program]["share"] < 0.28
