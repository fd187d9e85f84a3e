"""How much memory does an evaluation take at 1024×1024, with and without rematerialising?

Peak resident memory of three Adam steps on network-of-steel's layers (RGB, float32, CPU): ours,
ours with each block's activations computed again, ours band by band within a fifth of what it
takes (`--max-memory`), and PyTorch eager; each in a process of its own, less what the process held
after imports and weights. The peak is also given in 64-channel maps of full resolution:
`jaxtex/style/devices.py` estimates an evaluation by them. Seconds are those of the last step.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import _ours
import _table

VARIANTS = {
    "jaxtex": "jaxtex",
    "again": "jaxtex, activations again",
    "bands": "jaxtex, band by band",
    "torch": "PyTorch eager",
}
# Of what an evaluation takes by the estimate.
LIMITS = {"jaxtex": 1.0, "again": 0.85, "bands": 0.2}
STEPS = 3


def peak_bytes() -> int:
    """The most memory that was resident in this process so far."""
    try:
        # getrusage's figure starts at the parent's size; this one does not.
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def make_job(height: int, width: int) -> Any:
    """Network of Steel on made-up logos of this size."""
    from jaxtex.style import PRESETS, make_job

    content, style = (_ours.drawn_logo(height, width, seed) for seed in (0, 1))
    return make_job(PRESETS["network-of-steel"], content, [style])


def run_ours(height: int, width: int, *, share: float) -> tuple[int, int, float]:
    """Bytes after imports and weights, and at the peak; seconds of the last step."""
    from jaxtex.style import devices, load_network

    network, job = load_network(), make_job(height, width)
    base = peak_bytes()
    ours = _ours.Ours(job, network, int(share * devices.evaluation_need(job).of(1)))
    state = ours.initial
    for _ in range(STEPS):
        before = time.perf_counter()
        state = ours.advance(state, 1)[0]
    return base, peak_bytes(), time.perf_counter() - before


def run_torch(height: int, width: int) -> tuple[int, int, float]:
    """Bytes after imports and weights, and at the peak; seconds of the last step."""
    import torch
    from _torch import Objective, Spec

    from jaxtex.weights import load_vgg16

    weights, job = load_vgg16(), make_job(height, width)
    settings = job.settings
    torch.ones(1, requires_grad=True).sum().backward()
    spec = Spec(
        content=job.content,
        styles=job.styles,
        style_weights=job.style_weights,
        layers=settings.layers,
        content_layer=settings.content_layer,
        normalization=settings.normalization,
        features=settings.features,
        pool=settings.pool,
        weights={
            "content": settings.content_weight,
            "tv": settings.tv,
            **dict.fromkeys(("l2", "silhouette", "ink", "outside"), 0.0),
        },
        distance=job.mask,
        palette=job.content[:2, 0],
        mask=job.mask,
    )
    base = peak_bytes()
    compute = Objective(spec, weights.params, weights.mean)
    image = torch.tensor(job.init.transpose(2, 0, 1)[None].copy()).requires_grad_()
    optimiser = torch.optim.Adam([image], lr=1.0, fused=True)
    for _ in range(STEPS):
        before = time.perf_counter()
        optimiser.zero_grad()
        compute(image).backward()
        optimiser.step()
    return base, peak_bytes(), time.perf_counter() - before


def measure_here(variant: str, height: int, width: int) -> None:
    """The child process: measures one variant and prints a JSON object."""
    _table.cpu_only()
    if variant == "torch":
        _table.require_torch()
        base, peak, seconds = run_torch(height, width)
    else:
        base, peak, seconds = run_ours(height, width, share=LIMITS[variant])
    print(json.dumps({"base": base, "peak": peak, "seconds": seconds}))


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--size", type=_table.size, default=(1024, 1024), metavar="WxH", help="default: 1024x1024"
    )
    arguments.add_argument(
        "--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="default: all"
    )
    arguments.add_argument("--here", choices=VARIANTS, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    height, width = options.size
    if options.here:
        measure_here(options.here, height, width)
        return 0

    report = _table.Report(as_json=options.json)
    rows, taken = [], {}
    for variant in options.variants:
        _table.progress(f"{VARIANTS[variant]}: {STEPS} steps at {width}×{height}")
        command = [sys.executable, __file__, "--here", variant, "--size", f"{width}x{height}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            return done.returncode if done.returncode > 0 else 1
        found = json.loads(done.stdout.splitlines()[-1])
        base, peak = found["base"], found["peak"]
        row = [f"{number / 2**20:.0f}" for number in (base, peak, peak - base)]
        taken[VARIANTS[variant]] = [(peak - base) / 2**20]
        maps = (peak - base) / (64 * height * width * 4)
        rows.append([VARIANTS[variant], *row, f"{maps:.1f}", f"{found['seconds']:.1f}"])
    header = [f"{width}×{height} RGB", "imports MiB", "peak MiB", "difference MiB", "64-ch maps"]
    header.append("s a step")
    report.table(header, rows)
    report.record(f"memory of a step, {width}×{height} RGB", taken, "MiB")
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
