"""Model files that are not as they should be."""

import numpy as np

from jaxtex.weights import read_safetensors, write_safetensors


def harmed(path, tmp_path, harm) -> str:
    """A copy of a model file whose tensors and metadata `harm` has changed."""
    tensors, metadata = read_safetensors(path)
    tensors, metadata = {name: np.array(array) for name, array in tensors.items()}, dict(metadata)
    harm(tensors, metadata)
    file = tmp_path / "harmed.safetensors"
    write_safetensors(file, tensors, metadata)
    return str(file)
