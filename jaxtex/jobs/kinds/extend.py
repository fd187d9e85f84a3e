"""Rows of the kind `extend`: what a call of `jaxtex texture extend` on one texture would write."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex.errors import ImageError, OutputError, SettingsError
from jaxtex.jobs.kinds.planning import Planning, need
from jaxtex.jobs.kinds.texture import model_file
from jaxtex.jobs.kinds.work import Encoded, PlannedJob, Prepared, Resources, Work
from jaxtex.jobs.manifests import Row
from jaxtex.jobs.requests.texture import extend as requests
from jaxtex.jobs.requests.texture import extend_source, places, sphere_options
from jaxtex.jobs.requests.texture.extend_source import Source
from jaxtex.style import Hooks, Progress
from jaxtex.texture.dcgan import TextureModel, load_model
from jaxtex.texture.extend import Settings, extend, fitting, plan_scales


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ExtendJob(PlannedJob):
    """One texture to be extended, which has been checked."""

    kind = "extend"
    needs_network = True

    texture: str
    """What it was called, with the manifest's folder."""
    model: Path | None
    """None: that of washi."""
    digest: str
    """Of its source."""
    settings: Settings
    seed: int
    weights: str | None
    """SHA-256 of other VGG16 weights than those that ship."""

    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""
        return {
            "job": self.kind,
            "source_sha256": self.digest,
            **self.settings.to_dict(),
            "seed": self.seed,
            "vgg_sha256": self.weights,
        }

    def inputs(self) -> Iterable[Path]:
        """The image or the file of points that is read for it."""
        kind, path, _ = places.parse(self.texture, "texture")
        return (Path(path),) if kind == "file" else ()


def plan(row: Row, planning: Planning) -> ExtendJob:
    """The job of a row.

    Raises:
      JaxtexError: it cannot be run.
    """
    values = row.values
    need(row, "texture")
    settings = requests.settings_of(_sides(values))
    seed = sphere_options.check_seed(values.get("seed", 0))
    name = values["texture"]
    texture = name if name.startswith("seed:") else str(planning.base / name)
    places.check_place(texture, "texture")
    path = model_file(row, planning)
    image = extend_source.image_file(texture, "texture")
    if image is not None:
        (digest,) = planning.digests((image,))
    else:
        digest = _find(texture, lambda: planning.models.load(load_model, path)).digest
    stem = extend_source.named(name).stem
    return ExtendJob(
        line=row.line,
        output=planning.output(row, f"{stem}-extended.png"),
        texture=texture,
        model=path,
        digest=digest,
        settings=settings,
        seed=seed,
        weights=planning.weights,
    )


def _sides(values: Any) -> dict[str, Any]:
    """The values with width and height, which `size` stands for where the texture is square."""
    if "size" not in values:
        return dict(values)
    if "width" in values or "height" in values:
        raise SettingsError("size: stands for width and height; give it or them")
    return {**values, "width": values["size"], "height": values["size"]}


def _find(texture: str, load: Callable[[], TextureModel]) -> Source:
    return extend_source.find_source(texture, "texture", load)


class _Inputs(NamedTuple):
    source: Source
    picture: Float32[np.ndarray, "_ _ 3"]


class ExtendWork(Work):
    """Extends textures: sources of one shape, to one size, share each evaluation.

    On the first device: evaluations fill programs of its own.
    """

    def __init__(self, resources: Resources) -> None:
        self.models = resources.models
        self.most = min(resources.most, requests.AT_ONCE)
        self.limit = resources.limit
        self._network = resources.network

    def prepare(self, planned: ExtendJob) -> Prepared:
        """Reads or draws the source."""

        def load() -> TextureModel:
            return self.models.load(load_model, planned.model)

        source = _find(planned.texture, load)
        if source.digest != planned.digest:
            raise ImageError(f"{planned.texture}: has changed since it was checked")
        picture = extend_source.prepared(source, planned.settings, planned.texture)
        group = picture.shape, planned.settings
        return Prepared(planned, _Inputs(source, picture), group, picture.nbytes)

    def size(self, prepared: Prepared) -> int:
        """How many jobs like this one run at once."""
        shape, settings = prepared.inputs.picture.shape, prepared.planned.settings
        return fitting(settings, shape[:2], self.most, self.limit)

    def run(
        self, jobs: Sequence[Prepared], hooks: Hooks
    ) -> list[Float32[np.ndarray, "h w 3"]] | None:
        """The pictures; None if the hooks stopped them."""
        report = hooks.progress
        return extend(
            [each.inputs.picture for each in jobs],
            jobs[0].planned.settings,
            [each.planned.seed for each in jobs],
            network=self._network(),
            max_bytes=self.limit,
            progress=lambda place: report and report(Progress(*place)),
            stopped=hooks.stop or (lambda: False),
        )

    def lower(self, jobs: Sequence[Prepared]) -> str | None:
        """Halves the memory that is taken, by fewer jobs at once and then by bands."""
        half = self.limit // 2
        shape, settings = jobs[0].inputs.picture.shape, jobs[0].planned.settings
        try:
            plan_scales(settings, shape[:2], max_bytes=half)
        except SettingsError:
            return None
        self.limit = half
        return f"out of memory with {len(jobs)} textures at once: going on with half of it"

    def encode(self, prepared: Prepared, outcome: Float32[np.ndarray, "h w 3"]) -> Encoded:
        """The picture with what `texture extend` writes into it."""
        planned = prepared.planned
        about = requests.metadata(prepared.inputs.source, planned.settings, planned.seed)
        facts = {"width": outcome.shape[1], "height": outcome.shape[0]}
        try:
            data, about = requests.encode_result(planned.output, outcome, about)
        except OutputError as error:
            return Encoded(None, facts, str(error))
        return Encoded(data, {**facts, "seam_ratio": about["seam_ratio"]})
