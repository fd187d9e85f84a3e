"""Textures between two others, in even steps of similarity.

Along the path p(t) from A to B, s(t) = MSSIM(T(p(t)), A) goes from 1 to s(1). The i-th of n
textures belongs where s is 1 − i·(1 − s(1))/(n + 1): a dense grid of t is rendered in one program,
the first crossing of each target after the one before is bracketed, and all brackets are halved
together (the latent space search of Satoh, §4.5).

Textures that are evenly less like A need not be evenly unlike each other. The other way to go
measures the path itself, in steps of √(1 − MSSIM) from one texture of the grid to the next, and
divides its length evenly: then each texture is about as like the one before it as any other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Float32, Int

from jaxtex import platforms
from jaxtex.errors import SettingsError
from jaxtex.texture.similarity import ssim

PATHS = ("linear", "circle")
EVEN = ("first", "neighbours")
"""What is even: MSSIM to the first end, or MSSIM from each texture to the next."""

Render = Callable[[Any, Float[Array, "m n"]], Float[Array, "m h w 3"]]
"""Renders latents with the model's parameters, as part of a program."""

_GRID = 128  # intervals of the dense grid
_ROUND = 8  # numbers of textures that have programs of their own
_HALVINGS = 12  # of an interval of the grid: t to 1e-6
_SAME = 1e-3  # ends whose MSSIM is nearer to 1 leave no room for steps


@dataclass(frozen=True, eq=False)
class Interpolation:
    """n textures between the ends, which `textures`, `points`, `t` and the MSSIMs do not hold.

    `target` is what MSSIM to the first end, or by `even` to the texture before, should be; a
    texture is `inside` when it is within `half_width` of that. `grid_mssim` is s(t) on the grid.
    """

    points: Float32[np.ndarray, "n z"]
    textures: Float32[np.ndarray, "n h w 3"]
    t: Float32[np.ndarray, " n"]
    target: Float32[np.ndarray, " n"]
    mssim_from: Float32[np.ndarray, " n"]
    mssim_to: Float32[np.ndarray, " n"]
    mssim_neighbours: Float32[np.ndarray, " n_plus_1"]
    """From each texture to the next, the ends among them."""
    even: str
    half_width: float
    ends_mssim: float
    ends: Float32[np.ndarray, "2 h w 3"]
    grid_t: Float32[np.ndarray, " g"]
    grid_mssim: Float32[np.ndarray, " g"]

    @property
    def reached(self) -> Float32[np.ndarray, " n"]:
        """What is to be compared with `target`."""
        return self.mssim_from if self.even == "first" else self.mssim_neighbours[:-1]

    @property
    def inside(self) -> Bool[np.ndarray, " n"]:
        """Which textures are within their interval."""
        return np.abs(self.reached - self.target) <= self.half_width

    @property
    def monotone(self) -> bool:
        """Whether s falls all along the grid."""
        return bool(np.all(np.diff(self.grid_mssim) < 0))

    @property
    def largest_step(self) -> float:
        """The largest step, of MSSIM to the first end or between neighbours, by the mean one."""
        steps = 1 - self.mssim_neighbours
        if self.even == "first":
            steps = np.abs(np.diff(self.mssim_from, prepend=1, append=self.ends_mssim))
            return float(steps.max() / (1 - self.ends_mssim) * len(steps))
        return float(steps.max() / steps.mean())


def interpolate(
    render: Render,
    params: Any,
    start: Float32[np.ndarray, " z"],
    end: Float32[np.ndarray, " z"],
    n: int,
    *,
    even: str = "first",
    path: str = "linear",
    center: Float32[np.ndarray, " z"] | None = None,
    tolerance: float = 0.5,
) -> Interpolation:
    """Finds n textures between those at `start` and `end`, in even steps of MSSIM.

    `even` is first (to the end at `start`) or neighbours (to the texture before). `path` is linear
    in the latent space, or circle: on the great circle about `center` (default: the origin), the
    radius going evenly from one end's to the other's. A texture is inside its interval when it is
    within half an even step times `tolerance` of its target. s is continuous, so that every target
    is crossed, and halving keeps their order; one is missed only where s is too steep for the
    precision of t.

    Raises:
      SettingsError: n, tolerance, even or path out of range, ends that look the same, or ends
        opposite to each other on the circle.
    """
    check_options(n, even, path, tolerance)
    middle = np.zeros_like(start) if center is None else center
    circle = path == "circle"
    if circle:
        _check_circle(start, end, middle)
    route = _Route(*map(jnp.asarray, (start, end, middle)))
    grid_t, grid_mssim, lengths, ends = _survey(render, circle, params, route)
    level = float(grid_mssim[-1])
    if level > 1 - _SAME:
        raise SettingsError(
            f"the two ends look the same, their MSSIM is {level:.4f}; there is nothing between them"
        )
    share = np.arange(1, n + 1) / (n + 1)
    target = (1 - share * (1 - level)).astype(np.float32)
    if even == "first":
        low = _bracket(np.asarray(grid_mssim), target)
        brackets = _filled(target), grid_t[_filled(low)], grid_t[_filled(low) + 1]
        t = np.asarray(_refine(render, circle, params, route, ends, *brackets))[:n]
    else:
        whole = np.concatenate([[0.0], np.cumsum(np.asarray(lengths, np.float64))])
        t = np.interp(share * whole[-1], whole, grid_t).astype(np.float32)
    measured = _measure(render, circle, params, route, ends, _filled(t, 1.0))
    points, textures, mssim_from, mssim_to = (np.asarray(values)[:n] for values in measured[:4])
    mssim_neighbours = np.asarray(measured[4])[: n + 1]
    step = (1 - level) / (n + 1)
    if even == "neighbours":
        step = float(1 - mssim_neighbours.mean())
        target = np.full(n, 1 - step, np.float32)
    return Interpolation(
        points=points,
        textures=textures,
        t=t,
        target=target,
        mssim_from=mssim_from,
        mssim_to=mssim_to,
        mssim_neighbours=mssim_neighbours,
        even=even,
        half_width=step / 2 * tolerance,
        ends_mssim=level,
        ends=np.asarray(ends),
        grid_t=np.asarray(grid_t),
        grid_mssim=np.asarray(grid_mssim),
    )


def check_options(n: int, even: str, path: str, tolerance: float) -> None:
    """Raises SettingsError for what `interpolate` cannot do with any ends."""
    if not 1 <= n <= 1000:
        raise SettingsError(f"n: {n} is not a number of textures from 1 to 1000")
    if not 0 < tolerance <= 1:
        raise SettingsError(f"tolerance: {tolerance:g} is not above 0 and at most 1")
    for name, value, allowed in (("path", path, PATHS), ("even", even, EVEN)):
        if value not in allowed:
            raise SettingsError(f"{name}: {value!r} is not {' or '.join(allowed)}")


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


def _filled(values: np.ndarray, value: float | None = None) -> Array:
    """Values filled up to a round number with `value`, by default the last one.

    So that few numbers of textures need a program of their own. Where t is filled with 1, the
    texture behind the last one is the end itself.
    """
    more = np.full(-len(values) % _ROUND, values[-1] if value is None else value, values.dtype)
    return jnp.asarray(np.concatenate([values, more]))


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
@platforms.in_float32
def _survey(
    render: Render, circle: bool, params: Any, route: _Route
) -> tuple[Array, Array, Array, Array]:
    """The grid of t from 0 to 1, s(t) on it, the lengths of its intervals, the ends' textures."""
    t = jnp.linspace(0, 1, _GRID + 1, dtype=jnp.float32)
    textures = render(params, _along(route, t, circle))
    # 1 − MSSIM grows with the square of a small step, so that its root adds up.
    lengths = jnp.sqrt(jnp.maximum(1 - ssim.mssim(textures[1:], textures[:-1]), 0))
    return t, ssim.mssim(textures, textures[:1]), lengths, textures[jnp.array([0, -1])]


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
@platforms.in_float32
def _refine(
    render: Render,
    circle: bool,
    params: Any,
    route: _Route,
    ends: Float32[Array, "2 h w 3"],
    target: Float32[Array, " n"],
    low: Float32[Array, " n"],
    high: Float32[Array, " n"],
) -> Float32[Array, " n"]:
    """Where s is at each target, after halving all brackets together."""

    def halve(_: Any, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        t = (low + high) / 2
        above = ssim.mssim(render(params, _along(route, t, circle)), ends[:1]) > target
        return jnp.where(above, t, low), jnp.where(above, high, t)

    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, (low, high))
    return (low + high) / 2


@partial(jax.jit, static_argnames=("render", "circle"))
@platforms.in_float32
def _measure(
    render: Render,
    circle: bool,
    params: Any,
    route: _Route,
    ends: Float32[Array, "2 h w 3"],
    t: Float32[Array, " n"],
) -> tuple[Array, Array, Array, Array, Array]:
    """Points, textures, their MSSIM to both ends, and that of all neighbours."""
    points = _along(route, t, circle)
    textures = render(params, points)
    line = jnp.concatenate([ends[:1], textures, ends[1:]])
    to_ends = ssim.mssim(textures, ends[:1]), ssim.mssim(textures, ends[1:])
    return points, textures, *to_ends, ssim.mssim(line[1:], line[:-1])
