"""`jaxtex texture similarity` and `jaxtex texture cluster`."""

import csv
import io
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from jaxtyping import Float32

from jaxtex.cli import print_json
from jaxtex.cli._terminal import status_line
from jaxtex.cli.texture._images import Textures, check_size, load_textures
from jaxtex.cli.texture._points import FILE
from jaxtex.errors import OutputError, SettingsError
from jaxtex.files import check_folder, check_output, make_folder, write_bytes
from jaxtex.texture.sphere import options as sphere_options
from jaxtex.version import __version__

if TYPE_CHECKING:
    from jaxtex.texture.similarity.cluster import Clusters, Likeness

_ON_SHEET = 400
_EDGE = "blue"


def _set_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """IMAGES, and how they are compared."""
    for option in (
        click.option(
            "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
        ),
        click.option("--luminance", is_flag=True, help="Compare the luma, not every channel."),
        click.option(
            "--size", type=int, help="Cut the middle square out of all and resample it to this."
        ),
        click.option(
            "--references",
            type=FILE,
            multiple=True,
            help="Image or folder to compare with; may be given again.  [default: IMAGES]",
        ),
        click.argument("images", type=FILE, nargs=-1, required=True),
    ):
        command = option(command)
    return command


@click.command(context_settings={"show_default": True})
@_set_options
@click.option("-o", "--output", type=FILE, required=True, help="The table, a .csv file.")
@click.option("--overwrite", is_flag=True, help="Replace an existing table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def similarity(**options: Any) -> None:
    """Write the SSIM vectors of textures as a table.

    A row is a texture, a column a reference, and a number their MSSIM: 1 where they are equal,
    about 0 where they have nothing in common. IMAGES are files and folders. All are of one size
    in pixels, or are made so by --size.

    \b
    Examples:
      jaxtex texture similarity papers -o vectors.csv
      jaxtex texture similarity a.png b.png --references papers --size 64 -o vectors.csv
    """
    output: Path = options["output"]
    if check_output(output, overwrite=options["overwrite"]).suffix.lower() != ".csv":
        raise OutputError(f"{output}: a table is written as .csv")
    check_size(options["size"])
    began = time.perf_counter()
    compared = _compare(options)
    rows = (
        [name, *(f"{value:.6f}" for value in vector)]
        for name, vector in zip(compared.textures.names, compared.vectors, strict=True)
    )
    write_bytes(output, _table(["texture", *compared.references.names], rows))
    report = {
        "output": str(output),
        **compared.about(),
        "mean": _finite(compared.mean()),
        "seconds": round(time.perf_counter() - began, 3),
    }
    if options["as_json"]:
        print_json(report)
        return
    n, m = compared.vectors.shape
    mean = "" if report["mean"] is None else f", MSSIM {report['mean']:.3f} on average,"
    click.echo(f"{output}: {n} textures × {m} references{mean} in {report['seconds']} s", err=True)


@click.command(context_settings={"show_default": True})
@_set_options
@click.option("-k", "--clusters", "k", type=int, default=8, help="Into how many groups.")
@click.option("--seed", type=int, default=0, help="Of the starts of k-means.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for tables and sheets.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds files.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def cluster(**options: Any) -> None:
    """Group textures by their SSIM vectors.

    The folder gets clusters.csv and clusters.json, sheet.png with the representative of each
    cluster over its number and size, and cluster-01.png and so on with the members, the most
    typical first (at most 400). More references make better clusters and take longer.

    \b
    Examples:
      jaxtex texture cluster papers -k 8 -o clusters
      jaxtex texture cluster papers -k 12 --references papers/washi-00001.png --size 64 -o clusters
    """
    folder = check_folder(options["output"], overwrite=options["overwrite"])
    sphere_options.check_seed(options["seed"])
    check_size(options["size"])
    if options["k"] < 1:
        raise SettingsError(f"--clusters: {options['k']} is not a whole number of 1 or more")
    began = time.perf_counter()
    compared = _compare(options, least=options["k"])
    from jax import random

    from jaxtex.texture.similarity.cluster import cluster_vectors, likeness

    found = cluster_vectors(compared.vectors, options["k"], options["seed"])
    alike = likeness(
        random.key(options["seed"]),
        compared.textures.images,
        found.labels,
        luminance=options["luminance"],
    )
    about = _describe(compared, found, alike, options["seed"])
    _write_clusters(make_folder(folder), compared, found, about)
    seconds = round(time.perf_counter() - began, 3)
    if options["as_json"]:
        print_json({"output": str(folder), **about, "seconds": seconds})
        return
    n, k = len(found.labels), len(found.representatives)
    fewer = f" (no more than {k} differ)" if k < options["k"] else ""
    click.echo(
        f"{folder}: {n} textures in {k} clusters{fewer} in {seconds:.1f} s; MSSIM of two "
        f"{alike.overall:.3f}, of two of a cluster {alike.within:.3f}",
        err=True,
    )


@dataclass(frozen=True, eq=False)
class _Compared:
    """Textures, references (perhaps the textures themselves) and the MSSIM of every pair."""

    textures: Textures
    references: Textures
    vectors: Float32[np.ndarray, "n m"]
    luminance: bool

    def about(self) -> dict[str, Any]:
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


def _compare(options: dict[str, Any], *, least: int = 1) -> _Compared:
    """Loads textures, `least` of them, and references, and compares them."""
    textures = load_textures(options["images"], options["size"])
    n = len(textures.names)
    if n < least:
        raise SettingsError(f"--clusters: {least} clusters of {n} textures; there can be 1 to {n}")
    references = textures
    if options["references"]:
        references = load_textures(options["references"], options["size"], like=textures)
    from jaxtex.runtime import configure

    configure(options["device"])
    from jaxtex.texture.similarity.ssim import ssim_vectors

    began = time.monotonic()
    with status_line(quiet=False, brief=True) as write:

        def show(done: int, total: int) -> None:
            left = (time.monotonic() - began) / done * (total - done)
            if done < total:
                write(f"{done:,} of {total:,} pairs compared, about {left:.0f} s left")

        vectors = ssim_vectors(
            textures.images,
            references.images,
            luminance=options["luminance"],
            progress=show,
        )
    return _Compared(textures, references, np.asarray(vectors), options["luminance"])


def _describe(
    compared: _Compared, found: "Clusters", alike: "Likeness", seed: int
) -> dict[str, Any]:
    """What clusters.json says; clusters count from 1."""
    names = compared.textures.names
    return {
        "version": __version__,
        **compared.about(),
        "seed": seed,
        "within": _finite(alike.within),
        "overall": _finite(alike.overall),
        "clusters": [
            {
                "cluster": number,
                "size": len(members),
                "representative": names[members[0]],
                "within": _finite(float(alike.clusters[number - 1])),
            }
            for number, members in enumerate(found.members(), 1)
        ],
    }


def _write_clusters(
    folder: Path, compared: _Compared, found: "Clusters", about: dict[str, Any]
) -> None:
    """Writes the sheets and tables; sheets of clusters that an earlier run had more go."""
    from jaxtex import images

    textures, members = compared.textures, found.members()
    names = _short(textures.names)

    def sheet(name: str, chosen: np.ndarray, labels: Sequence[str], edged: int) -> None:
        edges = [_EDGE] * edged + [None] * (len(chosen) - edged)
        drawn = images.contact_sheet(
            [textures.images[index] for index in chosen],
            columns=math.ceil(math.sqrt(len(chosen))),
            labels=labels,
            edges=edges,
        )
        images.save_image(folder / name, drawn)
        written.add(name)

    written: set[str] = set()
    sizes = [f"{number} ({len(each)})" for number, each in enumerate(members, 1)]
    sheet("sheet.png", found.representatives, sizes, len(members))
    for number, each in enumerate(members, 1):
        shown = each[:_ON_SHEET]
        sheet(f"cluster-{number:02d}.png", shown, [names[index] for index in shown], 1)
    for old in folder.glob("cluster-*.png"):
        if old.name not in written:
            old.unlink()
    rows = (
        (textures.names[index], number, rank)
        for number, each in enumerate(members, 1)
        for rank, index in enumerate(each, 1)
    )
    write_bytes(folder / "clusters.csv", _table(["texture", "cluster", "rank"], rows))
    described = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    write_bytes(folder / "clusters.json", described.encode())


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _short(names: Sequence[str]) -> list[str]:
    """Names for small labels: without suffix and without what all of them begin with."""
    stems = [Path(name).stem for name in names]
    common = re.sub(r"[0-9]+$", "", os.path.commonprefix(stems))  # noqa: RUF071 - of characters
    return [stem.removeprefix(common) or stem for stem in stems]


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
