"""Training on all devices of all processes: the batch shared out, everything else whole on each."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Shaped, UInt8

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
    return _place(batch, _shared(mesh))


def place_batches(batches: UInt8[np.ndarray, "k n h w 3"], mesh: Mesh) -> UInt8[Array, "k n h w 3"]:
    """The batches of several steps, each device with its share of every one."""
    return _place(batches, NamedSharding(mesh, PartitionSpec(None, "batch")))


def _place(values: np.ndarray, sharding: NamedSharding) -> Array:
    return jax.make_array_from_callback(values.shape, sharding, lambda index: values[index])


def keep_shared(values: Shaped[Array, "n ..."], mesh: Mesh | None) -> Shaped[Array, "n ..."]:
    """Inside a compiled program: what belongs to the images of a batch, shared out as they are.

    What a program makes of nothing, such as random latents, is else made whole on every device.
    """
    if mesh is None or mesh.size == 1:
        return values
    return jax.lax.with_sharding_constraint(values, _shared(mesh))


def _shared(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec("batch"))
