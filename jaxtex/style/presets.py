"""Presets as data: the papers' layers and coefficients, and the house preset `steel`.

A preset file is TOML with the fields of `Settings`; it may start from a preset by name.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from jaxtex.errors import SettingsError
from jaxtex.style.settings import Settings

# The papers' presets work on the images as they are: no margin, one scale, no further terms.
_PLAIN: dict[str, Any] = {
    "silhouette": 0.0,
    "skeleton": 0.0,
    "ink": 0.0,
    "contrast": 0.0,
    "finish_steps": 0,
    "box": "end",
    "scales": 1,
    "strength": None,
    "margin": 0,
    "canvas": "rgb",
}

PRESETS: dict[str, Settings] = {
    "steel": Settings(),
    # Network of Steel, its best cell: table 9, coarse 2000, deep 200. S1 ran 50,000 iterations.
    "network-of-steel": Settings(
        preset="network-of-steel",
        layers={"conv1_1": 2000, "conv1_2": 2000, "conv4_1": 200, "conv4_2": 200, "conv4_3": 200},
        content_weight=1.0,
        normalization="paper",
        tv=0.001,
        optimizer="adam",
        learning_rate=1.0,
        steps=1000,
        **_PLAIN,
    ),
    # The PyTorch code that S1 compares with, by its defaults, but started from the content image.
    "reference": Settings(
        preset="reference",
        layers=dict.fromkeys(("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"), 100.0),
        content_weight=5.0,
        normalization="reference",
        features="relu",
        tv=0.001,
        optimizer="lbfgs",
        learning_rate=1.0,
        steps=500,
        **_PLAIN,
    ),
    # Gatys, Ecker and Bethge 2016 on the layers of S1's table 1: total style weight 1000, 0.2 each.
    "gatys": Settings(
        preset="gatys",
        layers=dict.fromkeys(("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"), 200.0),
        content_weight=1.0,
        normalization="gatys",
        features="relu",
        optimizer="lbfgs",
        learning_rate=1.0,
        steps=500,
        **_PLAIN,
    ),
}

DESCRIPTIONS: dict[str, str] = {
    "steel": "the default: bold, clean, legible letters in the band's manner",
    "network-of-steel": "the paper to the letter: eq. 3, Adam, its best coefficients",
    "reference": "the PyTorch code the paper compares with (ReLU features, L-BFGS)",
    "gatys": "Gatys, Ecker and Bethge 2016, the paper's baseline",
}


def find_preset(name: str | os.PathLike[str]) -> Settings:
    """The settings of a preset by name, or of a TOML file.

    Raises:
      SettingsError: no such preset, or a file that cannot be read or holds unknown options.
    """
    if str(name) in PRESETS:
        return PRESETS[str(name)]
    path = Path(name)
    if path.suffix != ".toml":
        raise SettingsError(
            f"preset: {str(name)!r} is unknown; allowed are {', '.join(PRESETS)} or a .toml file"
        )
    try:
        options = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"preset: {path} cannot be read as TOML ({error})") from None
    try:
        return settings_from(options)
    except SettingsError as error:
        raise SettingsError(f"preset: {path}: {error}") from None


def resolve_settings(
    preset: str = "steel", strength: float | None = None, **options: Any
) -> Settings:
    """A preset with `strength` and options applied.

    Raises:
      SettingsError: an unknown preset or option, a value outside its range, or a strength for a
        preset without that knob.
    """
    settings = find_preset(preset)
    if strength is not None:
        settings = settings.at_strength(strength)
    return settings.with_options(**options)


def settings_from(options: Mapping[str, Any]) -> Settings:
    """The settings of a TOML table: fields of `Settings`, and the preset to start from.

    Raises:
      SettingsError: an unknown preset or option, or a value outside its range.
    """
    options = dict(options)
    base, strength = options.pop("preset", "steel"), options.pop("strength", None)
    if not isinstance(base, str) or base not in PRESETS:
        raise SettingsError(
            f"it starts from {base!r}, which is unknown; allowed are {', '.join(PRESETS)}"
        )
    if not isinstance(options.get("layers", {}), dict):
        raise SettingsError("layers must be a table such as conv4_1 = 1.0")
    settings = PRESETS[base]
    settings = settings if strength is None else settings.at_strength(strength)
    return settings.with_options(**options)


def preset_toml(settings: Settings) -> str:
    """A preset file: what `settings` began as, and where they differ. `find_preset` reads it back.

    Layers of coefficient 0 are left out.
    """
    base = PRESETS[settings.preset]
    lines = [f'preset = "{settings.preset}"']
    if settings.strength is not None:
        lines.append(f"strength = {settings.strength!r}")
        base = base.at_strength(settings.strength)
    for name in (field.name for field in fields(Settings)):
        value = getattr(settings, name)
        if name not in ("preset", "strength", "layers") and value != getattr(base, name):
            # Numbers and strings of settings are written alike in JSON and TOML.
            lines.append(f"{name} = {json.dumps(value)}")
    lines += ["", "[layers]"]
    lines += [f"{layer} = {settings.layers[layer]!r}" for layer in settings.style_layers]
    return "\n".join(lines) + "\n"
