"""JAX set up for a command: device, quiet start, cache; and what long runs must let go."""

import contextlib
import ctypes
import gc
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from jaxtex.errors import SettingsError, first_line


def cache_folder() -> Path:
    """Where compiled programs are kept: `JAXTEX_CACHE`, or `jaxtex` in the user's cache folder."""
    named = os.environ.get("JAXTEX_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "jaxtex"


def quiet_loader() -> None:
    """Keeps XLA from printing pages of harmless errors when it reads a program from the disk cache.

    jaxlib 0.10.1 takes LLVM's words for tuning (`+prefer-no-gather`) for features of the processor
    that it misses (xla issue 44565). `TF_CPP_MIN_LOG_LEVEL` is read when JAX is imported; where
    that was before, the level is set as `jax_logging_level` would. One that the user has set stays,
    but for 1, which JAX itself sets.
    """
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "jaxlib" not in sys.modules or level not in ("1", "3"):
        return
    from jaxlib import utils, version

    if version.__version_info__ < (0, 11):
        utils.absl_set_min_log_level(3)


def configure(device: str | None = None) -> None:
    """Imports JAX for `device` (cpu, gpu, tpu; None: the best there is), with the cache on.

    Raises:
      SettingsError: no such device here.
    """
    import jax

    if device is not None:
        jax.config.update("jax_platforms", {"gpu": "cuda"}.get(device, device))
    if not jax.config.values["jax_compilation_cache_dir"]:
        jax.config.update("jax_compilation_cache_dir", str(cache_folder() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
        # Programs with calls of oneDNN cannot be kept, of which JAX warns each time.
        warnings.filterwarnings("ignore", "Error writing persistent .* MemoryError")
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:
        # JAX 0.10 asserts where the plugin of a platform is not installed.
        reason = (str(error).splitlines() or ["JAX has no plugin for it"])[0]
        raise SettingsError(f"device: {device!r} is not available here ({reason})") from None


def trim_memory() -> None:
    """Gives memory that was freed back to the system, where the C library is one that hoards it.

    Arrays of a few hundred KiB that come and go leave glibc's heap in pieces: without this a
    process that runs many batches grows all the time, though it holds no more than at first.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def forget_programs(most: int = 20_000) -> bool:
    """Forgets all compiled programs where this process has more than `most` memory mappings.

    Linux allows it 65,530; a program on CPU takes some, and XLA crashes where it gets no more. To
    be called where no other thread uses JAX. Counting takes about 1 µs a mapping. Returns whether
    programs were forgotten: never where the system does not say how many mappings there are.
    """
    try:
        count = Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:
        return False
    if count <= most:
        return False
    import jax

    jax.clear_caches()
    # Functions and the traces of them refer to each other.
    gc.collect()
    return True


def join_cluster() -> None:
    """Makes this process one of several where the environment says so; before `configure`.

    `JAX_COORDINATOR_ADDRESS` (with `JAX_NUM_PROCESSES` and `JAX_PROCESS_ID`) names the first
    process; Slurm and Open MPI name it themselves when they start more than one.

    Raises:
      SettingsError: the numbers are missing or the others cannot be reached.
    """
    environment = os.environ
    named = "JAX_COORDINATOR_ADDRESS" in environment
    started = max(_number("SLURM_NTASKS"), _number("OMPI_COMM_WORLD_SIZE"))
    if not named and started < 2:
        return
    import jax

    process: dict[str, Any] = {}
    for option, name in (("num_processes", "JAX_NUM_PROCESSES"), ("process_id", "JAX_PROCESS_ID")):
        if name in environment:
            process[option] = _number(name)
    try:
        jax.distributed.initialize(**process)
    except (RuntimeError, ValueError) as error:
        raise SettingsError(f"the cluster cannot be joined ({first_line(error)})") from None


def _number(name: str) -> int:
    text = os.environ.get(name, "0")
    if not text.isdecimal():
        raise SettingsError(f"{name}: {text!r} is not a whole number of 0 or more")
    return int(text)
