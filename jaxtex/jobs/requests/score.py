"""Results to be scored as a person asks for it: which files, and what each is compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.errors import ImageError, SettingsError, named
from jaxtex.files import check_output, csv_table, sha256, write_bytes
from jaxtex.jobs.front import Front
from jaxtex.jobs.requests.common import finite
from jaxtex.jobs.requests.pair import Pair

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage
    from jaxtex.style.metrics import Score


@dataclass(frozen=True)
class _Result:
    """A result with what it says of itself and the files that it is compared with."""

    image: "LoadedImage"
    settings: Mapping[str, Any]
    content: Path
    style: Path


@dataclass(frozen=True)
class Scored:
    """A result and what was measured of it."""

    result: _Result
    score: "Score"

    def row(self) -> dict[str, Any]:
        """The file and all figures, as JSON values."""
        return {"output": str(self.result.image.path), **finite(self.score.to_dict())}

    def described(self) -> dict[str, Any]:
        """The row with what tesseract read, and what the result is made of."""
        result, reading = self.result, self.score.reading
        read = None
        if reading is not None:
            read = {"content": reading.content, "result": reading.result}
        return {
            **self.row(),
            "read": read,
            "content": str(result.content),
            "style_image": str(result.style),
            "settings": dict(result.settings),
        }


class ScoreRequest:
    """What `jaxtex score` is asked for: checked first, then measured and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Takes the options by their names with underscores; `check` looks at them."""
        self.options = options

    def check(self) -> None:
        """Refuses what can be before an image is read.

        Raises:
          OutputError: the table cannot be written, or must not be replaced.
          SettingsError: it is no .csv, or the size is out of range.
        """
        table, size = self.options["table"], self.options["size"]
        if table is not None:
            check_output(table, overwrite=self.options["overwrite"])
            if table.suffix.lower() != ".csv":
                raise SettingsError(f"--csv: {table} must end in .csv")
        if size is not None and not 16 <= size <= 16_384:
            raise SettingsError(f"--size: {size} is not a number of pixels from 16 to 16384")

    def run(self, front: Front) -> list[Scored]:
        """Measures all results, in their order, and writes the table.

        Raises:
          ImageError: an image cannot be read or scored.
          SettingsError: a result's content or style is not to be found; no such device.
          WeightsError: the weights cannot be read.
          RunError: the disk is full or fails.
        """
        results = [_load(path, self.options, front) for path in self.options["outputs"]]
        scores = _scores(results, self.options, front)
        scored = [Scored(*each) for each in zip(results, scores, strict=True)]
        if self.options["table"] is not None:
            write_bytes(self.options["table"], csv_table([each.row() for each in scored]))
        return scored


def report(scored: Sequence[Scored]) -> dict[str, Any]:
    """What `--json` prints: of a single result all, of several their rows."""
    if len(scored) == 1:
        return scored[0].described()
    return {"scores": [each.row() for each in scored]}


def _load(path: Path, options: Mapping[str, Any], front: Front) -> _Result:
    from jaxtex import images

    image = images.load_image(path)
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
            _warn_of_another(path, role, named_file, recorded, front)
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


def _warn_of_another(
    output: Path, role: str, path: Path, recorded: Mapping[str, Any], front: Front
) -> None:
    if sha256(path) != recorded.get("sha256"):
        front.say(f"{output}: was made with another {role} ({recorded.get('name')}) than {path}")


def _scores(results: Sequence[_Result], options: Mapping[str, Any], front: Front) -> "list[Score]":
    """The scores in the results' order; each pair of content and style is made ready once."""
    from jaxtex import images

    pairs: dict[tuple[Path, Path, float, int | None], list[int]] = {}
    for index, result in enumerate(results):
        key = result.content, result.style, *_composed(result)
        pairs.setdefault(key, []).append(index)
    color = options["background"]
    background = None if color is None else images.parse_color(color)
    loaded = {
        path: images.load_image(path)
        for path in dict.fromkeys(path for pair in pairs for path in pair[:2])
    }
    front.note([*(result.image for result in results), *loaded.values()])

    from jaxtex.runtime import configure, forget_programs

    configure(options["device"])
    from jaxtex.style import load_network

    network = load_network(options["weights"])
    found: dict[int, Score] = {}
    for (content, style, share, longer), members in pairs.items():
        # Each may be of another shape, with programs of its own.
        forget_programs()
        pair = Pair(loaded[content], loaded[style], background)
        reference = pair.reference(
            network,
            size=options["size"],
            read=options["ocr"],
            composition=share,
            composed_at=longer,
        )
        shape = reference.content.shape[:2]
        pictures = [_without_margin(results[index], *shape) for index in members]
        names = {f"result {i + 1}": results[each].image.path for i, each in enumerate(members)}
        with named(names):
            found |= dict(zip(members, reference.score(pictures), strict=True))
    return [found[index] for index in range(len(results))]


def _composed(result: _Result) -> tuple[float, int | None]:
    """How far a result's letters are laid out as the style's, and at which size, as it says."""
    from jaxtex.style import Settings

    try:
        share = Settings(composition=result.settings.get("composition", "keep")).composed
    except SettingsError:
        share = 0.0
    size = result.settings.get("size")
    return share, size if share and isinstance(size, int) and 16 <= size <= 16_384 else None


def _without_margin(result: _Result, height: int, width: int) -> Any:
    """The picture without the margin that its settings say was kept, of a content's shape."""
    from jaxtex import images

    picture, settings = result.image.picture, result.settings
    if settings.get("keep_margin") is not True:
        return picture
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
