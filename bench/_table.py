"""What the scripts of this folder share: options and device, machine and tables, timing.

Importing it loads the standard library alone, so that PyTorch and JAX are set up by the script.
"""

import argparse
import json
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def parser(question: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the script's docstring, with `--json`."""
    made = argparse.ArgumentParser(
        description=question, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    return made


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def on_device(name: str | None) -> str:
    """Keeps JAX and PyTorch on one device; call it before JAX is imported.

    `name` is cpu or gpu; None is a GPU that both can use, else the CPU. Returns PyTorch's name of
    the device. Exits with code 2 where a GPU is asked for and one of them sees none.
    """
    if name == "cpu":
        cpu_only()
        return "cpu"
    import torch

    # Both take memory as they need it.
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax

    from jaxtex import platforms

    if platforms.current() == "gpu" and torch.cuda.is_available():
        torch_products("float32")
        return "cuda"
    if name == "gpu":
        print("--device gpu: JAX and PyTorch must both see a GPU", file=sys.stderr)
        raise SystemExit(2)
    jax.config.update("jax_platforms", "cpu")
    return "cpu"


def torch_products(precision: str) -> None:
    """Whether PyTorch multiplies float32 in TF32 on a GPU, in convolutions and in products."""
    import torch

    exact = precision == "float32"
    torch.set_float32_matmul_precision("highest" if exact else "high")
    torch.backends.cudnn.allow_tf32 = not exact


def cpu_only() -> None:
    """Keeps JAX on the CPU, where the rivals run; call it before JAX is imported."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def require_torch() -> None:
    """Exits with code 2 where PyTorch is missing."""
    try:
        import torch
    except ImportError:
        print(
            "PyTorch, the rival of this measurement, is missing: pip install 'jaxtex[bench]'",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    torch.set_num_threads(cores())


def size(text: str) -> tuple[int, int]:
    """`512x192` (width × height) as (height, width), for argparse."""
    found = re.fullmatch(r"(\d+)[x×](\d+)", text)
    if not found or min(map(int, found.groups())) < 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT of 8 pixels or more")
    return int(found[2]), int(found[1])


def count(text: str) -> int:
    """A whole number of 1 or more, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def machine() -> dict[str, Any]:
    """The processor, its memory, its load before the measurement, and the versions."""
    try:
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        memory = None
    versions = {"Python": platform.python_version()}
    for package in ("jaxtex", "jax", "jaxlib", "torch"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cpu": _cpu_model(),
        "cores": cores(),
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def _cpu_model() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


class Report:
    """Prints the machine and Markdown tables; with `as_json` one JSON object at the end instead."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.found: dict[str, Any] = {"machine": machine(), "notes": [], "tables": []}
        self.found["comparisons"] = []
        about = self.found["machine"]
        versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        self._print(
            f"{about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB, "
            f"{about['system']}, load {about['load']} at the start; {versions}\n"
        )
        if (about["load"] or 0) > about["cores"] / 2:
            # OpenMP's threads wait for the slowest, XLA's share the work out: rivals lose more.
            self.note("The machine is busy with other work, which slows rivals unequally.")

    def _print(self, text: str) -> None:
        if not self.as_json:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """A sentence that belongs to the result."""
        self.found["notes"].append(text)
        self._print(f"{text}\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """One table; numbers are strings already, as they should be read."""
        self.found["tables"].append([dict(zip(header, row, strict=True)) for row in rows])
        self._print(markdown(header, rows) + "\n")

    def compare(
        self,
        title: str,
        seconds: Mapping[str, Sequence[float]],
        *,
        unit: str = "ms",
        factor: float = 1000.0,
        digits: int = 1,
        beside: Sequence[str] = (),
        columns: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """A table of each one's minimum, median and maximum, and its median in that of ours.

        Ours is the first; those of `beside` are no rivals. Seconds times `factor` are in `unit`.
        `columns` has further cells, by header and name.
        """
        ours = next(iter(seconds))
        measured = {name: [value * factor for value in values] for name, values in seconds.items()}
        columns = columns or {}
        middle = {name: statistics.median(values) for name, values in measured.items()}
        rows = [
            [name, *spread(values, digits), f"{middle[name] / middle[ours]:.2f}"]
            + [cells.get(name, "") for cells in columns.values()]
            for name, values in measured.items()
        ]
        header = [title, f"min {unit}", "median", "max", f"× {ours}", *columns]
        self.table(header, rows)
        rivals = [name for name in measured if name != ours and name not in beside]
        self.record(title, {name: measured[name] for name in (ours, *rivals)}, unit)
        if rivals:
            best = min(rivals, key=middle.__getitem__)
            least = min(measured[best]) / min(measured[ours])
            self.note(
                f"{best} / {ours}: {middle[best] / middle[ours]:.2f} by medians, {least:.2f} by "
                "minima (above 1: jaxtex is faster)"
            )

    def record(self, title: str, measured: Mapping[str, Sequence[float]], unit: str) -> None:
        """What `jaxtex bench all` gathers: ours first, then its rivals; less is better."""
        self.found["comparisons"].append(
            {"title": title, "unit": unit, "measured": {k: list(v) for k, v in measured.items()}}
        )

    def close(self) -> None:
        """Prints the JSON object, if that was asked for."""
        if self.as_json:
            print(json.dumps(self.found, indent=2, ensure_ascii=False))


def markdown(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table with aligned columns, all but the first to the right."""
    cells = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        padded = [row[0].ljust(widths[0])]
        padded += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(cells[0]), line(rule), *map(line, cells[1:])])


def progress(text: str) -> None:
    """What the script is doing, on stderr."""
    print(text, file=sys.stderr, flush=True)


def in_turn(rivals: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each rival in each round; in a round every rival has its turn."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, rival in rivals.items():
            before = time.perf_counter()
            rival()
            seconds[name].append(time.perf_counter() - before)
    return seconds


def spread(values: Sequence[float], digits: int = 1, factor: float = 1.0) -> list[str]:
    """Minimum, median and maximum, each times `factor`, as cells of a table."""
    found = min(values), statistics.median(values), max(values)
    return [f"{value * factor:.{digits}f}" for value in found]


def run(main: Callable[[], int | None]) -> None:
    """Runs a script: exit 0 done, 1 failed, 2 bad input, 130 interrupted."""
    try:
        code = main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        code = 1
    except ValueError as error:
        from jaxtex.errors import JaxtexError

        if not isinstance(error, JaxtexError):
            raise
        print(error, file=sys.stderr)
        code = 2
    sys.exit(code)
