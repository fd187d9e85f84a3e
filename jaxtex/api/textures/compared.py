"""`jaxtex texture similarity` and `cluster` as functions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, Int

from jaxtex.api.desk import File, Pictures, desk
from jaxtex.jobs import Front
from jaxtex.jobs.requests.texture import ClusterRequest, SimilarityRequest


@dataclass(frozen=True, eq=False)
class Similarity:
    """The MSSIM of textures to references."""

    vectors: Float32[np.ndarray, "n m"]
    """A row for each texture: 1 where two are equal, about 0 where they have nothing in common."""
    textures: list[str]
    """The names of the rows, those of files."""
    references: list[str]
    """The names of the columns."""
    about: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Textures in groups."""

    labels: Int[np.ndarray, " n"]
    """The group of each texture, from 0."""
    representatives: Int[np.ndarray, " k"]
    """The texture that is most typical of each group."""
    sheet: bytes
    """The representatives, each over the number (from 1) and the size of its group, as PNG."""
    about: dict[str, Any]
    """How alike textures are, of the same group and of all, as clusters.json says it."""

    def _repr_png_(self) -> bytes:
        return self.sheet


def similarity(
    images: "Pictures",
    output: "File | None" = None,
    *,
    references: "Pictures | None" = None,
    size: int | None = None,
    luminance: bool = False,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Similarity:
    """SSIM vectors of textures (Wang et al. 2004).

    Args:
      images: files, folders or arrays `[h, w, 3]`, or an array `[n, h, w, 3]`; arrays are taken
        with 8 bits.
      output: the table, a .csv file; by default nothing is written.
      references: what to compare with, likewise; by default the images.
      size: cuts the middle square out of all and resamples it to this.
      luminance: compares the luma, not every channel.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: replaces an existing table.
      front: where words and progress go.

    Raises:
      JaxtexError: an image, an option or the output cannot be used.
    """
    with desk() as place:
        request = SimilarityRequest(
            {
                "images": place.images(images, "image"),
                "references": () if references is None else place.images(references, "reference"),
                "size": size,
                "luminance": luminance,
                "device": device,
                "output": place.output(output, "vectors.csv"),
                "overwrite": overwrite,
            }
        )
        request.check()
        done = request.run(front or Front())
        found = done.compared
        names = found.textures.names, found.references.names
        return Similarity(found.vectors, *names, request.report(done))


def cluster(
    images: "Pictures",
    k: int = 8,
    output: "File | None" = None,
    *,
    references: "Pictures | None" = None,
    size: int | None = None,
    luminance: bool = False,
    seed: int = 0,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Clusters:
    """Groups textures by their SSIM vectors.

    Args:
      images: files, folders or arrays `[h, w, 3]`, or an array `[n, h, w, 3]`; arrays are taken
        with 8 bits.
      k: into how many groups.
      output: a folder for tables and sheets; by default nothing is written.
      references: what to compare with, likewise; by default the images.
      size: cuts the middle square out of all and resamples it to this.
      luminance: compares the luma, not every channel.
      seed: of the starts of k-means.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: writes into a folder that holds files.
      front: where words and progress go.

    Raises:
      JaxtexError: an image, an option or the output cannot be used.
    """
    with desk() as place:
        folder = place.output(output, "clusters")
        request = ClusterRequest(
            {
                "images": place.images(images, "image"),
                "references": () if references is None else place.images(references, "reference"),
                "size": size,
                "luminance": luminance,
                "k": k,
                "seed": seed,
                "device": device,
                "output": folder,
                "overwrite": overwrite,
            }
        )
        request.check()
        done = request.run(front or Front())
        sheet = (folder / "sheet.png").read_bytes()
    found = done.clusters
    return Clusters(found.labels, found.representatives, sheet, done.about)
