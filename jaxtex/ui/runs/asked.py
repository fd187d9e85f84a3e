"""What a run's folder asks for, as the options of `jaxtex stylize`, and as its line of command."""

import shlex
from collections.abc import Mapping
from typing import Any

from jaxtex.errors import SettingsError
from jaxtex.jobs.requests.stylize_options import DEFAULTS, OPTIONS, settings_of
from jaxtex.options import Option
from jaxtex.ui.runs.run import Run

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Those that are shown at a glance."""

# Files of the server's own, and what a server decides for all.
_NOT_HERE = ("output", "mask", "style_mask")
FORM: dict[str, Option] = {
    name: option
    for name, option in OPTIONS.items()
    if option.of_a_job and name not in _NOT_HERE and option.kind != "file"
}
"""The options that a page offers, by name; masks and an image to start from are images of a run."""

_IMAGES = ("mask", "style_mask", "init")


def check_options(given: Mapping[str, Any]) -> None:
    """Refuses options as the command line does, as far as that needs no image.

    Raises:
      SettingsError: a value out of range, or two that do not go together.
    """
    for name, value in given.items():
        if name not in FORM:
            raise SettingsError(f"option {name!r} is unknown")
        _check_type(FORM[name], value)
    if given.get("preset") is not None:
        _check_preset(given["preset"])
    background = given.get("background", "keep")
    if background not in ("keep", "transparent"):
        from jaxtex.images import parse_color

        parse_color(background)
    settings_of(DEFAULTS | dict(given))


def options_of(run: Run, given: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The options of a run as `StylizeRequest` takes them; `more` come on top.

    `given` stand in the place of those that the run asks for.

    Raises:
      SettingsError: an option that is refused.
    """
    request = run.request
    given = request.get("options", {}) if given is None else given
    check_options(given)
    images: dict[str, Any] = {
        role: run.input(request[role]) for role in _IMAGES if request.get(role) is not None
    }
    if "init" in images:
        images["init"] = str(images["init"])
    return {
        "content": run.input(request["content"]),
        "style": tuple(run.input(name) for name in request["styles"]),
        "output": run.folder / "result.png",
        "overwrite": True,
        **given,
        **images,
        **more,
    }


def command_line(run: Run, output: str = "out.png", *, preset: str | None = None) -> str:
    """The `jaxtex stylize …` that makes the same bytes, from images of the names they came by.

    With `preset`, a file that `preset.toml` of the run is kept as, it stands for the settings.
    """
    request = run.request
    words = ["jaxtex", "stylize", request["content"], *request["styles"], "-o", output]
    for name, value in request.get("options", {}).items():
        option = FORM[name]
        if preset is not None and name not in ("background", "style_weight"):
            continue
        if option.kind == "flag":
            words += [option.flag] if value else []
        else:
            for each in value if option.several else (value,):
                words += [option.flag, f"{each:g}" if isinstance(each, float) else str(each)]
    if preset is not None:
        words += ["--preset", preset]
    for role in _IMAGES:
        if request.get(role) is not None:
            words += [OPTIONS[role].flag, request[role]]
    return shlex.join(words)


def field_of(error: str) -> str | None:
    """The option that a refusal is about, by how its sentence begins; None: about none."""
    start = error.partition(":")[0].removeprefix("--").strip().split(" ")[0].replace("-", "_")
    if start in ("layers", "layer"):
        return "layer"
    return start if start in FORM else None


def parse(option: Option, words: str) -> Any:
    """What someone typed, as a value of the option; None where nothing was.

    Raises:
      SettingsError: it is no number where one is needed.
    """
    words = words.strip()
    if not words:
        return None
    if option.several:
        parts = words.replace(",", " ").split()
        return [_number(option, each) for each in parts] if option.kind == "number" else parts
    return _number(option, words) if option.kind in ("number", "whole") else words


def _number(option: Option, words: str) -> float | int:
    try:
        value = float(words)
    except ValueError:
        option.check(words)
        raise
    if option.kind == "whole" and value.is_integer():
        return int(value)
    return value


def _check_type(option: Option, value: Any) -> None:
    for each in value if option.several and isinstance(value, list) else (value,):
        if option.kind in ("number", "whole", "flag"):
            option.check(each)
        elif not isinstance(each, str):
            raise SettingsError(f"{option.shown}: {each!r} is no text")


def _check_preset(name: str) -> None:
    """A page has presets by name: a file would be one of the server's."""
    from jaxtex.style.presets import PRESETS

    if name not in PRESETS:
        allowed = ", ".join(PRESETS)
        raise SettingsError(f"preset: {name!r} is unknown; allowed are {allowed}")
