"""What does an accelerator make of jaxtex, in ten minutes and one record?

For the day a GPU or TPU is at hand: `doctor`, a stylisation with its picture, `bench stylize` in
float32, TF32 and bfloat16 at batch 1, 4, 16 and 64 against PyTorch on the same device, `bench
dcgan`, `ssim` and `vmf`. Each step is a process of its own, has a share of the time and is ended
after it; what was found so far is in the record. On a CPU, or with `--quick`, cases are small.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import _table
from all import HEADER, rows_of

HERE = Path(__file__).resolve().parent
_LEAST_SECONDS = 20


class Step(NamedTuple):
    """A command, what it takes of the time, and its arguments where cases are small."""

    words: tuple[str, ...]
    share: float
    quick: tuple[str, ...] = ()


def stylize_step(precision: str, share: float) -> Step:
    """`bench stylize` in one precision."""
    words = ("stylize_vs_pytorch.py", "--objectives", "lbfgs", "--no-compile", "--rounds", "3")
    words += ("--precisions", precision)
    quick = ("--sizes", "128x64", "--batches", "1", "2", "--steps", "2")
    return Step((*words, "--sizes", "512x192"), share, quick)


def steps(picture: Path) -> dict[str, Step]:
    """All of them, by name."""
    examples = HERE.parent / "examples"
    if not examples.is_dir():
        examples = HERE.parent / "_examples"
    pair = tuple(
        str(examples / kind / name)
        for kind, name in (("content", "northgate.png"), ("style", "ironwyrm.png"))
    )
    stylize = ("jaxtex", "stylize", *pair, "-o", str(picture), "--overwrite")
    return {
        "doctor": Step(("jaxtex", "doctor", "--json"), 0.1),
        "picture": Step(
            (*stylize, "--size", "1024"), 0.15, ("--size", "96", "--steps", "4", "--scales", "1")
        ),
        "stylize float32": stylize_step("float32", 0.2),
        "stylize tensorfloat32": stylize_step("tensorfloat32", 0.15),
        "stylize bfloat16": stylize_step("bfloat16", 0.15),
        "dcgan": Step(
            ("dcgan_vs_pytorch.py", "--no-compile"), 0.1, ("--features", "16", "--rounds", "3")
        ),
        "ssim": Step(
            ("ssim_vs_skimage.py",), 0.1, ("--textures", "12", "--rounds", "3", "--counts")
        ),
        "vmf": Step(("vmf_vs_scipy.py",), 0.05, ("--count", "20000")),
    }


def run_step(step: Step, *, quick: bool, seconds: float) -> dict[str, Any]:
    """What a step says, as JSON or in words, its exit code and its time."""
    words = [*step.words, *(step.quick if quick else ())]
    if words[0] == "jaxtex":
        command = [sys.executable, "-c", "from jaxtex.cli import main; main()", *words[1:]]
    else:
        command = [sys.executable, str(HERE / words[0]), *words[1:], "--json"]
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    before = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=max(_LEAST_SECONDS, seconds),
        )
        text, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired:
        text, code = "", None
    found: dict[str, Any] = {
        "command": " ".join(words),
        "exit": code,
        "seconds": round(time.perf_counter() - before, 1),
    }
    try:
        found["said"] = json.loads(text)
    except ValueError:
        found["said"] = text.strip()
    return found


def comparisons(found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The measurements with rivals among what was found."""
    said = [each["said"] for each in found.values() if isinstance(each["said"], dict)]
    return [one for each in said for one in each.get("comparisons", ())]


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--minutes", type=_table.count, default=10, help="default: 10")
    arguments.add_argument("--quick", action="store_true", help="small cases, as on a CPU")
    arguments.add_argument(
        "--record",
        type=Path,
        metavar="FOLDER",
        default=HERE / "records",
        help="default: %(default)s",
    )
    arguments.add_argument("--only", nargs="+", metavar="STEP", help="default: all")
    options = arguments.parse_args()
    _table.require_torch()
    device = _table.on_device(None)
    import jax

    from jaxtex.files import write_bytes

    kind = jax.devices()[0].device_kind
    quick = options.quick or device == "cpu"
    name = f"{date.today():%Y-%m-%d}-{'-'.join(kind.lower().split())}"
    options.record.mkdir(parents=True, exist_ok=True)
    chosen = steps(options.record / f"{name}.png")
    unknown = [each for each in options.only or () if each not in chosen]
    if unknown:
        arguments.error(f"--only: {unknown[0]!r} is unknown; allowed are {', '.join(chosen)}")
    report = _table.Report(as_json=options.json)
    end = time.monotonic() + 60 * options.minutes
    found: dict[str, Any] = {}
    for each in options.only or chosen:
        left = end - time.monotonic()
        if left < _LEAST_SECONDS:
            report.note(f"{each}: left out, the time is over")
            continue
        _table.progress(f"{each}: {left:.0f} s are left")
        # What a step leaves of its share goes to those after it.
        rest = [chosen[later].share for later in chosen if later not in found]
        found[each] = run_step(
            chosen[each], quick=quick, seconds=left * chosen[each].share / sum(rest) * 1.5
        )
        if found[each]["exit"] != 0:
            report.note(f"{each}: ended with {found[each]['exit']} (None: its time was over)")
        record = {"device": kind, "quick": quick, **report.found, "steps": found}
        text = json.dumps(record, indent=2, ensure_ascii=False)
        write_bytes(options.record / f"{name}.json", text.encode())
    rows = [row for each in comparisons(found) for row in rows_of(each)]
    if rows:
        report.table(HEADER, rows)
    report.note(f"The record is {options.record / name}.json, the picture lies beside it.")
    report.found["steps"] = found
    report.close()
    return 1 if any(each["exit"] for each in found.values()) else 0


if __name__ == "__main__":
    _table.run(main)
