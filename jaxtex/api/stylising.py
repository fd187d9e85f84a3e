"""Stylisations: of files as `jaxtex stylize` makes them, of arrays in memory."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtex import images
from jaxtex.api.desk import Picture, Pictures, desk, in_8_bits, is_file, several
from jaxtex.errors import SettingsError
from jaxtex.jobs import Front
from jaxtex.jobs.requests import OPTIONS, StylizeRequest
from jaxtex.jobs.requests.stylize_options import DEFAULTS, SIZE
from jaxtex.style.settings import OPTIONS as SETTINGS

if TYPE_CHECKING:
    from jaxtex.style import Hooks, Result
    from jaxtex.vgg import VGG16

# What the function says by other names, or itself.
_OTHERWISE = ("style_weight", "init")


def stylize(
    content: "Picture",
    style: "Pictures",
    *,
    preset: str | os.PathLike[str] = "steel",
    strength: float | int | None = None,
    style_weights: Sequence[float] | None = None,
    mask: "Picture | None" = None,
    init_image: "Picture | None" = None,
    style_mask: "Picture | None" = None,
    background: str = "keep",
    network: "VGG16 | None" = None,
    hooks: "Hooks | None" = None,
    front: Front | None = None,
    **options: Any,
) -> "Result":
    """Gives the logo `content` the lettering style of `style`.

    A content that is a file goes the way of `jaxtex stylize`: `options` are all of that command's
    (`output`, `svg`, `animate`, `checkpoint`, …), the longer side of the result has 512 pixels
    where neither `size` nor the preset says it, and its image is uint8. Nothing is written where no
    `output` is given. A content that is an array stays in memory: the image has its type and, where
    `size` does not say otherwise, its size.

    Args:
      content: the plain logo: a file, or `[h, w]`, `[h, w, 1]`, `[h, w, 3]` or `[h, w, 4]` with
        straight alpha, uint8, uint16 or float in [0, 1].
      style: an image of any size like `content`, or a sequence of such.
      preset: a name of `jaxtex presets` or a TOML file.
      strength: how far the style may go, 0 to 1 (preset `steel`).
      style_weights: how much each style counts; equal by default.
      mask: `[h, w]`, 1 where the image may change and 0 where it stays, or a file.
      init_image: the image to start from; with an array, give `init="file"` too.
      style_mask: `[h, w]` of a single style, 1 where it has its lettering, by hand, or a file.
      background: `keep` for what the content has, transparency too; `transparent` without a plain
        ground; or a colour to put the result on.
      network: with arrays: VGG16 with other weights than those that ship.
      hooks: with arrays: progress, frames, stop and checkpoint.
      front: with files: where words and progress go, and whom to ask whether to stop.
      **options: any field of `jaxtex.Settings`; with files any option of `jaxtex stylize`, with
        underscores.

    Returns:
      The result; its `image` is `[h, w, 3]`, or `[h, w, 4]` with straight alpha.

    Raises:
      JaxtexError: an image or option that cannot be used.
      DivergedError: the loss became non-finite; it carries the last good image.
    """
    from jaxtex.style.stylize import checked, stylize

    if not is_file(content):
        if front is not None:
            raise SettingsError("front: goes with files; with arrays give hooks")
        return stylize(
            content,
            [_array(each) for each in several(style)],
            preset=os.fspath(preset),
            strength=strength,
            style_weights=style_weights,
            mask=_array(mask, "#000000"),
            init_image=_array(init_image),
            style_mask=_array(style_mask, "#000000"),
            background=background,
            network=network,
            hooks=hooks,
            **options,
        )
    if network is not None or hooks is not None:
        raise SettingsError("network and hooks: go with arrays; with files give weights and front")
    given = _by_option(options)
    with desk() as place:
        request = StylizeRequest(
            {
                **given,
                "content": Path(content),
                "style": place.images(style, "style"),
                "preset": os.fspath(preset),
                "strength": strength,
                "style_weight": tuple(style_weights or ()),
                "mask": place.optional(mask, "mask"),
                "style_mask": place.optional(style_mask, "style_mask"),
                "init": given.get("init") or place.optional(init_image, "init_image"),
                "background": background,
                "output": place.output(given.get("output"), "image.png"),
            }
        )
        request.check()
        result = request.run(front or Front())
        if "output" in given:
            request.write(result)
    return checked(dataclasses.replace(result, image=in_8_bits(result.image)))


def stylize_batch(
    contents: "Sequence[Picture]",
    styles: "Pictures",
    *,
    preset: str | os.PathLike[str] = "steel",
    strength: float | int | None = None,
    background: str = "keep",
    network: "VGG16 | None" = None,
    hooks: "Hooks | None" = None,
    devices: Sequence[Any] | None = None,
    **options: Any,
) -> "list[Result]":
    """`stylize` for many jobs at once, in memory; jobs of one shape share each evaluation.

    `styles` is one image for all jobs, or a sequence with one for each. A job whose loss becomes
    non-finite ends with the status `diverged`; the others go on. The jobs are shared out to
    `devices`, by default all of this process; with a checkpoint, which any machine can go on from,
    only the first is used. `batch` is for more jobs than fit into memory.

    Args:
      contents: each a file or an array as `stylize` takes it.
      styles: as said above; files or arrays.
      preset, strength, background, network, hooks: as of `stylize`.
      devices: those of JAX that take part.
      **options: any field of `jaxtex.Settings`.

    Returns:
      A result for each content, in their order. Its image has the content's type, uint8 for a
      file; `size` is as in `stylize`.

    Raises:
      JaxtexError: an image or option that cannot be used, or as many styles as do not fit.
    """
    from jaxtex.style import resolve_settings
    from jaxtex.style.stylize import stylize_batch

    files = [is_file(content) for content in contents]
    if any(files) and resolve_settings(os.fspath(preset), strength, **options).size is None:
        options["size"] = SIZE
    one = is_file(styles) or (not isinstance(styles, list | tuple) and len(several(styles)) == 1)
    results = stylize_batch(
        [_array(content) for content in contents],
        _array(styles) if one else [_array(style) for style in several(styles)],
        preset=os.fspath(preset),
        strength=strength,
        background=background,
        network=network,
        hooks=hooks,
        devices=devices,
        **options,
    )
    return [
        dataclasses.replace(result, image=in_8_bits(result.image)) if file else result
        for result, file in zip(results, files, strict=True)
    ]


def _array(image: Any, ground: str | None = None) -> Any:
    """An image as an array, without its transparency where a ground is given for files."""
    if not is_file(image):
        return getattr(image, "image", image)
    loaded = images.load_image(image, background=ground or "#ffffff")
    return loaded.picture if ground is None else loaded.rgb


def _by_option(options: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `Settings` and options of the command, by the names that a request has them.

    Raises:
      SettingsError: there is no such option.
    """
    renamed = {field: option.name for field, option in SETTINGS.items()}
    given: dict[str, Any] = {}
    for name, value in options.items():
        option = OPTIONS.get(renamed.get(name, name))
        if option is None or (option.name in _OTHERWISE and name not in renamed):
            allowed = ", ".join(sorted(set(renamed) | set(OPTIONS)))
            raise SettingsError(f"option {name!r} is unknown; allowed are {allowed}")
        if value is None:
            value = DEFAULTS[option.name]
        elif option.kind == "file":
            value = Path(value)
        given[option.name] = value
    return given
