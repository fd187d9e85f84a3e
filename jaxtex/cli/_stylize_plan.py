"""What one call of `jaxtex stylize` is to do: checked first, then run, then written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.cli._stylize_outputs import Outputs
from jaxtex.cli._terminal import status_line
from jaxtex.errors import SettingsError
from jaxtex.jobs.requests.common import (
    check_checkpoint_every,
    finite,
    max_bytes,
    weights_digest,
)

if TYPE_CHECKING:
    from jaxtex.style import Hooks, Progress, Result


class Plan:
    """What one call of `stylize` is to do: checked first, then run, then written."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.outputs = Outputs(options)

    def check(self) -> None:
        """Loads every input and checks every option and output, before any long work."""
        from jaxtex.jobs.requests import Files, load_inputs
        from jaxtex.jobs.requests.inputs import INITS, settings_of

        options = self.options
        self.outputs.check()
        if options["resume"] and options["checkpoint"] is None:
            raise SettingsError("--resume: needs --checkpoint DIR")
        check_checkpoint_every(options)
        max_bytes(options)

        init = options["init"]
        files = Files(
            content=options["content"],
            styles=tuple(options["style"]),
            mask=options["mask"],
            init=None if init is None or init in INITS else Path(init),
            background=options["background"],
            size=options["size"],
        )
        self.inputs = load_inputs(files)

        from jaxtex.runtime import configure

        configure(options["device"])
        self.settings = settings_of(options)
        self.job = self.inputs.make_job(self.settings, options["style_weight"])
        self.outputs.check_job(self.job, files.content)

    def run(self, stopped: Callable[[], bool]) -> "Result":
        """The optimisation itself."""
        from jaxtex.style import load_network, make_result, run_jobs

        network = load_network(self.options["weights"])
        hooks = self._hooks(stopped)
        with _progress_line(self.options["as_json"]) as show:
            (outcome,) = run_jobs(
                [self.job],
                network=network,
                hooks=hooks(show),
                max_bytes=max_bytes(self.options),
            )
        return make_result(self.job, outcome, self.inputs.content.rgb)

    def _hooks(self, stopped: Callable[[], bool]) -> Callable[..., "Hooks"]:
        from jaxtex.style import Hooks

        options = self.options
        store = None
        if options["checkpoint"] is not None:
            from jaxtex.style.checkpoint import CheckpointStore

            store = CheckpointStore(
                options["checkpoint"],
                self.identity(),
                resume=options["resume"],
                every_seconds=options["checkpoint_every"],
            )
        every = self.outputs.frame_every(self.job)

        def make(show: Callable[["Progress"], None]) -> Hooks:
            return Hooks(
                progress=show,
                frame=self.outputs.add_frame if every else None,
                frame_every=every,
                stop=stopped,
                checkpoint=store,
            )

        return make

    def identity(self) -> dict[str, Any]:
        """All that decides the result's bytes."""
        import jax

        return {
            **self.settings.to_dict(),
            "images": self.job.digest,
            "style_weights": list(self.job.style_weights),
            "weights": weights_digest(self.options),
            "device": jax.devices()[0].device_kind,
        }

    def write(self, result: "Result") -> None:
        """Writes the image and what else was asked for."""
        self.outputs.write(result, self.metadata(result))

    def metadata(self, result: "Result") -> dict[str, Any]:
        """What the result file says of itself."""
        return {**result.metadata, **self.inputs.metadata()}

    def report(self, result: "Result", seconds: float) -> dict[str, Any]:
        """The JSON object of `--json`."""
        history = result.history
        losses = history.losses._asdict()
        return {
            "output": str(self.outputs.image),
            "status": result.status,
            "width": result.image.shape[1],
            "height": result.image.shape[0],
            "steps": int(history.step[-1]),
            "seconds": round(seconds, 3),
            "losses": finite({name: float(values[-1]) for name, values in losses.items()}),
            "frames": [str(path) for path in self.outputs.frames],
            "settings": self.metadata(result),
        }


@contextmanager
def _progress_line(quiet: bool) -> Iterator[Callable[["Progress"], None]]:
    """Tells on one line how far a run has come."""
    with status_line(quiet=quiet) as write:

        def show(progress: "Progress") -> None:
            last = progress.step == progress.steps
            left = progress.seconds / max(progress.step, 1) * (progress.steps - progress.step)
            write(
                f"step {progress.step}/{progress.steps}  {progress.width}×{progress.height}  "
                f"loss {progress.loss:.4g}  {progress.seconds:.0f} s"
                + (f", about {left:.0f} s left" if progress.step and not last else ""),
                last=last,
            )

        yield show
