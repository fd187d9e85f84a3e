"""Training on all devices of all processes: the batch shared out, everything else whole on each."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, UInt8

from jaxtex.errors import SettingsError


def devices() -> Mesh:
    """All devices of all processes, along the batch."""
    return Mesh(np.array(jax.devices()), ("batch",))


def check_batch_size(batch_size: int, mesh: Mesh) -> None:
    """Raises SettingsError where the batch cannot be shared out evenly to the devices."""
    if batch_size % mesh.size:
        raise SettingsError(
            f"batch_size: {batch_size} cannot be shared out evenly to {mesh.size} devices"
        )


def place_state(state: Any, mesh: Mesh) -> Any:
    """The state, whole on every device."""
    whole = NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: jax.device_put(np.asarray(leaf), whole), state)


def place_batch(batch: UInt8[np.ndarray, "n h w 3"], mesh: Mesh) -> UInt8[Array, "n h w 3"]:
    """The batch, each device with its share."""
    sharding = NamedSharding(mesh, PartitionSpec("batch"))
    return jax.make_array_from_callback(batch.shape, sharding, lambda index: batch[index])
