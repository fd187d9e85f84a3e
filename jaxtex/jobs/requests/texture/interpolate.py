"""Textures evenly between others, as a person asks for them: found, written and told.

JAX is imported only where the model is loaded.
"""

import csv
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jaxtex.errors import JaxtexError, SettingsError
from jaxtex.files import check_folder, make_folder, write
from jaxtex.jobs.front import Front
from jaxtex.jobs.requests.texture import places, sphere_options
from jaxtex.jobs.requests.texture.places import Place

if TYPE_CHECKING:
    from jaxtex.texture.dcgan import TextureModel
    from jaxtex.texture.search.interpolate import Interpolation

_MOST = 1000
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


class Strip(NamedTuple):
    """What was found between the ends, part by part, and what is told of it."""

    parts: list["Interpolation"]
    about: dict[str, Any]
    seconds: float


class InterpolateRequest:
    """What `jaxtex texture interpolate` is asked for: checked, then found and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        named = {"--from": [options["start"]], "--via": options["via"], "--to": [options["end"]]}
        self.names = [(text, option) for option, texts in named.items() for text in texts]

    def check(self) -> None:
        """Refuses what can be refused before a model is loaded.

        Raises:
          SettingsError: a value is out of range, or an end names nothing.
          OutputError: the folder cannot be written into.
        """
        options = self.options
        if not 1 <= options["count"] <= _MOST:
            raise SettingsError(f"--count: {options['count']} is not a number from 1 to {_MOST}")
        tolerance = options["tolerance"]
        if not 0 < tolerance <= 1:
            raise SettingsError(f"--tolerance: {tolerance:g} is not above 0 and at most 1")
        if options["center"] is not None and options["path"] != "circle":
            raise SettingsError("--center: only a circle has a centre; give --path circle too")
        for text, option in self.names:
            places.check_place(text, option)
        check_folder(options["output"], overwrite=options["overwrite"])

    def run(self, front: Front) -> Strip:
        """Finds the textures and writes them into the folder.

        Raises:
          JaxtexError: an end or the centre does not fit the model, or two ends are too alike.
          RunError: the disk is full or fails.
        """
        began = time.perf_counter()
        model = places.load(self.options["model"], self.options["device"])
        ends = [places.place(text, option, model) for text, option in self.names]
        for (text, _), end in zip(self.names, ends, strict=True):
            for note in end.notes:
                front.say(note)
            if "mssim" in end.about:
                front.say(
                    f"{text}: the nearest texture found has an MSSIM of {end.about['mssim']:.2f} "
                    f"and an RMS error of {end.about['rmse']:.2f} to it"
                )
        parts = self._parts(model, ends)
        about = self._write(model, ends, parts)
        return Strip(parts, about, time.perf_counter() - began)

    def report(self, done: Strip) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        seconds = round(done.seconds, 3)
        return {"output": str(self.options["output"]), **done.about, "seconds": seconds}

    def _parts(self, model: "TextureModel", ends: Sequence[Place]) -> list["Interpolation"]:
        from jaxtex.texture.search.interpolate import interpolate as between

        options, names = self.options, [text for text, _ in self.names]
        center = sphere_options.center(options["center"], model)
        parts = []
        for index, (first, second) in enumerate(itertools.pairwise(ends)):
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
        self, model: "TextureModel", ends: Sequence[Place], parts: Sequence["Interpolation"]
    ) -> dict[str, Any]:
        """Writes all results into the folder; what interpolation.json says."""
        from jaxtex.texture.search import plots

        folder = make_folder(self.options["output"])
        rows = _rows(ends, parts)
        _write_textures(folder, rows, model.digest)
        about = {
            "model": model.digest,
            **{name: self.options[name] for name in ("count", "even", "path", "tolerance")},
            "ends": [end.about for end in ends],
            "parts": [_describe(part) for part in parts],
            "textures": [{name: row.get(name) for name in _COLUMNS} for row in rows],
            "plot": "plot.png" if plots.available() else None,
        }
        write(folder / "interpolation.csv", lambda path: _save_table(path, rows))
        text = json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write(folder / "interpolation.json", lambda path: path.write_text(text, encoding="utf-8"))
        if plots.available():
            figure = plots.interpolation_figure(parts)
            write(folder / "plot.png", lambda path: figure.savefig(path, dpi=120, format="png"))
        return about


def _rows(ends: Sequence[Place], parts: Sequence["Interpolation"]) -> list[dict[str, Any]]:
    """The ends and what is between them, in order."""
    rows: list[dict[str, Any]] = [{"latent": ends[0].latent, "texture": parts[0].ends[0]}]
    for number, (part, end) in enumerate(zip(parts, ends[1:], strict=True), 1):
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


def _write_textures(folder: Path, rows: Sequence[dict[str, Any]], digest: str) -> None:
    """Writes textures and strip.png; the rows get the names of the files for the arrays."""
    from jaxtex import images
    from jaxtex.texture.dcgan.latents import texture_metadata

    digits = len(str(len(rows) - 1))
    strip = []
    for index, row in enumerate(rows):
        latent, texture = row.pop("latent"), row.pop("texture")
        row["file"] = f"texture-{index:0{digits}d}.png"
        images.save_image(
            folder / row["file"], texture, metadata=texture_metadata(latent, digest, **row)
        )
        strip.append(texture)
    sheet = images.contact_sheet(strip, columns=len(strip), gap=2)
    images.save_image(folder / "strip.png", sheet)


def _describe(part: "Interpolation") -> dict[str, Any]:
    return {
        "ends_mssim": part.ends_mssim,
        "half_width": part.half_width,
        "monotone": part.monotone,
        "inside": float(part.inside.mean()),
        "largest_step": part.largest_step,
    }


def _save_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, _COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
