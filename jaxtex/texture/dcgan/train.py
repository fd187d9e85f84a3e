"""Training a DCGAN: one compiled step for both networks, data-parallel over all devices.

The step draws latents, updates the discriminator by the binary cross entropy of real and generated
textures, then the generator by the non-saturating loss (Goodfellow et al. 2014; Radford et al.
2015), and keeps an average of the generator's weights, which is what the model file holds. All its
randomness comes from the seed and the number of the step, so a run that was killed goes on to the
same bytes.

In a second phase the averaged generator is refined against a new discriminator and what VGG16 sees
(`perception`), whose gradient at the textures is half as long again as the discriminator's.
"""

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh
from jaxtyping import Array, Float, Key, UInt8

from jaxtex.texture.dcgan.augment import augment
from jaxtex.texture.dcgan.network import Discriminator, Generator, enlarged
from jaxtex.texture.dcgan.perception import Eye, Statistics, forget, look
from jaxtex.texture.dcgan.settings import Rates, Settings
from jaxtex.training import keep_shared, scan
from jaxtex.weights import Blueprint, Values, take_apart

_OTHER = 1 << 30
"""What the seed of the second phase's discriminator differs by."""

_PERCEPTION = 1.5
"""The length of the gradient of what VGG16 sees in the discriminator's."""

_CALIBRATION = 512
"""So many textures give the statistics of the averaged generator's BatchNorm."""


def _is_statistic(name: str) -> bool:
    return name.endswith((".mean", ".var"))


def _divide(values: Values) -> tuple[Values, Values]:
    """What is trained, and BatchNorm's averages."""
    trained = {name: value for name, value in values.items() if not _is_statistic(name)}
    return trained, {name: value for name, value in values.items() if _is_statistic(name)}


class State(NamedTuple):
    """All that changes from step to step."""

    step: Array
    generator: Values
    statistics: Values
    """The generator's BatchNorm."""
    discriminator: Values
    directions: Values
    """Of spectral normalisation: each kernel's first right singular vector, by power iteration."""
    generator_moments: Any
    discriminator_moments: Any
    average: Values
    """Of the generator's weights."""
    remembered: Statistics
    """What VGG16 saw of the last textures, where the generator is refined."""


class Losses(NamedTuple):
    """Of one step: both losses, and the mean probability of being real that either kind got."""

    discriminator: Array
    generator: Array
    real: Array
    generated: Array
    apart: Array
    """How far real and generated textures are apart to VGG16; 0 where it is not asked."""


@dataclass(frozen=True)
class Networks:
    """What of a training run is static: both networks without arrays, and what a step does."""

    generator: Blueprint
    discriminator: Blueprint
    latent_size: int
    augmented: bool
    mesh: Mesh | None = None
    """The devices that the batch is shared out to."""


_OPTIONS = ("latent_size", "features", "size", "spectral", "grain")
_jit: Any = nnx.jit  # its types lose the arguments


@functools.partial(_jit, static_argnums=0, static_argnames=_OPTIONS)
def _make(network: Any, key: Key[Array, ""], **options: int) -> Any:
    return network(rngs=nnx.Rngs(key), **options)


def start(
    settings: Settings, mesh: Mesh | None = None, origin: Generator | None = None
) -> tuple[Networks, State]:
    """The networks of a seed before their first step, for batches shared out to `mesh`.

    The generator is a copy of `origin`, or made of one with half the channels or size.
    """
    key = jax.random.key(settings.seed)
    make = {"features": settings.features, "size": settings.size}
    generator = _make(
        Generator,
        jax.random.fold_in(key, 0),
        latent_size=settings.latent_size,
        grain=settings.grain,
        **make,
    )
    generator_blueprint, values = take_apart(generator)
    if origin is not None:
        there = take_apart(enlarged(origin, jax.random.fold_in(key, 1 << 20), **make))[1]
        # One without grain learns it.
        values |= {name: jnp.copy(value) for name, value in there.items()}
    trained, statistics = _divide(values)
    discriminator = _make(
        Discriminator,
        jax.random.fold_in(key, 1),
        spectral=settings.spectral,
        size=settings.size,
        features=settings.discriminator_features or settings.features,
    )
    discriminator_blueprint, judge = take_apart(discriminator)
    judge, _ = _divide(judge)
    networks = Networks(
        generator=generator_blueprint,
        discriminator=discriminator_blueprint,
        latent_size=settings.latent_size,
        augmented=settings.augmented,
        mesh=mesh,
    )
    optimiser = settings.rates().optimiser(0)
    directions = {}
    if settings.spectral:
        kernels = {name: value for name, value in judge.items() if not name.endswith("bias")}
        for index, (name, kernel) in enumerate(sorted(kernels.items())):
            # The last layer has a single output, the logit.
            outputs = 1 if name == "judge" else kernel.shape[-1]
            direction = jax.random.normal(jax.random.fold_in(key, 2 + index), (outputs,))
            directions[name] = direction / jnp.linalg.norm(direction)
    state = State(
        step=jnp.int32(0),
        generator=trained,
        statistics=statistics,
        discriminator=judge,
        directions=directions,
        generator_moments=optimiser.init(trained),
        discriminator_moments=optimiser.init(judge),
        average=jax.tree.map(jnp.copy, trained),
        remembered=[] if settings.refine_after is None else forget(settings.batch_size),
    )
    return networks, state


def start_again(settings: Settings, networks: Networks, state: State) -> State:
    """The state in which the averaged generator begins to be refined."""
    other = dataclasses.replace(settings, seed=settings.seed ^ _OTHER)
    generator = networks.generator.build({**state.average, **state.statistics})
    fresh = start(other, networks.mesh, generator)[1]
    return fresh._replace(step=state.step)


@functools.partial(jax.jit, static_argnames="networks", donate_argnames="state")
def train_step(
    networks: Networks,
    rates: Rates,
    state: State,
    batch: UInt8[Array, "n s s 3"],
    eye: Eye | None = None,
) -> tuple[State, Losses]:
    """One step of both networks on a batch of real textures; with an `eye` it refines."""
    optimiser = rates.optimiser(state.step)
    latent_key, *keys = jax.random.split(jax.random.fold_in(rates.key(state.step), 1), 4)
    latents = jax.random.normal(latent_key, (batch.shape[0], networks.latent_size))
    latents = keep_shared(latents, networks.mesh)
    real = batch.astype(jnp.float32) / 127.5 - 1

    def generate(values: Values) -> tuple[Array, Values]:
        module = networks.generator.build({**values, **state.statistics})
        textures = keep_shared(module(latents, train=True), networks.mesh)
        return textures, _divide(take_apart(module)[1])[1]

    def judge(values: Values, textures: Array, key: Key[Array, ""]) -> Array:
        if networks.augmented:
            textures = augment(key, textures)
        return _discriminator(networks, values)(textures)

    def discriminator_loss(values: Values) -> tuple[Array, Any]:
        values, directions = normalised(values, state.directions)
        real_logits = judge(values, real, keys[0])
        generated_logits = judge(values, textures, keys[1])
        loss = jax.nn.softplus(-real_logits).mean() + jax.nn.softplus(generated_logits).mean()
        chances = jax.nn.sigmoid(real_logits).mean(), jax.nn.sigmoid(generated_logits).mean()
        return loss, (directions, *chances)

    def generator_loss(textures: Array) -> Array:
        values, _ = normalised(discriminator, directions)
        return jax.nn.softplus(-judge(values, textures, keys[2])).mean()

    textures, to_generator, statistics = jax.vjp(generate, state.generator, has_aux=True)
    (loss, (directions, *chances)), gradient = jax.value_and_grad(discriminator_loss, has_aux=True)(
        state.discriminator
    )
    update, discriminator_moments = optimiser.update(gradient, state.discriminator_moments)
    discriminator = optax.apply_updates(state.discriminator, update)

    generator_loss_value, cotangent = jax.value_and_grad(generator_loss)(textures)
    distance, remembered = jnp.zeros(()), state.remembered
    if eye is not None:
        key = jax.random.fold_in(rates.key(state.step), 2)
        distance, remembered, seen = look(eye, key, remembered, textures)
        length = _PERCEPTION * jnp.linalg.norm(cotangent)
        cotangent += seen * (length / (jnp.linalg.norm(seen) + 1e-12))
    update, generator_moments = optimiser.update(
        to_generator(cotangent)[0], state.generator_moments
    )
    moves = state.step >= rates.begin
    update = jax.tree.map(lambda change: jnp.where(moves, change, 0), update)
    generator = optax.apply_updates(state.generator, update)
    # The first weights are forgotten sooner than the last.
    kept = jnp.minimum(rates.average, (1 + state.step) / (10 + state.step))
    average = jax.tree.map(lambda old, new: new + kept * (old - new), state.average, generator)
    after = State(
        state.step + 1,
        generator,
        statistics,
        discriminator,
        directions,
        generator_moments,
        discriminator_moments,
        average,
        remembered,
    )
    real_chance, generated_chance = chances
    return after, Losses(loss, generator_loss_value, real_chance, generated_chance, distance)


@functools.partial(jax.jit, static_argnames="networks", donate_argnames="state")
def train_steps(
    networks: Networks,
    rates: Rates,
    state: State,
    batches: UInt8[Array, "k n s s 3"],
    eye: Eye | None = None,
) -> tuple[State, Losses]:
    """A step on each batch in one dispatch; losses are of shape [k]."""
    return scan(functools.partial(train_step, networks, rates, eye=eye), state, batches)


def _discriminator(networks: Networks, values: Values) -> Any:
    # The averages of its BatchNorm are never asked for.
    missing = {
        name: jnp.zeros_like(values[f"{name.rpartition('.')[0]}.scale"])
        for name in networks.discriminator.names
        if _is_statistic(name)
    }
    return networks.discriminator.build({**values, **missing})


def normalised(values: Values, directions: Values) -> tuple[Values, Values]:
    """Kernels divided by their largest singular value, by one more step of power iteration.

    `directions` has each kernel's right singular vector so far, and comes back improved.
    """
    values, found = dict(values), {}
    for name, direction in directions.items():
        matrix = values[name].reshape(-1, direction.shape[0])
        fixed = jax.lax.stop_gradient(matrix)
        left = fixed @ direction
        left = left / (jnp.linalg.norm(left) + 1e-12)
        right = left @ fixed
        found[name] = right / (jnp.linalg.norm(right) + 1e-12)
        values[name] = values[name] / (left @ matrix @ found[name])
    return values, found


@functools.partial(jax.jit, static_argnames="networks")
def _calibrate(
    networks: Networks, key: Key[Array, ""], average: Values, statistics: Values
) -> Values:
    """The averaged generator, its BatchNorm with the statistics of many textures."""
    module = networks.generator.build({**average, **statistics})
    for norm in module.norms:
        norm.momentum = 0.0
    latents = jax.random.normal(key, (_CALIBRATION, networks.latent_size))
    module(latents, train=True)
    return take_apart(module)[1]


def averaged_generator(networks: Networks, rates: Rates, state: State) -> Generator:
    """The generator that a model file holds; computed on this process's first device alone."""
    # A program over the devices of all processes would wait for the other processes.
    average, statistics = (
        {name: jnp.asarray(np.asarray(value)) for name, value in values.items()}
        for values in (state.average, state.statistics)
    )
    return networks.generator.build(_calibrate(networks, rates.key(2**31 - 1), average, statistics))


def sample_latents(settings: Settings, count: int = 64) -> Float[np.ndarray, "{count} z"]:
    """The latents of a run's sample grids, the same at every step."""
    key = settings.rates().key(2**31 - 2)
    return np.asarray(jax.random.normal(key, (count, settings.latent_size)))
