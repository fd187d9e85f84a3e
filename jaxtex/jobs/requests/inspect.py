"""Images taken apart as `jaxtex stylize` does it, to see what is taken for ink; without JAX."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jaxtex import images
from jaxtex.errors import ImageError, SettingsError, named
from jaxtex.files import check_not_input, check_output
from jaxtex.images import svg
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.inputs import fitted_mask
from jaxtex.jobs.requests.inspect_parts import Taken, of_content_ink, of_no_logo, of_style
from jaxtex.jobs.requests.stylize_options import OPTIONS as STYLIZE
from jaxtex.jobs.requests.stylize_options import SIZE
from jaxtex.options import Option
from jaxtex.style.separation import (
    RGB,
    Map,
    Picture,
    is_of_one_color,
    parts_of,
    separate_at,
)
from jaxtex.style.separation.ink import resize_premultiplied
from jaxtex.style.settings import LOOK
from jaxtex.style.settings import OPTIONS as SETTINGS

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage

OPTIONS = (
    replace(STYLIZE["output"], required=False, help="A sheet to write: ink, its colours, ground."),
    Option(
        name="as",
        kind="choice",
        choices=("both", "content", "style"),
        help="What the images are looked at as.",
        group=LOOK,
        default="both",
        of_a_job=False,
    ),
    SETTINGS["style_kind"],
    replace(STYLIZE["style_mask"], help="White where the image, a style, has its lettering."),
    Option(
        name="size",
        kind="whole",
        help="Longer side in pixels, as that of a result.",
        group=LOOK,
        default=SIZE,
        low=16,
        high=4096,
        of_a_job=False,
    ),
    STYLIZE["overwrite"],
)
"""All but the images."""

DEFAULTS = {option.name: option.default for option in OPTIONS}

_COLUMNS, _SHEET_GROUND = 4, "#d8d8d8"
# What has fewer pixels a side is no logo: VGG16's deepest layer of `steel` needs as many.
_LEAST = 8


@dataclass(frozen=True)
class Inspected:
    """An image and what it was taken for, by `content` and `style`."""

    path: Path
    taken: Mapping[str, Taken]

    def without_cells(self) -> "Inspected":
        """The words alone, so that of many images no pictures are kept."""
        return replace(
            self, taken={role: each._replace(cells=()) for role, each in self.taken.items()}
        )

    @property
    def said(self) -> list[str]:
        """All in words, a sentence for each."""
        return [
            f"{self.path}: as a {role}: {taken.about['said']}" for role, taken in self.taken.items()
        ]


class InspectRequest:
    """What `jaxtex inspect` is asked for: checked first, then taken apart and drawn."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` are by the names of `OPTIONS`, and have `images`, one file or more."""
        self.options = DEFAULTS | dict(options)
        role = self.options["as"]
        self.roles: tuple[str, ...] = ("content", "style") if role == "both" else (role,)

    def check(self) -> None:
        """Refuses what can be before an image is read.

        Raises:
          OutputError: the sheet cannot be written, is an input, or must not be replaced.
          SettingsError: an option that is out of range or does not fit the others.
        """
        options = self.options
        for option in OPTIONS:
            option.check(options[option.name])
        inputs, mask, output = options["images"], options["style_mask"], options["output"]
        if self.roles == ("content",) and (mask is not None or options["style_kind"] != "auto"):
            raise SettingsError("--as: content goes with neither --style-kind nor --style-mask")
        if mask is not None and len(inputs) > 1:
            raise SettingsError(f"--style-mask: is of one image; {len(inputs)} are given")
        if output is not None:
            check_not_input(output, inputs if mask is None else [*inputs, mask])
            images.output_format(check_output(output, overwrite=options["overwrite"]))

    def run(self, front: Front, *, cells: bool = False) -> list[Inspected]:
        """Takes all images apart, in their order, and writes the sheet.

        What is returned has the pictures of their parts where there is a sheet, or with `cells`.

        Raises:
          ImageError: an image cannot be read, is of one colour, or lacks lettering it is said to
            have.
          SettingsError: a texture with a mask, or too large a sheet.
          RunError: the disk is full or fails.
        """
        inputs, output = self.options["images"], self.options["output"]
        found: list[Inspected] = []
        size, tallest = self.options["size"], 0
        mask = self._load(self.options["style_mask"], front, background="#000000")
        for number, path in enumerate(inputs):
            text = f"image {number + 1}/{len(inputs)}  {path}"
            front.show(Status(text, share=number / len(inputs)))
            image = self._load(path, front)
            height, width = images.fit(image.rgb.shape[0], image.rgb.shape[1], size)
            tallest = max(tallest, height)
            if output is not None:
                self._check_sheet(tallest)
            inspected = self._inspect(image, fitted_mask(mask, image), height, width)
            if not cells and output is None:
                inspected = inspected.without_cells()
            found.append(inspected)
        if output is not None:
            images.save_image(output, _sheet(found))
        return found

    def report(self, found: Sequence[Inspected]) -> dict[str, Any]:
        """The JSON object of `--json`."""
        output = self.options["output"]
        return {
            "output": None if output is None else str(output),
            "size": self.options["size"],
            "images": [
                {"image": str(each.path)}
                | {role: taken.about for role, taken in each.taken.items()}
                for each in found
            ],
        }

    def _load(self, path: Path | None, front: Front, **options: Any) -> Any:
        if path is None:
            return None
        image = images.load_image(path, svg_size=max(svg.SIZE, self.options["size"]), **options)
        front.note([image])
        return image

    def _check_sheet(self, tallest: int) -> None:
        count, size = len(self.options["images"]), self.options["size"]
        if count * len(self.roles) * tallest * _COLUMNS * size > images.MAX_PIXELS:
            raise SettingsError(
                f"--output: a sheet of {count} images of {size} pixels would have more than "
                f"{images.MAX_PIXELS} pixels; give fewer images or a smaller --size"
            )

    def _inspect(
        self, image: "LoadedImage", mask: Map | None, height: int, width: int
    ) -> Inspected:
        picture, path = image.picture, image.path
        tall, wide = picture.shape[:2]
        if min(tall, wide) < _LEAST:
            raise ImageError(
                f"{path}: {wide}×{tall} pixels is too small; {_LEAST} a side are needed"
            )
        if is_of_one_color(picture):
            raise ImageError(f"{path}: the image has a single colour; there is nothing to see")
        opaque = images.on_contrasting_ground(picture)
        taken: dict[str, Taken] = {}
        if "content" in self.roles:
            ink = separate_at(picture, height, width)
            taken["content"] = of_no_logo(opaque) if ink is None else of_content_ink(ink)
        if "style" in self.roles:
            with named({"style 1": path}):
                (parts,) = parts_of([opaque], self.options["style_kind"], mask)
            taken["style"] = of_style(parts, opaque, height, width)
        shown = _resized(picture, height, width)
        for role, each in taken.items():
            # What has parts shows what it is.
            label = f"{path.name} as a {role}" + ("" if each.cells else f": {each.about['said']}")
            taken[role] = each._replace(cells=((shown, label), *each.cells))
        return Inspected(path, taken)


def _resized(picture: Picture, height: int, width: int) -> Picture:
    color, alpha = images.split(picture)
    if alpha is None:
        return images.resize(color, height, width)
    return images.join(*resize_premultiplied(color, alpha, height, width))


def _sheet(found: Sequence[Inspected]) -> RGB:
    """A row for each image and each role, of four cells at most."""
    blank = np.full((1, 1, 3), images.parse_color(_SHEET_GROUND), np.float32), ""
    cells = []
    for each in found:
        for taken in each.taken.values():
            cells += [*taken.cells, *[blank] * (_COLUMNS - len(taken.cells))]
    pictures, labels = zip(*cells, strict=True)
    return images.contact_sheet(pictures, columns=_COLUMNS, labels=labels, background=_SHEET_GROUND)
