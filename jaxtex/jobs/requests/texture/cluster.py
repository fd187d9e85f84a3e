"""Groups of textures as a person asks for them: compared, grouped, and written with sheets.

JAX is imported only where images are compared.
"""

import json
import math
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jaxtex.errors import SettingsError
from jaxtex.files import check_folder, make_folder, write_bytes
from jaxtex.jobs.front import Front
from jaxtex.jobs.requests.texture import sphere_options
from jaxtex.jobs.requests.texture.sets import check_size
from jaxtex.jobs.requests.texture.similarity import Compared, compare, rounded, table
from jaxtex.version import __version__

if TYPE_CHECKING:
    from jaxtex.texture.similarity.cluster import Clusters, Likeness

_ON_SHEET = 400
_EDGE = "blue"


class Grouped(NamedTuple):
    """Textures in groups, how alike they are, and what is told of them."""

    clusters: "Clusters"
    likeness: "Likeness"
    about: dict[str, Any]
    seconds: float


class ClusterRequest:
    """What `jaxtex texture cluster` is asked for: checked, then grouped and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options

    def check(self) -> None:
        """Refuses what can be refused before an image is read.

        Raises:
          OutputError: the folder cannot be written into.
          SettingsError: a value is out of range.
        """
        options = self.options
        check_folder(options["output"], overwrite=options["overwrite"])
        sphere_options.check_seed(options["seed"])
        check_size(options["size"])
        if options["k"] < 1:
            raise SettingsError(f"--clusters: {options['k']} is not a whole number of 1 or more")

    def run(self, front: Front) -> Grouped:
        """Compares and groups the textures, and writes sheets and tables.

        Raises:
          ImageError: an image cannot be used.
          SettingsError: there are fewer textures than groups.
          RunError: the disk is full or fails.
        """
        options, began = self.options, time.perf_counter()
        compared = compare(options, front, least=options["k"])
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
        _write(make_folder(options["output"]), compared, found, about)
        return Grouped(found, alike, about, time.perf_counter() - began)

    def report(self, done: Grouped) -> dict[str, Any]:
        """What is told of it, as JSON values."""
        seconds = round(done.seconds, 3)
        return {"output": str(self.options["output"]), **done.about, "seconds": seconds}


def _describe(
    compared: Compared, found: "Clusters", alike: "Likeness", seed: int
) -> dict[str, Any]:
    """What clusters.json says; clusters count from 1."""
    names = compared.textures.names
    return {
        "version": __version__,
        **compared.about(),
        "seed": seed,
        "within": rounded(alike.within),
        "overall": rounded(alike.overall),
        "clusters": [
            {
                "cluster": number,
                "size": len(members),
                "representative": names[members[0]],
                "within": rounded(float(alike.clusters[number - 1])),
            }
            for number, members in enumerate(found.members(), 1)
        ],
    }


def _write(folder: Path, compared: Compared, found: "Clusters", about: dict[str, Any]) -> None:
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
    write_bytes(folder / "clusters.csv", table(["texture", "cluster", "rank"], rows))
    described = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    write_bytes(folder / "clusters.json", described.encode())


def _short(names: Sequence[str]) -> list[str]:
    """Names for small labels: without suffix and without what all of them begin with."""
    stems = [Path(name).stem for name in names]
    common = re.sub(r"[0-9]+$", "", os.path.commonprefix(stems))  # noqa: RUF071 - of characters
    return [stem.removeprefix(common) or stem for stem in stems]
