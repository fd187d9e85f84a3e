"""Sweeps: all cells of grids on one content and style, in batches that share programs and targets.

Coefficients are traced, so that the cells of a table run in one program, those with coefficient 0
among them; features of content and style are computed once.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import jax

from jaxtex.errors import ImageError
from jaxtex.style.devices import Placement
from jaxtex.style.experiments.tables import Cell
from jaxtex.style.job import Job
from jaxtex.style.painting import Background
from jaxtex.style.prepare import make_job
from jaxtex.style.run import Hooks, batches, load_network, run_jobs
from jaxtex.style.separation import Picture
from jaxtex.style.settings import Settings
from jaxtex.style.stylize import Result, make_result
from jaxtex.style.targets import SharedTargets
from jaxtex.vgg import VGG16

# On CPU a step of four jobs takes an eighth less than four steps; with more nothing is gained, and
# more is lost when a sweep is interrupted.
_MOST_ON_CPU = 4


class Sweep:
    """The jobs of cells, and which of them run together."""

    def __init__(
        self,
        cells: Sequence[Cell],
        content: Picture,
        style: Picture,
        *,
        background: Background = "keep",
        batch_size: int | None = None,
        max_bytes: int | None = None,
        devices: Sequence[jax.Device] | None = None,
    ) -> None:
        """Makes the jobs ready.

        Both images are RGB, or RGB with straight alpha. `batch_size` is the most cells that run at
        once; by default as many as fit into `max_bytes` (most of the free memory) of each device,
        on CPU up to four. `devices` are what batches are shared out to: by default all of this
        process.

        Raises:
          ImageError: an image is too small for a cell's layers, or of a single colour.
        """
        self.cells, self.content = cells, content
        self.jobs = _jobs(cells, content, style, background)
        devices = jax.local_devices() if devices is None else devices
        if batch_size is None and devices[0].platform == "cpu":
            batch_size = _MOST_ON_CPU
        self.max_bytes = max_bytes
        self.placement = Placement(devices)
        self.batches = batches(
            self.jobs, max_bytes=max_bytes, most=batch_size, devices=self.placement.count
        )
        """Indices of cells: each batch always runs whole, so that its bytes are always the same."""

    def run(
        self,
        wanted: Collection[int] | None = None,
        *,
        network: VGG16 | None = None,
        hooks: Callable[[Sequence[int]], Hooks] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Runs every batch with a wanted cell (default: all); yields those cells, by index.

        `hooks` makes the hooks of a batch from its indices. A batch that is interrupted yields
        nothing, and ends the sweep.
        """
        wanted = range(len(self.jobs)) if wanted is None else wanted
        shared: SharedTargets | None = None
        for members in self.batches:
            if not set(members) & set(wanted):
                continue
            shared = shared or SharedTargets(network or load_network(), self.placement)
            outcomes = run_jobs(
                [self.jobs[index] for index in members],
                hooks=hooks(members) if hooks else None,
                max_bytes=self.max_bytes,
                shared=shared,
            )
            if any(outcome.status == "interrupted" for outcome in outcomes):
                return
            for index, outcome in zip(members, outcomes, strict=True):
                if index in wanted:
                    yield index, make_result(self.jobs[index], outcome)


def _jobs(
    cells: Sequence[Cell], content: Picture, style: Picture, background: Background
) -> list[Job]:
    """A job for each cell; what does not depend on coefficients is made once."""
    made: dict[str, Job] = {}
    jobs = []
    for cell in cells:
        kind = str((_without_coefficients(cell.settings), cell.grid.layers))
        if kind not in made:
            made[kind] = make_job(
                cell.settings, content, [style], background=background, layers=cell.grid.layers
            )
        if made[kind].canvas == "fill":
            raise ImageError(
                "style: is a texture, which fills the letters whatever the coefficients are; "
                "give lettering, or say so by style_kind"
            )
        jobs.append(replace(made[kind], settings=cell.settings, asked=cell.settings))
    return jobs


def _without_coefficients(settings: Settings) -> Settings:
    """The settings with equal weights: what decides a job's images, phases and program."""
    return settings.with_options(
        layers=dict.fromkeys(settings.layers, 1.0),
        content_weight=0.0,
        tv=0.0,
        l2=0.0,
        silhouette=0.0,
        skeleton=0.0,
    )
