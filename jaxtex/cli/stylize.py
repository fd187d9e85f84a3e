"""`jaxtex stylize` and `jaxtex presets`."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._terminal import interruptible, status_line
from jaxtex.errors import JaxtexError, RunError, SettingsError
from jaxtex.files import check_output

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage
    from jaxtex.style.run import Hooks, Progress
    from jaxtex.style.stylize import Result

FILE = click.Path(path_type=Path)

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


@click.command(context_settings={"show_default": True})
@click.argument("content", type=FILE)
@click.argument("style", type=FILE, nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, required=True, help="The image to write.")
@click.option("--preset", default="steel", help="A name of `jaxtex presets`, or a TOML file.")
@click.option("--strength", type=float, help="How far the style may go, 0 to 1 (steel: 0.5).")
@click.option("--size", type=int, help="Longer side of the result in pixels.  [default: 512]")
@click.option("--style-size", type=int, help="Longer side of the style images in pixels.")
@click.option("--style-weight", type=float, multiple=True, help="Weight of each style, in order.")
@click.option(
    "--layer",
    multiple=True,
    metavar="NAME=C",
    help="Style layer and coefficient; given once or more it replaces the preset's layers.",
)
@click.option("--content-layer", help="Layer that keeps the content.")
@click.option("--content-weight", type=float, help="Weight of the content term.")
@click.option("--normalization", help="relative, paper, gatys or reference.")
@click.option("--features", help="conv (before the ReLU) or relu.")
@click.option("--pool", help="max or avg.")
@click.option("--optimizer", help="adam or lbfgs.")
@click.option("--learning-rate", type=float, help="In grey levels.")
@click.option("--steps", type=int, help="Evaluations of the objective, all scales together.")
@click.option("--finish-steps", type=int, help="Further evaluations with the ink term.")
@click.option("--scales", type=int, help="How many sizes to go through, coarse to fine.")
@click.option("--silhouette", type=float, help="Weight of ink far from the content's.")
@click.option("--skeleton", type=float, help="Weight of the middles of strokes and gaps.")
@click.option("--ink", type=float, help="Weight of colours that are not the content's.")
@click.option("--contrast", type=float, help="Steepness of the last levels curve on ink; 0: none.")
@click.option("--tv", type=float, help="Weight of total variation.")
@click.option("--l2", type=float, help="Weight of the squared pixels.")
@click.option("--box", help="soft, end or project: how pixels stay displayable.")
@click.option("--margin", type=int, help="Background round the images while at work, in pixels.")
@click.option("--keep-margin", is_flag=True, help="Leave the margin in the result.")
@click.option("--canvas", help="ink, grey, rgb or auto: what is optimised.")
@click.option("--preserve-color", is_flag=True, help="Keep the content's colours.")
@click.option("--init", help="content, noise, style or a file.")
@click.option("--mask", type=FILE, help="White where the image may change, black where not.")
@click.option(
    "--background",
    default="keep",
    help="keep, transparent, or a colour such as '#ffffff' to put a transparent content on.",
)
@click.option("--seed", type=int, help="For --init noise.")
@click.option("--precision", help="float32 or bfloat16 convolutions.")
@click.option("--max-memory", type=float, help="GiB; beyond, activations are computed twice.")
@click.option("--weights", type=FILE, help="Other VGG16 weights (safetensors).")
@click.option("--history", type=FILE, help="Write the losses as .csv or .png.")
@click.option("--save-every", type=int, help="Write OUTPUT-00010.png … every N steps.")
@click.option("--animate", type=FILE, help="Write the run as an animated .gif.")
@click.option("--checkpoint", type=FILE, help="Folder for checkpoints.")
@click.option(
    "--checkpoint-every", type=float, default=10.0, help="Seconds between two checkpoints."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint, if there is one.")
@click.option(
    "--device", type=click.Choice(["cpu", "gpu", "tpu"]), help="Default: the best there is."
)
@click.option("--overwrite", is_flag=True, help="Replace existing outputs.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def stylize(**options: Any) -> None:
    """Give the logo CONTENT the style of the image STYLE (or of several).

    \b
    Examples:
      jaxtex stylize logo.png band.png -o out.png
      jaxtex stylize logo.png band.png -o out.png --strength 0.8 --background transparent
      jaxtex stylize logo.png band.png -o out.png --preset network-of-steel --steps 200
    """
    plan = _Plan(options)
    plan.check()
    began = time.perf_counter()
    with interruptible() as stopped:
        result = plan.run(stopped)
    plan.write(result)
    seconds = time.perf_counter() - began
    if options["as_json"]:
        print_json(plan.report(result, seconds))
    else:
        height, width = result.image.shape[:2]
        click.echo(f"{options['output']}: {width}×{height} pixels in {seconds:.1f} s", err=True)
    if result.status == "diverged":
        raise RunError(
            f"the loss became non-finite after step {int(result.history.step[-1])}; "
            f"{options['output']} is the last good image"
        )
    if result.status == "interrupted":
        raise KeyboardInterrupt


class _Plan:
    """What one call of `stylize` is to do: checked first, then run, then written."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.output: Path = options["output"]
        self.frames: list[Any] = []
        self.frame_paths: list[Path] = []

    def check(self) -> None:
        """Loads every input and checks every option and output, before any long work."""
        from jaxtex import images
        from jaxtex.style.history import check_history_path

        options = self.options
        overwrite = options["overwrite"] or options["resume"]
        transparent = options["background"] == "transparent"
        outputs = [self.output, options["history"], options["animate"]]
        named = [path.absolute() for path in outputs if path is not None]
        if len(set(named)) < len(named):
            raise SettingsError("--output, --history and --animate: name a different file for each")
        check_output(self.output, overwrite=overwrite)
        images.output_format(self.output, alpha=transparent)
        if options["history"] is not None:
            check_history_path(options["history"], overwrite=overwrite)
        if options["animate"] is not None:
            check_output(options["animate"], overwrite=overwrite)
            if options["animate"].suffix.lower() != ".gif":
                raise SettingsError(f"--animate: {options['animate']} must end in .gif")
        every = options["save_every"]
        if every is not None and every < 1:
            raise SettingsError(f"--save-every: {every} is not a whole number of 1 or more")
        if options["resume"] and options["checkpoint"] is None:
            raise SettingsError("--resume: needs --checkpoint DIR")
        seconds = options["checkpoint_every"]
        if not 0 <= seconds < float("inf"):
            raise SettingsError(f"--checkpoint-every: {seconds} is not a number of 0 or more")
        limit = options["max_memory"]
        if limit is not None and not 0 < limit < float("inf"):
            raise SettingsError(f"--max-memory: {limit} is not a number of GiB above 0")

        background = "#ffffff"
        if options["background"] not in ("keep", "transparent"):
            background = options["background"]
        self.content = images.load_image(options["content"], background=background)
        self.styles = [images.load_image(path) for path in options["style"]]
        self.mask = self.init = None
        if options["mask"] is not None:
            self.mask = images.load_image(options["mask"])
        init = options["init"]
        if init not in (None, "content", "noise", "style"):
            self.init = images.load_image(init)

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
        with _named(self.content, *self.styles):
            self.job = make_job(
                self.settings,
                self.content.rgb,
                [style.rgb for style in self.styles],
                alpha=self.content.alpha,
                style_weights=options["style_weight"] or None,
                mask=self._mask_levels(),
                init=None if self.init is None else self.init.rgb,
            )
        if every is not None and not overwrite:
            steps = sum(phase.steps for phase in self.job.phases)
            for step in range(0, steps + 1, every):
                if self._frame_path(step).exists():
                    check_output(self._frame_path(step))
        if transparent:
            self.job.cut_out(self.job.content)

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
        every = options["save_every"] or 0
        if not every and options["animate"] is not None:
            every = max(1, sum(phase.steps for phase in self.job.phases) // 40)

        def make(show: Callable[["Progress"], None]) -> Hooks:
            return Hooks(
                progress=show,
                frame=self._frame if every else None,
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
            "weights": None if weights is None else _sha256(weights),
            "device": jax.devices()[0].device_kind,
        }

    def _frame_path(self, step: int) -> Path:
        return self.output.with_name(f"{self.output.stem}-{step:05d}{self.output.suffix}")

    def _frame(self, step: int, pictures: list[Any]) -> None:
        from jaxtex import images

        picture = pictures[0]
        if self.options["save_every"]:
            path = self._frame_path(step)
            images.save_image(path, picture)
            self.frame_paths.append(path)
        if self.options["animate"] is not None:
            self.frames.append(picture)

    def write(self, result: "Result") -> None:
        """Writes the image, the history and the animation."""
        from jaxtex import images

        image, alpha = result.image, None
        if self.options["background"] == "transparent":
            image, alpha = result.cut_out()
        images.save_image(self.output, image, alpha=alpha, metadata=self.metadata(result))
        if self.options["history"] is not None:
            result.history.save(self.options["history"])
        if self.frames:
            images.save_gif(self.options["animate"], [*self.frames, result.image], fps=10)

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
            "output": str(self.output),
            "status": result.status,
            "width": result.image.shape[1],
            "height": result.image.shape[0],
            "steps": int(history.step[-1]),
            "seconds": round(seconds, 3),
            "losses": {name: _finite(values[-1]) for name, values in losses.items()},
            "frames": [str(path) for path in self.frame_paths],
            "settings": self.metadata(result),
        }


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if abs(number) < float("inf") else None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _named(content: "LoadedImage", *styles: "LoadedImage") -> Iterator[None]:
    """Puts the file's name where an error says `content` or `style 1`."""
    try:
        yield
    except JaxtexError as error:
        message = str(error)
        for name, image in [
            ("content", content),
            *((f"style {number}", style) for number, style in enumerate(styles, 1)),
        ]:
            if message.startswith(f"{name}:"):
                raise type(error)(f"{image.path}{message.removeprefix(name)}") from None
        raise


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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
def presets(as_json: bool) -> None:
    """List the presets with their coefficients.

    \b
    Example:
      jaxtex presets
    """
    from jaxtex.style.presets import DESCRIPTIONS, PRESETS

    if as_json:
        print_json({name: settings.to_dict() for name, settings in PRESETS.items()})
        return
    for name, settings in PRESETS.items():
        layers = "  ".join(f"{layer}={c:g}" for layer, c in settings.layers.items())
        click.echo(f"{name}: {DESCRIPTIONS[name]}")
        click.echo(f"  {layers}")
        click.echo(
            f"  {settings.content_layer} × {settings.content_weight:g}, "
            f"{settings.normalization} on {settings.features} features, "
            f"{settings.optimizer}, {settings.steps} + {settings.finish_steps} steps, "
            f"tv {settings.tv:g}"
        )
