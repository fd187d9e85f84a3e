"""Times the forms of VGG16's 3×3 convolutions; `jaxtex.vgg.conv_form` follows its table.

    python bench/conv_forms.py --size 512x192 --size 512x512

The forms are timed in turn, so that a change of the machine's load meets them all.
"""

import argparse
import os
import platform
import statistics
import time
import typing

import jax
import jax.numpy as jnp
import numpy as np

from jaxtex import platforms, vgg
from jaxtex.weights import VGG16_CHANNELS

FORMS = typing.get_args(vgg.ConvForm)


def milliseconds(function, *arguments) -> float:
    start = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return (time.perf_counter() - start) * 1e3


def table(width: int, height: int, repeats: int) -> None:
    draw = np.random.default_rng(0).normal
    convolve = jax.jit(vgg.conv3x3)
    seen = set()
    print(f"\n{width}×{height} pixels; ms, min / median / max of {repeats}\n")
    forms = " | ".join(FORMS)
    print(f"| layers from | map | channels | {forms} | conv_form | error |")
    print("|---|---|---" + "|---" * len(FORMS) + "|---|---|")
    for layer, (channels_in, channels_out) in VGG16_CHANNELS.items():
        size = height >> vgg.depth(layer), width >> vgg.depth(layer)
        shape = (*size, channels_in, channels_out)
        if shape in seen:
            continue
        seen.add(shape)
        x = jnp.asarray(draw(size=(1, *size, channels_in)), jnp.float32)
        # Scaled so that the outputs have a variance of one.
        kernel = draw(size=(3, 3, channels_in, channels_out)) / np.sqrt(9 * channels_in)
        kernel, bias = jnp.asarray(kernel, jnp.float32), jnp.zeros(channels_out)
        convs = {form: vgg.prepare_conv(kernel, bias, form) for form in FORMS}
        outputs = [convolve(x, conv) for conv in convs.values()]
        error = max(float(jnp.max(jnp.abs(each - outputs[0]))) for each in outputs)
        times = {form: [] for form in FORMS}
        for _ in range(repeats):
            for form, conv in convs.items():
                times[form].append(milliseconds(convolve, x, conv))
        cells = [
            f"{min(t):.2f} / {statistics.median(t):.2f} / {max(t):.2f}" for t in times.values()
        ]
        chosen = vgg.conv_form(platforms.current(), *shape)
        cells = [layer, "{}×{}".format(*size), f"{channels_in}→{channels_out}", *cells]
        print(f"| {' | '.join(cells)} | {chosen} | {error:.0e} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--size", action="append", metavar="WIDTHxHEIGHT")
    arguments = parser.parse_args()
    device = jax.devices()[0]
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, {device.platform} ({device.device_kind})")
    print(f"Python {platform.python_version()}, jax {jax.__version__}, numpy {np.__version__}")
    for size in arguments.size or ["512x192", "512x512"]:
        width, height = map(int, size.split("x"))
        table(width, height, arguments.repeats)


if __name__ == "__main__":
    main()
