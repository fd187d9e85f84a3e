"""A content and a style on a background, as `jaxtex sweep`, `tune` and `score` compare them."""

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex.errors import named
from jaxtex.files import check_folder

if TYPE_CHECKING:
    from jaxtex.images import LoadedImage
    from jaxtex.style import Settings
    from jaxtex.style.metrics import Reference
    from jaxtex.vgg import VGG16


@dataclass(frozen=True, eq=False)
class Pair:
    """Both images, read."""

    content: "LoadedImage"
    style: "LoadedImage"
    background: tuple[float, float, float] | None = None
    """What is transparent lies on this colour; None: on one on which the content stands out."""

    def named(self) -> AbstractContextManager[None]:
        """Within it errors name the files where they speak of the content or of the style."""
        style = self.style.path
        return named({"content": self.content.path, "style 1": style, "style": style})

    def reference(
        self,
        network: "VGG16",
        *,
        size: int | None = None,
        read: bool = False,
        composition: float = 0.0,
        composed_at: int | None = None,
    ) -> "Reference":
        """What results are scored by; the options are those of `Reference`.

        Raises:
          ImageError: an image is too small, or the content has no lettering on a ground.
        """
        from jaxtex.style.metrics import Reference

        with self.named():
            return Reference(
                self.content.picture,
                self.style.picture,
                background=self.background,
                network=network,
                size=size,
                read=read,
                composition=composition,
                composed_at=composed_at,
            )

    def references(self, network: "VGG16") -> "Callable[[Settings], Reference]":
        """Makes what results of settings are scored by; those composed alike share theirs.

        What it returns raises ImageError as `reference` does.
        """
        made = functools.cache(
            lambda share, size: self.reference(network, composition=share, composed_at=size)
        )

        def of(settings: "Settings") -> "Reference":
            share = settings.composed
            return made(share, settings.size if share else None)

        return of


def load_pair(content: Path, style: Path, background: str) -> Pair:
    """Reads both images; `background` is `keep`, `transparent` or a colour.

    Raises:
      ImageError: one cannot be read.
      SettingsError: the background is not a colour.
    """
    from jaxtex import images
    from jaxtex.jobs.requests.inputs import background_color

    color = background_color(background)
    return Pair(images.load_image(content), images.load_image(style), color)


def load_for_folder(options: Mapping[str, Any]) -> Pair:
    """The pair of a command whose output is a folder, which `resume` lets go on in one that exists.

    Raises:
      ImageError: an image cannot be read.
      OutputError: the folder cannot be written, or holds files that must not be replaced.
      SettingsError: the background is not a colour.
    """
    pair = load_pair(options["content"], options["style"], options["background"])
    check_folder(options["output"], overwrite=options["overwrite"] or options["resume"])
    return pair
