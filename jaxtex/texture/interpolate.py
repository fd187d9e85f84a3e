"""Textures between two others whose similarity to the first falls in even steps.

Along the path p(t) from A to B, s(t) = MSSIM(T(p(t)), A) goes from 1 to s(1). The i-th of n
textures belongs where s is 1 − i·(1 − s(1))/(n + 1): a dense grid of t is rendered in one program,
the first crossing of each target after the one before is bracketed, and all brackets are halved
together (the latent space search of Satoh, §4.5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int

from jaxtex.errors import SettingsError
from jaxtex.texture import ssim

PATHS = ("linear", "circle")

Render = Callable[[Any, Float[Array, "m n"]], Float[Array, "m h w 3"]]
"""Renders latents with the model's parameters, as part of a program."""

_GRID = 128  # intervals of the dense grid
_HALVINGS = 12  # of an interval of the grid: t to 1e-6
_SAME = 1e-3  # ends whose MSSIM is nearer to 1 leave no room for steps


@dataclass(frozen=True, eq=False)
class Interpolation:
    """n textures between the ends, which `textures`, `points`, `t` and the MSSIMs do not hold.

    `half_width` is half of an interval: `inside` says whether `mssim_from` is within it of
    `target`. `grid_t` and `grid_mssim` are s(t) as the search saw it.
    """

    points: Float32[np.ndarray, "n z"]
    textures: Float32[np.ndarray, "n h w 3"]
    t: Float32[np.ndarray, " n"]
    target: Float32[np.ndarray, " n"]
    mssim_from: Float32[np.ndarray, " n"]
    mssim_to: Float32[np.ndarray, " n"]
    inside: Bool[np.ndarray, " n"]
    half_width: float
    ends_mssim: float
    ends: Float32[np.ndarray, "2 h w 3"]
    grid_t: Float32[np.ndarray, " g"]
    grid_mssim: Float32[np.ndarray, " g"]

    @property
    def monotone(self) -> bool:
        """Whether s falls all along the grid."""
        return bool(np.all(np.diff(self.grid_mssim) < 0))

    @property
    def steps(self) -> Float32[np.ndarray, " n_plus_1"]:
        """By how much MSSIM to the first end changes from one texture to the next."""
        levels = np.concatenate([[1.0], self.mssim_from, [self.ends_mssim]])
        return np.abs(np.diff(levels)).astype(np.float32)

    @property
    def largest_step(self) -> float:
        """The largest step as a multiple of the even one."""
        return float(self.steps.max() / ((1 - self.ends_mssim) / len(self.steps)))


def interpolate(
    render: Render,
    params: Any,
    start: Float32[np.ndarray, " z"],
    end: Float32[np.ndarray, " z"],
    n: int,
    *,
    path: str = "linear",
    center: Float32[np.ndarray, " z"] | None = None,
    tolerance: float = 0.5,
) -> Interpolation:
    """Finds n textures between those at `start` and `end`, with even steps of MSSIM to the first.

    `path` is linear in the latent space, or circle: on the great circle about `center` (default:
    the origin), the radius going evenly from one end's to the other's. A texture is inside its
    interval when it is within half an even step times `tolerance` of its target. s is continuous,
    so that every target is crossed, and halving keeps the order of the targets; one is missed
    only where s is too steep for the precision of t.

    Raises:
      SettingsError: n, tolerance or path out of range, ends that look the same, or ends opposite
        to each other on the circle.
    """
    if not 1 <= n <= 1000:
        raise SettingsError(f"n: {n} is not a number of textures from 1 to 1000")
    if not 0 < tolerance <= 1:
        raise SettingsError(f"tolerance: {tolerance:g} is not above 0 and at most 1")
    if path not in PATHS:
        raise SettingsError(f"path: {path!r} is not {' or '.join(PATHS)}")
    middle = np.zeros_like(start) if center is None else center
    circle = path == "circle"
    if circle:
        _check_circle(start, end, middle)
    route = _Route(*map(jnp.asarray, (start, end, middle)))
    grid_t, grid_mssim, ends = _survey(render, circle, params, route)
    level = float(grid_mssim[-1])
    if level > 1 - _SAME:
        raise SettingsError(
            f"the two ends look the same, their MSSIM is {level:.4f}; there is nothing between them"
        )
    step = (1 - level) / (n + 1)
    target = (1 - step * np.arange(1, n + 1)).astype(np.float32)
    low = _bracket(np.asarray(grid_mssim), target)
    found = _refine(
        render,
        circle,
        params,
        route,
        ends,
        *map(jnp.asarray, (target, grid_t[low], grid_t[low + 1])),
    )
    points, textures, t, mssim_from, mssim_to = map(np.asarray, found)
    half_width = step / 2 * tolerance
    inside = np.abs(mssim_from - target) <= half_width
    return Interpolation(
        points=points,
        textures=textures,
        t=t,
        target=target,
        mssim_from=mssim_from,
        mssim_to=mssim_to,
        inside=inside,
        half_width=half_width,
        ends_mssim=level,
        ends=np.asarray(ends),
        grid_t=np.asarray(grid_t),
        grid_mssim=np.asarray(grid_mssim),
    )


class _Route(NamedTuple):
    """The ends of a path and the centre of its circle."""

    start: Float32[Array, " z"]
    end: Float32[Array, " z"]
    center: Float32[Array, " z"]


def _check_circle(
    start: Float32[np.ndarray, " z"],
    end: Float32[np.ndarray, " z"],
    center: Float32[np.ndarray, " z"],
) -> None:
    from_center = [np.asarray(point, np.float64) - center for point in (start, end)]
    lengths = [np.linalg.norm(vector) for vector in from_center]
    if min(lengths) == 0:
        raise SettingsError("path: an end is the centre of the circle; choose a linear path")
    cosine = from_center[0] @ from_center[1] / (lengths[0] * lengths[1])
    if cosine < -1 + 1e-6:
        raise SettingsError(
            "path: the ends are opposite to each other, so that no circle is the shortest; "
            "choose a linear path"
        )


def _along(route: _Route, t: Float32[Array, " m"], circle: bool) -> Float32[Array, "m z"]:
    """The points p(t)."""
    t = t[:, None]
    if not circle:
        return (1 - t) * route.start + t * route.end
    vectors = jnp.stack([route.start, route.end]) - route.center
    lengths = jnp.linalg.norm(vectors, axis=1)
    first, second = vectors / lengths[:, None]
    # The half-angle form: arccos has no digits left where the ends are near to each other.
    angle = 2 * jnp.arctan2(jnp.linalg.norm(first - second), jnp.linalg.norm(first + second))
    # sin(t·angle)/sin(angle), which is t where the angle is none.
    safe = jnp.where(angle > 1e-4, angle, 1.0)
    share = jnp.where(angle > 1e-4, jnp.sin(t * safe) / jnp.sin(safe), t)
    rest = jnp.where(angle > 1e-4, jnp.sin((1 - t) * safe) / jnp.sin(safe), 1 - t)
    radius = (1 - t) * lengths[0] + t * lengths[1]
    return route.center + radius * (rest * first + share * second)


@partial(jax.jit, static_argnames=("render", "circle"))
def _survey(
    render: Render, circle: bool, params: Any, route: _Route
) -> tuple[Float32[Array, " g"], Float32[Array, " g"], Float32[Array, "2 h w 3"]]:
    """The grid of t from 0 to 1, s(t) on it, and the textures of the ends."""
    t = jnp.linspace(0, 1, _GRID + 1, dtype=jnp.float32)
    textures = render(params, _along(route, t, circle))
    return t, ssim.mssim(textures, textures[:1]), textures[jnp.array([0, -1])]


def _bracket(
    mssim: Float32[np.ndarray, " g"], target: Float32[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """For each target the interval of the grid where s first falls to it, from the last one's on.

    At its left end s is above the target, since it is above the target before.
    """
    low, place = [], 0
    for level in target:
        while mssim[place + 1] > level:
            place += 1
        low.append(place)
    return np.array(low)


@partial(jax.jit, static_argnames=("render", "circle"))
def _refine(
    render: Render,
    circle: bool,
    params: Any,
    route: _Route,
    ends: Float32[Array, "2 h w 3"],
    target: Float32[Array, " n"],
    low: Float32[Array, " n"],
    high: Float32[Array, " n"],
) -> tuple[Array, Array, Array, Array, Array]:
    """Points, textures, t and the MSSIM to both ends, after halving all brackets together."""

    def halve(_: Any, state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, *_last = state
        t = (low + high) / 2
        textures = render(params, _along(route, t, circle))
        level = ssim.mssim(textures, ends[:1])
        above = level > target
        return jnp.where(above, t, low), jnp.where(above, high, t), t, textures, level

    # The last textures come out of the loop, so that the program holds the renderer once.
    blank = jnp.zeros((len(target), *ends.shape[1:]))
    state = jax.lax.fori_loop(0, _HALVINGS + 1, halve, (low, high, low, blank, target))
    _, _, t, textures, level = state
    return _along(route, t, circle), textures, t, level, ssim.mssim(textures, ends[1:])
