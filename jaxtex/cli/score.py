"""`jaxtex score`: how readable, clean and stylised results are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.errors import ImageError, SettingsError, named
from jaxtex.files import check_output, csv_table, sha256, write_bytes
from jaxtex.jobs.requests.common import finite

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage
    from jaxtex.style.metrics import Score

FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True})
@click.argument("outputs", type=FILE, nargs=-1, required=True, metavar="OUT…")
@click.option("--content", type=FILE, help="The plain logo; by default what OUT's settings name.")
@click.option("--style", type=FILE, help="The style image; by default what OUT's settings name.")
@click.option(
    "--size",
    type=int,
    help="Longer side in pixels at which all is measured; by default the result's, at most 512.",
)
@click.option("--background", default="#ffffff", help="What transparent images are put on.")
@click.option("--ocr/--no-ocr", default=True, help="Let tesseract read them, where installed.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option("--csv", "table", type=FILE, help="Write the figures of all results as .csv.")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def score(**options: Any) -> None:
    """Measure stylised images, from jaxtex or from any other tool.

    readability is 1 where every letter is as in the content, artefacts is the share of the
    background that is spoiled, style is 0 for the content itself and 1 for the style itself.

    \b
    Examples:
      jaxtex score out.png --content logo.png --style band.png
      jaxtex score a.png b.png c.png --content logo.png --style band.png --csv scores.csv
    """
    if options["table"] is not None:
        check_output(options["table"], overwrite=options["overwrite"])
        if options["table"].suffix.lower() != ".csv":
            raise SettingsError(f"--csv: {options['table']} must end in .csv")
    if options["size"] is not None and not 16 <= options["size"] <= 16_384:
        raise SettingsError(f"--size: {options['size']} is not a number of pixels from 16 to 16384")
    results = [_load(path, options) for path in options["outputs"]]
    scores = _scores(results, options)
    rows = [
        {"output": str(result.image.path), **finite(found.to_dict())}
        for result, found in zip(results, scores, strict=True)
    ]
    if options["table"] is not None:
        write_bytes(options["table"], csv_table(rows))
    if options["as_json"]:
        single = len(rows) == 1
        print_json(_described(rows[0], results[0], scores[0]) if single else {"scores": rows})
    elif len(rows) == 1:
        _print_one(scores[0])
    else:
        _print_table(rows)


@dataclass(frozen=True)
class _Result:
    """A result with what it says of itself and the files that it is compared with."""

    image: "LoadedImage"
    settings: Mapping[str, Any]
    content: Path
    style: Path


def _load(path: Path, options: Mapping[str, Any]) -> _Result:
    from jaxtex import images

    image = images.load_image(path, background=options["background"])
    settings = images.read_metadata(path)
    files = {}
    for role, recorded in (
        ("content", settings.get("content")),
        ("style", _only(settings.get("styles"))),
    ):
        named_file = options[role]
        if named_file is None:
            named_file = _find(path, role, recorded)
        elif isinstance(recorded, Mapping) and named_file.is_file():
            _warn_of_another(path, role, named_file, recorded)
        files[role] = named_file
    return _Result(image, settings, **files)


def _only(styles: Any) -> Any:
    return styles[0] if isinstance(styles, list) and len(styles) == 1 else None


def _find(output: Path, role: str, recorded: Any) -> Path:
    """The file that a result's settings name, beside the result or in the working folder."""
    if not isinstance(recorded, Mapping) or not isinstance(recorded.get("name"), str):
        raise SettingsError(f"--{role}: {output} does not say its {role}; name the file")
    name = Path(recorded["name"]).name
    for folder in (output.parent, Path()):
        candidate = folder / name
        if candidate.is_file() and sha256(candidate) == recorded.get("sha256"):
            return candidate
    raise SettingsError(
        f"--{role}: {output} was made with {name!r}, which is neither beside it nor here; "
        "name the file"
    )


def _warn_of_another(output: Path, role: str, path: Path, recorded: Mapping[str, Any]) -> None:
    if sha256(path) != recorded.get("sha256"):
        name = recorded.get("name")
        click.echo(f"{output}: was made with another {role} ({name}) than {path}", err=True)


def _scores(results: Sequence[_Result], options: Mapping[str, Any]) -> "list[Score]":
    """The scores in the results' order; each pair of content and style is made ready once."""
    from jaxtex import images

    pairs: dict[tuple[Path, Path], list[int]] = {}
    for index, result in enumerate(results):
        pairs.setdefault((result.content, result.style), []).append(index)
    background = options["background"]
    loaded = {
        path: images.load_image(path, background=background)
        for path in dict.fromkeys(path for pair in pairs for path in pair)
    }

    from jaxtex.runtime import configure, forget_programs

    configure(options["device"])
    from jaxtex.style import load_network
    from jaxtex.style.metrics import Reference

    network = load_network(options["weights"])
    found: dict[int, Score] = {}
    for (content, style), members in pairs.items():
        # Each may be of another shape, with programs of its own.
        forget_programs()
        with named({"content": content, "style": style}):
            reference = Reference(
                loaded[content].rgb,
                loaded[style].rgb,
                alpha=loaded[content].alpha,
                network=network,
                size=options["size"],
                read=options["ocr"],
            )
        pictures = [_without_margin(results[index], loaded[content]) for index in members]
        names = {f"result {i + 1}": results[each].image.path for i, each in enumerate(members)}
        with named(names):
            found |= dict(zip(members, reference.score(pictures), strict=True))
    return [found[index] for index in range(len(results))]


def _without_margin(result: _Result, content: "LoadedImage") -> Any:
    """The picture without the margin that its settings say was kept."""
    from jaxtex import images

    picture, settings = result.image.rgb, result.settings
    if settings.get("keep_margin") is not True:
        return picture
    height, width = content.rgb.shape[:2]
    if isinstance(settings.get("size"), int):
        height, width = images.fit(height, width, settings["size"])
    tall, wide = picture.shape[:2]
    margin = (tall - height) // 2
    if margin < 0 or (tall, wide) != (height + 2 * margin, width + 2 * margin):
        raise ImageError(
            f"{result.image.path}: {wide}×{tall} pixels is not the {width}×{height} with a margin "
            "that its settings say"
        )
    return picture[margin : margin + height, margin : margin + width]


def _described(row: Mapping[str, Any], result: _Result, found: "Score") -> dict[str, Any]:
    reading = found.reading
    return {
        **row,
        "read": None if reading is None else {"content": reading.content, "result": reading.result},
        "content": str(result.content),
        "style_image": str(result.style),
        "settings": dict(result.settings),
    }


def _print_one(found: "Score") -> None:
    readable, spoiled = found.readability, found.artefacts
    read = ""
    if found.reading is not None:
        read = f", read as {found.reading.result!r} ({found.reading.agreement:.2f})"
    blocks = "  ".join(f"{value:.2f}" for value in found.blocks)
    click.echo(
        f"readability  {readable.readability:.3f}  overlap {readable.overlap:.2f}, "
        f"edges {readable.edges:.2f}, contrast {readable.contrast:.2f}{read}\n"
        f"artefacts    {spoiled.artefacts:.3f}  coloured {spoiled.coloured:.3f}, "
        f"specks {spoiled.specks:.3f}, haze {spoiled.haze:.3f}\n"
        f"style        {found.style:.3f}  blocks 1 to 5: {blocks}"
    )


def _print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    columns = ("readability", "artefacts", "style")
    width = max(len(row["output"]) for row in rows)
    click.echo(f"{'':{width}}  " + "  ".join(columns))
    for row in rows:
        cells = "  ".join(f"{row[name]:{len(name)}.3f}" for name in columns)
        click.echo(f"{row['output']:{width}}  {cells}")
