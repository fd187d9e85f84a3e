"""One application of MSG-Net as a person asks for it, made into images and into the output file.

`jaxtex msgnet apply` and `jaxtex batch` go through here, so that a result of a batch is what a call
of its own would write. JAX is imported only where the network's needs are asked for.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.errors import ImageError, named
from jaxtex.files import check_folder, check_not_input, check_output, make_folder, write_bytes
from jaxtex.images import LoadedImage
from jaxtex.jobs.front import Front
from jaxtex.options import whole
from jaxtex.version import __version__

if TYPE_CHECKING:
    from jaxtex.style.msgnet import StyleModel

_SIZES = (16, 16384)


class Content(NamedTuple):
    """A content as the network gets it, on a ground where it has alpha."""

    picture: Float32[np.ndarray, "h w 3"]
    alpha: Float32[np.ndarray, "h w"] | None
    ground: tuple[float, float, float]

    @property
    def nbytes(self) -> int:
        """Its bytes."""
        return self.picture.nbytes + (0 if self.alpha is None else self.alpha.nbytes)

    def encode(
        self,
        output: str | Path,
        result: Float32[np.ndarray, "h w 3"],
        metadata: Mapping[str, Any],
    ) -> bytes:
        """The file of what the network made of it, with its alpha; on the ground without that.

        Raises:
          OutputError: the format cannot hold it.
        """
        alpha = self.alpha
        if alpha is not None:
            # As the file will have it.
            alpha = np.rint(alpha * 255).astype(np.float32) / 255
            result = np.dstack([images.without_ground(result, alpha, self.ground), alpha])
        return images.encode_image(output, result, metadata=metadata)


class ApplyRequest:
    """What `jaxtex msgnet apply` is asked for: checked first, then computed and written."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Takes the options by their names with underscores; `check` looks at them."""
        self.options = options
        self.outputs: dict[Path, Path] = {}
        """Where each content's result goes."""
        self.folder: Path | None = None
        """The folder of the results; None for that of a single file."""

    def check(self) -> None:
        """Finds the contents; refuses what can be before JAX loads.

        Raises:
          SettingsError: a size is out of range.
          ImageError: there is no such file, or a folder has no images.
          OutputError: an output cannot be written, or must not be replaced.
        """
        sizes(self.options)
        given, output = self.options["content"], self.options["output"]
        overwrite = self.options["overwrite"]
        paths = images.find_images(given, without=output)
        inputs = [*paths, self.options["style"]]
        if len(given) == 1 and not given[0].is_dir():
            check_not_input(output, inputs)
            images.output_format(check_output(output, overwrite=overwrite))
            self.outputs = {paths[0]: output}
            return
        self.folder = check_folder(output, overwrite=overwrite)
        stems = images.distinct_stems(paths)
        self.outputs = {
            path: output / f"{stem}.png" for path, stem in zip(paths, stems, strict=True)
        }
        for path in self.outputs.values():
            if path.exists():
                check_not_input(path, inputs)

    def run(self, front: Front) -> dict[str, Any]:
        """Writes the results; returns what `--json` prints.

        Raises:
          SettingsError: no such device.
          WeightsError: the model cannot be read, or is of another kind.
          ImageError: the style or all contents cannot be read, or one is too small.
          RunError: the disk is full or fails.
        """
        began = time.perf_counter()
        from jaxtex.runtime import configure

        configure(self.options["device"])
        from jaxtex.style.msgnet import load_model

        model = load_model(self.options["model"])
        style = images.load_image(self.options["style"])
        contents, left_out = self._load(front)
        front.note([style, *contents.values()])
        outputs = {path: output for path, output in self.outputs.items() if path in contents}
        seconds = self._stylise(model, contents, style, outputs)
        return {
            "outputs": [str(output) for output in outputs.values()],
            "model": model.digest,
            "left_out": left_out,
            "network_seconds": round(seconds, 3),
            "seconds": round(time.perf_counter() - began, 3),
        }

    def _load(self, front: Front) -> tuple[dict[Path, LoadedImage], list[str]]:
        """The contents by path, and complaints about files that cannot be read."""
        left_out: list[str] = []

        def skip(error: ImageError) -> None:
            front.say(f"left out: {error}")
            left_out.append(str(error))

        given, output = self.options["content"], self.options["output"]
        found = images.load_images(given, unreadable=skip, without=output)
        contents = {image.path: image for image in found}
        if not contents:
            raise ImageError(f"{given[0]}: has no image that can be read")
        return contents, left_out

    def _stylise(
        self,
        model: "StyleModel",
        contents: Mapping[Path, LoadedImage],
        style: LoadedImage,
        outputs: Mapping[Path, Path],
    ) -> float:
        """Writes the results; the seconds that the network took, compilation included."""
        from jaxtex.runtime import forget_programs

        fitted = [fit_content(each, self.options["size"]) for each in contents.values()]
        pictures = [each.picture for each in fitted]
        longest = self.options["style_size"]
        longest = longest or max(max(picture.shape[:2]) for picture in pictures)
        seen = fit_style(style, longest)
        if self.folder is not None:
            make_folder(self.folder)
        files, seconds, before = list(contents), 0.0, time.perf_counter()
        shape = None
        for index, result in model.apply(pictures, seen):
            seconds += time.perf_counter() - before
            path = files[index]
            told = metadata(model.digest, longest, contents[path], style)
            write_bytes(outputs[path], fitted[index].encode(outputs[path], result, told))
            if result.shape != shape:
                # Each shape has a program of its own.
                shape = result.shape
                forget_programs()
            before = time.perf_counter()
        return seconds


def sizes(options: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The longer sides of the result and of the style that are asked for; None where not.

    Raises:
      SettingsError: one is out of range.
    """
    return _size(options, "size"), _size(options, "style_size")


def _size(options: Mapping[str, Any], name: str) -> int | None:
    value = options.get(name)
    return None if value is None else whole(name, value, *_SIZES, "a number of pixels")


def fit_content(content: LoadedImage, size: int | None) -> Content:
    """A content as the network gets it: as it is, or with a longer side of `size`.

    Raises:
      ImageError: it is smaller than the network can take.
    """
    return _fit(content, size, "content")


def fit_style(style: LoadedImage, size: int) -> Float32[np.ndarray, "h w 3"]:
    """A style as the network gets it, with a longer side of `size`.

    Raises:
      ImageError: it is smaller than the network can take.
    """
    return _fit(style, size, "style").picture


def _fit(image: LoadedImage, size: int | None, what: str) -> Content:
    from jaxtex.style.msgnet import check_image

    picture, alpha, ground = image.color, image.alpha, (1.0, 1.0, 1.0)
    if alpha is not None:
        ground = images.contrasting_ground(image.picture)
        picture = images.over(picture, alpha, ground)
    if size is not None:
        height, width = images.fit(picture.shape[0], picture.shape[1], size)
        picture = images.resize(picture, height, width)
        alpha = None if alpha is None else images.resize(alpha, height, width)
    with named({what: image.path}):
        check_image(picture, what)
    return Content(picture, alpha, ground)


def metadata(
    model: str, style_size: int, content: LoadedImage, style: LoadedImage
) -> dict[str, Any]:
    """What a result's file says of itself; `model` is the digest of the model."""
    return {
        "version": __version__,
        "command": "msgnet apply",
        "model": model,
        "style_size": style_size,
        "content": {"name": content.path.name, "sha256": content.sha256},
        "styles": [{"name": style.path.name, "sha256": style.sha256}],
    }
