"""Model weights as safetensors: find, load, describe and verify them.

The shipped VGG16 is the original of Simonyan and Zisserman, *Very deep convolutional networks for
large-scale image recognition*, 2014: its 13 convolutions, BGR input in 0..255 minus the mean.
`convert` makes such a file from other formats. Nothing here loads a pickle or imports JAX.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from jaxtex.errors import WeightsError
from jaxtex.files import atomic_path, sha256
from jaxtex.weights.layers import VGG16_CHANNELS

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""What the original weights expect to be subtracted from BGR pixels in 0..255."""

OXFORD_TENSORS_SHA256 = "909252ac6e8f5c25798249025de7a83f73e4c060e0ccd8ecdca83cc24b827dfe"
"""`tensors_digest` of the original convolutions, whatever file they come in."""

MODEL_FILE = "model.safetensors"
"""What a training folder calls its model."""

_SHIPPED = "vgg16.safetensors"
_SHIPPED_SHA256 = "ec132a5b3b13253ee6ed3eba19eab8c665290f63d925282b79b89eba49a85dd5"
_SHIPPED_SIZE = 58_861_632

# As published for the Caffe, Keras and MatConvNet files; kernels as (output, input, row, column).
_PUBLISHED = {
    "conv1_1.kernel": (0.42947057, 0.373467, -0.06136011, 0.27476987, 0.03868078, -0.36722335),
    "conv1_1.bias": (0.73429835, 0.09340367, 0.06775674, 0.8862966),
    "conv1_2.kernel": (0.16621928,),
    "conv1_2.bias": (-0.30912212,),
    "conv2_1.kernel": (-0.00890296,),
    "conv2_1.bias": (-0.04577766,),
    "conv5_3.bias": (0.18837857, -0.50036746),
}


@dataclass(frozen=True)
class VGG16Weights:
    """The convolutions of a VGG16.

    Attributes:
      params: `conv1_1.kernel` [3, 3, in, out] and `conv1_1.bias` [out] to conv5_3, float32,
        read-only.
      mean: subtracted from BGR pixels in 0..255; zero padding then means this colour.
      metadata: the file's header: source, licence, attribution, digests.
    """

    params: dict[str, np.ndarray]
    mean: tuple[float, float, float]
    metadata: dict[str, str]


@dataclass(frozen=True)
class Check:
    """One fact that `verify` looked at."""

    name: str
    ok: bool
    detail: str


def directory() -> Path:
    """Returns the folder of the shipped weights, in a clone or an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_weights"
    return installed if installed.is_dir() else package.parent / "weights"


def vgg16_path() -> Path:
    """Returns where the shipped VGG16 lies."""
    return directory() / _SHIPPED


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Returns every tensor of a VGG16 file and its shape, in the network's order."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (inputs, outputs) in VGG16_CHANNELS.items():
        shapes[f"{layer}.kernel"] = (3, 3, inputs, outputs)
        shapes[f"{layer}.bias"] = (outputs,)
    return shapes


def digest(path: str | os.PathLike[str]) -> str:
    """Returns the SHA-256 of a file.

    Raises:
      WeightsError: the file cannot be read.
    """
    try:
        return sha256(path)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from None


def tensors_digest(params: Mapping[str, np.ndarray]) -> str:
    """Returns the SHA-256 of the tensors' float32 bytes in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(params):
        total.update(np.ascontiguousarray(params[name], dtype="<f4").data)
    return total.hexdigest()


def read_safetensors(
    path: str | os.PathLike[str],
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Returns the tensors of a safetensors file, mapped and read-only, and its metadata.

    bfloat16, which NumPy lacks, comes back as float32.

    Raises:
      WeightsError: the file is missing or not a whole safetensors file.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such weights file; a .safetensors file is needed")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
        # safe_open has checked the header, the offsets and the length; it copies, a map does not.
        data = np.asarray(np.memmap(path, np.uint8, mode="r"))
    except (SafetensorError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"{path}: is not a whole .safetensors file ({reason})") from None
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    tensors = {}
    for name, entry in json.loads(data[8:start].tobytes()).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        flat = data[start + first : start + last]
        tensors[name] = _view(flat, entry["dtype"], path, name).reshape(entry["shape"])
    return tensors, metadata


_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I8": "|i1",
    "U8": "|u1",
}


def _view(flat: np.ndarray, dtype: str, path: Path, name: str) -> np.ndarray:
    if dtype == "BF16":
        # bfloat16 is the upper half of a float32.
        return (flat.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype not in _DTYPES:
        raise WeightsError(f"{path}: {name} has type {dtype}; allowed are {', '.join(_DTYPES)}")
    return flat.view(_DTYPES[dtype])


def write_safetensors(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes a safetensors file whose bytes depend on its arguments only.

    The library's own writer orders the metadata at random, so equal content has no equal digest.
    """
    names = {np.dtype(code): name for name, code in _DTYPES.items()}
    arrays = {name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    offset = 0
    for name, array in arrays.items():
        header[name] = {
            "dtype": names[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * ((56 - len(text)) % 64)  # after 8 bytes of length, so the data start at 64·n
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.astype(array.dtype.newbyteorder("<"), copy=False).data)


def load_vgg16(path: str | os.PathLike[str] | None = None) -> VGG16Weights:
    """Returns the VGG16 in `path`, or the shipped one; float16 and bfloat16 are widened.

    Raises:
      WeightsError: the file is missing, damaged or holds anything but a VGG16's convolutions.
    """
    file = vgg16_path() if path is None else Path(path)
    tensors, metadata = read_safetensors(file)
    architecture = metadata.get("architecture", "vgg16")
    if architecture != "vgg16":
        raise WeightsError(f"{file}: holds weights of {architecture}; vgg16 is needed")
    params = {}
    for name, shape in expected_shapes().items():
        if name not in tensors:
            raise WeightsError(
                f"{file}: has no {name}; a VGG16 file has conv1_1.kernel to conv5_3.bias, "
                "as `jaxtex weights convert` writes them"
            )
        params[name] = _checked(tensors[name], name, shape, file)
    if file.resolve() == vgg16_path().resolve() and (
        file.stat().st_size != _SHIPPED_SIZE
        or metadata.get("tensors_sha256") != OXFORD_TENSORS_SHA256
    ):
        raise WeightsError(f"{file}: is not the file that jaxtex ships; reinstall jaxtex")
    return VGG16Weights(params, mean_of(metadata, file), metadata)


def _checked(array: np.ndarray, name: str, shape: tuple[int, ...], file: Path) -> np.ndarray:
    if array.shape != shape:
        raise WeightsError(f"{file}: {name} has shape {list(array.shape)}; {list(shape)} is needed")
    if array.dtype not in (np.float32, np.float16):
        raise WeightsError(
            f"{file}: {name} is {array.dtype}; float32, float16 or bfloat16 is allowed"
        )
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise WeightsError(f"{file}: {name} has values that are not finite")
    return array


def mean_of(
    metadata: Mapping[str, str], file: str | os.PathLike[str]
) -> tuple[float, float, float]:
    """Returns the BGR mean in a VGG16 file's metadata, Caffe's when it has none.

    Raises:
      WeightsError: it is not three values in 0..255.
    """
    text = metadata.get("mean")
    if text is None:
        return CAFFE_MEAN
    try:
        blue, green, red = (float(value) for value in text.split(","))
        if not all(0 <= value <= 255 for value in (blue, green, red)):
            raise ValueError(text)
    except ValueError:
        raise WeightsError(
            f"{file}: its mean is {text!r}; three BGR values in 0..255 are needed"
        ) from None
    return blue, green, red


def describe(path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Returns what a safetensors file holds: metadata, tensors, size and digest; any model's.

    Raises:
      WeightsError: the file is missing or damaged.
    """
    file = vgg16_path() if path is None else Path(path)
    tensors, metadata = read_safetensors(file)
    # In the network's order where the names are VGG16's, else by name.
    order = {name: place for place, name in enumerate(expected_shapes())}
    names = sorted(tensors, key=lambda name: (order.get(name, len(order)), name))
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "sha256": digest(file),
        "parameters": sum(int(array.size) for array in tensors.values()),
        "metadata": dict(sorted(metadata.items())),
        "tensors": [
            {
                "name": name,
                "shape": list(tensors[name].shape),
                "dtype": str(tensors[name].dtype),
            }
            for name in names
        ],
    }


def verify(path: str | os.PathLike[str] | None = None) -> list[Check]:
    """Returns the checks of a VGG16 file, the shipped one when `path` is None.

    The shipped file is held against the digest recorded here, any other one against the digest in
    its own header; both against the published values of the original weights.

    Raises:
      WeightsError: the file is missing, damaged or of another architecture.
    """
    file = vgg16_path() if path is None else Path(path)
    loaded = load_vgg16(file)
    checks = [Check("layers", True, f"{len(VGG16_CHANNELS)} convolutions, float32, finite")]
    if file.resolve() == vgg16_path().resolve():
        actual, recorded = digest(file), _SHIPPED_SHA256
        checks.append(_same("file", actual, recorded))
    tensors = tensors_digest(loaded.params)
    checks.append(_same("tensors", tensors, loaded.metadata.get("tensors_sha256")))
    for name, published in _PUBLISHED.items():
        array = loaded.params[name]
        values = (array.transpose(3, 2, 0, 1) if array.ndim == 4 else array).ravel()
        values = values[: len(published)]
        # The published figures have eight digits.
        ok = bool(np.allclose(values, published, rtol=1e-6, atol=1e-8))
        detail = f"begins {', '.join(f'{value:.8g}' for value in values)}"
        if not ok:
            detail += f"; the original begins {', '.join(map(str, published))}"
        checks.append(Check(name, ok, detail))
    return checks


def _same(name: str, actual: str, recorded: str | None) -> Check:
    if recorded is None:
        return Check(name, False, f"SHA-256 {actual}; the header records none")
    if actual != recorded:
        return Check(name, False, f"SHA-256 {actual}; recorded is {recorded}")
    return Check(name, True, f"SHA-256 {actual}")
