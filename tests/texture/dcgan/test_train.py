import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import jaxtex
from jaxtex.errors import SettingsError
from jaxtex.texture.dcgan.augment import augment
from jaxtex.texture.dcgan.network import Discriminator, Generator
from jaxtex.texture.dcgan.settings import Settings
from jaxtex.texture.dcgan.train import (
    averaged_generator,
    normalised,
    start,
    take_apart,
    train_step,
    train_steps,
)
from jaxtex.training import devices, place_batch, place_state

TINY = Settings(features=2, latent_size=8, batch_size=8, seed=5)


def textures(count: int = 8) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 64, 64, 3), np.uint8)


def stepped(settings: Settings, steps: int = 1):
    networks, state = start(settings)
    rows = []
    for _ in range(steps):
        state, losses = train_step(networks, settings.rates(), state, jnp.asarray(textures()))
        rows.append([float(value) for value in losses])
    return networks, state, np.array(rows)


def test_a_step_is_that_of_the_paper():
    """Against both updates written out with modules, autodiff and optax."""
    networks, before = start(TINY)
    latent_key = jax.random.split(jax.random.fold_in(TINY.rates().key(0), 1), 4)[0]
    latents = jax.random.normal(latent_key, (8, 8))
    real = jnp.asarray(textures()) / 127.5 - 1
    adam = optax.adam(2e-4, b1=0.5)

    def generate(values):
        return networks.generator.build({**values, **before.statistics})(latents, train=True)

    def logits(values, x):
        _, start_values = take_apart(Discriminator(features=2, rngs=nnx.Rngs(0)))
        return networks.discriminator.build({**start_values, **values})(x)

    def cross_entropy(found, label):
        return optax.sigmoid_binary_cross_entropy(found, jnp.full(8, label)).mean()

    def judge_loss(values):
        fake = logits(values, generate(before.generator))
        return cross_entropy(logits(values, real), 1.0) + cross_entropy(fake, 0.0)

    loss, gradient = jax.jit(jax.value_and_grad(judge_loss))(before.discriminator)
    update, _ = adam.update(gradient, adam.init(before.discriminator))
    judge = optax.apply_updates(before.discriminator, update)
    other_loss, gradient = jax.jit(
        jax.value_and_grad(lambda values: cross_entropy(logits(judge, generate(values)), 1.0))
    )(before.generator)
    update, _ = adam.update(gradient, adam.init(before.generator))
    maker = optax.apply_updates(before.generator, update)

    _, after, rows = stepped(TINY)
    assert rows[0, :2] == pytest.approx([float(loss), float(other_loss)], rel=1e-4)
    # Adam's first step is ±2e-4: where the gradient is about 0, its sign is rounding's.
    for found, expected in ((after.discriminator, judge), (after.generator, maker)):
        for name, value in expected.items():
            off = np.abs(np.asarray(found[name] - value)) > 2e-5
            assert off.mean() < 0.02, name


def test_several_steps_in_one_dispatch_are_those_made_one_by_one():
    networks, _, rows = stepped(TINY, 3)
    _, state = start(TINY)
    batches = jnp.stack([jnp.asarray(textures())] * 3)
    after, losses = train_steps(networks, TINY.rates(), state, batches[:2])
    assert int(after.step) == 2
    np.testing.assert_allclose(np.stack(losses, 1), rows[:2], rtol=1e-4)
    after, losses = train_steps(networks, TINY.rates(), after, batches[2:])
    assert int(after.step) == 3
    np.testing.assert_allclose(np.stack(losses, 1), rows[2:], rtol=1e-4)


def test_equal_seeds_give_equal_bytes():
    one, other = stepped(TINY, 2), stepped(TINY, 2)
    jax.tree.map(np.testing.assert_array_equal, one[1], other[1])
    np.testing.assert_array_equal(one[2], other[2])


def test_another_seed_gives_other_losses():
    assert stepped(TINY)[2][0, 0] != stepped(Settings(**{**TINY.to_dict(), "seed": 6}))[2][0, 0]


def test_the_average_follows_the_generator():
    networks, before = start(TINY)
    old = {name: np.asarray(value) for name, value in before.generator.items()}
    after, _ = train_step(networks, TINY.rates(), before, jnp.asarray(textures()))
    for name, value in after.average.items():
        expected = 0.1 * old[name] + 0.9 * np.asarray(after.generator[name])
        np.testing.assert_allclose(value, expected, atol=1e-6)


def test_the_averaged_generator_has_the_statistics_of_its_own_textures():
    networks, state, _ = stepped(TINY, 3)
    generator = averaged_generator(networks, TINY.rates(), state)
    assert isinstance(generator, Generator)
    latents = jax.random.normal(jax.random.key(0), (2000, 8))
    x = jnp.tensordot(latents, generator.project[...], 1)
    np.testing.assert_allclose(generator.norms[0].mean[...], x.mean((0, 1, 2)), atol=2e-3)
    np.testing.assert_allclose(generator.norms[0].var[...], x.var((0, 1, 2)), rtol=0.15)


def test_spectral_normalisation_makes_the_largest_singular_value_one():
    rng = np.random.default_rng(0)
    values = {"kernel": jnp.asarray(rng.normal(size=(4, 4, 3, 5)), jnp.float32)}
    directions = {"kernel": jnp.full(5, 5**-0.5)}
    improve = jax.jit(normalised)
    for _ in range(100):
        found, directions = improve(values, directions)
    matrix = np.asarray(found["kernel"]).reshape(-1, 5)
    assert np.linalg.norm(matrix, 2) == pytest.approx(1, abs=1e-3)
    # Its gradient is that of a quotient: none along the kernel itself.
    slope = jax.grad(
        lambda kernel: (normalised({"kernel": kernel}, directions)[0]["kernel"] ** 3).sum()
    )
    assert np.vdot(slope(values["kernel"]), values["kernel"]) == pytest.approx(0, abs=1e-3)


def test_a_spectral_discriminator_can_learn_that_even_grey_is_not_real():
    networks, state = start(Settings(**{**TINY.to_dict(), "spectral": True}))
    values, _ = normalised(state.discriminator, state.directions)
    grey = jnp.zeros((2, 64, 64, 3))

    def logit(values):
        return networks.discriminator.build(values)(grey).mean()

    slopes = jax.jit(jax.grad(logit))(values)
    assert float(slopes["bias"]) == pytest.approx(1)
    moved = {name: value + (name.endswith("bias")) for name, value in values.items()}
    slopes = jax.jit(jax.grad(logit))(moved)
    assert all(
        np.abs(slope).max() > 0 for name, slope in slopes.items() if name != "convs.0.kernel"
    )


def test_spectral_normalisation_of_the_logit_is_that_of_a_single_output():
    _, state = start(Settings(**{**TINY.to_dict(), "spectral": True}))
    values, _ = normalised(state.discriminator, state.directions)
    assert np.linalg.norm(values["judge"]) == pytest.approx(1, abs=1e-4)
    assert not any("bias" in name for name in state.directions)


def test_the_learning_rate_falls_evenly_to_nothing():
    rates = Settings(learning_rate=0.4, decay=(10, 14)).rates()
    ones = jnp.ones(3)
    moved = []
    for step in (0, 10, 11, 13, 14):
        optimiser = rates.optimiser(jnp.int32(step))
        update, _ = optimiser.update(ones, optimiser.init(ones))
        moved.append(-float(update[0]))
    assert moved == pytest.approx([0.4, 0.4, 0.3, 0.1, 0], rel=1e-5)
    steady = Settings(learning_rate=0.4).rates()
    for step in (0, 2**31 - 4):
        optimiser = steady.optimiser(jnp.int32(step))
        update, _ = optimiser.update(ones, optimiser.init(ones))
        assert -float(update[0]) == pytest.approx(0.4, rel=1e-5)


def test_a_discriminator_has_its_own_width():
    _, state = start(Settings(features=1, discriminator_features=3, latent_size=4, batch_size=2))
    assert state.discriminator["convs.0.kernel"].shape == (4, 4, 3, 3)
    assert state.generator["convs.3.kernel"].shape == (4, 4, 3, 1)


@pytest.mark.slow
@pytest.mark.parametrize("option", ["spectral", "augmented"])
def test_training_with_an_option_runs(option):
    _, state, rows = stepped(Settings(**{**TINY.to_dict(), option: True}), 3)
    assert np.isfinite(rows).all()
    assert any("norms" in name for name in state.discriminator) == (option != "spectral")


def test_augmentation_changes_textures_and_passes_gradients_on():
    x = jnp.asarray(textures(3), jnp.float32) / 127.5 - 1
    found = augment(jax.random.key(0), x)
    assert found.shape == x.shape
    assert float(jnp.abs(found).max()) < 6
    assert (found != augment(jax.random.key(1), x)).any()
    slope = jax.jit(jax.grad(lambda x: augment(jax.random.key(0), x).sum()))(x)
    assert np.isfinite(slope).all()
    assert float((slope != 0).mean()) > 0.9
    # A hole of a quarter by a quarter, perhaps partly outside, and what the shift left free.
    assert 1 / 4096 <= float((found == 0).mean()) < 1 / 16 + 2 / 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 32}, "size: 32"),
        ({"batch_size": 1}, "batch_size: 1"),
        ({"seed": -1}, "seed: -1"),
        ({"learning_rate": 0.0}, "learning_rate: 0.0"),
        ({"beta1": 1.0}, "beta1: 1.0"),
        ({"average": -0.1}, "average: -0.1"),
        ({"discriminator_features": 0}, "features: 0"),
        ({"decay": (5, 5)}, "decay_after: 5 is not a step from 0 to before 5"),
        ({"decay": (-1, 5)}, "decay_after: -1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_settings_are_refused(change, message):
    with pytest.raises(SettingsError, match=message):
        Settings(**change)


EIGHT = """
import json, sys
sys.path.insert(0, {tests!r})
import jax
import numpy as np
from test_train import TINY, textures
from jaxtex.training import devices, place_batch, place_state
from jaxtex.texture.dcgan.train import start, train_step
mesh = devices()
networks, state = start(TINY, mesh)
state = place_state(state, mesh)
batch = place_batch(textures(), mesh)
rows = []
for _ in range(2):
    state, losses = train_step(networks, TINY.rates(), state, batch)
    rows.append([float(value) for value in losses])
print(json.dumps({{
    "devices": mesh.size,
    "share": batch.addressable_shards[0].data.shape,
    "whole": state.average["project"].sharding.is_fully_replicated,
    "rows": rows,
    "sum": float(np.abs(np.asarray(state.average["project"])).sum()),
}}))
"""


def test_eight_devices_share_the_batch_and_find_what_one_finds():
    code = EIGHT.format(tests=str(Path(__file__).parent))
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(Path(jaxtex.__file__).parents[1]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    _, state, rows = stepped(TINY, 2)
    assert found["devices"] == 8
    assert found["share"] == [1, 64, 64, 3]
    assert found["whole"]
    np.testing.assert_allclose(found["rows"], rows, rtol=1e-3)
    total = float(np.abs(np.asarray(state.average["project"])).sum())
    assert found["sum"] == pytest.approx(total, rel=1e-4)


def test_a_placed_batch_and_state_are_what_they_were():
    mesh = devices()
    _, state = start(TINY)
    jax.tree.map(np.testing.assert_array_equal, place_state(state, mesh), state)
    np.testing.assert_array_equal(place_batch(textures(), mesh), textures())
