"""How long do sampling textures and training a DCGAN take, ours against the best of PyTorch?

The same weights, batch and architecture; float32 on the CPU with all cores; every rival has its
turn in every round, within one process. Ours runs as in the product: `render`, with BatchNorm
folded in, and `train_step`, which also draws its latents and keeps the generator's average.
PyTorch runs eagerly in both memory formats and compiled, with fused Adam, from given latents.
"""

from collections.abc import Callable
from typing import Any

import _table
import numpy as np
from _training import COMPILED, Rivals, check, measure


def make_rivals(options: Any, report: _table.Report) -> tuple[Rivals, Rivals]:
    """Sampling and training of all, warm; the results are compared."""
    import jax
    import jax.numpy as jnp
    import torch
    from _torch_dcgan import Trainer

    from jaxtex.texture import model
    from jaxtex.texture.dcgan import train

    batch = options.batch_size
    settings = train.Settings(features=options.features, size=options.size, batch_size=batch)
    networks, state = train.start(settings)
    values = {**state.generator, **state.statistics}
    real = np.random.default_rng(0).integers(0, 256, (batch, *[options.size] * 2, 3), np.uint8)
    pixels = real.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    latent_key = jax.random.split(jax.random.fold_in(settings.rates().key(0), 1), 4)[0]
    latents = jax.random.normal(latent_key, (batch, settings.latent_size))

    trainers = {
        "PyTorch eager": Trainer(values, state.discriminator, channels_last=False),
        "PyTorch channels_last": Trainer(values, state.discriminator, channels_last=True),
    }
    if not options.no_compile:
        trainers[COMPILED] = Trainer(values, state.discriminator, channels_last=True, compiled=True)
    points = torch.tensor(np.array(latents))[:, :, None, None]

    params, render = model.fold(networks.generator.build(values)), jax.jit(model.render)
    sampling: Rivals = {"jaxtex": lambda: render(params, latents).block_until_ready()}
    placed = jnp.asarray(real)
    held = [state]

    def step() -> Any:
        held[0], losses = train.train_step(networks, settings.rates(), held[0], placed)
        return [float(loss) for loss in losses[:2]]

    training: Rivals = {"jaxtex": step}

    def sampler(trainer: Any) -> Callable[[], Any]:
        def sample() -> Any:
            with torch.inference_mode():
                trainer.generator.eval()
                found = trainer.generator(points)
                trainer.generator.train()
            return found

        return sample

    def stepper(trainer: Any) -> Callable[[], Any]:
        placed = torch.tensor(pixels).to(memory_format=trainer.format)
        return lambda: trainer.step(placed, points)

    def difference(theirs: Any, ours: Any) -> np.ndarray:
        return theirs.numpy().transpose(0, 2, 3, 1) - (np.asarray(ours) * 2 - 1)

    for name, trainer in trainers.items():
        sampling[name], training[name] = sampler(trainer), stepper(trainer)
    check(sampling, training, difference, "the textures differ by at most {}", report)
    return sampling, training


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--features", type=_table.count, default=64, help="default: 64")
    arguments.add_argument("--batch-size", type=_table.count, default=64, help="default: 64")
    arguments.add_argument("--size", type=int, choices=(64, 128), default=64, help="default: 64")
    arguments.add_argument("--rounds", type=_table.count, default=7, help="default: 7")
    arguments.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    options = arguments.parse_args()

    _table.cpu_only()
    _table.require_torch()
    report = _table.Report(as_json=options.json)
    sampling, training = make_rivals(options, report)
    about = f"f {options.features}, batch {options.batch_size}, {options.size}²"
    measure(f"Sampling, {about}", sampling, options.rounds, report)
    measure(f"Training step, {about}", training, options.rounds, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
