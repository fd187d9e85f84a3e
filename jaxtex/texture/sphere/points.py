"""Points p = r·v + c on a sphere in the latent space, v ~ vMF(d, κ) (Satoh, eqs. 1 and 2).

JAX is imported where points are drawn, not here, so that picking among drawn ones needs none of it.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32

from jaxtex.errors import SettingsError

if TYPE_CHECKING:
    import jax

_SHELL = 5.0  # seven standard deviations of the norm of N(0, I), which is near 1/√2 for every n


def default_radius(latent_size: int) -> float:
    """Satoh's r = 7.8 in 100 dimensions, scaled with √n to other latent sizes."""
    return 0.78 * math.sqrt(latent_size)


def shell(latent_size: int) -> tuple[float, float]:
    """The least and the largest norm of a latent: within 5 of √n, where N(0, I) has its mass.

    Satoh's radii, 7.8 and 10.2 in 100 dimensions, lie in it; a generator has seen little or
    nothing from outside it.
    """
    middle = math.sqrt(latent_size)
    return max(middle - _SHELL, 0.0), middle + _SHELL


def check_vectors(
    vectors: np.ndarray, latent_size: int, name: str
) -> Float32[np.ndarray, "m {latent_size}"]:
    """Returns vectors `[latent_size]` or `[m, latent_size]` as float32 `[m, latent_size]`.

    Raises:
      SettingsError: another shape or type, or a value that is not finite; `name` says where they
        came from.
    """
    vectors = np.asarray(vectors)
    if vectors.ndim not in (1, 2) or vectors.shape[-1] != latent_size or vectors.size == 0:
        raise SettingsError(
            f"{name}: has the shape {list(vectors.shape)}; the model's latents have "
            f"{latent_size} dimensions, one a row"
        )
    if vectors.dtype.kind not in "fiu" or not np.isfinite(vectors).all():
        raise SettingsError(f"{name}: has values that are not finite numbers")
    return np.atleast_2d(vectors).astype(np.float32)


def check_latents(
    latents: np.ndarray, latent_size: int, name: str
) -> Float32[np.ndarray, "m {latent_size}"]:
    """Returns latents as `check_vectors` does.

    Raises:
      SettingsError: as there, or a point is off the prior's shell.
    """
    latents = check_vectors(latents, latent_size, name)
    norms = np.linalg.norm(latents.astype(np.float64), axis=-1)
    low, high = shell(latent_size)
    off = np.flatnonzero((norms < low) | (norms > high))
    if off.size:
        many = f"{off.size} of {len(latents)} points lie"
        raise SettingsError(
            f"{name}: {many if len(latents) > 1 else 'the point lies'} off the prior's shell, "
            f"at {norms[off[0]]:.3g} from the origin; the model knows {low:.3g} to {high:.3g}"
        )
    return latents


def unit(vector: np.ndarray, name: str) -> Float32[np.ndarray, " n"]:
    """Returns the vector at length 1.

    Raises:
      SettingsError: it has no direction: it is zero or not finite.
    """
    vector = np.asarray(vector, np.float64)
    length = np.linalg.norm(vector)
    if not (np.isfinite(length) and length > 0):
        raise SettingsError(f"{name}: a vector of length {length:g} has no direction")
    return (vector / length).astype(np.float32)


def axis(index: int, latent_size: int) -> Float32[np.ndarray, " {latent_size}"]:
    """The direction of one coordinate, counted from 0; Satoh's (0, 1, 0, …, 0) is number 1."""
    if not 0 <= index < latent_size:
        raise SettingsError(f"axis:{index} is not one of the axes 0 to {latent_size - 1}")
    return np.eye(1, latent_size, index, dtype=np.float32)[0]


def direction_to(
    point: Float[np.ndarray, " n"], center: Float[np.ndarray, " n"], name: str
) -> Float32[np.ndarray, " n"]:
    """The direction v_S of a point: r·v_S = p_S − c (eq. 2).

    Raises:
      SettingsError: the point is the centre.
    """
    return unit(np.asarray(point, np.float64) - center, name)


def mean_direction(
    directions: Sequence[Float[np.ndarray, " n"]], name: str
) -> Float32[np.ndarray, " n"]:
    """The direction of the sum of unit vectors.

    Raises:
      SettingsError: they cancel out.
    """
    total = np.sum(np.asarray(directions, np.float64), axis=0)
    if np.linalg.norm(total) < 1e-3:
        raise SettingsError(f"{name}: the directions cancel out; they have no mean")
    return unit(total, name)


def check_sphere(radius: float, kappa: float) -> None:
    """Raises SettingsError for a radius that is not above 0 or a κ that is not 0 to 1e6."""
    if not 0 < radius < math.inf:
        raise SettingsError(f"radius: {radius:g} is not a number above 0")
    if not 0 <= kappa <= 1e6:
        raise SettingsError(f"kappa: {kappa:g} is not a number from 0 to 1e6")


def on_sphere(
    directions: Float32[np.ndarray, "m n"], radius: float, center: Float32[np.ndarray, " n"]
) -> Float32[np.ndarray, "m n"]:
    """p = r·v + c."""
    return directions * np.float32(radius) + center


def sample(
    key: "jax.Array",
    center: Float32[np.ndarray, " n"],
    radius: float,
    direction: Float32[np.ndarray, " n"],
    kappa: float,
    count: int,
) -> Float32[np.ndarray, "count n"]:
    """Draws points p = r·v + c, v ~ vMF(direction, κ); κ = 0 is uniform (eq. 1).

    Raises:
      SettingsError: the radius is not above 0, or κ not 0 to 1e6.
    """
    from jaxtex.texture.sphere import vmf

    check_sphere(radius, kappa)
    directions = vmf.sample(key, direction, np.float32(kappa), (count,))
    return on_sphere(np.asarray(directions), radius, center)


def seeded(seed: int, latent_size: int) -> Float32[np.ndarray, " {latent_size}"]:
    """The point of a seed: uniform on the sphere of the default radius about the origin."""
    import jax

    origin, axis_1 = np.zeros(latent_size, np.float32), axis(1, latent_size)
    key = jax.random.key(seed)
    return sample(key, origin, default_radius(latent_size), axis_1, 0.0, 1)[0]
