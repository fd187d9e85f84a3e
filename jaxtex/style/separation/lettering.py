"""Where the lettering of an image is, if there is any."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from jaxtex.style.separation.candidates import Mask, candidates, on_plain
from jaxtex.style.separation.colors import RGB, Map
from jaxtex.style.separation.coverage import soft_coverage
from jaxtex.style.separation.lab import Lab, blur, gradient_ranks, to_lab
from jaxtex.style.separation.likeness import elongation, likeness, outline, stroke
from jaxtex.style.separation.refine import Refiner

# In fewer pixels no letter can be told from its ground.
_SMALLEST = 8
# A little blur takes off grain and JPEG's marks, and hardly anything of the edges.
_BLUR = 0.6
# So many of the likeliest masks are refined. A further ink of the best is looked for among so many
# others, tried so often, and its score is at least that.
_REFINED, _LOOKED_AT, _FURTHER, _FURTHER_SCORE = 2, 30, 2, -0.9
# The least that a further ink has, as a share of the first.
_LEAST_FURTHER = 0.2
# Masks with these shares of their pixels in common are tried once, and refined once.
_EQUAL, _SAME = 0.95, 0.8
# A further ink may make a mask less like lettering by so much; strokes differ in width less than
# that many times.
_LOSS, _UNLIKE_STROKES = 3.0, 2.0
# A part is no lettering if its outline's rank of gradient is so many times as far from the highest.
_STRANGER = 2.5
# A word on a plain ground has at most this share of a side of the image.
_BLEEDING = 0.1
# Strokes no longer than this by their width are pebbles or coins, not letters; where they cover
# more than a share of the image, as in a wall of stones, no longer than the second.
_ROUNDISH, _DENSE, _DENSE_ROUNDISH = 5.3, 0.3, 7.0
# A ground is plain if this share of it, smoothed, lies so near to its median in CIELAB.
_PLAIN_SHARE, _PLAIN_SPREAD = 0.95, 6.0


class Found(NamedTuple):
    """Lettering, and whether it would have been found without being told of it."""

    mask: Mask
    sure: bool


class _Scored(NamedTuple):
    score: float
    mask: Mask


def find_lettering(image: RGB, kind: str | None = None) -> Found | None:
    """The pixels of an image of 512 pixels or fewer a side that are lettering; None without any.

    With a `kind`, plain or busy, there is some on such a ground: what is most like lettering is
    taken, however little that is.
    """
    if min(image.shape[:2]) < _SMALLEST:
        return None
    lab = blur(to_lab(image), _BLUR)
    ranks = gradient_ranks(lab)
    if kind != "busy":
        mask = tidy(on_plain(lab))
        sure = likeness(lab, ranks, mask) > 0 and not bleeds(mask) and is_plain(image, behind(mask))
        if kind == "plain":
            return Found(mask, sure) if mask.any() and not mask.all() else None
        if sure:
            return Found(mask, sure)
    found = [_Scored(likeness(lab, ranks, mask), mask) for mask in _tried(lab)]
    found = sorted((each for each in found if each.score > -np.inf), key=lambda each: -each.score)
    if not found:
        return None
    improve = _Improver(image, lab, ranks)
    best = max(map(improve, _unlike(found)), key=lambda each: each.score)
    best = _with_further_inks(improve, best, found)
    sure = best.score > 0 and not _is_pebbles(best.mask)
    if not best.mask.any() or (kind is None and not sure):
        return None
    return Found(best.mask, sure)


def _is_pebbles(mask: Mask) -> bool:
    """Whether the parts of a mask are too round for letters."""
    return elongation(mask) < (_DENSE_ROUNDISH if mask.mean() > _DENSE else _ROUNDISH)


def _tried(lab: Lab) -> Iterator[Mask]:
    """The candidates, and those that touch the border without what does; each but once."""
    seen = np.empty((0, lab[::4, ::4, 0].size), np.float32)
    for mask in candidates(lab):
        for each in (mask, _off_border(mask)):
            few = each[::4, ::4].ravel().astype(np.float32)
            common = seen @ few
            both = seen.sum(1) + few.sum() - common
            if few.any() and not (common >= _EQUAL * both).any():
                seen = np.vstack([seen, few])
                yield each


def _off_border(mask: Mask) -> Mask:
    """A mask without the parts that touch the border."""
    labels, count = ndimage.label(mask)
    keep = np.ones(count + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        keep[side] = False
    keep[0] = False
    return keep[labels]


def _unlike(found: list[_Scored]) -> list[Mask]:
    """The likeliest masks that are not nearly the same."""
    chosen: list[Mask] = []
    for each in found:
        if all((each.mask & mask).sum() < _SAME * (each.mask | mask).sum() for mask in chosen):
            chosen.append(each.mask)
        if len(chosen) == _REFINED:
            break
    return chosen


class _Improver:
    """Refines masks of one image, and scores them anew."""

    def __init__(self, image: RGB, lab: Lab, ranks: Map) -> None:
        self._image, self._lab, self._ranks, self._refine = image, lab, ranks, Refiner(lab)

    def score(self, mask: Mask) -> float:
        return likeness(self._lab, self._ranks, mask)

    def __call__(self, mask: Mask) -> _Scored:
        """The better of a mask and the refined one, both with outlines where coverage is a half."""
        both = [self._outlined(mask), self._outlined(self._refine(mask))]
        return max((_Scored(self.score(each), each) for each in both), key=lambda each: each.score)

    def _outlined(self, mask: Mask) -> Mask:
        return without_strangers(self._ranks, tidy(soft_coverage(self._image, mask) > 0.5))


def _with_further_inks(improve: _Improver, best: _Scored, others: list[_Scored]) -> _Scored:
    """Lettering of several inks is put together of masks that may be lettering each by itself."""
    tried, near = 0, ndimage.binary_dilation(best.mask)
    for other in others[:_LOOKED_AT]:
        further = other.mask & ~near
        if further.sum() < _LEAST_FURTHER * best.mask.sum():
            continue
        further = tidy(further)
        if not _goes_with(best.mask, further) or improve.score(further) < _FURTHER_SCORE:
            continue
        both = improve(best.mask | further)
        if both.score > max(best.score - _LOSS, 0) and both.mask.sum() > 1.2 * best.mask.sum():
            best, near = both, ndimage.binary_dilation(both.mask)
        tried += 1
        if tried == _FURTHER:
            break
    return best


def _goes_with(mask: Mask, other: Mask) -> bool:
    """Whether a mask adds much to another, beside or below it, with strokes not much unlike."""
    if not _LEAST_FURTHER * mask.sum() < other.sum() < mask.sum() / _LEAST_FURTHER:
        return False
    if not 1 / _UNLIKE_STROKES < stroke(mask) / stroke(other) < _UNLIKE_STROKES:
        return False
    shared = []
    for axis in (0, 1):
        first, second = (np.flatnonzero(each.any(axis)) for each in (mask, other))
        common = min(first[-1], second[-1]) - max(first[0], second[0])
        shared.append(common / min(np.ptp(first) + 1, np.ptp(second) + 1))
    return bool(max(shared) > 0.6)


def without_strangers(ranks: Map, mask: Mask) -> Mask:
    """A mask without parts whose outline is far less of an edge than that of most of it."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    if count < 2:
        return mask
    edge = outline(mask)
    weakness = ndimage.mean(1 - ranks, np.where(edge, labels, 0), np.arange(count + 1))
    length = np.bincount(labels[edge], minlength=count + 1)
    order = np.argsort(weakness[1:]) + 1
    middle = order[np.searchsorted(np.cumsum(length[order]), length[1:].sum() / 2)]
    keep = weakness <= max(_STRANGER * weakness[middle], 0.1)
    keep[0] = False
    return keep[labels]


def tidy(mask: Mask) -> Mask:
    """A mask without specks and pinholes, far smaller than its strokes are wide."""
    if not mask.any():
        return mask
    least = max(4.0, (0.35 * stroke(mask)) ** 2)
    clean = _without_small(mask, least)
    return ~_without_small(~clean, least)


def _without_small(mask: Mask, least: float) -> Mask:
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    keep = np.bincount(labels.ravel()) >= least
    keep[0] = False
    return keep[labels]


def behind(mask: Mask) -> Mask:
    """The ground, a little off the ink; all that is not ink where nothing lies so far off."""
    off = ~ndimage.binary_dilation(mask, iterations=2)
    return off if off.any() else ~mask


def bleeds(mask: Mask) -> bool:
    """Whether a mask runs off the image as a pattern does."""
    sides = (mask[0], mask[-1], mask[:, 0], mask[:, -1])
    return bool(max(side.mean() for side in sides) > _BLEEDING)


def is_plain(image: RGB, part: Mask) -> bool:
    """Whether nearly all of a part of an image has one colour, grain apart."""
    if not part.any():
        return False
    weight = blur(part.astype(np.float32), 2.0)[..., None]
    smooth = blur(to_lab(image) * part[..., None], 2.0) / np.maximum(weight, 1e-6)
    colors = smooth[part]
    apart = np.linalg.norm(colors - np.median(colors, 0), axis=-1)
    return bool(np.mean(apart < _PLAIN_SPREAD) >= _PLAIN_SHARE)
