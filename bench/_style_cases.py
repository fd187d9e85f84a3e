"""The programs of stylisation, of its metric and of MSG-Net, with abstract arguments."""

import functools
from dataclasses import replace
from typing import Any

import jax
from _cases import SCALAR, Case, abstract, bytes_, flags, floats, started
from flax import nnx

from jaxtex import platforms
from jaxtex.style import PRESETS, load_network, optimise
from jaxtex.style import targets as style_targets
from jaxtex.style.devices import abstract_arguments
from jaxtex.style.job import program_of
from jaxtex.style.metrics import style as style_metric
from jaxtex.style.msgnet import model as msgnet_model
from jaxtex.style.msgnet import train as msgnet_train
from jaxtex.style.objective import Program, features_of
from jaxtex.vgg import LAYERS, conv_forms, extract
from jaxtex.vgg import kernels as vgg_kernels

network = functools.cache(load_network)
style_model = functools.cache(msgnet_model.load_model)


def steel(precision: str = "float32", rematerialise: bool = False) -> Program:
    """What the objective of the preset `steel` compiles to."""
    settings = replace(PRESETS["steel"], precision=precision)
    program = program_of(settings, settings.style_layers, pixels=0)
    return program._replace(rematerialise=rematerialise)


def convs_of(layers: tuple[str, ...], height: int, width: int, channels: int, **form: str) -> Any:
    """VGG16's kernels for images of this shape."""
    return jax.eval_shape(lambda: network().prepare(layers, height, width, channels, **form))


def stylise(
    height: int,
    width: int,
    batch: int,
    *,
    precision: str = "float32",
    optimizer: str = "lbfgs",
    rematerialise: bool = False,
    channels: int = 1,
    guided: bool = False,
    regions: int = 0,
) -> Case:
    """`run_chunk`, whose cost is that of an evaluation: XLA counts the body of its loop once."""
    program = steel(precision, rematerialise)
    args = abstract_arguments(
        program, optimizer, batch, (height, width, channels), guided=guided, regions=regions
    )
    pixels = batch * height * width
    return Case(optimise.compiled_chunk(program), args, batch, (2, 3, 4), pixels, precision)


def start(optimizer: str, side: int, batch: int) -> Case:
    """The optimiser's first state."""
    args = optimizer, floats(batch, side, side, 1), floats(batch), flags(batch)
    return Case(optimise.start, args, batch, (1, 2, 3))


def kernels(side: int) -> Case:
    """VGG16's kernels in the form that is fastest."""
    graph, state = nnx.split(network())
    forms = conv_forms(steel().all_layers, side, side, 1, dtype=steel().dtype)
    return Case(vgg_kernels._in_forms, (graph, abstract(state), forms, 1))


def content_target(side: int) -> Case:
    """The content's features."""
    convs = convs_of((steel().content_layer,), 0, 0, 1, form="direct")
    return Case(style_targets._content_features, (steel(), convs, floats(1, side, side, 1)))


def style_target(side: int) -> Case:
    """A style's Gram matrices."""
    program = steel()._replace(content_layer=steel().layers[0])
    convs = convs_of(program.all_layers, 0, 0, 1, form="direct")
    return Case(style_targets._grams, (program, convs, floats(1, side, side, 1)))


def stacked_targets(side: int, batch: int) -> Case:
    """The targets of a batch, of those of its jobs."""
    convs = convs_of(steel().all_layers, side, side, 1)
    image = floats(1, side, side, 1)
    content, grams = jax.eval_shape(functools.partial(features_of, steel()), convs, image)
    one = {layer: floats(*gram.shape[1:]) for layer, gram in grams.items()}
    return Case(style_targets._stack, ([content] * batch, [[one]] * batch))


@functools.partial(jax.jit, static_argnames="layers")
@platforms.in_float32
def _features(convs: Any, image: Any, layers: tuple[str, ...]) -> Any:
    return extract(convs, image, layers)


def vgg16(side: int, batch: int) -> Case:
    """Features of all its blocks."""
    layers = tuple(layer for layer in LAYERS if layer.endswith("_1"))
    args = convs_of(layers, side, side, 3), floats(batch, side, side, 3), layers
    return Case(_features, args, batch, (1,))


def style_distances(side: int, batch: int) -> Case:
    """What the metric of style computes of results."""
    convs = convs_of(LAYERS, side, side, 1, form="direct")
    images, one = floats(batch, side, side, 1), floats(1, side, side, 1)
    targets = jax.eval_shape(style_metric.weighted_grams, convs, one, one)
    return Case(style_metric._distances, (convs, images, images, targets))


def msgnet_targets(side: int) -> Case:
    """What the network sees of a style."""
    model = style_model()
    args = model.blueprint, abstract(model.values), floats(1, side, side, 3)
    return Case(msgnet_model.style_targets, args)


def msgnet_apply(side: int, batch: int) -> Case:
    """Stylised images."""
    model = style_model()
    wide = 4 * model.features
    images, targets = floats(batch, side, side, 3), floats(1, wide, wide)
    args = model.blueprint, abstract(model.values), images, targets
    return Case(msgnet_model.stylise, args, batch, (2,))


def msgnet_step(side: int, batch: int, features: int) -> Case:
    """A step of training, its style of the same size."""
    blueprint, state = started(msgnet_train.start, msgnet_train.Settings(features=features))
    convs = jax.eval_shape(lambda: msgnet_train.prepare(network(), side, side))
    rates = msgnet_train.Rates(*[SCALAR] * 3)
    args = blueprint, rates, convs, state, bytes_(batch, side, side, 3), bytes_(1, side, side, 3)
    return Case(msgnet_train.train_step, args, batch, (4,))


def msgnet_steps(side: int, batch: int, features: int, steps: int = 2) -> Case:
    """Steps of training in one dispatch."""
    _, args, *_ = msgnet_step(side, batch, features)
    images = (bytes_(steps, *each.shape) for each in args[-2:])
    return Case(msgnet_train.train_steps, (*args[:-2], *images))
