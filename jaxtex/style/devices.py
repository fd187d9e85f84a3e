"""Devices: what they can hold, and how batches are shared out to them."""

import os
from collections.abc import Sequence
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxtex.style.objective import Program

T = TypeVar("T")

# Full-resolution maps of block 1 (64 channels) alive at the peak of an evaluation, by
# `bench/memory.py`: with all activations kept, and with each block's computed again.
_MAPS_KEPT, _MAPS_AGAIN = 10, 8


def evaluation_bytes(program: Program, batch: int, height: int, width: int) -> int:
    """About how many bytes one evaluation of the objective takes."""
    maps = _MAPS_AGAIN if program.rematerialise else _MAPS_KEPT
    return maps * 64 * batch * height * width * program.dtype.itemsize


def available_bytes() -> int:
    """The memory that the default device has free."""
    device = jax.local_devices()[0]
    statistics = device.memory_stats() or {}
    if "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics.get("bytes_in_use", 0)
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 8 << 30


def fit_program(
    program: Program, batch: int, height: int, width: int, limit: int | None = None
) -> Program:
    """`program`, computing activations twice if they would not fit into `limit` bytes.

    The default limit is 80 % of the device's free memory.
    """
    limit = int(0.8 * available_bytes()) if limit is None else limit
    fits = evaluation_bytes(program, batch, height, width) <= limit
    return program if fits else program._replace(rematerialise=True)


def fit_batch(
    program: Program, count: int, height: int, width: int, limit: int | None = None
) -> int:
    """How many of `count` jobs to run at once: as many as fit into `limit` bytes, at least one.

    The default limit is that of `fit_program`.
    """
    limit = int(0.8 * available_bytes()) if limit is None else limit
    return min(count, max(1, limit // evaluation_bytes(program, 1, height, width)))


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
