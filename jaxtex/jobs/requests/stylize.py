"""What one call of `jaxtex stylize` is asked for: checked first, then run, then written."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError
from jaxtex.jobs.front import Front, Status
from jaxtex.jobs.requests.common import finite, max_bytes, weights_digest
from jaxtex.jobs.requests.inputs import Files, load_inputs
from jaxtex.jobs.requests.stylize_options import DEFAULTS, INITS, OPTIONS, settings_of
from jaxtex.jobs.requests.stylize_outputs import Outputs

if TYPE_CHECKING:
    from jaxtex.style import Hooks, Progress, Result

_READY = "{}×{}: making ready, which takes longer where the size is new …"


class StylizeRequest:
    """A stylisation and what is to be written of it, by options named as in `OPTIONS`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """`options` also has `content`, a file, and `style`, one file or more."""
        self.options = DEFAULTS | dict(options)
        self.outputs = Outputs(self.options)

    def check(self) -> None:
        """Loads every input and checks every option and output, before any long work.

        Raises:
          JaxtexError: an option, an input or an output that cannot be.
        """
        options = self.options
        init = options["init"]
        files = Files(
            content=options["content"],
            styles=tuple(options["style"]),
            mask=options["mask"],
            init=None if init is None or init in INITS else Path(init),
            style_mask=options["style_mask"],
            background=options["background"],
            size=options["size"],
        )
        others = (options["weights"], options["preset"])
        self.outputs.check([*files, *(Path(each) for each in others if each is not None)])
        if options["resume"] and options["checkpoint"] is None:
            raise SettingsError("--resume: needs --checkpoint DIR")
        for option in OPTIONS.values():
            if not option.of_a_job:
                option.check(options[option.name])
        self.inputs = load_inputs(files)

        from jaxtex.runtime import configure

        configure(options["device"])
        self.settings = settings_of(options)
        self.job = self.inputs.make_job(self.settings, options["style_weight"])
        self.outputs.check_job(self.job, files.content)

    def run(self, front: Front) -> "Result":
        """The optimisation itself.

        Raises:
          JaxtexError: the weights or the checkpoint cannot be used.
        """
        from jaxtex.style import load_network, make_result, run_jobs

        hooks = self._hooks(front)
        front.note(self.inputs.loaded)
        network = load_network(self.options["weights"])
        for image, taken in zip(self.inputs.styles, self.job.styles_are, strict=False):
            front.say(f"{image.path}: taken for {taken}; --style-kind says otherwise")
        if self.job.kept is not None:
            front.say(f"{self.inputs.content.path}: keeps its composition; {self.job.kept}")
        (outcome,) = run_jobs(
            [self.job], network=network, hooks=hooks, max_bytes=max_bytes(self.options)
        )
        return make_result(self.job, outcome)

    def _hooks(self, front: Front) -> "Hooks":
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
        look, outputs = front.look, self.outputs
        every = outputs.frame_every(self.job, 0 if look is None else front.looks)

        def frame(step: int, pictures: list[Any]) -> None:
            outputs.add_frame(step, pictures)
            if look is not None:
                look(step, pictures[0])

        return Hooks(
            progress=lambda progress: front.show(_status(progress)),
            ready=lambda height, width: front.show(Status(_READY.format(width, height))),
            frame=frame if every else None,
            frame_every=every,
            stop=front.stopped,
            checkpoint=store,
        )

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


def _status(progress: "Progress") -> Status:
    last = progress.step == progress.steps
    left = progress.seconds / max(progress.step, 1) * (progress.steps - progress.step)
    text = (
        f"step {progress.step}/{progress.steps}  {progress.width}×{progress.height}  "
        f"loss {progress.loss:.4g}  {progress.seconds:.0f} s"
        + (f", about {left:.0f} s left" if progress.step and not last else "")
    )
    return Status(text, last=last, share=progress.step / progress.steps, place=progress)
