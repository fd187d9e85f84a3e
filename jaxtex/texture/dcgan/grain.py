"""Grain for a generator: fields of noise that its latent decides.

A DCGAN makes 100 numbers into thousands of pixels by convolutions alone, which are the same at
every place: all that it has for an even, irregular grain is a lattice. Noise added to its maps
gives the irregularity (Karras, Laine, Aila, *A style-based generator architecture for generative
adversarial networks*, CVPR 2019, §3.2), but then a latent would no longer be one texture. Here the
noise is a fixed random projection of the latent: a sum of its numbers with signs of their own for
every pixel. Of a latent of N(0, I) these fields are as good as white, independent of each other, of
variance 1; they go as smoothly as the latent does, and nothing of them is stored.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

GAIN = 5.0
"""What stored strengths are multiplied by: they learn as many times faster than kernels."""


def fields(latents: Float[Array, "n z"], side: int, count: int) -> Float[Array, "n s s c"]:
    """`count` fields of noise a latent, `side` × `side`; of a latent of N(0, I), of N(0, 1)."""
    size = latents.shape[1]
    pixels = side * side * count
    words = _hash(jnp.arange(size * -(-pixels // 32), dtype=jnp.uint32), side)
    bits = (words[:, None] >> jnp.arange(32, dtype=jnp.uint32)) & 1
    signs = 2 * bits.reshape(size, -1)[:, :pixels].astype(latents.dtype) - 1
    return (latents @ signs / np.sqrt(size)).reshape(-1, side, side, count)


def _hash(numbers: UInt32[Array, " n"], salt: int) -> UInt32[Array, " n"]:
    """Numbers as random as their order is not: the finaliser of MurmurHash3, twice."""
    for turn in (salt, ~salt):
        numbers = numbers ^ jnp.uint32(turn * 0x9E3779B9 % 2**32)
        numbers = (numbers ^ (numbers >> 16)) * jnp.uint32(0x85EBCA6B)
        numbers = (numbers ^ (numbers >> 13)) * jnp.uint32(0xC2B2AE35)
        numbers = numbers ^ (numbers >> 16)
    return numbers
