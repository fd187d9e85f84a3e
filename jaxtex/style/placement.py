"""Where a batch lies: shared out along its first axis to several devices of one kind."""

from collections.abc import Sequence
from typing import TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

T = TypeVar("T")


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
