"""The options of a stylisation: one frozen class that checks itself and describes itself."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, no_type_check

from jaxtex.errors import SettingsError
from jaxtex.style.objective import Normalization
from jaxtex.style.optimise import Optimizer
from jaxtex.vgg import FeatureKind, Pool, check_layer

Box = Literal["soft", "end", "project"]
Canvas = Literal["auto", "ink", "grey", "rgb"]
Init = Literal["content", "noise", "style", "file"]
Precision = Literal["float32", "bfloat16"]

_CHOICES: dict[str, Any] = {
    "normalization": Normalization,
    "features": FeatureKind,
    "pool": Pool,
    "optimizer": Optimizer,
    "box": Box,
    "canvas": Canvas,
    "init": Init,
    "precision": Precision,
}
# name: (lowest, highest)
_RANGES: dict[str, tuple[float, float]] = {
    "content_weight": (0, 1e12),
    "tv": (0, 1e12),
    "l2": (0, 1e12),
    "silhouette": (0, 1e6),
    "skeleton": (0, 1e6),
    "ink": (0, 1e6),
    "contrast": (0, 100),
    "learning_rate": (1e-6, 1e4),
    "strength": (0, 1),
    "steps": (1, 1_000_000),
    "finish_steps": (0, 1_000_000),
    "scales": (1, 6),
    "size": (1, 16_384),
    "style_size": (1, 16_384),
    "margin": (0, 4_096),
    "seed": (0, 2**32 - 1),
}
_WHOLE = {"steps", "finish_steps", "scales", "size", "style_size", "margin", "seed"}
_OPTIONAL = {"strength", "scales", "size", "style_size", "margin"}


@no_type_check  # at run time: the class checks its values itself, and says more
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a result besides the images. The defaults are those of `steel`.

    Raises:
      SettingsError: an option is unknown or outside its range.
    """

    preset: str = "steel"
    """The name of the preset that these settings began as."""
    layers: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(
            ("conv1_1", "conv1_2", "conv4_1", "conv4_2", "conv4_3"), 1.0
        )
    )
    """The coefficients c_l of the style layers."""
    content_layer: str = "conv4_2"
    content_weight: float = 0.08
    """The content term's weight w_c."""
    normalization: Normalization = "relative"
    """How the errors are normalised: see `objective.style_loss`."""
    features: FeatureKind = "conv"
    """Features before (conv) or after (relu) the ReLU."""
    pool: Pool = "max"
    tv: float = 0.0
    """Total variation weight λ, for an image in grey levels."""
    l2: float = 0.0
    """Weight of the squared pixels about mid-grey, in grey levels."""
    silhouette: float = 1.0
    """Weight of ink far from the content's, w_s."""
    skeleton: float = 16.0
    """Weight, relative to `silhouette`, of the middles of strokes and of the gaps between them."""
    ink: float = 3.0
    """Weight of colours that are not the content's, in the last phase, w_i."""
    contrast: float = 1.5
    """Steepness of the levels curve that the finished ink canvas goes through; 0: none."""
    box: Box = "soft"
    """How pixels stay displayable: a penalty, clipped at the end, or projected every Adam step."""
    optimizer: Optimizer = "lbfgs"
    learning_rate: float = 2.0
    """Adam's step, or the mean change of L-BFGS's first step, in grey levels."""
    steps: int = 150
    """Evaluations of the objective in all scales together."""
    finish_steps: int = 30
    """Further evaluations with the ink term."""
    scales: int | None = None
    """How many sizes to go through, each twice the last; None: by `strength` and stroke width."""
    strength: float | None = 0.5
    """How far the style may go, 0 to 1; None where the preset has no such knob."""
    size: int | None = None
    """The longer side of the result in pixels; None: the content's own."""
    style_size: int | None = None
    """The longer side of the style images; None: as the content's ink, or as its canvas."""
    margin: int | None = None
    """Background round the images while they are worked on; None: a twelfth of the width."""
    keep_margin: bool = False
    """Whether the result keeps the margin."""
    canvas: Canvas = "auto"
    """What is optimised: coverage with ink, luminance or RGB; auto: by the images' colours."""
    preserve_color: bool = False
    """Take only the luminance from the stylised image."""
    init: Init = "content"
    seed: int = 0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        for name, choice in _CHOICES.items():
            value = getattr(self, name)
            if value not in get_args(choice):
                allowed = ", ".join(get_args(choice))
                raise SettingsError(f"{_option(name)}: {value!r} is unknown; allowed are {allowed}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            object.__setattr__(self, name, _number(name, value, low, high))
        for name in ("keep_margin", "preserve_color"):
            if not isinstance(getattr(self, name), bool):
                raise SettingsError(
                    f"{_option(name)}: {getattr(self, name)!r} is neither true nor false"
                )
        check_layer(str(self.content_layer))
        layers = {
            check_layer(layer): _number(f"layer {layer}", coefficient, 0, 1e12)
            for layer, coefficient in self.layers.items()
        }
        if not any(layers.values()):
            raise SettingsError("layers: at least one coefficient must be above 0")
        object.__setattr__(self, "layers", layers)
        if self.box == "project" and self.optimizer != "adam":
            raise SettingsError(
                "box: 'project' needs the optimizer 'adam'; L-BFGS takes soft or end"
            )

    def at_strength(self, strength: float | int) -> "Settings":
        """These settings with the style going further (towards 1) or less far (towards 0).

        Raises:
          SettingsError: the preset has no such knob, or `strength` is not from 0 to 1.
        """
        if self.strength is None:
            raise SettingsError(f"strength: the preset {self.preset!r} has no such knob; steel has")
        strength = float(_number("strength", strength, 0, 1))
        # Powers of two about the weights of the strength that these settings have.
        weaker = 2.0 ** (2 * (self.strength - strength))
        return dataclasses.replace(
            self,
            strength=strength,
            content_weight=self.content_weight * weaker,
            silhouette=self.silhouette * weaker,
            skeleton=self.skeleton * weaker**2,
        )

    def with_options(self, **options: Any) -> "Settings":
        """These settings with some options replaced.

        Raises:
          SettingsError: an option is unknown, or a value is outside its range.
        """
        names = {f.name for f in dataclasses.fields(self)}
        for name in options:
            if name not in names:
                raise SettingsError(
                    f"option {name!r} is unknown; allowed are {', '.join(sorted(names))}"
                )
        return dataclasses.replace(self, **options)

    @property
    def style_layers(self) -> tuple[str, ...]:
        """The layers that are computed: those whose coefficient is not 0."""
        return tuple(layer for layer, coefficient in self.layers.items() if coefficient)

    def to_dict(self) -> dict[str, Any]:
        """These settings as JSON values."""
        return {**dataclasses.asdict(self), "layers": dict(self.layers)}


def _option(name: str) -> str:
    return name if name.startswith("layer ") else name.replace("_", "-")


def _number(name: str, value: Any, low: float | int, high: float | int) -> float | int:
    whole = name in _WHOLE
    kind = "a whole number" if whole else "a number"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(f"{_option(name)}: {value!r} is not {kind} from {low:g} to {high:g}")
    if not low <= value <= high or (whole and value != int(value)):
        raise SettingsError(f"{_option(name)}: {value!r} is not {kind} from {low:g} to {high:g}")
    return int(value) if whole else float(value)
