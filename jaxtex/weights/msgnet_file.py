"""The file of an MSG-Net: safetensors with what the network is in its header; needs no JAX."""

import os
from collections.abc import Mapping

import numpy as np

from jaxtex.weights import files

ARCHITECTURE = "msgnet"


def write(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> str:
    """Writes a network's arrays, whole or not at all; returns their digest.

    `metadata` says where they come from: `source`, `licence`, `training` (command and seed), …
    """
    digest = files.tensors_digest(tensors)
    header = {
        **metadata,
        "architecture": ARCHITECTURE,
        "features": str(len(tensors["match"]) // 4),
        "layout": "kernels [row, column, in, out]; input and output BGR in 0..255",
        "tensors_sha256": digest,
    }
    files.write_safetensors(path, tensors, header)
    return digest
