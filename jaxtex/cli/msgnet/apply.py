"""`jaxtex msgnet apply`."""

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.errors import ImageError, OutputError
from jaxtex.files import check_folder, check_output, make_folder
from jaxtex.jobs.requests.msgnet import apply as requests

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage
    from jaxtex.style.msgnet import StyleModel

FILE = click.Path(path_type=Path)


@click.command()
@click.argument("content", type=FILE, nargs=-1, required=True)
@click.argument("style", type=FILE)
@click.option(
    "-o", "--output", type=FILE, required=True, help="The image; a folder for several contents."
)
@click.option("--model", type=FILE, help="Model file or training folder.  [default: the shipped]")
@click.option("--size", type=int, help="Longer side of the results in pixels.  [default: as is]")
@click.option(
    "--style-size", type=int, help="Longer side of the style.  [default: that of the results]"
)
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def apply(**options: Any) -> None:
    """Give CONTENT (files or folders) the style of the image STYLE in one pass of MSG-Net.

    With several contents OUTPUT is a folder, which gets a PNG of each one's name; contents of one
    size are computed together. How large letters are, next to those that the model was trained on,
    decides what is drawn: try a few --size and --style-size.

    \b
    Examples:
      jaxtex msgnet apply logo.png band.png -o out.png
      jaxtex msgnet apply logos band.png -o stylised --size 512
      jaxtex msgnet apply logo.png band.png -o out.png --model net
    """
    paths, outputs = _check(options)
    began = time.perf_counter()
    from jaxtex.runtime import configure

    configure(options["device"])
    from jaxtex.style.msgnet import load_model

    model = load_model(options["model"])
    contents, style, skipped = _load(options, paths)
    if skipped:
        outputs = {path: output for path, output in outputs.items() if path in contents}
    seconds = _stylise(options, model, contents, style, outputs)
    total = time.perf_counter() - began
    if options["as_json"]:
        print_json(
            {
                "outputs": [str(output) for output in outputs.values()],
                "model": model.digest,
                "left_out": skipped,
                "network_seconds": round(seconds, 3),
                "seconds": round(total, 3),
            }
        )
    else:
        count = f"{len(outputs)} image{'' if len(outputs) == 1 else 's'}"
        took = f"{total:.1f} s, {seconds:.2f} s in the network"
        click.echo(f"{options['output']}: {count} in {took}", err=True)


def _check(options: Mapping[str, Any]) -> tuple[list[Path], dict[Path, Path]]:
    """The contents' files and where each result goes; refuses what can be before JAX loads."""
    from jaxtex import images

    requests.sizes(options)
    given, output = options["content"], options["output"]
    paths = images.find_images(given)
    if len(given) == 1 and not given[0].is_dir():
        images.output_format(check_output(output, overwrite=options["overwrite"]))
        return paths, {paths[0]: output}
    check_folder(output, overwrite=options["overwrite"])
    outputs = {path: output / f"{path.stem}.png" for path in paths}
    if len(set(outputs.values())) < len(paths):
        names = sorted(path.name for path in outputs.values())
        twice = next(name for name, after in itertools.pairwise(names) if name == after)
        raise OutputError(f"{output / twice}: two contents would be written there; rename one")
    return paths, outputs


def _load(
    options: Mapping[str, Any], paths: list[Path]
) -> tuple[dict[Path, "LoadedImage"], "LoadedImage", list[str]]:
    """The contents by path, the style, and complaints about files that cannot be read."""
    from jaxtex import images

    skipped: list[str] = []

    def skip(error: ImageError) -> None:
        click.echo(f"left out: {error}", err=True)
        skipped.append(str(error))

    style = images.load_image(options["style"])
    contents = {
        image.path: image for image in images.load_images(options["content"], unreadable=skip)
    }
    if not contents:
        raise ImageError(f"{options['content'][0]}: has no image that can be read")
    return contents, style, skipped


def _stylise(
    options: Mapping[str, Any],
    model: "StyleModel",
    contents: Mapping[Path, "LoadedImage"],
    style: "LoadedImage",
    outputs: Mapping[Path, Path],
) -> float:
    """Writes the results; the seconds that the network took, compilation included."""
    from jaxtex import images
    from jaxtex.runtime import forget_programs

    pictures = [requests.fit_content(each, options["size"]) for each in contents.values()]
    longest = options["style_size"] or max(max(picture.shape[:2]) for picture in pictures)
    seen = requests.fit_style(style, longest)
    if len(outputs) > 1:
        make_folder(options["output"])
    files, seconds, before = list(contents), 0.0, time.perf_counter()
    shape = None
    for index, result in model.apply(pictures, seen):
        seconds += time.perf_counter() - before
        path = files[index]
        metadata = requests.metadata(model.digest, longest, contents[path], style)
        images.save_image(outputs[path], result, metadata=metadata)
        if result.shape != shape:
            # Each shape has a program of its own.
            shape = result.shape
            forget_programs()
        before = time.perf_counter()
    return seconds
