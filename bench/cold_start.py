"""How long until something happens: `jaxtex --help`, and the first step of `jaxtex stylize`?

Wall time from the start of the process, seen from outside. `stylize` runs on a logo 512 wide with
the default preset; the clock stops when its first progress line (step 0) arrives. Once with an
empty folder of compiled programs and once again with what the first run left there (the aim of the
second is 3 s). The files of Python and jaxtex are in the system's cache in both.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import _ours
import _table


def command() -> list[str]:
    """The installed command beside this Python, or the same by import."""
    script = Path(sys.executable).with_name("jaxtex")
    if script.is_file():
        return [str(script)]
    return [sys.executable, "-c", "from jaxtex.cli import main; main()"]


def inputs(folder: Path) -> list[str]:
    """Content and style: the README's examples, or drawn ones where there are no examples."""
    paths = [_table.EXAMPLES / "content/northgate.png", _table.EXAMPLES / "style/ironwyrm.png"]
    if not all(path.is_file() for path in paths):
        from PIL import Image

        for seed in (0, 1):
            logo = (_ours.drawn_logo(192, 512, seed) * 255).astype("uint8")
            paths[seed] = folder / f"logo-{seed}.png"
            Image.fromarray(logo).save(paths[seed])
    return [str(path) for path in paths]


def help_seconds() -> float:
    """Wall time of `jaxtex --help`."""
    before = time.perf_counter()
    subprocess.run([*command(), "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - before


def stylize_seconds(arguments: list[str], cache: Path) -> tuple[float, float]:
    """Seconds until the first step is done, and until the process has ended."""
    # A folder that the user has chosen for JAX would be used instead.
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    environment["JAXTEX_CACHE"] = str(cache)
    first, said = None, []
    before = time.perf_counter()
    with subprocess.Popen(
        [*command(), "stylize", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line)
            if first is None and line.startswith("step 0/"):
                first = time.perf_counter() - before
    total = time.perf_counter() - before
    if process.returncode or first is None:
        raise SystemExit(f"jaxtex stylize failed or showed no step 0:\n{''.join(said)}")
    return first, total


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--size", type=_table.count, default=512, help="default: 512")
    arguments.add_argument(
        "--help-rounds", type=_table.count, default=7, help="runs of --help; default: 7"
    )
    arguments.add_argument(
        "--rounds", type=_table.count, default=3, help="pairs of runs of stylize; default: 3"
    )
    options = arguments.parse_args()

    report = _table.Report(as_json=options.json)
    rows = []
    help_seconds()
    seconds = [help_seconds() for _ in range(options.help_rounds)]
    report.record("`jaxtex --help`", {"jaxtex": seconds}, "s")
    rows.append(["`jaxtex --help`", *_table.spread(seconds, 2)])

    runs: dict[str, list[tuple[float, float]]] = {"empty": [], "filled": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Few steps, but every size that the default preset goes through.
        few = ["--size", str(options.size), "--steps", "3", "--finish-steps", "1"]
        stylize = [*inputs(folder), "-o", str(folder / "out.png"), "--overwrite", *few]
        for turn in range(options.rounds):
            for kind, found in runs.items():
                _table.progress(f"stylize, round {turn + 1}, cache {kind}")
                found.append(stylize_seconds(stylize, folder / f"cache-{turn}"))
        with contextlib.suppress(OSError):
            entries = sum(1 for path in (folder / "cache-0").rglob("*") if path.is_file())
            _table.progress(f"{entries} files in the cache")
    for index, until in enumerate(("first step", "end of all sizes")):
        for kind, found in runs.items():
            title = f"`jaxtex stylize`, {options.size} wide, cache {kind}: {until}"
            seconds = [run[index] for run in found]
            report.record(title, {"jaxtex": seconds}, "s")
            rows.append([title, *_table.spread(seconds, 2)])
    report.table(["from process start, s", "min", "median", "max"], rows)
    report.close()
    return 0


if __name__ == "__main__":
    _table.run(main)
