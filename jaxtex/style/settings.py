"""The options of a stylisation: one frozen class that checks itself and describes itself.

A field has all that is said of its option: type, range, words, group. JAX is not needed here, so
that a command's help answers at once.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, no_type_check

from jaxtex.errors import SettingsError
from jaxtex.options import number, option, options_of, word_or_share
from jaxtex.vgg import LAYERS, FeatureKind, Pool, check_layer

Normalization = Literal["relative", "paper", "gatys", "reference"]
Optimizer = Literal["adam", "lbfgs"]
Box = Literal["soft", "end", "project"]
Canvas = Literal["auto", "ink", "grey", "rgb"]
StyleKind = Literal["auto", "plain", "busy", "texture"]
MirrorEnds = Literal["off", "left", "right"]
Init = Literal["content", "noise", "style", "file"]
Precision = Literal["float32", "tensorfloat32", "bfloat16"]
"""Of the products in convolutions and Gram matrices, which are summed up in float32.

`float32` is what it says everywhere: where the hardware multiplies in less, a product is made of
several. `tensorfloat32` takes TF32 on GPUs that have it, three products of bfloat16 parts on TPUs
and float32 on CPUs. `bfloat16` keeps features, too, in that type. Settings may say `auto`: on CPUs
float32, or bfloat16 for large images where oneDNN multiplies it in hardware; tensorfloat32
elsewhere (docs/scaling.md says why).
"""

RESULT, LOOK, OBJECTIVE, RUN, FILES = (
    "The result", "The look", "The objective", "The run", "Files",
)  # fmt: skip
"""The groups of options, as help and forms have them."""

_LARGEST = 1e12


def _house_layers() -> Mapping[str, float]:
    return dict.fromkeys(("conv1_1", "conv1_2", "conv4_1", "conv4_2", "conv4_3"), 1.0)


@no_type_check  # at run time: the class checks its values itself, and says more
@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a result besides the images. The defaults are those of `steel`.

    Raises:
      SettingsError: an option is unknown or outside its range.
    """

    preset: str = option(
        "steel",
        "A name of `jaxtex presets`, or a TOML file.",
        group=LOOK,
        otherwise="steel",
        first=True,
        shape="NAME|FILE",
    )
    layers: Mapping[str, float] = option(
        _house_layers,
        "Style layer and its coefficient c_l; given once or more it replaces the preset's layers.",
        group=OBJECTIVE,
        name="layer",
        kind="text",
        several=True,
        shape="NAME=C",
    )
    content_layer: str = option(
        "conv4_2", "Layer that keeps the content.", group=OBJECTIVE, choices=LAYERS, shape="NAME"
    )
    content_weight: float = option(
        0.08, "Weight w_c of the content term.", group=OBJECTIVE, low=0, high=_LARGEST
    )
    normalization: Normalization = option(
        "relative", "How the errors of layers are normalised.", group=OBJECTIVE
    )
    features: FeatureKind = option(
        "conv", "Features before (conv) or after (relu) the ReLU.", group=OBJECTIVE
    )
    pool: Pool = option("max", "How VGG16 halves its maps.", group=OBJECTIVE)
    tv: float = option(
        0.0,
        "Weight of total variation, of an image in grey levels.",
        group=OBJECTIVE,
        low=0,
        high=_LARGEST,
    )
    l2: float = option(
        0.0,
        "Weight of the squared pixels about mid-grey, in grey levels.",
        group=OBJECTIVE,
        low=0,
        high=_LARGEST,
    )
    silhouette: float = option(
        1.0, "Weight w_s of ink far from the content's.", group=OBJECTIVE, low=0, high=1e6
    )
    skeleton: float = option(
        16.0,
        "Weight of the middles of strokes and gaps, as a multiple of --silhouette.",
        group=OBJECTIVE,
        low=0,
        high=1e6,
    )
    ink: float = option(
        3.0,
        "Weight w_i of colours that are not the content's, in the last phase.",
        group=OBJECTIVE,
        low=0,
        high=1e6,
    )
    contrast: float = option(
        1.5, "Steepness of the last levels curve on ink; 0: none.", group=LOOK, low=0, high=100
    )
    box: Box = option(
        "soft",
        "How pixels stay displayable: by a penalty, clipped at the end, or projected at every "
        "step of Adam.",
        group=OBJECTIVE,
    )
    optimizer: Optimizer = option("lbfgs", "How the objective is minimised.", group=RUN)
    learning_rate: float = option(
        2.0,
        "Adam's step, or the mean change of L-BFGS's first one, in grey levels.",
        group=RUN,
        low=1e-6,
        high=1e4,
    )
    steps: int = option(
        150,
        "Evaluations of the objective, all scales together.",
        group=RUN,
        low=1,
        high=1_000_000,
        first=True,
    )
    finish_steps: int = option(
        15, "Further evaluations with the ink term.", group=RUN, low=0, high=1_000_000
    )
    scales: int | None = option(
        None,
        "How many sizes to go through, coarse to fine, each twice the last.",
        group=RUN,
        otherwise="by strength and width of the strokes",
        low=1,
        high=6,
    )
    strength: float | None = option(
        0.5,
        "How far the style may go, 0 to 1; a knob of steel.",
        group=LOOK,
        low=0,
        high=1,
        first=True,
    )
    size: int | None = option(
        None,
        "Longer side of the result in pixels.",
        group=RESULT,
        otherwise="512",
        low=1,
        high=16_384,
        first=True,
    )
    draft: bool = option(
        False,
        "A first look: half the size's detail, and a sixth of the evaluations.",
        group=RESULT,
    )
    style_size: int | None = option(
        None,
        "Longer side of the style images in pixels.",
        group=LOOK,
        otherwise="as the content's ink, or its canvas",
        low=1,
        high=16_384,
    )
    margin: int | None = option(
        None,
        "Background round the images while at work, in pixels.",
        group=RUN,
        otherwise="a twelfth of the width",
        low=0,
        high=4_096,
    )
    keep_margin: bool = option(False, "Leave the margin in the result.", group=RESULT)
    canvas: Canvas = option(
        "auto",
        "What is optimised: coverage with ink, luminance or RGB; auto: ink where the content is a "
        "logo.",
        group=LOOK,
    )
    style_kind: StyleKind = option(
        "auto",
        "What the style images are: lettering on a plain or a busy ground, or a texture, which "
        "fills the letters; auto finds out.",
        group=LOOK,
    )
    colors: str = option(
        "auto",
        "Whose colours the result has: the content's, the style's, or one colour for all ink; "
        "auto: a texture's own, else the content's.",
        group=LOOK,
        kind="text",
        choices=("auto", "content", "style"),
        shape="'#rrggbb'",
        first=True,
    )
    composition: str = option(
        "keep",
        "How the letters are laid out: as they are, as the band's (tall ends, arch), or by so much "
        "of the way.",
        group=LOOK,
        kind="text",
        choices=("keep", "band"),
        shape="0..1",
    )
    ends: float = option(
        0.0,
        "How far the first and the last letter take the manner of the band's own, 0 to 1; for "
        "logos.",
        group=LOOK,
        low=0,
        high=1,
    )
    mirror_ends: MirrorEnds = option(
        "off",
        "With --ends: the end of the band that both ends are given, mirrored on the other side.",
        group=LOOK,
    )
    preserve_color: bool = option(
        False,
        "Keep the content's colours: take only the luminance from the stylised image.",
        group=LOOK,
    )
    init: Init = option("content", "What the run starts from.", group=RUN)
    seed: int = option(0, "For --init noise.", group=RUN, low=0, high=2**32 - 1)
    precision: Literal["auto", Precision] = option(
        "auto",
        "Of products in convolutions and Gram matrices; auto: the fastest whose pictures are "
        "as good.",
        group=RUN,
    )

    def __post_init__(self) -> None:
        for name, declared in OPTIONS.items():
            if name not in ("preset", "layers", "content_layer"):
                object.__setattr__(self, name, declared.check(getattr(self, name)))
        object.__setattr__(
            self, "composition", word_or_share("composition", self.composition, "keep", "band")
        )
        check_layer(str(self.content_layer))
        layers = {
            check_layer(layer): number(f"layer {layer}", coefficient, 0, _LARGEST)
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
        strength = number("strength", strength, 0, 1)
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

    @property
    def composed(self) -> float:
        """How far letters are laid out as the band's, 0 to 1."""
        words = {"keep": 0.0, "band": 1.0}
        return words[self.composition] if self.composition in words else float(self.composition)

    def to_dict(self) -> dict[str, Any]:
        """These settings as JSON values."""
        return {**dataclasses.asdict(self), "layers": dict(self.layers)}


OPTIONS = options_of(Settings)
"""The options that settings are made of, by the names of fields."""
