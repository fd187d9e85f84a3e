"""What a kind of jobs is to plans and engines; `kinds.KINDS` has those that there are.

A kind's `plan` makes a checked job of a row. Its work makes such jobs ready, in a thread that reads
ahead, runs those of one group together, and encodes what comes out, in a thread that writes.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from jaxtex.errors import JaxtexError
from jaxtex.images import LoadedImage
from jaxtex.jobs.caches import ImageCache, Models
from jaxtex.jobs.requests import Files
from jaxtex.style import Hooks, Need, Placement
from jaxtex.vgg import VGG16


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlannedJob(ABC):
    """One job that has been checked. Processes hand it to each other."""

    kind: ClassVar[str]
    """The value of a row's column `job`."""
    needs_network: ClassVar[bool] = False
    """Whether its work takes VGG16."""

    line: int
    output: str
    """The result's name in the output folder, with forward slashes."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""

    def identity(self) -> str:
        """SHA-256 of `facts`: equal where the picture would be, whatever the files' names."""
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode()).hexdigest()

    def compared(self) -> Files | None:
        """Content and style that its result is scored with; None where there are none."""
        return None

    @property
    def composed(self) -> tuple[float, int | None]:
        """How far its result's letters are laid out as the style's, 0 to 1, and at which size."""
        return 0.0, None

    def inputs(self) -> Iterable[Path]:
        """The images that are read for it."""
        return self.compared() or ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairJob(PlannedJob):
    """A job that gives a content a style."""

    files: Files
    digests: tuple[str, ...]
    """SHA-256 of each of `files`, in their order."""

    def compared(self) -> Files | None:
        """Content and style that its result is scored with."""
        return self.files


class Prepared(NamedTuple):
    """A job whose files are read and made ready."""

    planned: Any
    """Its `PlannedJob`."""
    inputs: Any
    """What its kind made ready."""
    group: Hashable
    """Jobs of one kind and equal groups can run together."""
    nbytes: int
    """The memory that it takes while it waits."""


class Encoded(NamedTuple):
    """What came of a job: the bytes of its file, or the reason why there are none."""

    image: bytes | None
    facts: dict[str, Any]
    """More for its line of `results.jsonl`."""
    error: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Resources:
    """What an engine gives to the work of every kind."""

    network: Callable[[], VGG16]
    """Loads VGG16; called once, when the first job that needs it runs."""
    placement: Placement
    images: ImageCache
    models: Models
    most: int
    """Jobs at once on all devices together, at most."""
    limit: int
    """Bytes that a batch may take of each device."""


class Work(ABC):
    """How an engine does the jobs of one kind; made of `Resources`."""

    @abstractmethod
    def prepare(self, planned: Any) -> Prepared:
        """Reads a job's files and makes it ready.

        Raises:
          JaxtexError: a file cannot be read or used, or has changed; the job fails.
        """

    @abstractmethod
    def size(self, prepared: Prepared) -> int:
        """How many jobs like this one run at once."""

    @abstractmethod
    def run(self, jobs: Sequence[Prepared], hooks: Hooks) -> list[Any] | None:
        """What comes of jobs of one group; None if the hooks stopped them.

        Raises:
          JaxtexError: they cannot be run; they fail.
        """

    @abstractmethod
    def lower(self, jobs: Sequence[Prepared]) -> str | None:
        """Takes less memory from now on, for these were too many; says how.

        None where nothing is left to do.
        """

    @abstractmethod
    def encode(self, prepared: Prepared, outcome: Any) -> Encoded:
        """Makes the file of what came of a job."""


class Budget:
    """How many jobs fit into the memory; fewer, once they were too many."""

    def __init__(self, resources: Resources) -> None:
        self.limit = resources.limit
        self._most, self._devices = resources.most, resources.placement.count

    def fit(self, need: Need) -> int:
        """How many jobs of this need run at once: a multiple of the devices."""
        share = max(1, self._most // self._devices)
        return min(share, need.fitting(self.limit)) * self._devices

    def halve(self, need: Need, count: int) -> str | None:
        """Halves what a batch may take, after `count` jobs did not fit; None for a single one."""
        share = max(1, min(count // self._devices, need.fitting(self.limit)))
        if share == 1:
            return None
        self.limit = need.of(share // 2)
        at_once = share * self._devices
        return f"out of memory with {at_once} jobs at once: going on with half of them"


def noted(images: Iterable[LoadedImage]) -> dict[str, Any]:
    """What of image files is not used, for a job's line; nothing where all is."""
    notes = dict.fromkeys(note for image in images for note in image.notes)
    return {"notes": list(notes)} if notes else {}


def encoded(make: Callable[[], bytes], facts: dict[str, Any]) -> Encoded:
    """What `make` makes, or its error's reason."""
    try:
        return Encoded(make(), facts)
    except JaxtexError as error:
        return Encoded(None, facts, str(error))
