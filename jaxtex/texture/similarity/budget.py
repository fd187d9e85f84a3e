"""How much is compared at once: what a core's cache holds, or a share of a device's memory."""

from typing import NamedTuple

import jax

from jaxtex import platforms


class Budget(NamedTuple):
    """Bytes of images that are prepared at once, and of pairs that are compared at once."""

    prepared: int
    compared: int


# The first bounds the memory, the second is about what a core's cache holds.
_ON_CPU = Budget(prepared=32 << 20, compared=3 << 20)
# What is made of an image or a pair takes some times its size.
_SHARE = 64
_USUAL_MEMORY = 8 << 30


def budget() -> Budget:
    """That of the device that computes."""
    if platforms.current() == "cpu":
        return _ON_CPU
    memory = jax.local_devices()[0].memory_stats() or {}
    share = memory.get("bytes_limit", _USUAL_MEMORY) // _SHARE
    return Budget(prepared=share, compared=share)
