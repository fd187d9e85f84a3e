"""jaxtex's compiled programs with abstract arguments, to lower and compile them without a device.

A case is made, and its function traced, within `jaxtex.platforms.tracing_for`, for kernels have
other forms on other platforms. Importing it needs JAX.
"""

import functools
from collections.abc import Callable

import _style_cases as style
import _texture_cases as textures
from _cases import SCALAR, Case, Scale, floats

from jaxtex.texture.sphere import versine, vmf

SMALL, LARGE = Scale(64, 2, 8, 16), Scale(512, 4, 64, 100_000)


def programs(scale: Scale) -> dict[str, Callable[[], Case]]:
    """All programs by name, as functions that make them."""
    make = functools.partial
    side, batch, features, draws = scale
    chunk = make(style.stylise, side, side, batch)
    odd = make(style.stylise, side + 5, 2 * side - 21, batch)
    further = {"spectral": True, "augmented": True}
    return {
        "stylize": chunk,
        "stylize-tensorfloat32": make(chunk, precision="tensorfloat32"),
        "stylize-bfloat16": make(chunk, precision="bfloat16"),
        "stylize-adam": make(chunk, optimizer="adam"),
        "stylize-rematerialised": make(chunk, rematerialise=True),
        "stylize-rgb": make(chunk, channels=3),
        "stylize-guided": make(odd, channels=3, guided=True),
        "stylize-ends": make(odd, regions=3),
        "start-lbfgs": make(style.start, "lbfgs", side, batch),
        "start-adam": make(style.start, "adam", side, batch),
        "vgg16-kernels": make(style.kernels, side),
        "content-target": make(style.content_target, side),
        "style-target": make(style.style_target, side),
        "stacked-targets": make(style.stacked_targets, side, batch),
        "vgg16": make(style.vgg16, side, batch),
        "style-distances": make(style.style_distances, side, batch),
        "msgnet-targets": make(style.msgnet_targets, side),
        "msgnet-apply": make(style.msgnet_apply, side, batch),
        "msgnet-train": make(style.msgnet_step, side // 2, batch, features),
        "msgnet-train-steps": make(style.msgnet_steps, side // 2, batch, features),
        "dcgan-render": make(textures.dcgan_render, 16 * batch),
        "dcgan-train": make(textures.dcgan_step, 16 * batch, features),
        "dcgan-train-steps": make(textures.dcgan_steps, 16 * batch, features),
        "dcgan-train-128": make(textures.dcgan_step, 16 * batch, features, size=128),
        "dcgan-train-spectral": make(textures.dcgan_step, 16 * batch, features, **further),
        "dcgan-calibration": make(textures.dcgan_calibration, features),
        "vmf-sample": make(textures.sphere_sample, 100, draws),
        "vmf-sample-circle": make(textures.sphere_sample, 2, draws),
        "vmf-log-prob": lambda: Case(vmf._log_prob, (floats(draws, 100), floats(100), SCALAR)),
        "vmf-entropy": lambda: Case(vmf._entropy, (floats(draws), 100)),
        "vmf-fit": lambda: Case(vmf._fit, (floats(draws, 100),)),
        "vmf-mean-angle": lambda: Case(versine.mean_angle, (SCALAR, 100)),
        "vmf-kappa-for-angle": lambda: Case(versine.kappa_for_angle, (SCALAR, 100)),
        "vmf-kappa-for-likeness": textures.sphere_kappa,
        "vmf-likeness": textures.sphere_likeness,
        "invert": textures.inversion,
        "interpolate-survey": make(textures.interpolation, "survey", circle=False),
        "interpolate-refine": make(textures.interpolation, "refine", circle=True),
        "interpolate-measure": make(textures.interpolation, "measure", circle=True),
        "extend-start": make(textures.extend_start, side),
        "extend": make(textures.extend_step, side),
        "extend-bands": make(textures.extend_step, side, bands=2),
        "extend-statistics": make(textures.extend_statistics, side),
        "extend-reach": make(textures.extend_reach, side),
        "ssim-blocks": make(textures.ssim_blocks, 32 * batch),
        "ssim-compare": make(textures.ssim_compare, 32 * batch),
        "cluster-mssim": make(textures.pairs_mssim, 16 * batch, luminance=False),
        "cluster-mssim-luminance": make(textures.pairs_mssim, 16 * batch, luminance=True),
    }
