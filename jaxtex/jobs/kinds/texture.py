"""Rows of the kind `texture`: the sheet that a call of `jaxtex texture sample` would write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jaxtex.jobs.kinds.planning import Planning
from jaxtex.jobs.kinds.work import Encoded, PlannedJob, Prepared, Resources, Work, encoded
from jaxtex.jobs.manifests import Row
from jaxtex.jobs.requests.texture import sample as requests
from jaxtex.jobs.requests.texture import sphere_options
from jaxtex.jobs.requests.texture.sample import Draw, Sample
from jaxtex.style import Hooks
from jaxtex.texture.dcgan import TextureModel, load_model
from jaxtex.texture.dcgan.shipped import find_model


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TextureJob(PlannedJob):
    """One sheet of textures that has been checked; files of vectors are read."""

    kind = "texture"

    model: Path | None
    """None: that of washi."""
    model_digest: str
    draw: Draw

    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""
        return {"job": self.kind, "model_sha256": self.model_digest, **self.draw.facts()}


def model_file(row: Row, planning: Planning) -> Path | None:
    """Where the model lies that a row names, if it does.

    Raises:
      WeightsError: it is neither there nor one that ships.
    """
    named = row.values.get("model")
    return None if named is None else find_model(named, planning.base)


def plan(row: Row, planning: Planning) -> TextureJob:
    """The job of a row.

    Raises:
      JaxtexError: it cannot be run.
    """
    options = dict(row.values)
    requests.check(options)
    path = model_file(row, planning)
    model: TextureModel = planning.models.load(load_model, path)
    options["center"] = planning.file(options.get("center"))
    vector = sphere_options.direction_file(options.get("direction"))
    if vector is not None:
        options["direction"] = str(planning.base / vector)
    draw = requests.make_draw(options, model)
    return TextureJob(
        line=row.line,
        output=planning.output(row, f"texture-{draw.seed}.png"),
        model=path,
        model_digest=model.digest,
        draw=draw,
    )


class TextureWork(Work):
    """Draws sheets one by one, on the first device: each fills programs of its own."""

    def __init__(self, resources: Resources) -> None:
        self.models = resources.models

    def prepare(self, planned: TextureJob) -> Prepared:
        """Loads the model."""
        model = self.models.load(load_model, planned.model, planned.model_digest)
        return Prepared(planned, model, (), 0)

    def size(self, prepared: Prepared) -> int:
        """One."""
        return 1

    def run(self, jobs: Sequence[Prepared], hooks: Hooks) -> list[Sample] | None:
        """The textures."""
        return [requests.sample(each.planned.draw, each.inputs) for each in jobs]

    def lower(self, jobs: Sequence[Prepared]) -> str | None:
        """Nothing: textures are rendered by small chunks as it is."""
        return None

    def encode(self, prepared: Prepared, outcome: Sample) -> Encoded:
        """The sheet with what `texture sample` writes into it."""
        planned = prepared.planned
        labels = planned.draw.labels
        facts = {name: outcome.about[name] for name in ("kappa", "similarity")}
        return encoded(lambda: requests.encode_sheet(planned.output, outcome, labels=labels), facts)
