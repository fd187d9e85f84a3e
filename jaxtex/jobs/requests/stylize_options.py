"""All options of a stylisation: those of its settings, and those of the request about them.

`jaxtex stylize` and its help, the columns of manifests, `--set`, the reference page and forms come
from `OPTIONS`. JAX is imported only where settings are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jaxtex.errors import SettingsError
from jaxtex.jobs.requests.common import CHECKPOINT_EVERY, MAX_MEMORY
from jaxtex.options import Option
from jaxtex.style.settings import FILES, LOOK, OBJECTIVE, RESULT, RUN
from jaxtex.style.settings import OPTIONS as SETTINGS

if TYPE_CHECKING:
    from jaxtex.style import Settings

INITS = ("content", "noise", "style")
"""What `init` may be besides a file."""

SIZE = 512
"""The longer side where neither an option nor the preset says it."""

GROUPS: tuple[str, ...] = (RESULT, LOOK, OBJECTIVE, RUN, FILES)


def _file(
    name: str, help: str, *, group: str = FILES, of_a_job: bool = False, **more: Any
) -> Option:
    return Option(name=name, kind="file", help=help, group=group, of_a_job=of_a_job, **more)


_REQUEST = (
    _file("output", "The image to write.", group=RESULT, short="-o", first=True, of_a_job=True,
          required=True),
    Option(
        name="background",
        kind="text",
        help="As in the content, none, or a colour to put a transparent content on.",
        group=RESULT,
        default="keep",
        choices=("keep", "transparent"),
        shape="'#rrggbb'",
        first=True,
    ),
    _file("mask", "White where the image may change, black or transparent where not.", group=RESULT,
          of_a_job=True),
    _file("style_mask", "White where the style image has its lettering, by hand.", group=LOOK,
          of_a_job=True),
    Option(
        name="style_weight",
        kind="number",
        help="Weight of each style, in order.",
        group=LOOK,
        otherwise="all alike",
        several=True,
    ),
    MAX_MEMORY,
    Option(
        name="device",
        kind="choice",
        help="What to compute on.",
        group=RUN,
        otherwise="the best there is",
        choices=("cpu", "gpu", "tpu"),
        optional=True,
        of_a_job=False,
    ),
    _file("svg", "Write a flat logo's result as paths too, as .svg.", first=True),
    _file("animate", "Write the run as an animated .gif or as .mp4.", first=True),
    Option(
        name="animate_frames",
        kind="whole",
        help="About how many frames --animate shows, unless --save-every says it.",
        group=FILES,
        default=40,
        low=2,
        high=1000,
        of_a_job=False,
    ),
    _file("history", "Write the losses as .csv or .png."),
    Option(
        name="save_every",
        kind="whole",
        help="Write OUTPUT-00010.png … every N steps.",
        group=FILES,
        low=1,
        optional=True,
        of_a_job=False,
    ),
    _file("weights", "Other VGG16 weights (safetensors)."),
    _file("checkpoint", "Folder for checkpoints."),
    CHECKPOINT_EVERY,
    Option(
        name="resume",
        kind="flag",
        help="Go on from the checkpoint, if there is one.",
        group=FILES,
        default=False,
        of_a_job=False,
    ),
    Option(
        name="overwrite",
        kind="flag",
        help="Replace existing outputs.",
        group=FILES,
        default=False,
        first=True,
        of_a_job=False,
    ),
)  # fmt: skip


def _as_asked_for(option: Option) -> Option:
    if option.name == "init":
        return replace(option, kind="text", choices=INITS, shape="FILE", whose="steel")
    return replace(option, whose="steel")


_SETTINGS = {option.name: _as_asked_for(option) for option in SETTINGS.values()}

OPTIONS: dict[str, Option] = {
    option.name: option
    for group in GROUPS
    for option in sorted((*_SETTINGS.values(), *_REQUEST), key=lambda each: not each.required)
    if option.group == group
}
"""By name, group after group."""

DEFAULTS: dict[str, Any] = {
    name: None if name in _SETTINGS else option.default for name, option in OPTIONS.items()
} | {option.name: () for option in OPTIONS.values() if option.several}
"""What an option is where it is not given: those of settings leave it to the preset."""


def settings_of(options: Mapping[str, Any]) -> "Settings":
    """The settings that options of `stylize` (by their names with underscores) ask for.

    Raises:
      SettingsError: an unknown preset, or a value outside its range.
    """
    from jaxtex.style import resolve_settings

    chosen = {
        name: options[option.name]
        for name, option in SETTINGS.items()
        if _is_given(option, options.get(option.name))
    }
    preset, strength = chosen.pop("preset", None) or "steel", chosen.pop("strength", None)
    if "layers" in chosen and not isinstance(chosen["layers"], Mapping):
        chosen["layers"] = parse_layers(chosen["layers"])
    if "init" in chosen and chosen["init"] not in INITS:
        chosen["init"] = "file"
    settings = resolve_settings(preset, strength, **chosen)
    return settings if settings.size is not None else settings.with_options(size=SIZE)


def _is_given(option: Option, value: Any) -> bool:
    """Whether a value says something: a flag that is false leaves the preset's, as None does."""
    return bool(value) if option.kind == "flag" or option.several else value is not None


def parse_layers(values: Sequence[str]) -> dict[str, float]:
    """The coefficients of `conv4_1=200` and the like.

    Raises:
      SettingsError: one looks otherwise, or a layer is given twice.
    """
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
    return layers
