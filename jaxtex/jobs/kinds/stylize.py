"""Rows of the kind `stylize`: what a call of `jaxtex stylize` would write."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from jaxtex import images
from jaxtex.errors import SettingsError
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
from jaxtex.jobs.requests.inputs import background_color
from jaxtex.jobs.requests.stylize_options import INITS, settings_of
from jaxtex.style import (
    Hooks,
    Job,
    Outcome,
    Settings,
    SharedTargets,
    devices,
    filled,
    make_result,
    run_jobs,
)

# Columns that are not of the settings.
_APART = ("job", "content", "style", "output", "style_weight", "mask", "background", "style_mask")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StylizeJob(PairJob):
    """One stylisation that has been checked."""

    kind = "stylize"
    needs_network = True

    settings: Settings
    style_weights: tuple[float, ...] | None
    weights: str | None
    """SHA-256 of other VGG16 weights than those that ship."""

    @property
    def composed(self) -> tuple[float, int | None]:
        """How far its result's letters are laid out as the style's, 0 to 1, and at which size."""
        share = self.settings.composed
        return share, self.settings.size if share else None

    def facts(self) -> dict[str, Any]:
        """All that decides its picture, as JSON values."""
        digests = dict(zip(self.files, self.digests, strict=True))
        mask, init, style_mask = self.files.mask, self.files.init, self.files.style_mask
        # As before there were these options, where they say nothing.
        later: dict[str, Any] = {
            "style_kind": "auto",
            "colors": "auto",
            "composition": "keep",
            "ends": 0.0,
            "mirror_ends": "off",
            "draft": False,
            "style_mask_sha256": None,
        }
        facts = {
            **self.settings.to_dict(),
            "content_sha256": digests[self.files.content],
            "style_sha256": [digests[path] for path in self.files.styles],
            "style_weights": None if self.style_weights is None else list(self.style_weights),
            "mask_sha256": None if mask is None else digests[mask],
            "init_sha256": None if init is None else digests[init],
            "style_mask_sha256": None if style_mask is None else digests[style_mask],
            "background": self.files.background,
            "vgg_sha256": self.weights,
        }
        if facts["precision"] == "auto":
            # So what was the default was called.
            facts["precision"] = "float32"
        return {name: value for name, value in facts.items() if later.get(name, facts) != value}


def plan(row: Row, planning: Planning) -> StylizeJob:
    """The job of a row.

    Raises:
      JaxtexError: it cannot be run.
    """
    values = row.values
    need(row, "content", "style")
    settings = _settings(values, planning)
    files = _files(values, planning)
    digests = planning.digests(files)
    weights = values.get("style_weight")
    if weights is not None and len(weights) != len(files.styles):
        raise SettingsError(
            f"style-weight: {len(weights)} given for {len(files.styles)} style images"
        )
    name = f"{files.content.stem}-{'-'.join(each.stem for each in files.styles)}.png"
    return StylizeJob(
        line=row.line,
        output=planning.output(row, name, alpha=files.transparent),
        files=files,
        digests=digests,
        settings=settings,
        style_weights=weights,
        weights=planning.weights,
    )


def _settings(values: Mapping[str, Any], planning: Planning) -> Settings:
    """Rows with equal options share one object."""
    options = {name: value for name, value in values.items() if name not in _APART}
    preset = options.get("preset", "")
    if preset.endswith(".toml"):
        options["preset"] = str(planning.base / preset)
    return planning.once(("settings", repr(sorted(options.items()))), lambda: settings_of(options))


def _files(values: Mapping[str, Any], planning: Planning) -> Files:
    background = values.get("background", "keep")
    background_color(background)
    init, size = values.get("init"), values.get("size")
    return Files(
        content=planning.base / values["content"],
        styles=tuple(planning.base / style for style in values["style"]),
        mask=planning.file(values.get("mask")),
        style_mask=planning.file(values.get("style_mask")),
        init=None if init in INITS else planning.file(init),
        background=background,
        size=None if size is None else int(size),
    )


class _Inputs(NamedTuple):
    job: Job
    images: dict[str, Any]
    """What the result says of its images."""
    notes: dict[str, Any]


class StylizeWork(Work):
    """Runs stylisations: those of one shape and program share each evaluation."""

    def __init__(self, resources: Resources) -> None:
        self.images = resources.images
        self.placement = resources.placement
        self.budget = Budget(resources)
        self._network = resources.network

    @functools.cached_property
    def shared(self) -> SharedTargets:
        """VGG16, and what jobs share of what it computes."""
        return SharedTargets(self._network(), self.placement)

    def prepare(self, planned: StylizeJob) -> Prepared:
        """Reads the images and makes the canvases."""
        inputs = load_inputs(planned.files, self.images.load)
        inputs.check(planned.digests)
        job = inputs.make_job(planned.settings, planned.style_weights)
        return Prepared(
            planned, _Inputs(job, inputs.metadata(), noted(inputs.loaded)), job.group, _nbytes(job)
        )

    def size(self, prepared: Prepared) -> int:
        """How many jobs like this one run at once."""
        return self.budget.fit(devices.evaluation_need(prepared.inputs.job))

    def run(self, jobs: Sequence[Prepared], hooks: Hooks) -> list[Outcome] | None:
        """The outcomes of all steps; None if the hooks stopped them."""
        outcomes = run_jobs(
            [each.inputs.job for each in self._filled(jobs)],
            hooks=hooks,
            max_bytes=self.budget.limit,
            shared=self.shared,
        )
        if any(outcome.status == "interrupted" for outcome in outcomes):
            return None
        return outcomes[: len(jobs)]

    def _filled(self, jobs: Sequence[Prepared]) -> list[Prepared]:
        return filled(jobs, self.size(jobs[0]), self.placement.count)

    def lower(self, jobs: Sequence[Prepared]) -> str | None:
        """Halves the batch, down to one job, which is then computed in ever less memory."""
        job = jobs[0].inputs.job
        said = self.budget.halve(devices.evaluation_need(job), len(self._filled(jobs)))
        if said is None and (less := devices.next_limit(job, self.budget.limit)) is not None:
            self.budget.limit = less
            said = "out of memory with a single job: going on in a form that takes less, and longer"
        return said

    def encode(self, prepared: Prepared, outcome: Outcome) -> Encoded:
        """The image with its settings."""
        planned, job = prepared.planned, prepared.inputs.job
        result = make_result(job, outcome)
        step = int(result.history.step[-1])
        loss = float(result.history.total[-1])
        facts = {
            "width": result.image.shape[1],
            "height": result.image.shape[0],
            "steps": step,
            "loss": loss if np.isfinite(loss) else None,
            **prepared.inputs.notes,
        }
        if outcome.status == "diverged":
            return Encoded(None, facts, f"the loss became non-finite after step {step}")

        def make() -> bytes:
            metadata = {**result.metadata, **prepared.inputs.images}
            return images.encode_image(planned.output, result.image, metadata=metadata)

        return encoded(make, facts)


def _nbytes(job: Job) -> int:
    arrays = [job.content, *job.styles, job.mask, job.init]
    return sum(array.nbytes for array in arrays) + job.painting.nbytes
