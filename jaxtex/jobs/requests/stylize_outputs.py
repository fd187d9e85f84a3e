"""What one call of `jaxtex stylize` writes: the image, frames, losses, a film, paths."""

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.errors import OutputError, SettingsError
from jaxtex.files import check_not_input, check_output, write_bytes
from jaxtex.training import has_checkpoint

if TYPE_CHECKING:
    from jaxtex.images.animation import Animation
    from jaxtex.style import Job, Result


class Outputs:
    """The files that a run leaves, all checked before it starts."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.image: Path = options["output"]
        self.history: Path | None = options["history"]
        self.film: Path | None = options["animate"]
        self.drawing: Path | None = options["svg"]
        self.film_frames: int = options["animate_frames"]
        self.save_every: int | None = options["save_every"]
        self.transparent = options["background"] == "transparent"
        goes_on = options["resume"] and options["checkpoint"] is not None
        self.overwrite = options["overwrite"] or (goes_on and has_checkpoint(options["checkpoint"]))
        self.frames: list[Path] = []
        self.animation: Animation | None = None

    def check(self, inputs: Sequence[Path]) -> None:
        """Says whether every file can be written, as far as its name tells.

        Raises:
          OutputError: a place, suffix or missing library that does not allow it, or one of the
            `inputs`.
          SettingsError: two files of one name.
        """
        from jaxtex import images
        from jaxtex.images.animation import check_animation_path
        from jaxtex.style.history import check_history_path

        files = (self.image, self.history, self.film, self.drawing)
        named = [path.absolute() for path in files if path is not None]
        if len(set(named)) < len(named):
            raise SettingsError(
                "--output, --history, --animate and --svg: name a different file for each"
            )
        for path in files:
            if path is not None:
                check_not_input(path, inputs)
        check_output(self.image, overwrite=self.overwrite)
        images.output_format(self.image, alpha=self.transparent)
        if self.history is not None:
            check_history_path(self.history, overwrite=self.overwrite)
        if self.film is not None:
            check_animation_path(self.film, overwrite=self.overwrite)
        if self.drawing is not None:
            self._check_drawing(self.drawing)

    def _check_drawing(self, path: Path) -> None:
        check_output(path, overwrite=self.overwrite)
        if path.suffix.lower() != ".svg":
            raise OutputError(f"{path}: paths are written as .svg")
        if importlib.util.find_spec("contourpy") is None:
            raise OutputError(f"{path}: paths need contourpy; install jaxtex[svg]")

    def check_job(self, job: "Job", content: Path) -> None:
        """Says whether this job can give what is asked for, and opens the animation.

        Raises:
          OutputError: a frame exists already.
          SettingsError: paths without ink.
        """
        if self.save_every is not None and not self.overwrite:
            for step in range(0, _steps(job) + 1, self.save_every):
                if self._frame(step).exists():
                    check_output(self._frame(step))
        if self.drawing is not None and job.canvas != "ink":
            raise SettingsError(
                f"--svg: only ink has outlines, and {content} is worked on as {job.canvas}; give "
                "a flat logo on a plain ground, and --canvas ink if the style is coloured"
            )
        if self.film is not None:
            from jaxtex.images.animation import open_animation

            self.animation = open_animation(self.film)

    def frame_every(self, job: "Job", looks: int = 0) -> int:
        """How many steps lie between two frames; 0 for none.

        Without a film or files of its own a run has about `looks` frames for those who watch it.
        """
        if self.save_every is not None:
            return self.save_every
        frames = looks if self.film is None else self.film_frames
        return max(1, _steps(job) // frames) if frames else 0

    def add_frame(self, step: int, pictures: list[Any]) -> None:
        """Takes the picture after a step, the only one of its list."""
        from jaxtex import images

        if self.save_every is not None:
            images.save_image(self._frame(step), pictures[0])
            self.frames.append(self._frame(step))
        if self.animation is not None:
            self.animation.add(opaque(pictures[0]))

    def _frame(self, step: int) -> Path:
        return self.image.with_name(f"{self.image.stem}-{step:05d}{self.image.suffix}")

    def write(self, result: "Result", metadata: Mapping[str, Any]) -> None:
        """Writes all but the frames, which are there.

        Raises:
          RunError: the disk is full or fails.
        """
        from jaxtex import images

        images.save_image(self.image, result.image, metadata=metadata)
        if self.history is not None:
            result.history.save(self.history)
        if self.drawing is not None:
            write_drawing(self.drawing, result, metadata)
        if self.animation is not None:
            self.animation.add(opaque(result.image))
            self.animation.save()


def write_drawing(path: Path, result: "Result", metadata: Mapping[str, Any]) -> None:
    """Writes a result whose canvas is ink as paths, .svg.

    Raises:
      RunError: the disk is full or fails.
    """
    from jaxtex.images.vector_output import to_svg

    shapes = result.job.shapes(result.levels)
    text = to_svg(*shapes[:3], opacity=shapes.opacity, metadata=metadata)
    write_bytes(path, text.encode())


def opaque(picture: Any) -> Any:
    """A picture for a film, which has no transparency."""
    from jaxtex import images

    return images.on_contrasting_ground(images.validate_picture(picture, "frame"))


def _steps(job: "Job") -> int:
    return sum(phase.steps for phase in job.phases)
