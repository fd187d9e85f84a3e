"""How long is a step of stylising, ours against the best of PyTorch?

Two objectives: Adam steps on network-of-steel's layers (RGB), and L-BFGS evaluations on steel's
(luminance). Both run on one device, on the CPU with all its cores; every rival has its turn in
every round, within one process. Ours runs as in the product (`run_chunk`); PyTorch runs eagerly in
both memory formats and compiled, with torch.optim's Adam and L-BFGS (history 20, no line search:
one evaluation a step, one history for a batch). Both multiply in float32, TF32 (on a GPU) or
bfloat16, PyTorch's by autocast, as `--precisions` says; on the CPU PyTorch's bfloat16 in
channels_last is a rival of float32, too, as it is what its users would take on some processors.
"""

import functools
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import _ours
import _table

from jaxtex.errors import first_line

OBJECTIVES = {
    "adam": ("network-of-steel", "Adam step, network-of-steel, RGB"),
    "lbfgs": ("steel", "L-BFGS evaluation, steel, luminance"),
}


# The precisions' largest relative difference of a first loss.
TOLERANCE = {"float32": 1e-3, "tensorfloat32": 1e-2, "bfloat16": 0.1}


def make_job(objective: str, height: int, width: int, precision: str) -> Any:
    """A job of one phase at exactly this size."""
    from jaxtex.style import PRESETS, prepare

    settings = PRESETS[OBJECTIVES[objective][0]].with_options(
        scales=1,
        margin=0,
        ink=0.0,
        finish_steps=0,
        canvas="rgb" if objective == "adam" else "grey",
        precision=precision,
    )
    content, style = (_ours.drawn_logo(height, width, seed) for seed in (0, 1))
    return prepare.make_job(settings, content, [style])


class Jax:
    """Steps of jaxtex, from a state that goes on from chunk to chunk."""

    def __init__(self, ours: _ours.Ours) -> None:
        self.ours, self.state = ours, ours.start()
        self.loss = float("nan")

    def __call__(self, steps: int) -> None:
        self.state, losses = self.ours.advance(self.state, steps)
        self.loss = float(losses.total[-1])


class Torch:
    """Steps of a torch.optim optimiser on the same objective from the same images."""

    def __init__(
        self, compute: Callable[..., Any], start: Any, objective: str, precision: str
    ) -> None:
        import torch

        self.compute = compute
        self.cast = functools.partial(
            torch.autocast, start.device.type, torch.bfloat16, enabled=precision == "bfloat16"
        )
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
        with self.cast():
            loss = self.compute(self.image)
        loss.backward()
        return loss

    def __call__(self, steps: int) -> None:
        for _ in range(steps):
            loss = self.optimiser.step(self._closure)
        # Reading it waits for the device.
        self.loss = float(loss.detach()) / len(self.image)


def torch_rivals(ours: _ours.Ours, objective: str, device: str, precision: str) -> dict[str, Torch]:
    """PyTorch in both memory formats, eager, and for float32 on the CPU in bfloat16."""
    from _torch import Objective, image_of, spec_of

    from jaxtex.weights import load_vgg16

    weights, spec, start = load_vgg16(), spec_of(ours), image_of(ours.initial.point).to(device)
    rivals = {}
    for name, last in (("PyTorch eager", False), ("PyTorch channels_last", True)):
        compute = Objective(spec, weights.params, weights.mean, channels_last=last, device=device)
        rivals[name] = Torch(compute, start, objective, precision)
    if device == "cpu" and precision == "float32":
        rivals["PyTorch bfloat16"] = Torch(compute, start, objective, "bfloat16")
    return rivals


def measure(
    case: tuple[str, tuple[int, int], str, int],
    options: Any,
    device: str,
    network: Any,
    report: _table.Report,
) -> bool:
    """One table; False if the losses differ."""
    import torch

    objective, (height, width), precision, batch = case
    _table.torch_products(precision)
    title = f"{OBJECTIVES[objective][1]}, {width}×{height}"
    title += f", batch {batch}" * (batch > 1) + f", {precision}" * (precision != "float32")
    _table.progress(f"{title}: warming up")
    job = make_job(objective, height, width, precision)
    ours = _ours.Ours(job, network, count=batch)
    rivals: dict[str, Any] = {
        "jaxtex": Jax(ours), **torch_rivals(ours, objective, device, precision)
    }  # fmt: skip
    if not options.no_compile:
        eager = rivals["PyTorch channels_last"]
        # Afresh, else a second size would be compiled for shapes that may change.
        torch.compiler.reset()
        compute = torch.compile(eager.compute, dynamic=False)
        compiled = Torch(compute, eager.image.detach(), objective, precision)
        try:
            before = time.perf_counter()
            compiled(1)
            _table.progress(f"torch.compile took {time.perf_counter() - before:.0f} s")
            rivals["PyTorch compiled"] = compiled
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            report.note(f"{title}: torch.compile failed ({reason})")
    else:
        report.note(f"{title}: torch.compile left out by --no-compile")

    differences = {}
    for name, rival in rivals.items():
        if rival.loss != rival.loss:  # not yet run
            rival(1)
        differences[name] = abs(rival.loss / rivals["jaxtex"].loss - 1)
    report.note(
        f"{title}: the first loss is {rivals['jaxtex'].loss:.6g}; "
        f"PyTorch's differs by at most {max(differences.values()):.1e} of it"
    )
    coarse = {name: "bfloat16" if "bfloat16" in name else precision for name in rivals}
    if not all(each < TOLERANCE[coarse[name]] for name, each in differences.items()):
        report.note("The objectives are not the same: no comparison.")
        return False

    for rival in rivals.values():
        rival(options.steps)
    _table.progress(f"{title}: {options.rounds} rounds of {options.steps} steps")
    turns = {name: functools.partial(rival, options.steps) for name, rival in rivals.items()}
    seconds = {
        name: [value / options.steps for value in values]
        for name, values in _table.in_turn(turns, options.rounds).items()
    }
    columns = {
        "images/s": {
            name: f"{batch / statistics.median(values):.1f}" for name, values in seconds.items()
        },
        "loss at the end": {name: f"{rival.loss:.5g}" for name, rival in rivals.items()},
    }
    report.compare(title, seconds, columns=columns)
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
    arguments.add_argument(
        "--batches",
        nargs="+",
        type=_table.count,
        help="jobs at once; default: 1 on the CPU, 1 4 16 64 on a GPU",
    )
    arguments.add_argument(
        "--precisions",
        nargs="+",
        choices=TOLERANCE,
        help="default: float32 and bfloat16 on the CPU, all on a GPU",
    )
    arguments.add_argument(
        "--device", choices=("cpu", "gpu"), help="default: a GPU that both can use, else the CPU"
    )
    arguments.add_argument("--rounds", type=_table.count, default=7, help="default: 7")
    arguments.add_argument(
        "--steps", type=_table.count, default=5, help="steps a round, at most 64; default: 5"
    )
    arguments.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    options = arguments.parse_args()
    if options.steps > 64:
        arguments.error("--steps: at most 64")

    _table.require_torch()
    device = _table.on_device(options.device)
    from jaxtex.style import load_network

    report = _table.Report(as_json=options.json)
    network = load_network()
    batches = options.batches or ([1] if device == "cpu" else [1, 4, 16, 64])
    of_device = ("float32", "bfloat16") if device == "cpu" else tuple(TOLERANCE)
    precisions = options.precisions or of_device
    same = True
    for case in itertools.product(options.objectives, options.sizes, precisions, batches):
        same &= measure(case, options, device, network, report)
    report.close()
    return 0 if same else 1


if __name__ == "__main__":
    _table.run(main)
