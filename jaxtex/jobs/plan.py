"""From rows to jobs: every row is checked, and each job has an identity, before work starts."""

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, TypeVar

from jaxtex import images
from jaxtex.errors import JaxtexError, ManifestError, SettingsError
from jaxtex.jobs.manifest import BadRow, Manifest, Row
from jaxtex.jobs.request import INITS, Files, settings_of
from jaxtex.style.settings import Settings

T = TypeVar("T")

# Most file systems allow no more for one name.
_NAME_BYTES = 255
_PATH_BYTES = 1024


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlannedJob:
    """One job that has been checked."""

    line: int
    output: str
    """The result's name in the output folder, with forward slashes."""
    files: Files
    digests: tuple[str, ...]
    """SHA-256 of each of `files`, in their order."""
    settings: Settings
    style_weights: tuple[float, ...] | None
    weights: str | None
    """SHA-256 of other VGG16 weights than those that ship."""

    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""
        digests = dict(zip(self.files, self.digests, strict=True))
        mask, init = self.files.mask, self.files.init
        return {
            **self.settings.to_dict(),
            "content_sha256": digests[self.files.content],
            "style_sha256": [digests[path] for path in self.files.styles],
            "style_weights": None if self.style_weights is None else list(self.style_weights),
            "mask_sha256": None if mask is None else digests[mask],
            "init_sha256": None if init is None else digests[init],
            "background": self.files.background,
            "vgg_sha256": self.weights,
        }

    def identity(self) -> str:
        """SHA-256 of `facts`: equal where the picture would be, whatever the files' names."""
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode()).hexdigest()


def plan(
    manifest: Manifest, folder: Path, *, weights: str | None = None
) -> tuple[list[PlannedJob], list[BadRow]]:
    """Checks every row; returns the jobs, and all rows that cannot be run in the file's order.

    A row is bad if an option is outside its range, an image is not there, or its output would be
    outside `folder` or that of another row. Images are decoded later: one that is damaged fails
    its own job.
    """
    planner = _Planner(manifest.folder, folder, weights)
    jobs: list[PlannedJob] = []
    bad = list(manifest.bad)
    for row in manifest.rows:
        try:
            jobs.append(planner.plan(row))
        except JaxtexError as error:
            bad.append(BadRow(row.line, str(error)))
    inside = {str(parent) for job in jobs for parent in PurePosixPath(job.output).parents}
    for job in [job for job in jobs if job.output in inside]:
        jobs.remove(job)
        bad.append(BadRow(job.line, f"output: {job.output!r} is the folder of another row's"))
    return jobs, sorted(bad)


def describe(bad: Sequence[BadRow], name: str, total: int) -> str:
    """All bad rows with their lines and reasons, as the message of an error."""
    head = f"{name}: {len(bad)} of {total} rows cannot be run; none was (--skip-bad runs the rest)"
    return "\n".join([head, *(f"  line {row.line}: {row.reason}" for row in bad)])


def parse_shard(text: str) -> tuple[int, int]:
    """The number of a share and how many there are, of `0/8`.

    Raises:
      SettingsError: it looks otherwise, or there is no such share.
    """
    found = re.fullmatch(r"([0-9]{1,7})/([0-9]{1,7})", text)
    if found is None or int(found[1]) >= int(found[2]):
        raise SettingsError(f"--shard: {text!r} must look like 0/8, from 0/8 to 7/8")
    return int(found[1]), int(found[2])


def shard(jobs: Sequence[T], number: int, count: int) -> Sequence[T]:
    """Share `number` of `count`, in one piece: neighbours in a manifest tend to share images."""
    return jobs[len(jobs) * number // count : len(jobs) * (number + 1) // count]


class _Planner:
    """Checks rows one by one, and remembers what further ones share with them."""

    def __init__(self, base: Path, folder: Path, weights: str | None) -> None:
        self.base, self.folder, self.weights = base, folder, weights
        self.lines: dict[str, int] = {}
        self._settings: dict[str, Settings] = {}
        self._digest = functools.cache(_digest)
        self._is_inside = functools.cache(self._inside)

    def plan(self, row: Row) -> PlannedJob:
        """The job of a row.

        Raises:
          JaxtexError: it cannot be run.
        """
        values = row.values
        for name in ("content", "style"):
            if name not in values:
                raise ManifestError(f"{name} is missing")
        settings = self._settings_of(values)
        files = self._files(values)
        digests = tuple(self._digest(path) for path in files)
        weights = values.get("style_weight")
        if weights is not None and len(weights) != len(files.styles):
            raise SettingsError(
                f"style-weight: {len(weights)} given for {len(files.styles)} style images"
            )
        output = self._output(row, files)
        return PlannedJob(
            line=row.line,
            output=output,
            files=files,
            digests=digests,
            settings=settings,
            style_weights=weights,
            weights=self.weights,
        )

    def _settings_of(self, values: Mapping[str, Any]) -> Settings:
        """Rows with equal options share one object."""
        options = {
            name: value
            for name, value in values.items()
            if name not in ("content", "style", "output", "style_weight", "mask", "background")
        }
        preset = options.get("preset", "")
        if preset.endswith(".toml"):
            options["preset"] = str(self.base / preset)
        key = repr(sorted(options.items()))
        if key not in self._settings:
            self._settings[key] = settings_of(options)
        return self._settings[key]

    def _files(self, values: Mapping[str, Any]) -> Files:
        background = values.get("background", "keep")
        if background not in ("keep", "transparent"):
            images.parse_color(background)
        init, mask = values.get("init"), values.get("mask")
        size = values.get("size")
        return Files(
            content=self.base / values["content"],
            styles=tuple(self.base / style for style in values["style"]),
            mask=None if mask is None else self.base / mask,
            init=None if init is None or init in INITS else self.base / init,
            background=background,
            size=None if size is None else int(size),
        )

    def _output(self, row: Row, files: Files) -> str:
        named = row.values.get("output")
        name = named or f"{files.content.stem}-{'-'.join(each.stem for each in files.styles)}.png"
        output = safe_name(name)
        images.output_format(output, alpha=files.transparent)
        # On some file systems names that differ in case alone are one.
        line = self.lines.setdefault(output.casefold(), row.line)
        if line != row.line:
            raise ManifestError(f"output: {output!r} is also that of line {line}; name another")
        if not self._is_inside(PurePosixPath(output).parent):
            raise ManifestError(f"output: {output!r} leads out of {self.folder} by a link")
        return output

    def _inside(self, parent: PurePosixPath) -> bool:
        return is_inside(self.folder / parent, self.folder)


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path is in the folder, links followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False


def safe_name(name: str) -> str:
    """The name of an output in its folder, made plain: `a/./b.png` is `a/b.png`.

    Raises:
      ManifestError: it is absolute, leads out of the folder, is hidden, is one of a batch's own
        files, or is no name that file systems in general allow.
    """
    path = PurePosixPath(name)
    windows = PureWindowsPath(name)
    parts = path.parts
    if path.is_absolute() or windows.drive or windows.root or ".." in windows.parts:
        raise ManifestError(f"output: {name[:80]!r} leads out of the output folder")
    if not parts or not name.isprintable() or "\\" in name or name.endswith("/"):
        raise ManifestError(f"output: {name[:80]!r} is not a file's name")
    if any(part.startswith(".") or part != part.strip() for part in parts):
        raise ManifestError(f"output: {name[:80]!r} has a part that begins with a dot or a space")
    sizes = [len(part.encode(errors="replace")) for part in parts]
    if max(sizes) > _NAME_BYTES or sum(sizes) + len(sizes) > _PATH_BYTES:
        raise ManifestError(f"output: {name[:80]!r} is too long for a file's name")
    first = parts[0].casefold()
    if re.fullmatch(r"results.*\.jsonl|summary\.html", first):
        raise ManifestError(f"output: {name[:80]!r} is the name of a batch's own file")
    return path.as_posix()


def _digest(path: Path) -> str:
    """SHA-256 of an image file that is there.

    Raises:
      ImageError: it is missing, not a regular file, empty or too large.
    """
    return hashlib.sha256(images.read_bytes(path)).hexdigest()
