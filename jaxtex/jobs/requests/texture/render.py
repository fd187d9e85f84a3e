"""Rendered textures as a person asks for them, one file each: checked, rendered where missing."""

import math
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jaxtex.errors import ImageError, OutputError, SettingsError, Stopped
from jaxtex.files import check_folder, check_output, make_folder
from jaxtex.jobs.front import Front, Status
from jaxtex.version import __version__

_MAX_COUNT = 1_000_000
_ON_SHEET = 100


class RenderRequest:
    """What `jaxtex texture render` is asked for: checked, then rendered picture by picture."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.folder: Path = options["output"]
        self.family: str = options["family"]
        self.told: dict[str, dict[str, Any]] = {}
        """What each picture's file says of it, by name; there once it is checked."""
        self.kept: set[str] = set()
        """Names of the pictures that an earlier run has written; there once it is checked."""
        self.rendered = 0

    def check(self) -> None:
        """Refuses what cannot be made.

        Raises:
          SettingsError: a value is out of range, or the sheet would lie among the pictures.
          OutputError: something cannot be written, or another file lies where a picture should.
        """
        from jaxtex.images import output_format
        from jaxtex.texture.rendered import FAMILIES

        options = self.options
        count, anew = options["count"], options["overwrite"] or options["resume"]
        if not 1 <= count <= _MAX_COUNT:
            raise SettingsError(f"--count: {count} is not a number from 1 to {_MAX_COUNT}")
        if self.family not in FAMILIES:
            raise SettingsError(
                f"{self.family!r} is not a family; it must be one of {', '.join(FAMILIES)}"
            )
        FAMILIES[self.family].check_request(options["seed"], options["size"], options["kind"])
        check_folder(self.folder, overwrite=anew)
        if (sheet := options["sheet"]) is not None:
            if sheet.absolute().parent == self.folder.absolute():
                raise SettingsError(
                    f"--sheet: {sheet} lies among the pictures, where training would take it for "
                    "one; name a file in another folder"
                )
            output_format(check_output(sheet, overwrite=anew))
        self.told = _pictures(options)
        if options["resume"]:
            self.kept = _kept(self.folder, self.told, options["overwrite"])

    def run(self, front: Front) -> float:
        """Renders the pictures that are missing, then the sheet; the seconds for the pictures.

        Raises:
          Stopped: the front wished it; what is there is kept.
          RunError: the disk is full or fails.
        """
        began = time.perf_counter()
        make_folder(self.folder)
        missing = [name for name in self.told if name not in self.kept]
        for self.rendered, name in enumerate(missing):
            if front.stopped():
                raise Stopped(self.state())
            rate = 60 * self.rendered / (time.perf_counter() - began)
            text = f"picture {self.rendered}/{len(missing)}  {rate:.0f} a minute"
            place = self.rendered, len(missing)
            front.show(Status(text, share=self.rendered / len(missing), place=place))
            _render(self.folder / name, self.told[name])
        self.rendered = len(missing)
        seconds = time.perf_counter() - began
        if self.options["sheet"] is not None:
            pictures = [self.folder / name for name in list(self.told)[:_ON_SHEET]]
            _write_sheet(self.options["sheet"], pictures)
        return seconds

    def state(self) -> str:
        """How much a run that ended early leaves, in a sentence."""
        there = f"{len(self.kept) + self.rendered} of {len(self.told)} pictures are there"
        return f"{self.folder}: {there}; --resume renders the others"

    def report(self, seconds: float) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        sheet = self.options["sheet"]
        return {
            "output": str(self.folder),
            "count": len(self.told),
            "kept": len(self.kept),
            "others": len(list(self.folder.glob("*"))) - len(self.told),
            "size": self.options["size"],
            "seed": self.options["seed"],
            "family": self.family,
            "kinds": Counter(about["kind"] for about in self.told.values()),
            "sheet": None if sheet is None else str(sheet),
            "seconds": round(seconds, 3),
        }


def _pictures(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each picture's file says of it, by name."""
    from jaxtex.texture.rendered import FAMILIES

    size, seed, kind = (options[name] for name in ("size", "seed", "kind"))
    family = FAMILIES[options["family"]]
    return {
        f"{family.name}-{index:05d}.png": {
            "version": __version__,
            "family": family.name,
            "kind": kind or family.kind_of(seed, index),
            "seed": seed,
            "index": index,
            "size": size,
        }
        for index in range(options["count"])
    }


def _kept(folder: Path, told: dict[str, dict[str, Any]], overwrite: bool) -> set[str]:
    """Names of the pictures that an earlier run of the same settings has written.

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
    from jaxtex.texture.rendered import FAMILIES

    family = FAMILIES[about["family"]]
    (picture,) = family.render(about["seed"], [about["index"]], about["size"], about["kind"])
    save_image(path, picture, metadata=about)


def _write_sheet(path: Path, pictures: list[Path]) -> None:
    from jaxtex import images

    sheet = images.contact_sheet(
        [images.load_image(picture).rgb for picture in pictures],
        columns=math.ceil(math.sqrt(len(pictures))),
        gap=4,
    )
    images.save_image(path, sheet)
