"""Devices: what they can hold, and how batches are shared out to them."""

import functools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxtex import platforms, runtime
from jaxtex.files import atomic_path
from jaxtex.style.composition import regional_layers
from jaxtex.style.job import Job
from jaxtex.style.objective import (
    Coefficients,
    Program,
    Targets,
    features_of,
    least_band,
    plan,
    window_rows,
)
from jaxtex.style.optimise import compiled_chunk, start
from jaxtex.style.settings import Optimizer
from jaxtex.version import __version__
from jaxtex.vgg import VGG16, Ends, depth
from jaxtex.weights import VGG16_CHANNELS

T = TypeVar("T")

# Full-resolution maps of block 1 (64 channels) alive at the peak of an evaluation on CPU, by
# `bench/memory.py`: with all activations kept, and with each block's computed again.
_MAPS_KEPT, _MAPS_AGAIN = 10, 8

# Images of one channel that L-BFGS and the terms beside the features hold.
_IMAGES = 60


class Need(NamedTuple):
    """What evaluations take of a device's memory, in bytes: something in any case, then by job."""

    fixed: int
    each: int

    def of(self, batch: int) -> int:
        """What a batch takes."""
        return self.fixed + batch * self.each

    def fitting(self, limit: int) -> int:
        """How many jobs fit into `limit` bytes: at least one."""
        return max(1, (limit - self.fixed) // self.each)


def evaluation_need(
    job: Job, program: Program | None = None, size: tuple[int, int] | None = None
) -> Need:
    """What an evaluation of jobs like this one takes, of `program` at a size (default: its own).

    On CPU an estimate by `bench/memory.py`; elsewhere, where layouts pad, what the compiler says.
    """
    program = program or job.program
    height, width = size or job.content.shape[:2]
    shape = height, width, job.content.shape[-1]
    if platforms.current() == "cpu":
        return Need(_kernel_bytes(program, shape), _estimate(program, (height, width)))
    return compiled_need(program, job.settings.optimizer, shape, len(job.styles))


def _estimate(program: Program, size: tuple[int, int]) -> int:
    """What a job takes on CPU."""
    maps = _MAPS_AGAIN if program.rematerialise else _MAPS_KEPT
    features = maps * 64 * window_rows(program, size[0]) * size[1] * program.dtype.itemsize
    # Of a whole evaluation images and kernels hardly count; beside a band they do.
    return features + (_IMAGES * size[0] * size[1] * 4 if program.band else 0)


def _kernel_bytes(program: Program, shape: tuple[int, int, int]) -> int:
    """What the prepared kernels take, where they count."""
    if not program.band:
        return 0
    kernels = jax.eval_shape(functools.partial(_abstract_kernels, program, *shape))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(kernels))


def has_room(program: Program, batch: int, size: tuple[int, int], limit: int | None = None) -> bool:
    """Whether there is so much memory that the compiler, who takes minutes, need not be asked.

    The default limit is that of `fit_program`.
    """
    return 4 * batch * _estimate(program, size) <= _limit(limit)


def compiled_need(
    program: Program, optimizer: Optimizer, shape: tuple[int, int, int], styles: int = 1
) -> Need:
    """What the compiler says that batches of 1 and of 2 take; kept beside the compiled programs."""
    device = jax.local_devices()[0]
    versions = __version__, jax.__version__, device.device_kind
    key = repr((*versions, program, optimizer, shape, styles))
    path = runtime.cache_folder() / "memory.json"
    known = _known_needs(path)
    if key in known:
        return known[key]
    one, two = (_compiled_bytes(program, optimizer, batch, shape, styles) for batch in (1, 2))
    need = Need(max(0, 2 * one - two), max(1, two - one))
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps({**_known_needs(path), key: need}, indent=1), "utf-8")
    return need


def _known_needs(path: Path) -> dict[str, Need]:
    """What was asked for before; nothing where the file is not there or damaged."""
    try:
        return {key: Need(*map(int, need)) for key, need in json.loads(path.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _compiled_bytes(
    program: Program, optimizer: Optimizer, batch: int, shape: tuple[int, int, int], styles: int
) -> int:
    arguments = abstract_arguments(program, optimizer, batch, shape, styles=styles)
    analysis: Any = compiled_chunk(program).lower(*arguments).compile().memory_analysis()
    return (
        analysis.argument_size_in_bytes
        + analysis.temp_size_in_bytes
        + analysis.output_size_in_bytes
        - analysis.alias_size_in_bytes
    )


def abstract_arguments(
    program: Program,
    optimizer: Optimizer,
    batch: int,
    shape: tuple[int, int, int],
    *,
    styles: int = 1,
    guided: bool = False,
    regions: int = 0,
) -> tuple[Any, ...]:
    """What `run_chunk` takes for images of a shape (height, width, channels), without arrays."""
    height, width, channels = shape
    convs = jax.eval_shape(functools.partial(_abstract_kernels, program, *shape))
    image, ones = _floats(batch, *shape), _floats(batch)
    content, grams = jax.eval_shape(functools.partial(features_of, program), convs, image)
    # Regions are those of some layers; guides for one are those of all.
    apart = regional_layers(program.layers) if regions else ()
    several = {layer: (regions,) if layer in apart else () for layer in program.layers}

    def guide(layer: str) -> Any:
        columns = width >> depth(layer)
        if regions:
            return Ends(_floats(batch, 1, columns, 1), _floats(batch, regions, 3))
        return _floats(batch, height >> depth(layer), columns, 1)

    targets = Targets(
        content=image,
        content_features=_floats(*content.shape),
        grams={
            layer: _floats(batch, styles, *several[layer], *gram.shape[1:])
            for layer, gram in grams.items()
        },
        style_weights=_floats(batch, styles),
        distance=_floats(batch, height, width, 1),
        palette=_floats(batch, 2, channels),
        mask=_floats(batch, height, width, 1),
        guides={layer: guide(layer) for layer in apart or program.layers}
        if guided or regions
        else None,
        regions=_floats(batch, regions) if regions else None,
    )
    weights = {name: ones for name in Coefficients._fields if name != "layers"}
    coefficients = Coefficients(layers=dict.fromkeys(program.layers, ones), **weights)
    flags = jax.ShapeDtypeStruct((batch,), bool)
    state = jax.eval_shape(functools.partial(start, optimizer), image, ones, flags)
    return program, convs, targets, coefficients, state, jax.ShapeDtypeStruct((), jnp.int32)


def _floats(*shape: int) -> Any:
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def _abstract_kernels(program: Program, height: int, width: int, channels: int) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for layer, (inputs, outputs) in VGG16_CHANNELS.items():
        params[f"{layer}.kernel"] = jnp.zeros((3, 3, inputs, outputs))
        params[f"{layer}.bias"] = jnp.zeros(outputs)
    network = VGG16(params, (0.0, 0.0, 0.0))
    rows = window_rows(program, height)
    return network.prepare(program.all_layers, rows, width, channels, dtype=program.dtype)


def available_bytes() -> int:
    """The memory that the default device has free."""
    device = jax.local_devices()[0]
    statistics = device.memory_stats() or {}
    if "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        free = 8 << 30
    # Devices that are made of the CPU have one memory.
    return free // jax.local_device_count()


def _limit(limit: int | None) -> int:
    return int(0.8 * available_bytes()) if limit is None else limit


def fit_program(job: Job, batch: int, size: tuple[int, int], limit: int | None = None) -> Program:
    """The job's program, in a form whose batch fits into `limit` bytes, if there is one.

    Activations that would not fit are computed twice, if that takes less (on TPUs it takes more);
    where that would not do, band by band, in as few bands as fit, or the lowest there are. The
    default limit is 80 % of the device's free memory.
    """
    program = job.program
    limit = _limit(limit)
    if has_room(program, batch, size, limit):
        return program
    best, least = program, evaluation_need(job, program, size).of(batch)
    for form in _smaller(program, size[0]):
        if least <= limit:
            break
        need = evaluation_need(job, form, size).of(batch)
        if need < least:
            best, least = form, need
    return best


def _smaller(program: Program, height: int) -> Iterator[Program]:
    """Forms of a program for an image of so many rows that take less memory, and more time."""
    yield program._replace(rematerialise=True)
    band = height
    while band > least_band(program):
        # Of each band, rows beside it are computed, too: as few bands as do.
        band = max(band // 2, least_band(program))
        banded = program._replace(band=band)
        if plan(banded, height) is not None:
            yield banded


def next_limit(job: Job, limit: int | None) -> int | None:
    """Bytes with which a job would be computed in less memory; None: it takes the least already."""
    size = job.content.shape[:2]
    program = fit_program(job, 1, size, limit)
    less = int(0.9 * evaluation_need(job, program, size).of(1))
    return None if fit_program(job, 1, size, less) == program else less


def fit_batch(job: Job, count: int, limit: int | None = None) -> int:
    """How many of `count` jobs to run at once: as many as fit into `limit` bytes, at least one.

    The default limit is that of `fit_program`.
    """
    limit = _limit(limit)
    if count == 1 or has_room(job.program, count, job.content.shape[:2], limit):
        return count
    return min(count, evaluation_need(job).fitting(limit))


def out_of_memory(error: Exception) -> bool:
    """Whether the device, or the machine, had too little memory."""
    if isinstance(error, MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, jax.errors.JaxRuntimeError) and (
        "resource_exhausted" in text or "out of memory" in text
    )


def filled(jobs: Sequence[T], most: int, multiple: int = 1) -> list[T]:
    """Jobs and copies of the last one: a power of two up to `most`, a multiple at least.

    So that few programs are compiled.
    """
    count = min(most, 1 << (len(jobs) - 1).bit_length())
    count = -(-max(count, len(jobs)) // multiple) * multiple
    return list(jobs) + [jobs[-1]] * (count - len(jobs))


class Placement:
    """Data parallelism over devices: each has its share of the jobs, and weights of its own.

    With one device nothing is moved.
    """

    def __init__(self, devices: Sequence[jax.Device] = ()) -> None:
        self.count = max(1, len(devices))
        self._shared: NamedSharding | None = None
        self._whole: NamedSharding | None = None
        if self.count > 1:
            mesh = Mesh(np.array(devices), ("batch",))
            self._shared = NamedSharding(mesh, PartitionSpec("batch"))
            self._whole = NamedSharding(mesh, PartitionSpec())

    def share(self, tree: T, batch: int) -> T:
        """Arrays with a first axis of `batch`, a multiple of the devices, shared out to them.

        Other arrays are whole on each.
        """
        if self._shared is None:
            return tree
        shardings = jax.tree.map(
            lambda leaf: self._shared if leaf.shape[:1] == (batch,) else self._whole, tree
        )
        return jax.device_put(tree, shardings)

    def whole(self, tree: T) -> T:
        """Arrays that every device has."""
        return tree if self._whole is None else jax.device_put(tree, self._whole)
