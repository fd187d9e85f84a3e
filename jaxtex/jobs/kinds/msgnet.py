"""Rows of the kind `msgnet`: what a call of `jaxtex msgnet apply` on one content would write."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float32

from jaxtex.errors import ManifestError
from jaxtex.jobs.kinds.planning import Planning, need
from jaxtex.jobs.kinds.work import (
    Budget,
    Encoded,
    PairJob,
    Prepared,
    Resources,
    Work,
    encoded,
    noted,
)
from jaxtex.jobs.manifests import Row
from jaxtex.jobs.requests import Files, load_inputs
from jaxtex.jobs.requests.msgnet import apply as requests
from jaxtex.recent import Recent
from jaxtex.style import Hooks, Need, filled
from jaxtex.style.msgnet import StyleModel, image_bytes, load_model, stylise
from jaxtex.weights import Values

# Bytes of resized styles, number of Gram matrices (4 MiB each at the authors' width) and of
# networks' arrays that are kept at most.
_STYLE_BYTES, _TARGETS, _NETWORKS = 2**28, 32, 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MsgnetJob(PairJob):
    """One application of a network that has been checked."""

    kind = "msgnet"

    model: Path | None
    """None: the shipped one."""
    model_digest: str
    size: int | None
    style_size: int | None

    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""
        content, style = self.digests
        return {
            "job": self.kind,
            "model_sha256": self.model_digest,
            "content_sha256": content,
            "style_sha256": [style],
            "size": self.size,
            "style_size": self.style_size,
        }


def plan(row: Row, planning: Planning) -> MsgnetJob:
    """The job of a row.

    Raises:
      JaxtexError: it cannot be run.
    """
    values = row.values
    need(row, "content", "style")
    if len(values["style"]) != 1:
        raise ManifestError(f"style: msgnet takes one image; {len(values['style'])} are given")
    size, style_size = requests.sizes(values)
    content, style = planning.base / values["content"], planning.base / values["style"][0]
    files = Files(content=content, styles=(style,))
    digests = planning.digests(files)
    path = planning.file(values.get("model"))
    model: StyleModel = planning.models.load(load_model, path)
    return MsgnetJob(
        line=row.line,
        output=planning.output(row, f"{content.stem}-{style.stem}.png"),
        files=files,
        digests=digests,
        model=path,
        model_digest=model.digest,
        size=size,
        style_size=style_size,
    )


class _Inputs(NamedTuple):
    model: StyleModel
    content: requests.Content
    style: Float32[np.ndarray, "_ _ 3"]
    style_key: tuple[str, str, int]
    """Of model, style and its size."""
    metadata: dict[str, Any]
    notes: dict[str, Any]


class MsgnetWork(Work):
    """Runs contents of one shape together where they have one model and style."""

    def __init__(self, resources: Resources) -> None:
        self.images, self.models = resources.images, resources.models
        self.placement = resources.placement
        self.budget = Budget(resources)
        self._styles: Recent[Float32[np.ndarray, "_ _ 3"]] = Recent(
            _STYLE_BYTES, lambda style: style.nbytes
        )
        self._targets: Recent[Float32[Array, "1 c c"]] = Recent(_TARGETS)
        self._values: Recent[Values] = Recent(_NETWORKS)

    def prepare(self, planned: MsgnetJob) -> Prepared:
        """Reads and resizes the images."""
        model = self.models.load(load_model, planned.model, planned.model_digest)
        inputs = load_inputs(planned.files, self.images.load)
        inputs.check(planned.digests)
        content = requests.fit_content(inputs.content, planned.size)
        (style,) = inputs.styles
        longest = planned.style_size or max(content.picture.shape[:2])
        key = model.digest, style.sha256, longest
        made: list[Float32[np.ndarray, "_ _ 3"]] = []

        def fit() -> Float32[np.ndarray, "_ _ 3"]:
            made.append(requests.fit_style(style, longest))
            return made[0]

        seen = self._styles.get(key[1:], fit)
        metadata = requests.metadata(model.digest, longest, inputs.content, style)
        ready = _Inputs(model, content, seen, key, metadata, noted(inputs.loaded))
        # A style that was there already takes nothing more.
        nbytes = content.nbytes + sum(each.nbytes for each in made)
        return Prepared(planned, ready, (key, content.picture.shape), nbytes)

    def size(self, prepared: Prepared) -> int:
        """How many jobs like this one run at once."""
        return self.budget.fit(_need(prepared))

    def run(
        self, jobs: Sequence[Prepared], hooks: Hooks
    ) -> list[Float32[np.ndarray, "h w 3"]] | None:
        """The images; a pass is too short to be stopped."""
        model, key = jobs[0].inputs.model, jobs[0].inputs.style_key
        values = self._values.get(model.digest, lambda: self.placement.whole(model.values))
        target = self._targets.get(
            key, lambda: self.placement.whole(model.target(jobs[0].inputs.style))
        )
        found: list[Float32[np.ndarray, "h w 3"]] = []
        while len(found) < len(jobs):
            chunk = jobs[len(found) : len(found) + self.size(jobs[0])]
            batch = np.stack([each.inputs.content.picture for each in self._filled(chunk)])
            contents = self.placement.share(batch, len(batch))
            pictures = np.asarray(stylise(model.blueprint, values, contents, target))
            found += list(pictures[: len(chunk)])
        return found

    def _filled(self, jobs: Sequence[Prepared]) -> list[Prepared]:
        return filled(jobs, self.size(jobs[0]), self.placement.count)

    def lower(self, jobs: Sequence[Prepared]) -> str | None:
        """Halves the batch."""
        return self.budget.halve(_need(jobs[0]), len(self._filled(jobs)))

    def encode(self, prepared: Prepared, outcome: Float32[np.ndarray, "h w 3"]) -> Encoded:
        """The image with what `msgnet apply` writes into it."""
        output, inputs = prepared.planned.output, prepared.inputs
        facts = {"width": outcome.shape[1], "height": outcome.shape[0], **inputs.notes}
        return encoded(lambda: inputs.content.encode(output, outcome, inputs.metadata), facts)


def _need(prepared: Prepared) -> Need:
    return Need(0, image_bytes(*prepared.inputs.content.picture.shape[:2]))
