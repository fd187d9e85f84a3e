"""SSIM vectors of textures as a person asks for them: compared, and written as a table.

JAX is imported only where images are compared.
"""

import csv
import functools
import io
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import OutputError, SettingsError
from jaxtex.files import check_output, write_bytes
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.texture.sets import Textures, check_size, load_textures


@dataclass(frozen=True, eq=False)
class Compared:
    """Textures, references (perhaps the textures themselves) and the MSSIM of every pair."""

    textures: Textures
    references: Textures
    vectors: Float32[np.ndarray, "n m"]
    luminance: bool

    def about(self) -> dict[str, Any]:
        """How many there are, of which size, and what was left out, as JSON values."""
        n, m = self.vectors.shape
        height, width = self.textures.images.shape[1:3]
        own = self.references is self.textures
        return {
            "textures": n,
            "references": m,
            "width": width,
            "height": height,
            "luminance": self.luminance,
            "skipped": self.textures.skipped + ([] if own else self.references.skipped),
        }

    def mean(self) -> float:
        """The mean MSSIM, of a set with itself that of different images; NaN for a single one."""
        total, count = self.vectors.sum(dtype=float), self.vectors.size
        if self.references is self.textures:
            total, count = total - self.vectors.trace(dtype=float), count - len(self.vectors)
        return float(total / count) if count else math.nan


class Written(NamedTuple):
    """SSIM vectors in their table."""

    compared: Compared
    seconds: float


class SimilarityRequest:
    """What `jaxtex texture similarity` is asked for: checked, then compared and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def check(self) -> None:
        """Refuses what can be refused before an image is read.

        Raises:
          OutputError: the table cannot be written, or its name does not end in .csv.
          SettingsError: the size is out of range.
        """
        output = self.options["output"]
        path = check_output(output, overwrite=self.options["overwrite"])
        if path.suffix.lower() != ".csv":
            raise OutputError(f"{output}: a table is written as .csv")
        check_size(self.options["size"])

    def run(self, front: Front) -> Written:
        """Compares the images and writes the table.

        Raises:
          ImageError: an image cannot be used.
          RunError: the disk is full or fails.
        """
        began = time.perf_counter()
        compared = compare(self.options, front)
        rows = (
            [name, *(f"{value:.6f}" for value in vector)]
            for name, vector in zip(compared.textures.names, compared.vectors, strict=True)
        )
        written = table(["texture", *compared.references.names], rows)
        write_bytes(self.options["output"], written)
        return Written(compared, time.perf_counter() - began)

    def report(self, done: Written) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        return {
            "output": str(self.options["output"]),
            **done.compared.about(),
            "mean": rounded(done.compared.mean()),
            "seconds": round(done.seconds, 3),
        }


def compare(options: Mapping[str, Any], front: Front, *, least: int = 1) -> Compared:
    """Loads textures, `least` of them, and references, and compares them.

    Raises:
      ImageError: an image cannot be used.
      SettingsError: there are fewer textures.
    """
    load = functools.partial(load_textures, without=options["output"])
    textures = load(options["images"], options["size"], front.say)
    n = len(textures.names)
    if n < least:
        raise SettingsError(f"--clusters: {least} clusters of {n} textures; there can be 1 to {n}")
    references = textures
    if options["references"]:
        references = load(options["references"], options["size"], front.say, textures)
    from jaxtex.runtime import configure

    configure(options["device"])
    from jaxtex.texture.similarity.ssim import ssim_vectors

    began = time.monotonic()

    def show(done: int, total: int) -> None:
        left = (time.monotonic() - began) / done * (total - done)
        if done < total:
            text = f"{done:,} of {total:,} pairs compared, about {left:.0f} s left"
            front.show(Status(text, share=done / total, place=(done, total)))

    vectors = ssim_vectors(
        textures.images, references.images, luminance=options["luminance"], progress=show
    )
    return Compared(textures, references, np.asarray(vectors), options["luminance"])


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of text under a header, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def rounded(value: float) -> float | None:
    """An MSSIM as JSON has it: six digits, None for what is not a number."""
    return round(value, 6) if math.isfinite(value) else None
