"""Plots of the texture commands, by matplotlib (extra `plots`); nothing is written here."""

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jaxtex.texture.search.interpolate import Interpolation


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def interpolation_figure(parts: Sequence["Interpolation"]) -> "Figure":
    """Satoh's fig. 5 of each part: s(t) and the locations on it; intervals and what was reached."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(parts), 6), layout="constrained")
    panels = figure.subplots(2, len(parts), squeeze=False)
    for (above, below), part in zip(panels.T, parts, strict=True):
        above.plot(part.grid_t, part.grid_mssim, color="0.4", linewidth=1)
        above.vlines(part.t, part.ends_mssim, part.mssim_from, color="0.8", linewidth=1)
        above.plot(part.t, part.mssim_from, "o", color="tab:blue")
        above.set_xlabel("location t on the path")
        above.set_ylabel("MSSIM to the first end")
        number = np.arange(1, len(part.t) + 1)
        below.errorbar(
            number,
            part.target,
            part.half_width,
            fmt="none",
            ecolor="0.4",
            capsize=4,
            label="interval",
        )
        for kind, colour, name in ((True, "tab:blue", "inside"), (False, "tab:red", "outside")):
            chosen = part.inside == kind
            if chosen.any():
                below.plot(number[chosen], part.reached[chosen], "o", color=colour, label=name)
        below.set_xlabel("texture")
        below.set_ylabel(f"MSSIM to the {'first end' if part.even == 'first' else 'one before'}")
        below.set_xticks(number[:: 1 + len(number) // 20])
        # Above the panel: within it, it would hide points.
        below.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, borderaxespad=0
        )
    return figure
