"""The images of one stylisation: files as a person names them, read, and made into a `Job`.

`jaxtex stylize` and `jaxtex batch` go through here, so that a job of a batch is the job that a
call of its own would be. JAX is imported only where jobs are made.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex import images
from jaxtex.errors import ImageError, named
from jaxtex.images import LoadedImage, svg

if TYPE_CHECKING:
    from jaxtex.style import Job, Settings


def background_color(background: str) -> tuple[float, float, float] | None:
    """The colour that results are put on; None for `keep` and `transparent`.

    Raises:
      SettingsError: it is no colour.
    """
    return None if background in ("keep", "transparent") else images.parse_color(background)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The images of one job, as files."""

    content: Path
    styles: tuple[Path, ...]
    mask: Path | None = None
    init: Path | None = None
    style_mask: Path | None = None
    background: str = "keep"
    size: int | None = None
    """The longer side that was asked for: a drawing is made no smaller."""

    def __iter__(self) -> Iterator[Path]:
        yield self.content
        yield from self.styles
        yield from (path for path in (self.mask, self.init, self.style_mask) if path is not None)

    @property
    def color(self) -> tuple[float, float, float] | None:
        """The colour that the result is put on, where it is one."""
        return background_color(self.background)

    @property
    def transparent(self) -> bool:
        """Whether the result shall have no ground."""
        return self.background == "transparent"


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """The images of one job, read."""

    files: Files
    content: LoadedImage
    styles: tuple[LoadedImage, ...]
    mask: LoadedImage | None
    init: LoadedImage | None
    style_mask: LoadedImage | None

    def check(self, digests: Sequence[str]) -> None:
        """Says whether the files are still those of these digests, in the order of `files`.

        Raises:
          ImageError: one has changed.
        """
        for image, digest in zip(self.loaded, digests, strict=True):
            if image.sha256 != digest:
                raise ImageError(f"{image.path}: has changed since it was checked")

    def make_job(self, settings: "Settings", style_weights: Sequence[float] | None = None) -> "Job":
        """The job made ready; errors name the files.

        Raises:
          JaxtexError: an image cannot be used with these settings, or the weights do not fit.
        """
        from jaxtex.style import make_job, parse_background

        styles = {f"style {number}": each.path for number, each in enumerate(self.styles, 1)}
        with named({"content": self.content.path, **styles}):
            return make_job(
                settings,
                self.content.picture,
                [style.picture for style in self.styles],
                background=parse_background(self.files.background),
                style_weights=style_weights or None,
                mask=fitted_mask(self.mask, self.content),
                style_mask=fitted_mask(self.style_mask, self.styles[0]),
                init=None if self.init is None else self.init.rgb,
            )

    @property
    def loaded(self) -> list[LoadedImage]:
        """All of them, in the order of `files`."""
        read = (self.content, *self.styles, self.mask, self.init, self.style_mask)
        return [image for image in read if image is not None]

    def metadata(self) -> dict[str, Any]:
        """What a result's file says of its images."""
        return {
            "content": {"name": self.content.path.name, "sha256": self.content.sha256},
            "styles": [{"name": each.path.name, "sha256": each.sha256} for each in self.styles],
        }


def fitted_mask(mask: LoadedImage | None, image: LoadedImage) -> Any:
    """How light a mask is, [h, w] in [0, 1], at the size of its image; None where there is none.

    Raises:
      ImageError: it has another shape than its image; another size is resampled.
    """
    from jaxtex.style import luminance

    if mask is None:
        return None
    (tall, wide), (height, width) = mask.rgb.shape[:2], image.rgb.shape[:2]
    # A pixel is what scaling either may have cost a side.
    if abs(wide * height - width * tall) > max(wide, width, tall, height):
        raise ImageError(
            f"{mask.path}: has {wide}×{tall} pixels, another shape than the {width}×{height} "
            f"of {image.path}; a mask is of its image's shape"
        )
    return images.resize(luminance(mask.rgb), height, width)


def load_inputs(files: Files, load: Callable[..., LoadedImage] = images.load_image) -> Inputs:
    """Reads the images of one job by `load`, which has the arguments of `images.load_image`.

    Raises:
      ImageError: an image cannot be read.
      SettingsError: the background is not a colour.
    """
    size = max(svg.SIZE, files.size or 0)
    background_color(files.background)

    def optional(path: Path | None, background: str = "#ffffff") -> LoadedImage | None:
        return None if path is None else load(path, background=background, svg_size=size)

    return Inputs(
        files=files,
        content=load(files.content, svg_size=size),
        styles=tuple(load(path, svg_size=size) for path in files.styles),
        # Where a mask is transparent, the content stays.
        mask=optional(files.mask, "#000000"),
        init=optional(files.init),
        style_mask=optional(files.style_mask, "#000000"),
    )
