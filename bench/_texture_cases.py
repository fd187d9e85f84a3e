"""The programs of textures and of the sphere, with abstract arguments."""

import functools
from typing import Any

import jax
from _cases import INTEGER, SCALAR, Case, abstract, bytes_, floats, random_key, started
from _style_cases import convs_of

from jaxtex.texture.dcgan import invert, load_model
from jaxtex.texture.dcgan import model as texture_model
from jaxtex.texture.dcgan import train as dcgan_train
from jaxtex.texture.extend import Settings, objective, plan_scales
from jaxtex.texture.extend.scales import MEMORY
from jaxtex.texture.search import interpolate
from jaxtex.texture.similarity import cluster, ssim
from jaxtex.texture.sphere import concentration, vmf
from jaxtex.weights import VGG16_CHANNELS

texture = functools.cache(load_model)


def dcgan_step(batch: int, features: int, **options: Any) -> Case:
    """A step of training."""
    settings = dcgan_train.Settings(features=features, **options)
    networks, state = started(dcgan_train.start, settings)
    rates = dcgan_train.Rates(INTEGER, SCALAR, SCALAR, SCALAR)
    images = bytes_(batch, settings.size, settings.size, 3)
    return Case(dcgan_train.train_step, (networks, rates, state, images), batch, (3,))


def dcgan_steps(batch: int, features: int, steps: int = 2) -> Case:
    """Steps of training in one dispatch."""
    _, args, *_ = dcgan_step(batch, features)
    images = bytes_(steps, *args[-1].shape)
    return Case(dcgan_train.train_steps, (*args[:-1], images))


def dcgan_calibration(features: int) -> Case:
    """The averaged generator's statistics, at the end of training."""
    networks, state = started(dcgan_train.start, dcgan_train.Settings(features=features))
    args = networks, random_key(), state.average, state.statistics
    return Case(dcgan_train._calibrate, args)


def dcgan_render(batch: int) -> Case:
    """Textures of latents, by the model that ships."""
    model = texture()
    args = abstract(model.params), floats(batch, model.latent_size)
    return Case(texture_model._render, args, batch, (1,))


def sphere_sample(n: int, draws: int) -> Case:
    """Points of a von Mises-Fisher distribution."""
    return Case(vmf._sample, (random_key(), floats(n), SCALAR, (draws,)))


def sphere_kappa() -> Case:
    """The concentration of a likeness between textures."""
    model = texture()
    vector, params = floats(model.latent_size), abstract(model.params)
    args = model.render, random_key(), params, vector, SCALAR, vector, SCALAR
    return Case(concentration._solve, args)


def sphere_likeness() -> Case:
    """The likeness of textures at three concentrations."""
    _, args, *_ = sphere_kappa()
    return Case(concentration._at, (*args[:-1], floats(3)))


def inversion() -> Case:
    """The latent of an image."""
    model = texture()
    image = floats(model.size, model.size, 3)
    args = model.render, model.latent_size, random_key(), abstract(model.params), image, floats(2)
    return Case(invert._search, args)


def _extension(side: int, bands: int = 1) -> tuple[objective.Program, Any, Any]:
    """The finest program of an extension, its kernels and its image."""
    program = plan_scales(Settings(width=side, height=side), (64, 64))[-1].program
    program = program._replace(bands=bands)
    return program, convs_of(program.layers, side, side, 3), floats(1, side, side, 3)


def extend_start(side: int) -> Case:
    """The first state of L-BFGS."""
    return Case(objective.start, (floats(1, side, side, 3), MEMORY))


def extend_step(side: int, bands: int = 1) -> Case:
    """Steps of an extension."""
    program, kernels, image = _extension(side, bands)
    centres = {layer: floats(1, VGG16_CHANNELS[layer][1]) for layer in program.layers}
    grams = {layer: floats(1, *[VGG16_CHANNELS[layer][1]] * 2) for layer in program.layers}
    reach = floats(1, program.lags + 1, 2 * program.lags + 1, 3)
    targets = objective.Targets(centres, grams, floats(1, 3), floats(1, 3, 3), reach)
    state = jax.eval_shape(functools.partial(objective.start, memory=MEMORY), image)
    return Case(objective.run_chunk, (program, kernels, targets, state, INTEGER))


def extend_statistics(side: int) -> Case:
    """What the features of a source are."""
    program, kernels, image = _extension(side)
    centres = {layer: floats(1, VGG16_CHANNELS[layer][1]) for layer in program.layers}
    return Case(objective.measure, (program, kernels, image, centres))


def extend_reach(side: int) -> Case:
    """The autocorrelation of a source."""
    image = floats(1, side, side, 3)
    return Case(objective.reach_of, (side // 2 - 1, image, floats(1, 3), floats(1, 3, 3)))


def interpolation(name: str, *, circle: bool) -> Case:
    """A part of even interpolation, of nine textures."""
    model = texture()
    vector, ends = floats(model.latent_size), floats(2, model.size, model.size, 3)
    route = interpolate._Route(vector, vector, vector)
    args = model.render, circle, abstract(model.params), route
    more = {"survey": (), "refine": (ends, *[floats(9)] * 3), "measure": (ends, floats(9))}
    return Case(getattr(interpolate, f"_{name}"), (*args, *more[name]))


SSIM = ssim._options(1.0, 11, 1.5, 0.01, 0.03, False)


def ssim_blocks(count: int) -> Case:
    """Textures made ready to be compared."""
    return Case(ssim._prepare_blocks, (SSIM, min(count, 32), floats(count, 64, 64, 3)))


def ssim_compare(count: int) -> Case:
    """MSSIM of all pairs of two sets."""
    function, args = ssim_blocks(count)[:2]
    blocks = jax.eval_shape(functools.partial(function, *args[:2]), args[2])
    return Case(ssim._compare, (SSIM, blocks, blocks))


def pairs_mssim(count: int, *, luminance: bool) -> Case:
    """MSSIM of pairs, as clusters are made of."""
    images = floats(count, 64, 64, 3)
    function = functools.partial(cluster._mssim, luminance=luminance)
    return Case(jax.jit(function), (images, images))
