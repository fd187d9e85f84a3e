"""What one call of `jaxtex stylize` is to do: checked first, then run, then written."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jaxtex.cli._names import named
from jaxtex.cli._stylize_outputs import Outputs
from jaxtex.cli._terminal import status_line
from jaxtex.errors import SettingsError
from jaxtex.files import sha256

if TYPE_CHECKING:
    from jaxtex.style.run import Hooks, Progress
    from jaxtex.style.stylize import Result

# Options that are fields of Settings by the same name; None leaves the preset's value.
_FIELDS = (
    "content_layer",
    "content_weight",
    "normalization",
    "features",
    "pool",
    "tv",
    "l2",
    "silhouette",
    "skeleton",
    "ink",
    "contrast",
    "box",
    "optimizer",
    "learning_rate",
    "steps",
    "finish_steps",
    "scales",
    "size",
    "style_size",
    "margin",
    "canvas",
    "seed",
    "precision",
)


_SIZE = 512  # where neither --size nor the preset says it


def _parse_layers(values: Sequence[str]) -> dict[str, float] | None:
    layers: dict[str, float] = {}
    for value in values:
        name, equals, coefficient = value.partition("=")
        if not equals:
            raise SettingsError(f"--layer: {value!r} must look like conv4_1=200")
        if name in layers:
            raise SettingsError(f"--layer: {name!r} is given twice")
        try:
            layers[name] = float(coefficient)
        except ValueError:
            raise SettingsError(f"--layer: {coefficient!r} in {value!r} is not a number") from None
    return layers or None


class Plan:
    """What one call of `stylize` is to do: checked first, then run, then written."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.outputs = Outputs(options)

    def check(self) -> None:
        """Loads every input and checks every option and output, before any long work."""
        options = self.options
        self.outputs.check()
        if options["resume"] and options["checkpoint"] is None:
            raise SettingsError("--resume: needs --checkpoint DIR")
        seconds = options["checkpoint_every"]
        if not 0 <= seconds < float("inf"):
            raise SettingsError(f"--checkpoint-every: {seconds} is not a number of 0 or more")
        limit = options["max_memory"]
        if limit is not None and not 0 < limit < float("inf"):
            raise SettingsError(f"--max-memory: {limit} is not a number of GiB above 0")

        init = options["init"]
        self._load_images()

        from jaxtex.runtime import configure

        configure(options["device"])
        from jaxtex.style.job import make_job
        from jaxtex.style.stylize import resolve_settings

        chosen = {name: options[name] for name in _FIELDS if options[name] is not None}
        layers = _parse_layers(options["layer"])
        if layers is not None:
            chosen["layers"] = layers
        for name in ("keep_margin", "preserve_color"):
            if options[name]:
                chosen[name] = True
        if init is not None:
            chosen["init"] = "file" if self.init is not None else init
        self.settings = resolve_settings(options["preset"], options["strength"], **chosen)
        if self.settings.size is None:
            self.settings = self.settings.with_options(size=_SIZE)
        styles = {f"style {number}": each.path for number, each in enumerate(self.styles, 1)}
        with named({"content": self.content.path, **styles}):
            self.job = make_job(
                self.settings,
                self.content.rgb,
                [style.rgb for style in self.styles],
                alpha=self.content.alpha,
                style_weights=options["style_weight"] or None,
                mask=self._mask_levels(),
                init=None if self.init is None else self.init.rgb,
            )
        self.outputs.check_job(self.job, self.content.path)

    def _load_images(self) -> None:
        from jaxtex import images, svg

        options = self.options
        # A drawing has any size; others are enlarged to the one asked for.
        size = max(svg.SIZE, options["size"] or 0)
        background = "#ffffff"
        if options["background"] not in ("keep", "transparent"):
            background = options["background"]
        self.content = images.load_image(options["content"], background=background, svg_size=size)
        self.styles = [images.load_image(path, svg_size=size) for path in options["style"]]
        self.mask = self.init = None
        if options["mask"] is not None:
            self.mask = images.load_image(options["mask"], svg_size=size)
        if options["init"] not in (None, "content", "noise", "style"):
            self.init = images.load_image(options["init"], svg_size=size)

    def _mask_levels(self) -> Any:
        from jaxtex import images
        from jaxtex.style.canvas import luminance

        if self.mask is None:
            return None
        return images.resize(luminance(self.mask.rgb), *self.content.rgb.shape[:2])

    def run(self, stopped: Callable[[], bool]) -> "Result":
        """The optimisation itself."""
        from jaxtex.style.run import load_network, run_jobs
        from jaxtex.style.stylize import make_result

        network = load_network(self.options["weights"])
        hooks = self._hooks(stopped)
        limit = self.options["max_memory"]
        with _progress_line(self.options["as_json"]) as show:
            (outcome,) = run_jobs(
                [self.job],
                network=network,
                hooks=hooks(show),
                max_bytes=None if limit is None else int(limit * 2**30),
            )
        return make_result(self.job, outcome, self.content.rgb)

    def _hooks(self, stopped: Callable[[], bool]) -> Callable[..., "Hooks"]:
        from jaxtex.style.run import Hooks

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

        weights = self.options["weights"]
        return {
            **self.settings.to_dict(),
            "images": self.job.digest,
            "style_weights": list(self.job.style_weights),
            "weights": None if weights is None else sha256(weights),
            "device": jax.devices()[0].device_kind,
        }

    def write(self, result: "Result") -> None:
        """Writes the image and what else was asked for."""
        self.outputs.write(result, self.metadata(result))

    def metadata(self, result: "Result") -> dict[str, Any]:
        """What the result file says of itself."""
        return {
            **result.metadata,
            "content": {"name": self.content.path.name, "sha256": self.content.sha256},
            "styles": [{"name": s.path.name, "sha256": s.sha256} for s in self.styles],
        }

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
            "losses": {name: _finite(values[-1]) for name, values in losses.items()},
            "frames": [str(path) for path in self.outputs.frames],
            "settings": self.metadata(result),
        }


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if abs(number) < float("inf") else None


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
