"""Whether jaxtex computes rightly on this machine: versions, devices, weights, canaries, programs.

JAX is imported inside the checks, so that a broken installation is reported rather than raised.
"""

import os
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from jaxtex import weights
from jaxtex.errors import first_line
from jaxtex.health.canaries import CANARIES
from jaxtex.health.programs import PROGRAMS
from jaxtex.version import __version__
from jaxtex.weights import Check


@dataclass(frozen=True)
class Note(Check):
    """A fact worth knowing that is no failure."""


def status(check: Check) -> str:
    """What a check says in a word: `ok`, `FAIL`, or `note` where it is only worth knowing."""
    if isinstance(check, Note):
        return "note"
    return "ok" if check.ok else "FAIL"


PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "Pillow")
_MISCOMPILES = (
    "compiles programs to wrong values on CPU (jax issue 39103); "
    "pip install 'jax!=0.10.2,!=0.11.0' 'jaxlib!=0.10.2,!=0.11.0'"
)
KNOWN_BAD: dict[tuple[str, str], str] = {
    (package, version): _MISCOMPILES
    for package in ("jax", "jaxlib")
    for version in ("0.10.2", "0.11.0")
}
"""(package, version) -> why it must not be used."""


def sections(deep: bool = False) -> Mapping[str, Callable[[], Iterator[Check]]]:
    """Every section's checks by its name; `deep` adds the whole programs, which take minutes."""
    return {**SECTIONS, "programs": programs} if deep else SECTIONS


def examine(deep: bool = False) -> Iterator[tuple[str, Check]]:
    """Yields every check as it is made, with its section's name; none of them raises."""
    for section, checks in sections(deep).items():
        try:
            for check in checks():
                yield section, check
        except Exception as error:
            yield section, Check(section, False, f"{type(error).__name__}: {first_line(error)}")


def versions() -> Iterator[Check]:
    """The packages that results depend on."""
    system = f"{platform.system()} {platform.machine()}"
    yield Check("Python", True, f"{platform.python_version()} on {system}")
    yield Check("jaxtex", True, __version__)
    for package in PACKAGES:
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            yield Check(package, False, f"is not installed; pip install {package}")
            continue
        reason = KNOWN_BAD.get((package, version))
        yield Check(package, reason is None, f"{version} {reason}" if reason else version)


def devices() -> Iterator[Check]:
    """What JAX computes on."""
    import jax

    from jaxtex import platforms

    backend = platforms.current()
    yield Check("backend", True, backend)
    for device in jax.local_devices():
        memory = _memory(device)
        size = f"{memory / 2**30:.1f} GiB" if memory else "memory unknown"
        yield Check(f"{device.platform} {device.id}", True, f"{device.device_kind}, {size}")
    if backend == "cpu" and Path("/dev/nvidia0").exists():
        yield Note("gpu", True, "an NVIDIA GPU is not used by JAX; pip install 'jaxtex[gpu]'")


def _memory(device: Any) -> int | None:
    """The device's memory in bytes; of a CPU, the machine's."""
    limit = (device.memory_stats() or {}).get("bytes_limit")
    if limit or device.platform != "cpu":
        return limit
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def shipped_weights() -> Iterator[Check]:
    """The shipped files against their recorded digests."""
    path = weights.vgg16_path()
    checks = weights.verify(path)
    failed = [check for check in checks if not check.ok]
    for check in failed:
        yield Check(f"{path.name} {check.name}", False, check.detail)
    if not failed:
        digests = {check.name: check.detail for check in checks}
        yield Check(path.name, True, digests["file"])


def canaries() -> Iterator[Check]:
    """The compiled kernels against float64."""
    return (canary() for canary in CANARIES)


def programs() -> Iterator[Check]:
    """Whole compiled programs against float64."""
    return (program() for program in PROGRAMS)


SECTIONS: Mapping[str, Callable[[], Iterator[Check]]] = {
    "versions": versions,
    "devices": devices,
    "weights": shipped_weights,
    "canaries": canaries,
}
