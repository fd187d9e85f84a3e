"""A trained texture model: its file, its identity, and textures from latents.

The file is safetensors: kernels in eight bits (`weights.packing`; what they draw changes by less
than half a grey level), the rest in single precision, metadata in its header.
For sampling, BatchNorm's averages are folded into the kernels before them.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Float32

from jaxtex import platforms, weights
from jaxtex.errors import SettingsError, WeightsError
from jaxtex.pipeline import fetched_behind
from jaxtex.texture.dcgan import grain
from jaxtex.texture.dcgan.convs import transposed_conv
from jaxtex.texture.dcgan.network import EPSILON, SIZES, Generator
from jaxtex.texture.dcgan.shipped import find_model
from jaxtex.weights import dimension, load_module, packed, unpacked

_CHUNK = 64
_ARCHITECTURE = "dcgan"
_OUT = 2
"""The axis of a kernel's channels, [row, column, out, in]."""


class Params(NamedTuple):
    """A generator with its BatchNorm folded in."""

    project: Float[Array, "z 4 4 c"]
    kernels: tuple[Float[Array, "4 4 _ _"], ...]
    biases: tuple[Float[Array, " _"], ...]
    strengths: tuple[Float[Array, "g _"], ...] = ()
    """Of grain, on all maps but the first."""


def render(params: Params, latents: Float[Array, "n z"]) -> Float[Array, "n s s 3"]:
    """Textures in [0, 1] of latents; pure, for use inside a compiled program."""
    x = jnp.tensordot(latents, params.project, 1)
    for stage, (kernel, bias) in enumerate(zip(params.kernels, params.biases, strict=True)):
        x = x + bias
        if params.strengths and stage:
            strengths = params.strengths[stage - 1]
            x = x + grain.fields(latents, x.shape[1], len(strengths)) @ strengths
        x = transposed_conv(jax.nn.relu(x), kernel)
    return 0.5 + 0.5 * jnp.tanh(x)


_render = jax.jit(platforms.in_float32(render))


def render_all(
    params: Params, latents: Float32[np.ndarray, "n z"]
) -> Float32[np.ndarray, "n s s 3"]:
    """Textures in [0, 1] of any number of latents, by chunks of one compiled size."""
    count = -(-len(latents) // _CHUNK)
    filled = np.pad(latents, ((0, count * _CHUNK - len(latents)), (0, 0)))
    chunks = filled.reshape(count, _CHUNK, latents.shape[1])
    side = 4 * 2 ** len(params.kernels)
    out = np.empty((len(latents), side, side, 3), np.float32)
    textures = fetched_behind(_render(params, chunk) for chunk in chunks)
    for first, found in zip(range(0, len(out), _CHUNK), textures, strict=True):
        out[first : first + _CHUNK] = found[: len(out) - first]
    return out


@dataclass(frozen=True, eq=False)
class TextureModel:
    """A generator ready for sampling.

    Attributes:
      params: what `render` takes.
      latent_size: dimensions of the latent space, whose prior is N(0, I).
      size: pixels a side.
      digest: SHA-256 of the file's tensors; textures carry it.
      metadata: the file's header.
      path: the file.
    """

    params: Params
    latent_size: int
    size: int
    digest: str
    metadata: dict[str, str]
    path: Path

    render = staticmethod(render)

    def generate(
        self, latents: Float[np.ndarray, "n z"] | Float[Array, "n z"]
    ) -> Float32[np.ndarray, "n s s 3"]:
        """Textures in [0, 1] of any number of latents, by chunks of one compiled size.

        Raises:
          SettingsError: the latents are not of the model's size, or not finite.
        """
        points = np.asarray(latents, np.float32)
        if points.shape[1] != self.latent_size:
            raise SettingsError(
                f"latents: have {points.shape[1]} dimensions; "
                f"the model {self.path} has {self.latent_size}"
            )
        if not np.isfinite(points).all():
            raise SettingsError("latents: hold values that are NaN or infinite")
        return render_all(self.params, points)


def load_model(model: str | os.PathLike[str] | None = None) -> TextureModel:
    """The model of a name that ships, or in a .safetensors file or a training folder.

    None is the one of washi.

    Raises:
      WeightsError: the file is missing, damaged, or holds anything but a DCGAN's generator.
    """
    file = find_model(model)
    tensors, metadata = weights.read_safetensors(file)
    generator = _read_generator(file, tensors, metadata)
    return TextureModel(
        params=fold(generator),
        latent_size=generator.latent_size,
        size=generator.size,
        digest=weights.tensors_digest(tensors),
        metadata=metadata,
        path=file,
    )


class Origin(NamedTuple):
    """The generator that a training goes on from, and its file's digest."""

    generator: Generator
    digest: str


def load_origin(model: str | os.PathLike[str]) -> Origin:
    """The generator of a model, named as for `load_model`, to be trained further.

    Raises:
      WeightsError: as `load_model`.
    """
    file = find_model(model)
    tensors, metadata = weights.read_safetensors(file)
    return Origin(_read_generator(file, tensors, metadata), weights.tensors_digest(tensors))


def save_model(
    path: str | os.PathLike[str], generator: Generator, metadata: Mapping[str, str]
) -> str:
    """Writes a generator as a model file, whole or not at all; returns its digest.

    `metadata` says where it comes from: `source`, `licence`, `training` (command and seed), …
    """
    tensors = _tensors(generator)
    kernels = {name: _OUT for name in tensors if name.endswith(".kernel")}
    tensors = packed(tensors, {"project": -1, **kernels})
    digest = weights.tensors_digest(tensors)
    header = {
        **metadata,
        "architecture": _ARCHITECTURE,
        "latent_size": str(generator.latent_size),
        "features": str(generator.features),
        "size": str(generator.size),
        "grain": str(generator.grain),
        "layout": "kernels [row, column, out, in], of a transposed convolution, in units of their "
        ".unit; RGB in [-1, 1]",
        "tensors_sha256": digest,
    }
    weights.write_safetensors(path, tensors, header)
    return digest


def fold(generator: Generator) -> Params:
    """The generator's parameters with BatchNorm's averages folded in."""
    tensors = _tensors(generator)
    # In NumPy: every operation on its own would be compiled by JAX.
    scales, shifts = [], []
    for stage in range(len(generator.norms)):
        scale, bias, mean, var = (
            tensors[f"norms.{stage}.{name}"] for name in ("scale", "bias", "mean", "var")
        )
        scales.append(scale / np.sqrt(var + np.float32(EPSILON)))
        shifts.append(jnp.asarray(bias - mean * scales[-1]))
    kernels = [tensors[f"convs.{stage}.kernel"] for stage in range(len(generator.convs))]
    for stage, scale in enumerate(scales[1:]):
        kernels[stage] = kernels[stage] * scale[:, None]
    project = tensors["project"] * scales[0]
    strengths = [
        jnp.asarray(tensors[f"strengths.{stage}"] * np.float32(grain.GAIN))
        for stage in range(len(generator.strengths))
    ]
    return Params(
        jnp.asarray(project), tuple(map(jnp.asarray, kernels)), tuple(shifts), tuple(strengths)
    )


def _tensors(generator: Generator) -> dict[str, np.ndarray]:
    flat = nnx.to_flat_state(nnx.state(generator, (nnx.Param, nnx.BatchStat)))
    return {".".join(map(str, path)): np.asarray(value[...]) for path, value in flat}


def _read_generator(
    file: Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> Generator:
    architecture = metadata.get("architecture")
    if architecture != _ARCHITECTURE:
        raise WeightsError(
            f"{file}: holds {architecture or 'weights of an unknown architecture'}; "
            f"a texture model ({_ARCHITECTURE}) is needed"
        )
    dimensions = {name: dimension(file, metadata, name) for name in ("latent_size", "features")}
    if metadata.get("grain", "0") != "0":
        dimensions["grain"] = dimension(file, metadata, "grain")
    size = dimension(file, metadata, "size")
    if size not in SIZES:
        raise WeightsError(f"{file}: its size is {size}; it must be one of {SIZES}")
    generator = load_module(
        lambda: Generator(**dimensions, size=size, rngs=nnx.Rngs(0)),
        file,
        unpacked(tensors, file),
        f"a generator of {size}² pixels",
    )
    for name, array in tensors.items():
        if name.endswith(".var") and (array < 0).any():
            raise WeightsError(f"{file}: {name} has variances below 0")
    return generator
