"""A run as a folder: what is asked for, copies of its images, where it stands, what came of it."""

import datetime
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtex.errors import OutputError
from jaxtex.ui.runs.folders import free_name, read_json, write_json

ROLES = ("content", "style", "mask", "style_mask", "init")
"""What an image of a run may be; of styles there may be several."""

DRAFT, WAITING, WORKING, DONE, STOPPED, FAILED, INTERRUPTED = (
    "draft", "waiting", "working", "done", "stopped", "failed", "interrupted",
)  # fmt: skip
"""Where a run stands; one that the end of a server broke off is `interrupted`."""

GOES_ON = (STOPPED, INTERRUPTED, FAILED)
"""Those that can be gone on with from their checkpoint."""

MOST_STYLES = 6

# What of a folder a page may show or offer; uploads are shown as decoded pictures alone.
_PICTURES = ("shown", "strip", "presets", "frames")
_OUTPUTS = (
    "result.png", "transparent.png", "result.svg", "film.gif", "film.mp4", "preset.toml",
)  # fmt: skip

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".svg", ".svgz")


@dataclass(frozen=True)
class Run:
    """One run; what it says is read from its folder each time."""

    folder: Path

    @property
    def id(self) -> str:
        """Its name, in addresses too."""
        return self.folder.name

    @property
    def inputs(self) -> Path:
        """Where the copies of its images lie."""
        return self.folder / "inputs"

    @property
    def request(self) -> dict[str, Any]:
        """What is asked for: `content`, `styles`, …, names of files; `options` that are given."""
        return read_json(self.folder / "run.json")

    @property
    def status(self) -> dict[str, Any]:
        """Where it stands: `state`, and what else it last told."""
        return {"state": DRAFT, **read_json(self.folder / "status.json")}

    @property
    def looks(self) -> dict[str, Any]:
        """What each image was taken for, by the name of its file."""
        return read_json(self.folder / "looks.json")

    @property
    def name(self) -> str | None:
        """What a person called it; None: nothing."""
        return self.request.get("name")

    def exists(self) -> bool:
        """Whether there is anything of it yet."""
        return (self.folder / "run.json").is_file()

    def ask(self, **changes: Any) -> None:
        """Changes what is asked for; makes the folder where it is the first."""
        self.inputs.mkdir(parents=True, exist_ok=True)
        known = self.request or {"created": time.time(), "styles": [], "options": {}}
        write_json(self.folder / "run.json", {**known, **changes})

    def tell(self, state: str, **more: Any) -> None:
        """Writes where it stands, in the place of what it said before."""
        write_json(self.folder / "status.json", {"state": state, **more})

    def keep_look(self, name: str, look: Mapping[str, Any] | None) -> None:
        """Writes what an image was taken for; None: it is no longer there."""
        looks = {key: value for key, value in self.looks.items() if key != name}
        write_json(self.folder / "looks.json", looks if look is None else {**looks, name: look})

    def input(self, name: str) -> Path:
        """Where an image lies that the request names."""
        return self.inputs / Path(name).name

    def free_name(self, name: str) -> str:
        """A safe name for an upload, no other's: letters, digits, `.`, `_` and `-`."""
        sent = Path(name.replace("\\", "/"))
        suffix = sent.suffix.lower()
        stem = sent.stem
        if suffix not in _SUFFIXES:
            stem, suffix = sent.name, ""
        stem = _UNSAFE.sub("-", stem).strip(".-_")[:80] or "image"
        return free_name(stem, lambda found: (self.inputs / found).exists(), suffix)

    def file(self, name: str) -> Path | None:
        """An output, or a picture such as `shown/logo.png`, if it is there; None for all else."""
        folder, slash, rest = name.rpartition("/")
        known = folder in _PICTURES if slash else rest in _OUTPUTS
        if not known or _UNSAFE.search(rest) or rest.startswith("."):
            return None
        path = self.folder / folder / rest
        return path if path.is_file() and not path.is_symlink() else None

    def plain(self, said: str) -> str:
        """A sentence without the paths of this server: files by their names alone."""
        for folder in (self.inputs, self.folder):
            said = said.replace(f"{folder}{os.sep}", "")
        return said

    def remove(self) -> None:
        """Removes the folder with all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Runs:
    """All runs of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new(self) -> Run:
        """A run of which nothing is on disk yet."""
        now = datetime.datetime.now(tz=datetime.UTC).strftime("%Y%m%d-%H%M%S")
        return Run(self.folder / f"{now}-{secrets.token_hex(3)}")

    def find(self, id: str) -> Run | None:
        """The run of this name, even one of which nothing is on disk; None for what is no name."""
        return Run(self.folder / id) if _ID.fullmatch(id) else None

    def all(self) -> Iterator[Run]:
        """Those on disk, the newest first."""
        with suppress(FileNotFoundError):
            for path in sorted(self.folder.iterdir(), key=lambda path: path.name, reverse=True):
                if _ID.fullmatch(path.name) and Run(path).exists():
                    yield Run(path)

    def copy(self, run: Run) -> Run:
        """A new run of the same images and options."""
        made, asked = self.new(), run.request
        made.ask(**{**asked, "created": time.time(), "name": None})
        for part in ("inputs", "shown", "strip", "presets"):
            if (run.folder / part).is_dir():
                shutil.copytree(run.folder / part, made.folder / part, dirs_exist_ok=True)
            if (run.folder / f"{part}.json").is_file():
                shutil.copy(run.folder / f"{part}.json", made.folder)
        for name, look in run.looks.items():
            made.keep_look(name, look)
        return made

    def after_a_break(self) -> None:
        """Says of runs that were under way when the last server ended that they can go on."""
        for run in self.all():
            status = run.status
            if status["state"] in (WAITING, WORKING):
                run.tell(**{**status, "state": INTERRUPTED})


def is_clear(run: Run) -> bool:
    """Whether its logo has transparency, and so its pictures may have."""
    return bool(run.looks.get(run.request.get("content") or "", {}).get("clear"))


def lock(folder: Path) -> Any:
    """Takes a folder for this process; keep what is returned as long as it is used.

    Raises:
      OutputError: another server uses it.
    """
    file = (folder / ".lock").open("a")
    with suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise OutputError(f"{folder}: another jaxtex ui uses this folder") from None
    return file
