"""How long does `jaxtex sweep` take for a table, against separate runs and a loop in PyTorch?

A table of Network of Steel on two example logos, scaled down by `--rows`, `--size` and `--steps`:

- sweep: one `jaxtex sweep` command, with its start, compilation, scores, sheets and report;
- commands: a `jaxtex stylize` command for each cell, one after the other;
- calls: `jaxtex.stylize` for each cell in this process, imports apart;
- pytorch: Adam on the same cells in this process, imports apart. The network and all targets are
  made once for all cells.

sweep and commands begin with an empty folder of compiled programs each, unless `--cache` names one.
Rivals run one after the other; float32 on the CPU with all cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import _ours
import _table

RIVALS = ("sweep", "commands", "calls", "pytorch")
# Rounding grows over Adam's steps on flat logos, where many features are equal.
_TOLERANCE = 0.1


class Task(NamedTuple):
    """The cells of a table on a pair of images."""

    table: int
    rows: int
    size: int
    steps: int
    content: Path
    style: Path

    def grid(self) -> Any:
        """The table, with its first rows alone."""
        from dataclasses import replace

        from jaxtex.style.experiments import table

        grid = table(self.table, size=self.size, steps=self.steps)
        if grid.rows is None:
            return grid
        return replace(grid, rows=replace(grid.rows, values=grid.rows.values[: self.rows]))

    def settings(self) -> list[Any]:
        """The settings of its cells."""
        from jaxtex.style.experiments import cells

        return [cell.settings for cell in cells(self.grid())]

    def grid_file(self) -> str:
        """The same cells as a file for `--grid`."""
        grid = self.grid()
        lines = [f"preset = {grid.base.preset!r}", f"size = {self.size}", f"steps = {self.steps}"]
        lines += ["[[grid]]", "name = 'table'"]
        for direction, axis in (("rows", grid.rows), ("columns", grid.columns)):
            if axis is not None:
                lines.append(
                    f"{direction} = {{ name = {axis.name!r}, layers = {list(axis.layers)}, "
                    f"values = {list(axis.values)} }}"
                )
        return "\n".join(lines)


class Run(NamedTuple):
    """The wall time of a rival, and the last loss of each cell."""

    seconds: float
    losses: list[float]


def call(words: Sequence[object], cache: Path) -> dict[str, Any]:
    """What a `jaxtex` command says as JSON."""
    # A folder that the user has chosen for JAX would be used instead.
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    environment["JAXTEX_CACHE"] = str(cache)
    command = [sys.executable, "-c", "from jaxtex.cli import main; main()"]
    done = subprocess.run(
        [*command, *map(str, words), "--json"], env=environment, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"jaxtex {words[0]} failed")
    return json.loads(done.stdout)


def run_sweep(task: Task, folder: Path, cache: Path) -> Run:
    grid = folder / "grid.toml"
    grid.write_text(task.grid_file(), encoding="utf-8")
    words = ["sweep", task.content, task.style, "-o", folder / "sweep", "--grid", grid]
    before = time.perf_counter()
    found = call(words, cache)
    return Run(time.perf_counter() - before, [cell["loss"] for cell in found["cells"]])


def run_commands(task: Task, folder: Path, cache: Path) -> Run:
    from jaxtex.style.history import read_columns

    losses = []
    cells = task.settings()
    before = time.perf_counter()
    for index, settings in enumerate(cells):
        history = folder / f"{index}.csv"
        words: list[object] = ["stylize", task.content, task.style, "-o", folder / f"{index}.png"]
        words += ["--preset", settings.preset, "--size", task.size, "--steps", task.steps]
        words += [f"--layer={layer}={settings.layers[layer]:g}" for layer in settings.style_layers]
        call([*words, "--history", history], cache)
        losses.append(float(read_columns(history)["total"][-1]))
    return Run(time.perf_counter() - before, losses)


def run_calls(task: Task, folder: Path, cache: Path) -> Run:
    import jaxtex
    from jaxtex import images

    cells = task.settings()
    before = time.perf_counter()
    content, style = (images.load_image(path).rgb for path in (task.content, task.style))
    losses = []
    for index, settings in enumerate(cells):
        options = settings.to_dict()
        del options["strength"]
        result = jaxtex.stylize(content, style, **options)
        images.save_image(folder / f"call-{index}.png", result.image)
        losses.append(float(result.history.total[-1]))
    return Run(time.perf_counter() - before, losses)


def run_pytorch(task: Task, folder: Path, cache: Path) -> Run:
    import dataclasses

    import numpy as np
    import torch
    from _torch import Objective, image_of, spec_of

    from jaxtex import images
    from jaxtex.style import load_network, make_job
    from jaxtex.weights import load_vgg16

    cells = task.settings()
    content, style = (images.load_image(path).rgb for path in (task.content, task.style))
    # Of all cells the last has the fewest coefficients of 0.
    ours = _ours.Ours(make_job(cells[-1], content, [style]), load_network())
    spec, start, weights = spec_of(ours), image_of(ours.initial.point), load_vgg16()
    before = time.perf_counter()
    compute = Objective(spec, weights.params, weights.mean)
    losses = []
    for index, settings in enumerate(cells):
        layers = {layer: settings.layers[layer] for layer in settings.style_layers}
        compute.spec = dataclasses.replace(spec, layers=layers)
        image = start.clone().requires_grad_()
        optimiser = torch.optim.Adam([image], lr=settings.learning_rate, fused=True)
        for _ in range(task.steps):
            optimiser.zero_grad()
            compute(image).backward()
            optimiser.step()
        with torch.no_grad():
            losses.append(float(compute(image)))
        picture = np.clip(image.detach().numpy()[0].transpose(1, 2, 0) / 255, 0, 1)
        images.save_image(folder / f"pytorch-{index}.png", picture)
    return Run(time.perf_counter() - before, losses)


RUN: dict[str, Callable[[Task, Path, Path], Run]] = {
    "sweep": run_sweep,
    "commands": run_commands,
    "calls": run_calls,
    "pytorch": run_pytorch,
}


def difference(losses: Sequence[float], others: Sequence[float]) -> float:
    """The largest relative difference of a cell's last loss."""
    return max(abs(one - other) / other for one, other in zip(losses, others, strict=True))


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument(
        "--table",
        type=int,
        choices=range(2, 11),
        default=9,
        metavar="N",
        help="2 to 10; default: 9",
    )
    arguments.add_argument(
        "--rows", type=int, choices=range(1, 5), default=4, metavar="N",
        help="rows of the table, three cells each, 1 to 4; default: 4",
    )  # fmt: skip
    arguments.add_argument("--size", type=_table.count, default=256, help="default: 256")
    arguments.add_argument("--steps", type=_table.count, default=100, help="default: 100")
    arguments.add_argument("--rivals", nargs="+", choices=RIVALS, default=RIVALS)
    arguments.add_argument(
        "--cache", type=Path, help="compiled programs, those of earlier runs among them"
    )
    arguments.add_argument(
        "--content", type=Path, default=_table.EXAMPLES / "content/northgate.png"
    )
    arguments.add_argument("--style", type=Path, default=_table.EXAMPLES / "style/ironwyrm.png")
    options = arguments.parse_args()

    _table.cpu_only()
    if "pytorch" in options.rivals:
        _table.require_torch()
    report = _table.Report(as_json=options.json)
    task = Task(
        options.table, options.rows, options.size, options.steps, options.content, options.style
    )
    same = measure(task, options, report)
    report.close()
    return 0 if same else 1


def measure(task: Task, options: argparse.Namespace, report: _table.Report) -> bool:
    """Prints the table; False if rivals end with other losses."""
    runs: dict[str, Run] = {}
    for name in dict.fromkeys(options.rivals):
        _table.progress(name)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            runs[name] = RUN[name](task, folder, options.cache or folder / "cache")
    first = next(iter(runs.values()))
    rows = [
        [
            name,
            f"{run.seconds:.1f}",
            f"{run.seconds / len(run.losses):.2f}",
            f"{runs['sweep'].seconds / run.seconds:.2f}" if "sweep" in runs else "",
            f"{difference(run.losses, first.losses):.1g}",
        ]
        for name, run in runs.items()
    ]
    title = f"table {task.table}, {len(first.losses)} cells, {task.size} pixels, {task.steps} steps"
    report.table([title, "seconds", "a cell", "sweep's part", "losses differ by"], rows)
    seconds = {name: [run.seconds / len(run.losses)] for name, run in runs.items()}
    report.record(title, seconds, "s a cell")
    return max(difference(run.losses, first.losses) for run in runs.values()) <= _TOLERANCE


if __name__ == "__main__":
    _table.run(main)
