"""How long do applying and training MSG-Net take, ours against the best of PyTorch?

The same weights, images and losses; float32 on the CPU with all cores; every rival has its turn in
every round, within one process. Applying includes the style's Gram matrix. Ours runs as in the
product. PyTorch runs eagerly in both memory formats, and compiled on request, with fused Adam.
"""

from typing import Any

import _ours
import _table
import numpy as np
from _training import COMPILED, Rivals, check, measure


def make_rivals(options: Any, report: _table.Report) -> tuple[Rivals, Rivals]:
    """Applying and training of all, warm; the results are compared."""
    import jax.numpy as jnp
    import torch
    from _torch_msgnet import Network, Trainer, images

    from jaxtex import weights
    from jaxtex.style import load_network
    from jaxtex.style.msgnet import model as msgnet_model
    from jaxtex.style.msgnet import train
    from jaxtex.weights import msgnet_names as convert_msgnet

    torch.manual_seed(0)
    network = Network(options.features)
    with torch.no_grad():
        # First weights make images of a few grey levels only.
        network.model[-1].conv2d.weight.mul_(30)
        network.model[-1].conv2d.bias.fill_(128)
    state = network.state_dict()
    arrays = {name: value.numpy().copy() for name, value in state.items()}
    values = {
        name: jnp.asarray(array)
        for name, array in convert_msgnet.convert(arrays, _table.EXAMPLES).items()
    }
    settings = train.Settings(
        features=options.features,
        size=options.size,
        style_sizes=(options.style_size,),
        batch_size=options.batch_size,
    )
    logos = [
        _ours.drawn_logo(size, size, seed)
        for seed, size in enumerate(
            (options.apply_size, options.style_size, *options.batch_size * [options.size])
        )
    ]
    content, style = logos[0][None], logos[1][None]
    contents = (np.stack(logos[2:]) * 255).astype(np.uint8)
    manner = (style * 255).astype(np.uint8)

    vgg16 = weights.load_vgg16()
    make = {
        "PyTorch eager": {"channels_last": False},
        "PyTorch channels_last": {"channels_last": True},
        COMPILED: {"channels_last": True, "compiled": True},
    }
    if not options.compile:
        del make[COMPILED]
    torch._dynamo.config.recompile_limit = 64  # blocks of one class have many shapes
    trainers = {
        name: Trainer(state, vgg16.params, vgg16.mean, settings.style_weight, **how)
        for name, how in make.items()
    }

    blueprint, before = train.start(settings, values)
    kernels = train.prepare(load_network(), options.size, options.style_size)
    placed, held = (jnp.asarray(contents), jnp.asarray(manner)), [before]

    def apply() -> Any:
        targets = msgnet_model.style_targets(blueprint, values, style)
        return msgnet_model.stylise(blueprint, values, content, targets).block_until_ready()

    def step() -> Any:
        held[0], losses = train.train_step(blueprint, settings.rates(), kernels, held[0], *placed)
        return [float(loss) for loss in losses]

    applying: Rivals = {"jaxtex": apply}
    training: Rivals = {"jaxtex": step}
    for name, trainer in trainers.items():
        one, shown = (images(x * np.float32(255), trainer.format) for x in (content, style))
        many, seen = (images(x, trainer.format) for x in (contents, manner))
        applying[name] = lambda t=trainer, a=one, b=shown: t.apply(a, b)
        training[name] = lambda t=trainer, a=many, b=seen: t.step(a, b)

    def difference(theirs: Any, ours: Any) -> np.ndarray:
        found = theirs.numpy().transpose(0, 2, 3, 1)[..., ::-1] / 255
        return np.clip(found, 0, 1) - np.asarray(ours)

    note = "the images differ by at most {} of the range"
    check(applying, training, difference, note, report)
    return applying, training


def main() -> int:
    arguments = _table.parser(__doc__)
    for name, value in (
        ("features", 128),
        ("apply-size", 512),
        ("size", 256),
        ("style-size", 256),
        ("batch-size", 4),
        ("rounds", 4),
    ):
        arguments.add_argument(
            f"--{name}", type=_table.count, default=value, help=f"default: {value}"
        )
    arguments.add_argument(
        "--compile", action="store_true", help="torch.compile too, which takes minutes to compile"
    )
    options = arguments.parse_args()

    _table.cpu_only()
    _table.require_torch()
    report = _table.Report(as_json=options.json)
    applying, training = make_rivals(options, report)
    about = f"ngf {options.features}"
    title = f"Apply, {options.apply_size}², {about}"
    measure(title, applying, options.rounds, report, digits=0)
    about = f"{about}, batch {options.batch_size}, {options.size}²"
    measure(f"Training step, {about}", training, options.rounds, report, digits=0)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
