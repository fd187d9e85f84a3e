"""`jaxtex texture interpolate`."""

import csv
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli.texture import _points
from jaxtex.errors import JaxtexError, SettingsError
from jaxtex.files import check_folder, make_folder, write
from jaxtex.texture.sphere import options as sphere_options

if TYPE_CHECKING:
    from jaxtex.cli.texture._points import Place
    from jaxtex.texture.dcgan import TextureModel
    from jaxtex.texture.search.interpolate import Interpolation

_COLUMNS = (
    "file",
    "part",
    "t",
    "target",
    "mssim_from",
    "mssim_to",
    "mssim_previous",
    "inside",
)


@click.command(context_settings={"show_default": True})
@click.option("--from", "start", required=True, metavar="P", help="The first texture.")
@click.option("--to", "end", required=True, metavar="P", help="The last texture.")
@click.option("--via", multiple=True, metavar="P", help="A texture in between; repeatable.")
@click.option("-n", "--count", type=int, default=8, help="Textures between two ends.")
@click.option(
    "--even",
    type=click.Choice(["first", "neighbours"]),
    default="first",
    help="Steps of MSSIM to the first texture, or to the one before.",
)
@click.option(
    "--path", type=click.Choice(["linear", "circle"]), default="linear", help="Through the latents."
)
@click.option("--center", type=_points.FILE, help="File of the circle's centre; default: origin.")
@click.option(
    "--tolerance", type=float, default=0.5, help="Width of an interval as a share of a step."
)
@_points.model_options
@click.option("-o", "--output", type=_points.FILE, required=True, help="Folder for the results.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def interpolate(**options: Any) -> None:
    """Textures between two others, in even steps of similarity (MSSIM).

    P is seed:N, SESSION:LABEL of a search, a file of points (.npz, .npy, .json; FILE:ROW where it
    holds several), a PNG that jaxtex wrote, or any image: the nearest texture to it is looked for.
    Writes strip.png, the textures, interpolation.csv, interpolation.json and plot.png.

    \b
    Examples:
      jaxtex texture interpolate --from seed:1 --to seed:2 -o between
      jaxtex texture interpolate --from s:0b1 --to photo.jpg --via s:1a2 -n 4 -o between
    """
    named = {"--from": [options["start"]], "--via": list(options["via"]), "--to": [options["end"]]}
    names = [(text, option) for option, texts in named.items() for text in texts]
    _check(options, names)
    began = time.perf_counter()
    model = _points.load(options["model"], options["device"])
    places = [_points.place(text, option, model) for text, option in names]
    for (text, _), place in zip(names, places, strict=True):
        if "mssim" in place.about:
            click.echo(
                f"{text}: the nearest texture found has an MSSIM of {place.about['mssim']:.2f} "
                f"and an RMS error of {place.about['rmse']:.2f} to it",
                err=True,
            )
    parts = _parts(options, model, places, [text for text, _ in names])
    report = _write(options, model, places, parts)
    seconds = time.perf_counter() - began
    if options["as_json"]:
        print_json({"output": str(options["output"]), **report, "seconds": round(seconds, 3)})
        return
    for number, part in enumerate(parts, 1):
        which = f"part {number}: " if len(parts) > 1 else ""
        click.echo(
            f"{which}{part.inside.sum()} of {len(part.t)} textures inside their interval, "
            f"largest step {part.largest_step:.2f} of an even one",
            err=True,
        )
    if report["plot"] is None:
        click.echo("plot.png is left out: it needs matplotlib, install jaxtex[plots]", err=True)
    click.echo(f"{options['output']}: in {seconds:.1f} s", err=True)


def _check(options: dict[str, Any], names: Sequence[tuple[str, str]]) -> None:
    if not 1 <= options["count"] <= 1000:
        raise SettingsError(f"--count: {options['count']} is not a number from 1 to 1000")
    tolerance = options["tolerance"]
    if not 0 < tolerance <= 1:
        raise SettingsError(f"--tolerance: {tolerance:g} is not above 0 and at most 1")
    if options["center"] is not None and options["path"] != "circle":
        raise SettingsError("--center: only a circle has a centre; give --path circle too")
    for text, option in names:
        _points.check_place(text, option)
    check_folder(options["output"], overwrite=options["overwrite"])


def _parts(
    options: dict[str, Any], model: "TextureModel", places: Sequence["Place"], names: list[str]
) -> list["Interpolation"]:
    from jaxtex.texture.search.interpolate import interpolate as between

    center = sphere_options.center(options["center"], model)
    parts = []
    for index, (first, second) in enumerate(itertools.pairwise(places)):
        try:
            parts.append(
                between(
                    model.render,
                    model.params,
                    first.latent,
                    second.latent,
                    options["count"],
                    even=options["even"],
                    path=options["path"],
                    center=center,
                    tolerance=options["tolerance"],
                )
            )
        except JaxtexError as error:
            raise type(error)(f"{names[index]} to {names[index + 1]}: {error}") from None
    return parts


def _write(
    options: dict[str, Any],
    model: "TextureModel",
    places: Sequence["Place"],
    parts: Sequence["Interpolation"],
) -> dict[str, Any]:
    """Writes all results into the folder; what `--json` prints."""
    from jaxtex import images
    from jaxtex.texture.dcgan.latents import texture_metadata
    from jaxtex.texture.search import plots

    folder = make_folder(options["output"])
    rows = _rows(places, parts)
    digits = len(str(len(rows) - 1))
    strip = []
    for index, row in enumerate(rows):
        latent, texture = row.pop("latent"), row.pop("texture")
        row["file"] = f"texture-{index:0{digits}d}.png"
        metadata = texture_metadata(latent, model.digest, **row)
        images.save_image(folder / row["file"], texture, metadata=metadata)
        strip.append(texture)
    sheet = images.contact_sheet(strip, columns=len(strip), gap=2)
    images.save_image(folder / "strip.png", sheet)

    report = {
        "model": model.digest,
        "count": options["count"],
        "even": options["even"],
        "path": options["path"],
        "tolerance": options["tolerance"],
        "ends": [place.about for place in places],
        "parts": [
            {
                "ends_mssim": part.ends_mssim,
                "half_width": part.half_width,
                "monotone": part.monotone,
                "inside": float(part.inside.mean()),
                "largest_step": part.largest_step,
            }
            for part in parts
        ],
        "textures": [{name: row.get(name) for name in _COLUMNS} for row in rows],
        "plot": "plot.png" if plots.available() else None,
    }

    def save_csv(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    write(folder / "interpolation.csv", save_csv)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write(folder / "interpolation.json", lambda path: path.write_text(text, encoding="utf-8"))
    if plots.available():
        figure = plots.interpolation_figure(parts)
        write(folder / "plot.png", lambda path: figure.savefig(path, dpi=120, format="png"))
    return report


def _rows(places: Sequence["Place"], parts: Sequence["Interpolation"]) -> list[dict[str, Any]]:
    """The ends and what is between them, in order."""
    rows: list[dict[str, Any]] = [{"latent": places[0].latent, "texture": parts[0].ends[0]}]
    for number, (part, end) in enumerate(zip(parts, places[1:], strict=True), 1):
        rows += [
            {
                "latent": part.points[index],
                "texture": part.textures[index],
                "part": number,
                "t": float(part.t[index]),
                "target": float(part.target[index]),
                "mssim_from": float(part.mssim_from[index]),
                "mssim_to": float(part.mssim_to[index]),
                "mssim_previous": float(part.mssim_neighbours[index]),
                "inside": bool(part.inside[index]),
            }
            for index in range(len(part.t))
        ]
        last = float(part.mssim_neighbours[-1])
        rows.append({"latent": end.latent, "texture": part.ends[1], "mssim_previous": last})
    return rows
