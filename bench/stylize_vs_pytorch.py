"""How long is a step of stylising, ours against the best of PyTorch?

Two objectives: Adam steps on network-of-steel's layers (RGB), and L-BFGS evaluations on steel's
(luminance). Float32 on the CPU with all cores; every rival has its turn in every round, within one
process. Ours runs as in the product (`run_chunk`); PyTorch runs eagerly in both memory formats and
compiled, with torch.optim's Adam and L-BFGS (history 20, no line search: one evaluation a step).
"""

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import _table

OBJECTIVES = {
    "adam": ("network-of-steel", "Adam step, network-of-steel, RGB"),
    "lbfgs": ("steel", "L-BFGS evaluation, steel, luminance"),
}


def make_job(objective: str, height: int, width: int) -> Any:
    """A job of one phase at exactly this size."""
    from jaxtex.style import job
    from jaxtex.style.presets import PRESETS

    settings = PRESETS[OBJECTIVES[objective][0]].with_options(
        scales=1,
        margin=0,
        ink=0.0,
        finish_steps=0,
        canvas="rgb" if objective == "adam" else "grey",
    )
    content, style = (_table.drawn_logo(height, width, seed) for seed in (0, 1))
    return job.make_job(settings, content, [style])


class Jax:
    """Steps of jaxtex, from a state that goes on from chunk to chunk."""

    def __init__(self, ours: _table.Ours) -> None:
        self.ours, self.state = ours, ours.start()
        self.loss = float("nan")

    def __call__(self, steps: int) -> None:
        self.state, losses = self.ours.advance(self.state, steps)
        self.loss = float(losses.total[-1])


class Torch:
    """Steps of a torch.optim optimiser on the same objective from the same image."""

    def __init__(self, compute: Callable[..., Any], start: Any, objective: str) -> None:
        import torch

        self.compute = compute
        self.image = start.clone().requires_grad_()
        self.loss = float("nan")
        if objective == "adam":
            self.optimiser = torch.optim.Adam([self.image], lr=1.0, fused=True)
        else:
            self.optimiser = torch.optim.LBFGS(
                [self.image], max_iter=1, history_size=20, tolerance_grad=0, tolerance_change=0
            )

    def _closure(self) -> Any:
        self.optimiser.zero_grad()
        loss = self.compute(self.image)
        loss.backward()
        return loss

    def __call__(self, steps: int) -> None:
        for _ in range(steps):
            loss = self.optimiser.step(self._closure)
        self.loss = float(loss.detach())


def torch_rivals(ours: _table.Ours, objective: str) -> dict[str, Torch]:
    """PyTorch in both memory formats, eager."""
    from _torch import Objective, image_of, spec_of

    from jaxtex.weights import load_vgg16

    weights, spec, start = load_vgg16(), spec_of(ours), image_of(ours.initial.point)
    rivals = {}
    for name, last in (("PyTorch eager", False), ("PyTorch channels_last", True)):
        compute = Objective(spec, weights.params, weights.mean, channels_last=last)
        rivals[name] = Torch(compute, start, objective)
    return rivals


def measure(
    objective: str, size: tuple[int, int], options: Any, network: Any, report: _table.Report
) -> bool:
    """One table; False if the losses differ."""
    import torch

    height, width = size
    title = f"{OBJECTIVES[objective][1]}, {width}×{height}"
    _table.progress(f"{title}: warming up")
    ours = _table.Ours(make_job(objective, height, width), network)
    rivals: dict[str, Any] = {"jaxtex": Jax(ours), **torch_rivals(ours, objective)}
    if not options.no_compile:
        eager = rivals["PyTorch channels_last"]
        # Afresh, else a second size would be compiled for shapes that may change.
        torch.compiler.reset()
        compute = torch.compile(eager.compute, dynamic=False)
        compiled = Torch(compute, eager.image.detach(), objective)
        try:
            before = time.perf_counter()
            compiled(1)
            _table.progress(f"torch.compile took {time.perf_counter() - before:.0f} s")
            rivals["PyTorch compiled"] = compiled
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            report.note(f"{title}: torch.compile failed ({type(error).__name__}: {lines[0]})")
    else:
        report.note(f"{title}: torch.compile left out by --no-compile")

    differences = []
    for rival in rivals.values():
        if rival.loss != rival.loss:  # not yet run
            rival(1)
        differences.append(abs(rival.loss / rivals["jaxtex"].loss - 1))
    report.note(
        f"{title}: the first loss is {rivals['jaxtex'].loss:.6g}; "
        f"PyTorch's differs by at most {max(differences):.1e} of it"
    )
    if not max(differences) < 1e-3:
        report.note("The objectives are not the same: no comparison.")
        return False

    for rival in rivals.values():
        rival(options.steps)
    _table.progress(f"{title}: {options.rounds} rounds of {options.steps} steps")
    turns = {name: functools.partial(rival, options.steps) for name, rival in rivals.items()}
    seconds = _table.in_turn(turns, options.rounds)

    rows = []
    for name, values in seconds.items():
        cells = _table.spread(values, factor=1000 / options.steps)
        rows.append([name, *cells, f"{rivals[name].loss:.5g}"])
    report.table([title, "min ms", "median ms", "max ms", "loss at the end"], rows)
    ratios = []
    for what, pick in (("medians", statistics.median), ("minima", min)):
        best = min(pick(values) for name, values in seconds.items() if name != "jaxtex")
        ratios.append(f"{best / pick(seconds['jaxtex']):.2f} by {what}")
    report.note(f"ratio best PyTorch / jaxtex: {', '.join(ratios)} (above 1: jaxtex is faster)")
    return True


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--sizes",
        nargs="+",
        type=_table.size,
        default=[(192, 512), (512, 512)],
        metavar="WxH",
        help="default: 512x192 512x512",
    )
    arguments.add_argument(
        "--objectives", nargs="+", choices=OBJECTIVES, default=list(OBJECTIVES), help="default: all"
    )
    arguments.add_argument("--rounds", type=_table.count, default=7, help="default: 7")
    arguments.add_argument(
        "--steps", type=_table.count, default=5, help="steps a round, at most 64; default: 5"
    )
    arguments.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    options = arguments.parse_args()
    if options.steps > 64:
        arguments.error("--steps: at most 64")

    _table.cpu_only()
    _table.require_torch()
    from jaxtex.style.run import load_network

    report = _table.Report(as_json=options.json)
    network = load_network()
    same = True
    for objective in options.objectives:
        for size in options.sizes:
            same &= measure(objective, size, options, network, report)
    report.close()
    return 0 if same else 1


if __name__ == "__main__":
    _table.run(main)
