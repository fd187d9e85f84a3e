"""How soon does the default optimiser, L-BFGS, reach what Adam reaches, and PyTorch's L-BFGS?

One and the same objective for all three: steel's and reference's, at full size in a single scale,
on the example pairs. The target is the lowest loss that Adam (learning rate 1) has within
`--adam-steps` evaluations. Counted until it is reached: evaluations and seconds, compilation
apart, of ours and of torch.optim.LBFGS (strong Wolfe line search, history 20, in its faster memory
format). Float32 on the CPU with all cores.
"""

import contextlib
import csv
import functools
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

import _ours
import _table

PAIRS = (
    "northgate:ironwyrm",
    "brelvanto:gormawl",
    "ellerwick:nachtwyrd",
    "script:torvhaxt",
    "symbol:xathtax",
)
OBJECTIVES = ("steel", "reference")
# Evaluations between two looks at the clock.
_CHUNK = 4


class Curve(NamedTuple):
    """The loss and the time after each evaluation."""

    losses: list[float]
    seconds: list[float]

    def reached(self, target: float) -> tuple[int, float] | None:
        """Evaluations and seconds until a loss of at most `target`."""
        for index, loss in enumerate(self.losses):
            if loss <= target:
                return index + 1, self.seconds[index]
        return None

    @property
    def lowest(self) -> tuple[float, int, float]:
        """The lowest loss, and the evaluations and seconds that it took."""
        loss = min(self.losses)
        evaluations, seconds = self.reached(loss) or (len(self.losses), self.seconds[-1])
        return loss, evaluations, seconds


def make_ours(
    objective: str, optimizer: str, pair: tuple[Path, Path], size: int, network: Any
) -> _ours.Ours:
    """The product's own steps at full size, without the ink phase."""
    from jaxtex import images
    from jaxtex.style import PRESETS, make_job

    settings = PRESETS[objective].with_options(
        size=size, scales=1, ink=0.0, finish_steps=0, optimizer=optimizer
    )
    if optimizer == "adam":
        settings = settings.with_options(learning_rate=1.0)
    content, style = (images.load_image(path) for path in pair)
    job = make_job(settings, content.picture, [style.picture])
    return _ours.Ours(job, network)


def run_ours(ours: _ours.Ours, limit: int, target: float | None) -> Curve:
    """At most `limit` evaluations, until `target` is reached."""
    ours.advance(ours.start(), 1)  # compiles
    state, curve = ours.start(), Curve([], [])
    began = time.perf_counter()
    while len(curve.losses) < limit:
        steps = min(_CHUNK, limit - len(curve.losses))
        before = time.perf_counter() - began
        state, losses = ours.advance(state, steps)
        each = (time.perf_counter() - began - before) / steps
        curve.losses.extend(map(float, losses.total))
        curve.seconds.extend(before + each * (index + 1) for index in range(steps))
        if target is not None and losses.total.min() <= target:
            break
    return curve


class _Reached(Exception):
    """Ends torch.optim.LBFGS inside its line search."""


class TorchRival:
    """PyTorch's L-BFGS on the same objective, the image in [0, 1], the loss scaled to 1000."""

    def __init__(self, ours: _ours.Ours) -> None:
        from _torch import Objective, image_of, spec_of

        from jaxtex.weights import load_vgg16

        weights, spec = load_vgg16(), spec_of(ours)
        self.start = image_of(ours.initial.point, 1 / 255)
        options = [
            Objective(spec, weights.params, weights.mean, channels_last=last)
            for last in (False, True)
        ]
        turns = {str(last): functools.partial(self._try, options[last]) for last in (0, 1)}
        seconds = _table.in_turn(turns, 3)
        # The first round warms up.
        self.compute = options[min((0, 1), key=lambda last: min(seconds[str(last)][1:]))]
        self.first = float(self.compute(255 * self.start).detach())

    def _try(self, compute: Any) -> None:
        image = self.start.clone().requires_grad_()
        compute(255 * image).backward()

    def run(self, limit: int, target: float) -> Curve:
        """At most `limit` evaluations, until `target` is reached."""
        import torch

        image, scale = self.start.clone().requires_grad_(), 1000 / self.first
        optimiser = torch.optim.LBFGS(
            [image],
            max_iter=limit,
            max_eval=limit,
            tolerance_grad=0,
            tolerance_change=0,
            history_size=20,
            line_search_fn="strong_wolfe",
        )
        curve = Curve([], [])
        began = time.perf_counter()

        def closure() -> Any:
            optimiser.zero_grad()
            loss = scale * self.compute(255 * image)
            loss.backward()
            curve.losses.append(float(loss.detach()) / scale)
            curve.seconds.append(time.perf_counter() - began)
            if curve.losses[-1] <= target or len(curve.losses) >= limit:
                raise _Reached
            return loss

        with contextlib.suppress(_Reached):
            optimiser.step(closure)
        return curve


def find_pair(name: str) -> tuple[Path, Path]:
    """The files of `content:style`, each an example's name or a file."""
    from jaxtex.errors import SettingsError

    content, colon, style = name.partition(":")
    if not colon:
        raise SettingsError(f"--pairs: {name!r} is not CONTENT:STYLE")
    paths = []
    for folder, part in (("content", content), ("style", style)):
        example = _table.EXAMPLES / folder / f"{part}.png"
        path = example if example.is_file() else Path(part)
        if not path.is_file():
            raise SettingsError(f"--pairs: {part!r} is neither a file nor an example of a clone")
        paths.append(path)
    return paths[0], paths[1]


def cell(reached: tuple[int, float] | None, curve: Curve) -> tuple[str, str]:
    """Evaluations and seconds, or how far it came."""
    if reached is None:
        return f"not in {len(curve.losses)}", f"lowest {min(curve.losses):.4g}"
    return str(reached[0]), f"{reached[1]:.1f}"


def measure(
    objective: str, name: str, options: Any, network: Any, writer: Any, report: _table.Report
) -> list[str]:
    """One row of the table."""
    title, pair = f"{objective}, {name}", find_pair(name)
    _table.progress(f"{title}: Adam, {options.adam_steps} steps")
    ours = make_ours(objective, "adam", pair, options.size, network)
    adam = run_ours(ours, options.adam_steps, None)
    target, _, adam_seconds = adam.lowest
    limit = options.max_evaluations or options.adam_steps

    ours = make_ours(objective, "lbfgs", pair, options.size, network)
    rival = TorchRival(ours)
    if not abs(rival.first / adam.losses[0] - 1) < 1e-3:
        raise SystemExit(f"{title}: the objectives differ: {rival.first} and {adam.losses[0]}")
    height, width = ours.targets.content.shape[1:3]
    curves: dict[str, list[Curve]] = {"jaxtex L-BFGS": [], "PyTorch L-BFGS": []}
    for turn in range(options.rounds):
        _table.progress(f"{title}: round {turn + 1}, to a loss of {target:.4g}")
        curves["jaxtex L-BFGS"].append(run_ours(ours, limit, target))
        curves["PyTorch L-BFGS"].append(rival.run(limit, target))

    if writer is not None:
        for method, runs in {"jaxtex Adam": [adam], **curves}.items():
            for turn, curve in enumerate(runs, 1):
                for number, (loss, seconds) in enumerate(zip(*curve, strict=True), 1):
                    writer.writerow(
                        [objective, name, method, turn, number, f"{seconds:.3f}", f"{loss:.7g}"]
                    )

    found = []
    seconds: dict[str, list[float]] = {}
    for method, runs in curves.items():
        # The same evaluations every time; the seconds are the median round's.
        reached = [run.reached(target) for run in runs]
        median = None
        if None not in reached:
            seconds[method] = [value for _, value in reached]
            median = reached[0][0], statistics.median(seconds[method])
        found.append((median, *cell(median, runs[0])))
    if "jaxtex L-BFGS" in seconds:
        report.record(f"to Adam's loss, {title}", {**seconds, "jaxtex Adam": [adam_seconds]}, "s")
    (ours, *our_cells), (torch, *torch_cells) = found
    share = f"{100 * ours[1] / adam_seconds:.0f} %" if ours else "–"
    ratio = f"{torch[1] / ours[1]:.2f}" if ours and torch else "–"
    row = [title, f"{width}×{height}", f"{target:.4g}", f"{adam_seconds:.1f}"]
    return [*row, *our_cells, share, *torch_cells, ratio]


CSV_HEADER = ("objective", "pair", "method", "round", "evaluation", "seconds", "loss")
HEADER = (
    "objective, pair",
    "canvas",
    "Adam's loss",
    "s",
    "L-BFGS evaluations",
    "s",
    "of Adam's time",
    "PyTorch evaluations",
    "s",
    "PyTorch / jaxtex",
)


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--pairs",
        nargs="+",
        default=[PAIRS[0]],
        metavar="CONTENT:STYLE",
        help=f"names of examples or files, or all: {' '.join(PAIRS)}; default: the first of these",
    )
    arguments.add_argument(
        "--objectives", nargs="+", choices=OBJECTIVES, default=list(OBJECTIVES), help="default: all"
    )
    arguments.add_argument("--size", type=_table.count, default=512, help="default: 512")
    arguments.add_argument("--adam-steps", type=_table.count, default=1000, help="default: 1000")
    arguments.add_argument(
        "--max-evaluations", type=_table.count, help="of L-BFGS; default: as many as Adam's"
    )
    arguments.add_argument(
        "--rounds", type=_table.count, default=1, help="runs of ours and PyTorch's in turn"
    )
    arguments.add_argument("--csv", type=Path, help="write all losses and times to this file")
    options = arguments.parse_args()
    pairs = PAIRS if options.pairs == ["all"] else options.pairs

    _table.cpu_only()
    _table.require_torch()
    for name in pairs:
        find_pair(name)
    from jaxtex.style import load_network

    report = _table.Report(as_json=options.json)
    network = load_network()
    file = options.csv.open("w", newline="") if options.csv else None
    writer = csv.writer(file) if file else None
    if writer is not None:
        writer.writerow(CSV_HEADER)
    rows = []
    try:
        for objective in options.objectives:
            for name in pairs:
                rows.append(measure(objective, name, options, network, writer, report))
    finally:
        if file is not None:
            file.close()
    report.table(HEADER, rows)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
