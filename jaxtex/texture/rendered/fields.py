"""What paper is made of, as arrays: clouds of pulp, fibres, flecks, drops, facets, lines.

Lengths are in units of 1/64 of the sheet's side, so that a sheet is the same at every size; what is
finer than a pixel is averaged into it. Every function draws from a NumPy generator of its own.
"""

import numpy as np
from jaxtyping import Float, Float32
from scipy import ndimage

UNITS = 64
_CONTROL_POINTS = 24

Map = Float32[np.ndarray, "size size"]
Number = float | int


def smoothstep(x: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _splines(positions: Float32[np.ndarray, " n"], knots: int) -> Float32[np.ndarray, "n {knots}"]:
    """Weights of the uniform cubic B-splines round knots 0, 1, … at `positions`."""
    distance = np.abs(positions[:, None] - np.arange(knots, dtype=np.float32))
    near = 2 / 3 - distance**2 * (1 - distance / 2)
    far = np.maximum(2 - distance, 0) ** 3 / 6
    return np.where(distance < 1, near, far).astype(np.float32)


def centres(size: int) -> Float32[np.ndarray, " size"]:
    """Middles of the pixels in units."""
    return ((np.arange(size) + 0.5) * (UNITS / size)).astype(np.float32)


def noise(
    rng: np.random.Generator,
    size: int,
    *,
    scale: Number,
    octaves: int = 1,
    gain: Number = 0.5,
    stretch: tuple[Number, Number] = (1.0, 1.0),
) -> Map:
    """Smooth Gaussian noise of mean 0 and variance about 1, cells of `scale` units.

    Each octave halves the cells (times `stretch` in y and x) and multiplies the amplitude by
    `gain`; octaves too fine for `size` are left out.
    """
    total, power = np.zeros((size, size), np.float32), 0.0
    for octave, child in enumerate(rng.spawn(octaves)):
        amplitude = gain**octave
        power += amplitude**2
        steps = [scale * factor / 2**octave for factor in stretch]
        if min(steps) < UNITS / size:
            continue
        rows, columns = (
            _splines(centres(size) / np.float32(step) + 1 + shift, int(UNITS / step) + 5)
            for step, shift in zip(steps, child.uniform(size=2).astype(np.float32), strict=True)
        )
        grid = child.standard_normal((rows.shape[1], columns.shape[1]), np.float32)
        # A knot's splines keep 0.479 of the variance in each direction, on average over phases.
        total += (amplitude / 0.479) * (rows @ grid @ columns.T)
    return total / np.float32(np.sqrt(power))


def fibres(
    rng: np.random.Generator,
    size: int,
    *,
    count: int,
    length: Number,
    width: Number,
    depth: Number,
    curl: Number,
    direction: Number = 0.0,
    spread: Number = np.pi,
    filaments: int = 1,
) -> Map:
    """Optical depth of long curved strokes, `width` across and `depth` deep in the middle.

    `length` and `width` in units; `curl` is by how many radians a stroke turns along its length;
    directions lie within `spread` of `direction` (spread π: all). Strokes that cross add up. Each
    is a strand of so many `filaments`, which part and meet along it.
    """
    knots = _CONTROL_POINTS
    longs = length * rng.uniform(0.4, 1.4, count)
    turn = rng.normal(0, 0.6, (count, 1)) * np.linspace(-1, 1, knots)
    for wave in (1, 2, 3):
        phase = rng.uniform(0, 2 * np.pi, (count, 1))
        bend = rng.normal(0, 0.7 / wave, (count, 1))
        turn = turn + bend * np.sin(np.pi * wave * np.linspace(0, 1, knots) + phase)
    heading = direction + rng.uniform(-spread, spread, (count, 1)) + curl * turn
    steps = np.stack([np.sin(heading), np.cos(heading)]) * (longs / (knots - 3))[:, None]
    path = np.cumsum(steps, axis=-1)
    middle = rng.uniform(-0.15, 1.15, (2, count, 1)) * UNITS
    path += middle - path.mean(axis=-1, keepdims=True)
    swell = np.exp(rng.normal(0, 0.35, (count, knots)) + rng.normal(0, 0.5, (count, 1)))
    if filaments > 1:
        apart = np.cumsum(rng.normal(0, 0.12, (count, filaments, knots)), axis=-1)
        apart += rng.normal(0, 0.3, (count, filaments, 1))
        # A strand frays towards its ends.
        apart *= 0.6 + 1.6 * np.abs(np.linspace(-1, 1, knots)) ** 3
        normal = np.stack([np.cos(heading), -np.sin(heading)])[:, :, None]
        path = (path[:, :, None] + width * apart * normal).reshape(2, -1, knots)
        swell, longs = np.repeat(swell, filaments, axis=0), np.repeat(longs, filaments)
        width, depth = width / np.sqrt(filaments), depth / np.sqrt(filaments)

    pixels = size / UNITS
    points = int(length * 1.4 * pixels / 0.6) + 2
    weights = _splines(np.linspace(1, knots - 2, points, dtype=np.float32), knots).T
    y, x = (path * pixels).astype(np.float32) @ weights
    mass = swell.astype(np.float32) @ weights
    ends = np.linspace(0, 1, points, dtype=np.float32)
    mass *= smoothstep(np.minimum(ends, 1 - ends) * 6)
    mass *= (longs / points).astype(np.float32)[:, None] * np.float32(pixels)
    sigma = 0.4 * width * pixels
    margin = int(3 * sigma) + 2
    side = size + 2 * margin
    density = _scatter(y + margin - 0.5, x + margin - 0.5, mass, side)
    if sigma > 0.2:
        density = ndimage.gaussian_filter(density, sigma, mode="constant", truncate=3)
    inner = slice(margin, margin + size)
    return density[inner, inner] * np.float32(depth * width * pixels)


def _scatter(y: np.ndarray, x: np.ndarray, mass: np.ndarray, side: int) -> np.ndarray:
    """Sum of `mass` at real positions, shared between the four nearest pixels of a square."""
    inside = (y >= 0) & (y < side - 1) & (x >= 0) & (x < side - 1)
    y, x, mass = y[inside], x[inside], mass[inside]
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    corner = top * side + left
    where = np.concatenate([corner, corner + 1, corner + side, corner + side + 1])
    share = np.concatenate(
        [
            mass * (1 - down) * (1 - right),
            mass * (1 - down) * right,
            mass * down * (1 - right),
            mass * down * right,
        ]
    )
    total = np.bincount(where, share, minlength=side * side)
    return total.reshape(side, side).astype(np.float32)


def flecks(
    rng: np.random.Generator, size: int, *, count: int, radius: Number, aspect: Number, sides: int
) -> tuple[Map, Map]:
    """Cover in [0, 1] and tone (mean 0, sd about 1 per fleck) of scattered convex polygons.

    `radius` in units is the largest, most are smaller; `aspect` is the largest ratio of length to
    breadth.
    """
    pixels = size / UNITS
    radii = radius * rng.uniform(0.25, 1.0, count) ** 1.5
    longer = np.exp(rng.uniform(0, np.log(aspect), count) / 2)
    angle = rng.uniform(0, np.pi, count)
    tone = rng.normal(0, 1, count)
    middle = rng.uniform(-0.05, 1.05, (2, count)) * size
    edges = np.sort(rng.uniform(-0.35, 0.35, (count, sides)) + np.arange(sides)) / sides * 2 * np.pi
    reach = rng.uniform(0.7, 1.1, (count, sides))
    half = int(np.ceil(radius * np.sqrt(aspect) * 1.2 * pixels)) + 1
    offset = np.arange(-half, half + 1)
    corner = np.floor(middle).astype(np.int64)
    dy = (corner[0] - middle[0] + 0.5)[:, None] + offset
    dx = (corner[1] - middle[1] + 0.5)[:, None] + offset
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    along = (dx[:, None, :] * cos + dy[:, :, None] * sin) / longer[:, None, None]
    across = (dy[:, :, None] * cos - dx[:, None, :] * sin) * longer[:, None, None]
    distance = np.full(along.shape, -np.inf)
    for edge in range(sides):
        normal = edges[:, edge, None, None]
        limit = (reach[:, edge] * radii * pixels)[:, None, None]
        distance = np.maximum(distance, along * np.cos(normal) + across * np.sin(normal) - limit)
    cover = np.clip(0.5 - distance, 0, 1)
    row = corner[0][:, None, None] + offset[:, None]
    column = corner[1][:, None, None] + offset
    inside = (row >= 0) & (row < size) & (column >= 0) & (column < size)
    where = (row * size + column)[inside]
    cover, tones = cover[inside], np.broadcast_to(tone[:, None, None], inside.shape)[inside]
    shown = np.zeros(size * size)
    np.maximum.at(shown, where, cover)
    total = np.bincount(where, cover, minlength=size * size)
    toned = np.bincount(where, cover * tones, minlength=size * size) / np.maximum(total, 1e-6)
    return (
        shown.reshape(size, size).astype(np.float32),
        toned.reshape(size, size).astype(np.float32),
    )


def _sites(rng: np.random.Generator, count: int, jitter: Number) -> Float32[np.ndarray, "n 2"]:
    """About `count` points on and round the sheet in units: a grid, each moved by up to `jitter`
    cells."""
    step = UNITS / np.sqrt(count)
    side = int(np.ceil(UNITS / step)) + 2
    cells = np.stack(np.divmod(np.arange(side * side), side), axis=-1)
    grid = cells - 1 + rng.uniform(0, 1, 2)
    return ((grid + rng.uniform(-jitter, jitter, grid.shape)) * step).astype(np.float32)


def drops(
    rng: np.random.Generator,
    size: int,
    *,
    count: int,
    radius: Number,
    jitter: Number,
    ragged: Number,
) -> Map:
    """Distance to the edge of the nearest drop in units, negative inside it.

    Drops have up to `radius`; their edges are `ragged` by so many units.
    """
    sites = _sites(rng, count, jitter)
    radii = (radius * rng.uniform(0.45, 1.0, len(sites))).astype(np.float32)
    shift = [ragged * noise(rng, size, scale=5, octaves=2) for _ in range(2)]
    at = centres(size)
    y, x = at[:, None] + shift[0], at + shift[1]
    nearest = np.full((size, size), np.inf, np.float32)
    for (sy, sx), r in zip(sites, radii, strict=True):
        nearest = np.minimum(nearest, np.hypot(y - sy, x - sx) - r)
    return nearest


def folds(rng: np.random.Generator, size: int, *, count: int, reach: Number) -> tuple[Map, Map]:
    """Slope of crumpled paper under light from one side (sd about 1), and its creases in [0, 1].

    Each of `count` folds is a nearly straight line that bends the sheet up to `reach` units round
    its middle; creases are about half a unit across.
    """
    at = centres(size)
    bend = [noise(rng, size, scale=16, octaves=3) for _ in range(2)]
    y, x = at[:, None] + bend[0], at + bend[1]
    slope, crease = np.zeros((2, size, size), np.float32)
    middles = rng.uniform(-0.1, 1.1, (count, 2)) * UNITS
    angles = rng.uniform(0, np.pi, count)
    reaches = reach * np.exp(rng.normal(0, 0.5, count))
    depths = rng.normal(0, 1, count)
    for (my, mx), angle, far, depth in zip(middles, angles, reaches, depths, strict=True):
        # Where the window is below 1/50, bends of up to four units included.
        (top, left), (bottom, right) = (
            np.clip((np.array([my, mx]) + side * (2 * far + 4)) * size / UNITS, 0, size).astype(int)
            for side in (-1, 1)
        )
        box = np.s_[top:bottom, left:right]
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        dy, dx = y[box] - np.float32(my), x[box] - np.float32(mx)
        across, along = dy * cos - dx * sin, dx * cos + dy * sin
        window = np.float32(depth) * np.exp(-(across**2 * 2 + along**2) / np.float32(far**2))
        slope[box] += window * np.clip(across * 2, -1, 1)
        np.maximum(crease[box], abs(window) * np.exp(-12 * across**2), out=crease[box])
    return slope / max(float(slope.std()), 1e-6), np.minimum(crease, 1)


def lines(
    rng: np.random.Generator, size: int, *, spacing: Number, angle: Number, wobble: Number
) -> Map:
    """Parallel lines in [-1, 1], `spacing` units apart, moved by noise of `wobble` spacings."""
    at = centres(size)
    across = at[:, None] * np.cos(angle) + at * np.sin(angle)
    moved = across / spacing + wobble * noise(rng, size, scale=24, octaves=2)
    wave = np.cos(2 * np.pi * (moved + rng.uniform()))
    return wave.astype(np.float32)
