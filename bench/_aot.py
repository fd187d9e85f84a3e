"""Programs compiled for a device that need not be there, and what XLA says of them.

Importing it loads the standard library alone; `set_up` comes before JAX is imported.
"""

import dataclasses
import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute")


@dataclass(frozen=True)
class Target:
    """A device, by its maker's figures."""

    platform: str
    """As `jaxtex.platforms` calls it."""
    kind: str = ""
    """Of TPUs: what libtpu calls it, and the machine that it sits in."""
    machine: str = ""
    peak: Mapping[str, float] | None = None
    """FLOP/s of products, by precision; on TPUs float32 takes six of bfloat16 and tensorfloat32
    three."""
    bandwidth: float = 0.0
    """Bytes a second of its memory."""
    memory: float = 0.0
    """GiB that a program may take."""
    source: str = ""


def _tpu(kind: str, machine: str, peak: float, bandwidth: float, memory: float) -> Target:
    rates = {"bfloat16": peak, "tensorfloat32": peak / 3, "float32": peak / 6}
    source = f"https://cloud.google.com/tpu/docs/{kind}"
    return Target("tpu", kind, machine, rates, bandwidth, memory, source)


TARGETS = {
    "cpu": Target("cpu"),
    # libtpu keeps a quarter of a GiB of 16 to itself.
    "v5e": _tpu("v5e", "v5litepod-4", 197e12, 819e9, 15.75),
    "v6e": _tpu("v6e", "v6e-4", 918e12, 1640e9, 31.25),
    "h100": Target(
        "gpu",
        peak={"bfloat16": 989.4e12, "tensorfloat32": 494.7e12, "float32": 66.9e12},
        bandwidth=3.352e12,
        memory=79.1,
        source="NVIDIA H100 Tensor Core GPU Architecture, 2022, table 2 (SXM5, dense)",
    ),
}
_NEEDED = {
    "tpu": (("libtpu", "requests"), "pip install 'jaxtex[aot]'"),
    "gpu": (("jax_cuda12_plugin", "jax_cuda13_plugin"), "pip install 'jaxtex[gpu]'"),
}


def set_up(target: Target, devices: int) -> None:
    """Makes this process one that compiles for `target`; JAX itself runs on the CPU.

    Raises:
      SettingsError: the package that holds the compiler is missing, or there are too many devices.
    """
    from jaxtex.errors import SettingsError

    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if target.platform == "cpu":
        flag = f"--xla_force_host_platform_device_count={devices}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}"
        return
    if devices > 4:
        raise SettingsError(f"devices: {devices}; a machine of this kind has 4")
    packages, command = _NEEDED[target.platform]
    there = [importlib.util.find_spec(name) is not None for name in packages]
    if not (all(there) if target.platform == "tpu" else any(there)):
        raise SettingsError(f"target: XLA's compiler for it is not installed: {command}")
    if target.platform == "tpu":
        os.environ.update(
            TPU_SKIP_MDS_QUERY="1",
            TPU_WORKER_HOSTNAMES="localhost",
            TPU_ACCELERATOR_TYPE=target.machine,
            ALLOW_MULTIPLE_LIBTPU_LOAD="1",
        )
    else:
        # It cannot time kernels on a device that is not there.
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_autotune_level=0"


def devices_of(target: Target, count: int, effort: float) -> Sequence[Any]:
    """`count` devices to compile for."""
    import jax
    from jax.experimental import topologies

    if target.platform == "cpu":
        return jax.devices()[:count]
    if target.platform == "tpu":
        jax.config.update("jax_exec_time_optimization_effort", effort)
        name = f"{target.kind}:2x2"
        return topologies.get_topology_desc(platform="tpu", topology_name=name).devices[:count]
    config = Path(__file__).with_name("_h100.txtpb").read_text()
    found = topologies.get_topology_desc(
        platform="cuda", target_config=config, topology=f"1x1x{count}"
    )
    return found.devices


class DoesNotFit(Exception):
    """The device's memory is too small for a program."""


def compile_case(case: Any, devices: Sequence[Any]) -> Any:
    """A case of `_programs`, compiled for devices that share its batch.

    Raises:
      DoesNotFit: it takes more memory than the device has.
    """
    import jax

    args = placed(case, devices)
    try:
        return case.function.lower(*args).compile()
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        used = re.search(r"Used [\d.]+\w of [\d.]+\w hbm", str(error))
        raise DoesNotFit(used[0] if used else str(error).splitlines()[0]) from None


def placed(case: Any, devices: Sequence[Any]) -> list[Any]:
    """Its arguments, shared out and whole, as `jaxtex.style.Placement` places those of a run.

    Networks that are trained know the devices, as those of a run do.
    """
    import jax
    import numpy as np
    from jax.sharding import Mesh, NamedSharding, PartitionSpec, SingleDeviceSharding

    from jaxtex.texture.dcgan import train as dcgan

    mesh = Mesh(np.array(devices), ("batch",))
    if len(devices) == 1:
        whole = shared = SingleDeviceSharding(devices[0])
    else:
        whole, shared = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), ("batch",)))

    def one(leaf: Any, along: bool) -> Any:
        if isinstance(leaf, dcgan.Networks):
            return dataclasses.replace(leaf, mesh=mesh)
        if not isinstance(leaf, jax.ShapeDtypeStruct):
            return leaf
        where = shared if along and leaf.shape[:1] == (case.batch,) else whole
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=where)

    return [
        jax.tree.map(lambda leaf, along=index in case.shared: one(leaf, along), argument)
        for index, argument in enumerate(case.args)
    ]


def figures(compiled: Any) -> dict[str, Any]:
    """What XLA counts; FLOPs and bytes are missing where it counts none (GPUs)."""
    cost = compiled.cost_analysis() or {}
    cost = cost[0] if isinstance(cost, list) else cost
    memory = compiled.memory_analysis()
    found = {
        name: getattr(memory, f"{name}_size_in_bytes")
        for name in ("temp", "argument", "output", "alias", "generated_code")
    }
    return {
        "flops": cost.get("flops"),
        "bytes": cost.get("bytes accessed"),
        "temporaries": found["temp"],
        "arguments": found["argument"],
        "held": sum(found.values()) - 2 * found["alias"],
        **of_text(compiled.as_text()),
    }


def of_text(text: str) -> dict[str, Any]:
    """What a compiled program's text holds."""
    counts = {name: len(re.findall(rf" {name}(?:-start)?\(", text)) for name in COLLECTIVES}
    return {
        "collectives": {name: count for name, count in counts.items() if count},
        "float64": len(re.findall(r"\bf64\[", text)),
        "largest_constant": max(
            map(_size, re.findall(r"= (\w+\[[\d,]*\])\S* constant\(", text)), default=0
        ),
    }


def _size(shape: str) -> int:
    """Bytes of `f32[2,3]`."""
    kind, _, dimensions = shape.rstrip("]").partition("[")
    bits = re.search(r"\d+", kind)
    size = int(bits[0]) // 8 if bits else 1
    for length in filter(None, dimensions.split(",")):
        size *= int(length)
    return size


def roofline(target: Target, row: Mapping[str, Any], precision: str) -> float | None:
    """Seconds: the slower of arithmetic and memory; None where one of them is not known."""
    if target.peak is None or row["flops"] is None:
        return None
    return max(row["flops"] / target.peak[precision], row["bytes"] / target.bandwidth)
