"""Each letter's readability: a word of nine good letters and a bad one is hard to read, too.

docs/metrics.md has the definition.
"""

import contextlib
import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from jaxtex.errors import ImageError
from jaxtex.style.composition import Box, find_glyphs
from jaxtex.style.metrics.lettering import Lettering
from jaxtex.style.metrics.metric import Metric
from jaxtex.style.separation import RGB, Map

# Of a stroke's width, how much of what is round a letter is looked at with it.
_ROUND = 0.5


class Letters(NamedTuple):
    """How readable single letters are; not numbers where the content has none."""

    weakest_letter: float
    """The least readable letter."""
    first_letter: float
    """The first letter of the first line."""
    last_letter: float
    """The last letter of the last line."""


def prepare(lettering: Lettering, style: RGB) -> Callable[[RGB], Letters]:
    """What measures the letters of results of a content."""
    presence = lettering.presence(lettering.content)[0]
    found = find_glyphs(presence)
    # What is nearer to another letter is that one's, spikes and all.
    places = ndimage.distance_transform_edt(
        found.labels == 0, return_distances=False, return_indices=True
    )
    nearest = found.labels[tuple(places)]
    alone = []
    for glyph in itertools.chain(*found.lines):
        part = _about(glyph.box, round(_ROUND * lettering.stroke))
        own = nearest[part] == glyph.label
        # A glyph without ground about it is no letter.
        with contextlib.suppress(ImageError):
            alone.append((part, own, Lettering(_drawn(presence[part] * own))))

    def measure(image: RGB) -> Letters:
        shown = lettering.presence(image)[0]
        each = [
            letter.readability(_drawn(shown[part] * own)).readability for part, own, letter in alone
        ]
        return Letters(min(each), each[0], each[-1]) if each else Letters(*3 * (math.nan,))

    return measure


def _about(box: Box, margin: int) -> tuple[slice, slice]:
    return (
        slice(max(box.top - margin, 0), box.bottom + margin),
        slice(max(box.left - margin, 0), box.right + margin),
    )


def _drawn(presence: Map) -> RGB:
    """Black where there is ink, on white."""
    return np.repeat(1 - presence[..., None], 3, -1)


METRIC = Metric("weakest_letter", prepare)
