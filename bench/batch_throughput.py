"""How many jobs a minute does `jaxtex batch` do, against separate commands and a PyTorch loop?

Every job has a drawn logo of its own and one of two styles; the preset is steel at one scale.

- batch N: one `jaxtex batch` command with at most N jobs at once, images and summary written; the
  second column leaves out its start and its first batch;
- commands: a `jaxtex stylize` command for each job, one after the other (the first `--commands`);
- pytorch: L-BFGS without a line search on the same objectives in this process, as many evaluations
  a job. Imports, reading and preparing images are not counted; targets and PNGs are.

Compiled programs are on disk before the clock starts; those of `--cache` must be there. With
`--memory N` it measures instead what the process of a batch of N tiny jobs takes after a fifth of
them and at the end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _ours
import _table
from sweep_vs_pytorch import call

_SETTINGS = {"scales": 1, "finish_steps": 0}

# Reads its own memory as results come in: after a fifth of the jobs and at the end.
_MEMORY = """
import sys
from pathlib import Path
from jaxtex.runtime import configure
configure("cpu")
from jaxtex.jobs.engines.local import LocalEngine
from jaxtex.jobs.manifests.manifest import read_manifest
from jaxtex.jobs.kinds.plan import plan
from jaxtex.jobs.results import ResultFolder
manifest, out = map(Path, sys.argv[1:])
jobs, bad = plan(read_manifest(manifest), out)
assert not bad, bad
folder, count = ResultFolder(out), [0]
def deliver(each):
    assert each.error is None, each.error
    folder.write(each)
    count[0] += 1
    if count[0] in (len(jobs) // 5, len(jobs)):
        lines = Path("/proc/self/status").read_text().splitlines()
        print(count[0], next(line.split()[1] for line in lines if line.startswith("VmRSS")))
with folder.opened(jobs, resume=True, overwrite=False) as missing:
    assert LocalEngine(deliver=deliver).run(missing)
"""


def write_jobs(folder: Path, count: int, size: tuple[int, int], **settings: Any) -> Path:
    """A manifest of jobs on drawn logos, each its own."""
    from jaxtex import images

    for number in range(count):
        logo = _ours.drawn_logo(*size, seed=number)
        images.save_image(folder / f"logo-{number}.png", logo)
    for number in range(2):
        style = _ours.drawn_logo(*size, seed=1_000_000 + number)
        images.save_image(folder / f"style-{number}.png", style)
    rows = [
        {"content": f"logo-{n}.png", "style": f"style-{n % 2}.png", "output": f"{n}.png"}
        for n in range(count)
    ]
    lines = [{"defaults": {**_SETTINGS, "size": max(size), **settings}}, *rows]
    path = folder / "jobs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run_batch(manifest: Path, out: Path, size: int, cache: Path) -> tuple[float, float | None]:
    """Seconds of the command, and those of a job after the first batch."""
    words = ["batch", manifest, "-o", out, "--batch-size", size, "--no-score", "--device", "cpu"]
    before = time.perf_counter()
    call(words, cache)
    seconds = time.perf_counter() - before
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    later = [line["seconds"] for line in lines[size:]]
    return seconds, sum(later) / len(later) if later else None


def run_commands(manifest: Path, out: Path, count: int, steps: int, cache: Path) -> float:
    """Seconds of `count` commands."""
    folder = manifest.parent
    size = json.loads(manifest.read_text().splitlines()[0])["defaults"]["size"]
    out.mkdir()
    words = ["--size", size, "--steps", steps, "--scales", 1, "--finish-steps", 0]
    before = time.perf_counter()
    for number in range(count):
        pair = folder / f"logo-{number}.png", folder / f"style-{number % 2}.png"
        call(["stylize", *pair, "-o", out / f"{number}.png", *words], cache)
    return time.perf_counter() - before


def run_pytorch(manifest: Path, out: Path, steps: int) -> float:
    """Seconds of the loop."""
    import numpy as np
    import torch
    from _torch import Objective, image_of, spec_of

    from jaxtex import images
    from jaxtex.jobs.kinds.plan import plan
    from jaxtex.jobs.manifests import read_manifest
    from jaxtex.jobs.requests import load_inputs
    from jaxtex.style import load_network
    from jaxtex.weights import load_vgg16

    network, weights = load_network(), load_vgg16()
    jobs, _ = plan(read_manifest(manifest), out)
    out.mkdir()
    seconds = 0.0
    for planned in jobs:
        job = load_inputs(planned.files).make_job(planned.settings)
        ours = _ours.Ours(job, network)
        spec, start = spec_of(ours), image_of(ours.initial.point)
        before = time.perf_counter()
        compute = Objective(spec, weights.params, weights.mean)
        image = start.clone().requires_grad_()
        optimiser = torch.optim.LBFGS(
            [image], max_iter=1, history_size=20, tolerance_grad=0, tolerance_change=0
        )

        def closure(optimiser: Any = optimiser, compute: Any = compute, image: Any = image) -> Any:
            optimiser.zero_grad()
            loss = compute(image)
            loss.backward()
            return loss

        for _ in range(steps + 1):
            optimiser.step(closure)
        levels = image.detach().numpy()[0].transpose(1, 2, 0)
        picture = job.picture(np.ascontiguousarray(levels))
        images.save_image(out / planned.output, picture)
        seconds += time.perf_counter() - before
    return seconds


def throughput(options: argparse.Namespace, report: _table.Report) -> None:
    """The table of jobs a minute."""
    height, width = options.size
    rows: list[list[str]] = []
    a_job: dict[str, list[float]] = {}
    turns = ("warm", "timed") if options.cache is None else ("timed",)

    def add(name: str, jobs: int, seconds: float, each: float | None = None) -> None:
        later = "" if each is None else f"{60 / each:.1f}"
        a_job[name] = [seconds / jobs]
        rows.append([name, f"{seconds:.1f}", str(jobs), f"{60 * jobs / seconds:.1f}", later])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = folder / "cache" if options.cache is None else options.cache
        manifest = write_jobs(folder, options.jobs, options.size, steps=options.steps)
        for size in options.batch_sizes:
            for turn in turns:
                _table.progress(f"batch {size}, {turn}")
                seconds, each = run_batch(manifest, folder / f"{turn}-{size}", size, cache)
            add(f"batch {size}", options.jobs, seconds, each)
        if options.commands:
            count = min(options.commands, options.jobs)
            for turn in turns:
                _table.progress(f"commands, {turn}")
                seconds = run_commands(manifest, folder / turn, count, options.steps, cache)
            add("commands", count, seconds)
        if not options.no_pytorch:
            _table.progress("pytorch")
            add("pytorch", options.jobs, run_pytorch(manifest, folder / "torch", options.steps))
    title = f"steel, one scale, {options.steps} steps, {width}×{height}"
    report.table([title, "s", "jobs", "jobs a minute", "after the first batch"], rows)
    batches = [name for name in a_job if name.startswith("batch")]
    if batches:
        best = min(batches, key=lambda name: a_job[name])
        others = [name for name in a_job if name not in batches]
        report.record(title, {name: a_job[name] for name in (best, *others)}, "s a job")


def memory(options: argparse.Namespace, report: _table.Report) -> None:
    """The table of resident memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = write_jobs(
            folder, options.memory, (32, 64), steps=2, margin=4, optimizer="adam",
            content_layer="conv1_2", layer={"conv1_1": 1.0, "conv1_2": 1.0},
        )  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-c", _MEMORY, manifest, folder / "out"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit("the batch of tiny jobs failed")
    found = (line.split() for line in done.stdout.splitlines())
    rows = [[count, f"{int(kib) / 1024:.0f}"] for count, kib in found]
    report.table(["tiny jobs, 64×32", "resident MiB"], rows)


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--batch-sizes", nargs="*", type=_table.count, default=[1, 2, 4, 8], help="default: 1 2 4 8"
    )
    arguments.add_argument("--jobs", type=_table.count, default=16, help="default: 16")
    arguments.add_argument("--steps", type=_table.count, default=20, help="default: 20")
    arguments.add_argument(
        "--size", type=_table.size, default=(96, 256), metavar="WxH", help="default: 256x96"
    )
    arguments.add_argument(
        "--commands", type=int, default=4, help="separate commands to run; default: 4"
    )
    arguments.add_argument("--no-pytorch", action="store_true", help="leave PyTorch out")
    arguments.add_argument("--memory", type=_table.count, metavar="N", help="measure memory")
    arguments.add_argument(
        "--cache", type=Path, help="a folder where all programs are compiled already"
    )
    options = arguments.parse_args()
    _table.cpu_only()
    if not options.no_pytorch and not options.memory:
        _table.require_torch()
    report = _table.Report(as_json=options.json)
    if options.memory:
        memory(options, report)
    else:
        throughput(options, report)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
