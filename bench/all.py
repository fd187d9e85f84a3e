"""How does jaxtex stand beside its rivals on this machine, in one table?

Runs the measurements one after the other, each in a process of its own that lets the rivals take
turns, and gathers what they found. With the defaults this takes the better part of an hour on two
cores; `--quick` takes smaller cases and fewer rounds. What was found so far is printed, and in the
file of `--record`, when it is interrupted.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import _table

# Script and arguments of the quick form, by the name that `jaxtex bench` has for it.
MEASUREMENTS = {
    "stylize": (
        "stylize_vs_pytorch", "--sizes 256x96 --rounds 3 --steps 3 --no-compile",
    ),
    "time-to-quality": (
        "time_to_quality", "--objectives steel --size 128 --adam-steps 200",
    ),
    "memory": ("memory", "--size 512x512"),
    "cold-start": ("cold_start", "--size 256 --rounds 1"),
    "msgnet": (
        "msgnet_vs_pytorch",
        "--features 32 --apply-size 256 --size 128 --style-size 128 --batch-size 2",
    ),
    "sweep": ("sweep_vs_pytorch", "--rows 1 --size 128 --steps 20"),
    "batch-throughput": (
        "batch_throughput", "--jobs 4 --batch-sizes 1 4 --size 128x64 --commands 2",
    ),
    "vmf": ("vmf_vs_scipy", "--count 20000"),
    "ssim": ("ssim_vs_skimage", "--textures 20 --rounds 3 --counts"),
    "dcgan": ("dcgan_vs_pytorch", "--features 32 --rounds 3 --no-compile"),
}  # fmt: skip
HEADER = ("measurement", "unit", "jaxtex", "min to max", "rival", "median", "min to max", "ratio")


def measure(name: str, *, quick: bool) -> dict[str, Any] | int:
    """What a measurement says as JSON, or the exit code where it says nothing."""
    script, arguments = MEASUREMENTS[name]
    path = Path(__file__).with_name(f"{script}.py")
    words = [sys.executable, str(path), *(arguments.split() if quick else ()), "--json"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        return json.loads(done.stdout)
    except ValueError:
        return done.returncode or 1


def rows_of(comparison: Mapping[str, Any]) -> list[list[str]]:
    """A row for each rival, or one where there is none."""
    (_, ours), *rivals = comparison["measured"].items()
    middle, lowest, highest = figures(ours)
    first = [comparison["title"], comparison["unit"], middle, f"{lowest} to {highest}"]
    if not rivals:
        return [[*first, "", "", "", ""]]
    rows = []
    for name, theirs in rivals:
        median, least, most = figures(theirs)
        ratio = f"{statistics.median(theirs) / statistics.median(ours):.2f}"
        rows.append([*first, name, median, f"{least} to {most}", ratio])
    return rows


def figures(values: Sequence[float]) -> tuple[str, str, str]:
    """Median, minimum and maximum, to three digits."""
    found = statistics.median(values), min(values), max(values)
    first, second, third = (f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in found)
    return first, second, third


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--only", nargs="+", choices=MEASUREMENTS, default=list(MEASUREMENTS), help="default: all"
    )
    arguments.add_argument("--quick", action="store_true", help="small cases, few rounds")
    arguments.add_argument(
        "--record", type=Path, metavar="FILE", help="write all that was found there, as JSON"
    )
    options = arguments.parse_args()
    from jaxtex.files import check_output, write_bytes

    if options.record is not None:
        check_output(options.record, overwrite=True)
    _table.require_torch()
    report = _table.Report(as_json=options.json)
    found: dict[str, Any] = {}
    missing, interrupted = [], False
    for number, name in enumerate(options.only, 1):
        _table.progress(f"[{number}/{len(options.only)}] {name}")
        try:
            said = measure(name, quick=options.quick)
        except KeyboardInterrupt:
            interrupted = True
            break
        if isinstance(said, int):
            missing.append(f"{name} gave no result (exit code {said})")
            continue
        found[name] = said
        if options.record is not None:
            record = {"machine": report.found["machine"], "measurements": found}
            write_bytes(options.record, json.dumps(record, indent=2, ensure_ascii=False).encode())
    comparisons = [each for said in found.values() for each in said["comparisons"]]
    report.found["measurements"] = found
    if comparisons:
        report.table(HEADER, [row for each in comparisons for row in rows_of(each)])
        report.note("ratio: the rival's median in ours; above 1 jaxtex takes less.")
    for sentence in missing:
        report.note(sentence)
    report.close()
    if interrupted:
        raise KeyboardInterrupt
    return 1 if missing else 0


if __name__ == "__main__":
    _table.run(main)
