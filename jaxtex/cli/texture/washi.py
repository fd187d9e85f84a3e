"""`jaxtex texture washi`."""

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import status_line
from jaxtex.errors import ImageError, OutputError, SettingsError
from jaxtex.files import check_folder, check_output, make_folder

FILE = click.Path(path_type=Path)
_MAX_COUNT = 1_000_000
_ON_SHEET = 100


@click.command(context_settings={"show_default": True})
@click.option("-n", "--count", type=int, default=1000, help="How many papers.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for washi-00000.png, …")
@click.option("--size", type=int, default=256, help="Side of a paper in pixels.")
@click.option("--seed", type=int, default=0, help="Of all that is drawn at random.")
@click.option(
    "--kind",
    help="Papers of one kind: dyed, suminagashi, laid, kozo, unryu, ungei, rakusui, chiri, "
    "momigami or kinpaku.  [default: all, mixed]",
)
@click.option("--sheet", type=FILE, help="Write a contact sheet of the first 100 as well.")
@click.option("--resume", is_flag=True, help="Keep the papers that an earlier run has written.")
@click.option("--overwrite", is_flag=True, help="Replace existing papers.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def washi(**options: Any) -> None:
    """Render Japanese paper, the default training set.

    Paper number i of a seed is always the same, and at another size it is the same paper with
    more or less detail.

    \b
    Examples:
      jaxtex texture washi -n 25 -o washi --sheet sheet.png
      jaxtex texture washi -n 20000 -o washi64 --size 64 --seed 1
      jaxtex texture washi -n 100 -o unryu --kind unryu
    """
    folder: Path = options["output"]
    told = _check(options)
    kept = _kept(folder, told, options["overwrite"]) if options["resume"] else set()
    began = time.perf_counter()
    make_folder(folder)
    missing = [name for name in told if name not in kept]
    done = 0
    try:
        with status_line(quiet=False, brief=True) as show:
            for done, name in enumerate(missing):
                rate = 60 * done / (time.perf_counter() - began)
                show(f"paper {done}/{len(missing)}  {rate:.0f} a minute")
                _render(folder / name, told[name])
    except KeyboardInterrupt:
        there = f"{len(kept) + done} of {len(told)} papers are there"
        click.echo(f"\n{folder}: {there}; --resume renders the others", err=True)
        raise
    seconds = time.perf_counter() - began
    if options["sheet"] is not None:
        _write_sheet(options["sheet"], [folder / name for name in list(told)[:_ON_SHEET]])
    _report(options, told, len(kept), seconds)


def _check(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Refuses what cannot be made; what each paper's file says of it, by name."""
    from jaxtex.images import output_format
    from jaxtex.texture.washi import check_request, kind_of
    from jaxtex.version import __version__

    count, size, seed, kind = (options[name] for name in ("count", "size", "seed", "kind"))
    if not 1 <= count <= _MAX_COUNT:
        raise SettingsError(f"--count: {count} is not a number from 1 to {_MAX_COUNT}")
    check_request(seed, size, kind)
    folder = check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])
    if (sheet := options["sheet"]) is not None:
        if sheet.absolute().parent == folder.absolute():
            raise SettingsError(
                f"--sheet: {sheet} lies among the papers, where training would take it for one; "
                "name a file in another folder"
            )
        output_format(check_output(sheet, overwrite=options["overwrite"] or options["resume"]))
    return {
        f"washi-{index:05d}.png": {
            "version": __version__,
            "washi": kind or kind_of(seed, index),
            "seed": seed,
            "index": index,
            "size": size,
        }
        for index in range(count)
    }


def _kept(folder: Path, told: dict[str, dict[str, Any]], overwrite: bool) -> set[str]:
    """Names of the papers that an earlier run of the same settings has written.

    Raises:
      OutputError: a file of such a name is something else, and `overwrite` is false.
    """
    from jaxtex.images import read_metadata

    kept = set()
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for name in sorted(present & told.keys()):
        try:
            same = read_metadata(folder / name) == told[name]
        except ImageError:
            same = False
        if same:
            kept.add(name)
        elif not overwrite:
            raise OutputError(
                f"{folder / name}: is damaged, or of another seed, size, kind or version; choose "
                "another folder, or give --overwrite to replace such files"
            )
    return kept


def _render(path: Path, about: dict[str, Any]) -> None:
    from jaxtex.images import save_image
    from jaxtex.texture.washi import render

    (paper,) = render(about["seed"], [about["index"]], about["size"], about["washi"])
    save_image(path, paper, metadata=about)


def _write_sheet(path: Path, papers: list[Path]) -> None:
    from jaxtex import images

    sheet = images.contact_sheet(
        [images.load_image(paper).rgb for paper in papers],
        columns=math.ceil(math.sqrt(len(papers))),
        gap=4,
    )
    images.save_image(path, sheet)


def _report(
    options: dict[str, Any], told: dict[str, dict[str, Any]], kept: int, seconds: float
) -> None:
    folder, new = options["output"], len(told) - kept
    others = len(list(folder.glob("*"))) - len(told)
    if options["as_json"]:
        print_json(
            {
                "output": str(folder),
                "count": len(told),
                "kept": kept,
                "others": others,
                "size": options["size"],
                "seed": options["seed"],
                "kinds": Counter(about["washi"] for about in told.values()),
                "sheet": None if options["sheet"] is None else str(options["sheet"]),
                "seconds": round(seconds, 3),
            }
        )
        return
    was = f", {kept} were there" if kept else ""
    beside = f"; {others} other files lie beside them" if others else ""
    click.echo(f"{folder}: {new} papers rendered{was} in {seconds:.1f} s{beside}", err=True)
