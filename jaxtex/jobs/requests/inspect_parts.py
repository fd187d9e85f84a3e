"""What an image was taken for: its parts in words, as JSON values and as pictures to look at."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from jaxtex import images
from jaxtex.style.separation import (
    RGB,
    Ink,
    Map,
    Picture,
    StyleParts,
    is_grey,
    main_colors,
)

# What deviates less is opaque, or plain.
_OPAQUE, _PLAIN = 0.99, 0.02
# Coverage, as a share of the most, that is full; and the share of ink that listed colours have.
_FULL, _LISTED = 0.95, 0.9
_NAMES = {"#ffffff": "white", "#000000": "black"}


class Taken(NamedTuple):
    """What an image was taken for as a content or as a style."""

    about: dict[str, Any]
    """As JSON values; `said` is all of it in words."""
    cells: tuple[tuple[Picture, str], ...]
    """Pictures of its parts, with what they show; none where no sheet is asked for."""


def of_no_logo(opaque: RGB) -> Taken:
    """A content that is not taken apart."""
    grey = is_grey(opaque)
    said = "no logo, worked on in RGB"
    if grey:
        said = "no logo, worked on in grey where the styles are grey, too"
    return Taken({"kind": "picture", "said": said, "grey": grey}, ())


def of_content_ink(ink: Ink) -> Taken:
    """A content that is."""
    full = ink.coverage >= _FULL * ink.coverage.max()
    low, high = (float(each) for each in np.percentile(ink.opacity[full], (1, 99)))
    alpha = None if low >= _OPAQUE else (low, high)
    colors, covered = _shares(ink.color[full]), float(ink.coverage.mean())
    ground, on = _ground(ink)
    inked = _ink_words(colors, alpha)
    about = {
        "kind": "logo",
        "said": f"{inked} on {on}, {_percent(covered)} covered",
        "colors": colors,
        "covered": round(covered, 4),
        "alpha": [round(low, 4), round(high, 4)],
        "ground": ground,
    }
    behind = images.join(ink.ground, None if ink.ground_alpha.min() == 1 else ink.ground_alpha)
    return Taken(
        about, (*_ink_cells(ink.coverage, ink.color, inked, covered), (behind, f"on {on}"))
    )


def _ground(ink: Ink) -> tuple[dict[str, Any], str]:
    """What lies behind a content's ink, as JSON values and in words."""
    alpha = there = ink.ground_alpha
    color, plain = None, ""
    if ink.outer is not None and ink.outer_alpha is not None:
        color, there = images.format_color(ink.outer), ink.outer_alpha
        plain = _NAMES.get(color, color)
    own: list[dict[str, Any]] = []
    if there.max() <= _PLAIN:
        kind, said = ("transparent", "a transparent ground") if color is None else ("plain", plain)
    else:
        kind, said = "own", "a ground of its own"
        own = _shares(ink.ground[there > 0.5 * there.max()])
        if own and own[0]["share"] > 0.5:
            said += f" ({own[0]['color']})"
        if alpha.min() < _OPAQUE:
            said += ", transparent round it"
        elif color is not None:
            said += f" on {plain}"
    low, high = float(alpha.min()), float(alpha.max())
    return {
        "kind": kind,
        "color": color,
        "own": own,
        "alpha": [round(low, 4), round(high, 4)],
    }, said


def of_style(parts: StyleParts, opaque: RGB, height: int, width: int) -> Taken:
    """A style, whose image is `opaque`; pictures are of `height` × `width` pixels."""
    ground = images.format_color(parts.ground)
    about: dict[str, Any] = {"kind": parts.kind, "said": parts.said, "ground": ground}
    if parts.coverage is None or parts.color is None:
        return Taken(about, ())
    full = parts.coverage >= _FULL * parts.coverage.max()
    colors = _shares(parts.color[full])
    covered, inked = float(parts.coverage.mean()), _ink_words(colors)
    said = f"{parts.said} ({ground}), {inked}, {_percent(covered)} covered"
    about |= {"said": said, "colors": colors, "covered": round(covered, 4)}
    coverage, color = (images.resize(each, height, width) for each in (parts.coverage, parts.color))
    behind = np.broadcast_to(parts.ground, color.shape)
    return Taken(
        about, (*_ink_cells(coverage, color, inked, covered), (behind, f"ground about {ground}"))
    )


def _shares(colors: Float32[np.ndarray, "n 3"]) -> list[dict[str, Any]]:
    return [
        {"color": images.format_color(color), "share": round(share, 4)}
        for color, share in main_colors(colors)
    ]


def _ink_words(
    colors: Sequence[Mapping[str, Any]], alpha: tuple[float, float] | None = None
) -> str:
    names = [each["color"] for each in colors]
    if sum(each["share"] for each in colors) < _LISTED:
        count, names = "many colours", [*names[:3], "…"]
    else:
        count = "one colour" if len(names) == 1 else f"{len(names)} colours"
    if alpha is not None:
        low, high = (f"{each:.2f}" for each in alpha)
        names.append(f"alpha {low}" if low == high else f"alpha {low} to {high}")
    return f"ink in {count} ({', '.join(names)})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"


def _ink_cells(
    coverage: Map, color: RGB, inked: str, covered: float
) -> tuple[tuple[Picture, str], ...]:
    black = np.repeat(1 - coverage[..., None], 3, axis=-1)
    return (black, f"ink, {_percent(covered)} covered"), (images.join(color, coverage), inked)
