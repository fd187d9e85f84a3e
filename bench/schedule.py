"""Which schedule of sizes and evaluations gives a picture as good in less time?

A schedule is `steps,finish,half,full`: the evaluations of all sizes together, those with the ink
term at the end, in which greys are driven out, and what half and full size get of the steps where a
smaller size gets 1; logos of thin strokes, which are run at full size alone, make all of them
there. Each is run on every pair with `steel`, in turn; its picture is scored as `jaxtex score`
does. What it costs is counted in evaluations at full size, which no other work on the machine
changes, and timed, too, without what compiling takes.
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from _table import EXAMPLES, Report, cpu_only, parser, progress, run

PAIRS = (
    "northgate:ironwyrm",
    "brelvanto:torvhaxt",
    "ellerwick:nachtwyrd",
    "script:gormawl",
    "coloured:xathtax",
    "northgate:gormawl",
    "brelvanto:ironwyrm",
    "ellerwick:torvhaxt",
    "white-on-black:nachtwyrd",
    "coloured:gormawl",
)
SCHEDULES = ("150,30,1,0.7", "150,15,1.4,0.1", "140,14,1.4,0.1", "110,14,1.2,0.1")


def main() -> int:
    """Prints a table of each pair's scores, and one of their means."""
    options = parser(__doc__)
    options.add_argument("--size", type=int, default=512, help="pixels, the longer side")
    options.add_argument("--pairs", nargs="+", default=PAIRS, metavar="CONTENT:STYLE")
    options.add_argument(
        "--schedules",
        nargs="+",
        default=SCHEDULES,
        metavar="STEPS,FINISH,HALF,FULL",
    )
    options.add_argument("--precision", default="auto")
    options.add_argument("--pictures", type=Path, help="folder for the results")
    arguments = options.parse_args()
    cpu_only()
    if arguments.pictures:
        arguments.pictures.mkdir(parents=True, exist_ok=True)
    report = Report(as_json=arguments.json)
    rows: dict[str, list[list[float]]] = {name: [] for name in arguments.schedules}
    from jaxtex.style import load_network

    network = load_network()
    for pair in arguments.pairs:
        _pair(report, pair, rows, arguments, network)
    means = [
        [name, *(f"{sum(values) / len(values):.3f}" for values in zip(*found, strict=True))]
        for name, found in rows.items()
    ]
    report.table(["schedule", *_MEASURED], means)
    report.close()
    return 0


_MEASURED = ("evaluations", "seconds", "loss", "readability", "artefacts", "style")


def _pair(
    report: Report, pair: str, rows: dict[str, list[list[float]]], arguments: Any, network: Any
) -> None:
    """Adds what each schedule gives of one pair to `rows`."""
    from jaxtex import images
    from jaxtex.style import PRESETS, make_job, run_jobs
    from jaxtex.style.metrics import Reference

    content, style = (
        images.load_image(EXAMPLES / kind / f"{name}.png").rgb
        for kind, name in zip(("content", "style"), pair.split(":"), strict=True)
    )
    settings = PRESETS["steel"].with_options(size=arguments.size, precision=arguments.precision)
    job = make_job(settings, content, [style])
    reference = Reference(content, style)
    # Compiled before anything is timed: all schedules share their programs.
    short = tuple(phase._replace(steps=1) for phase in job.phases)
    run_jobs([dataclasses.replace(job, phases=short)], network=network)
    table = []
    for name in rows:
        planned = _planned(job, name)
        full = planned.phases[-1]
        cost = sum(
            each.steps * each.height * each.width / (full.height * full.width)
            for each in planned.phases
        )
        progress(f"{pair} {name}")
        begun = time.perf_counter()
        (outcome,) = run_jobs([planned], network=network)
        seconds = time.perf_counter() - begun
        picture = planned.picture(outcome.levels)
        (score,) = reference.score([picture])
        found = [
            cost,
            seconds,
            float(outcome.history.total[-1]),
            score.readability.readability,
            score.artefacts.artefacts,
            score.style,
        ]
        rows[name].append(found)
        table.append([pair, name, *(f"{value:.4g}" for value in found)])
        if arguments.pictures:
            file = f"{pair.replace(':', '-')}-{name.replace(',', '-')}.png"
            images.save_image(arguments.pictures / file, picture)
    report.table(["pair", "schedule", *_MEASURED], table)


def _planned(job: Any, schedule: str) -> Any:
    """The job with the evaluations of a schedule."""
    import numpy as np

    steps, finish, half, full = map(float, schedule.split(","))
    *plain, last = job.phases
    shares = np.ones(len(plain))
    shares[-2:] = (half, full)[-len(plain) :]
    counts = np.diff(np.rint(steps * np.cumsum(shares) / shares.sum()), prepend=0).astype(int)
    phases = [
        phase._replace(steps=int(count))
        for phase, count in zip(plain, counts, strict=True)
        if count
    ]
    return dataclasses.replace(job, phases=(*phases, last._replace(steps=int(finish))))


if __name__ == "__main__":
    run(main)
