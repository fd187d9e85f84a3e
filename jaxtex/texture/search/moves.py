"""Searching direction selection: what a search knows, and what each answer makes of it.

Satoh's algorithm 1: points p = r·v + c with v ~ vMF(d, κ) are rendered and clustered by their SSIM
vectors; the person picks a texture S, and the search goes on in its direction, r·v_S = p_S − c.
Beyond it: several picks at once, *none of these*, and a slot in every round for a texture that is
like none of the others, and ways back: a search that goes back to a round goes on from there under
new numbers, so that nothing is lost. Pure functions; `session` keeps a search in a folder.
"""

import math
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from jaxtex.errors import SettingsError
from jaxtex.texture import sphere

if TYPE_CHECKING:
    from jaxtex.texture.similarity.cluster import Clusters

PICKED_KAPPA = 100.0
"""κ round a picked direction (Satoh, fig. 3(b)): 52° in 100 dimensions."""

# Uniform draws, of which the one whose greatest likeness to a representative is the least gets the
# far slot.
_SPARE = 32


@dataclass(frozen=True, eq=False)
class State:
    """One state of a search: all that decides a round's candidates, and what was picked of them.

    `action` led here: new, step, pick, none or back. Rounds are counted by `iteration`.
    """

    action: str
    center: Float32[np.ndarray, " n"]
    radius: float
    direction: Float32[np.ndarray, " n"]
    kappa: float
    seed: int
    iteration: int
    picks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sphere.check_sphere(self.radius, self.kappa)
        if not 0 <= self.seed < 2**32:
            raise SettingsError(f"seed: {self.seed} is not a whole number from 0 to 4294967295")


History = tuple[State, ...]
"""The states of a search, oldest first; the last is where it stands."""


@dataclass(frozen=True, eq=False)
class Round:
    """What a person sees of one iteration: labelled textures, cluster by cluster.

    A label is iteration, cluster and rank: `2b1` is the representative of cluster b in round 2,
    `2b2` the next nearest to its centroid. `2far` is the round's texture from far away. Points
    are float32 latents; textures have 8 bits, so that sheets do not hang on rounding.
    """

    labels: tuple[str, ...]
    representative: Bool[np.ndarray, " m"]
    points: Float32[np.ndarray, "m n"]
    textures: UInt8[np.ndarray, "m h w 3"]
    likeness: float
    """Mean MSSIM between two of the candidates, without the far one."""

    def clusters(self) -> dict[str, list[int]]:
        """Indices by the letter of the cluster, in the order of the sheet; `far` has one."""
        found: dict[str, list[int]] = {}
        for index, label in enumerate(self.labels):
            found.setdefault(label.strip(string.digits), []).append(index)
        return found


def new(
    latent_size: int,
    *,
    seed: int,
    center: Float32[np.ndarray, " n"] | None = None,
    radius: float | None = None,
    direction: Float32[np.ndarray, " n"] | None = None,
    kappa: float = 0.0,
) -> History:
    """Begins a search: c = 0, r = 0.78·√n (7.8), d = (0, 1, 0, …, 0) and κ = 0, a look round."""
    state = State(
        action="new",
        center=np.zeros(latent_size, np.float32) if center is None else center,
        radius=sphere.default_radius(latent_size) if radius is None else radius,
        direction=sphere.axis(1, latent_size) if direction is None else direction,
        kappa=kappa,
        seed=seed,
        iteration=0,
    )
    return (state,)


def pick(history: History, labels: Sequence[str]) -> History:
    """Marks the textures that suit; they replace the picks made before in this round.

    Raises:
      SettingsError: no label is given.
    """
    if not labels:
        raise SettingsError("pick: name one label or more, as the sheet shows them")
    picks = tuple(dict.fromkeys(labels))
    return (*history, replace(history[-1], action="pick", picks=picks))


def clear(history: History) -> History:
    """Takes this round's picks away."""
    return (*history, replace(history[-1], action="pick", picks=()))


def step(
    history: History,
    picked: Float32[np.ndarray, "m n"],
    *,
    kappa: float | None = None,
    radius: float | None = None,
    direction: Float32[np.ndarray, " n"] | None = None,
    center: Float32[np.ndarray, " n"] | None = None,
    move_center: bool = False,
) -> History:
    """Goes on to the next round from the picked points, or draws again where there are none.

    d becomes the mean direction of the picks seen from c, κ `PICKED_KAPPA`, c and r stay. With
    `move_center` c becomes the mean of the picks, and r half of what it was: candidates then lie
    near the picks on all sides, and twice the radius would leave the prior's shell. What is
    given by name wins.

    Raises:
      SettingsError: the picks' directions cancel out, a pick is the centre itself, or
        `move_center` without picks.
    """
    now = history[-1]
    chosen_center, chosen_radius = now.center, now.radius
    chosen_direction, chosen_kappa = now.direction, now.kappa
    if len(picked):
        chosen_direction = sphere.mean_direction(
            [sphere.direction_to(point, now.center, "step") for point in picked], "step"
        )
        chosen_kappa = PICKED_KAPPA
    if move_center:
        if not len(picked):
            raise SettingsError("step: the centre moves to the picks, and nothing is picked yet")
        chosen_center = picked.mean(axis=0, dtype=np.float64).astype(np.float32)
        chosen_radius = now.radius / 2
    state = replace(
        now,
        action="step",
        center=chosen_center if center is None else center,
        radius=chosen_radius if radius is None else radius,
        direction=chosen_direction if direction is None else direction,
        kappa=chosen_kappa if kappa is None else kappa,
        iteration=next_iteration(history),
        picks=(),
    )
    return (*history, state)


def none_of_these(history: History) -> History:
    """Widens the search: the next round has half the mean cosine to d, in the end none at all."""
    from jaxtex.texture.sphere import vmf

    now = history[-1]
    latent_size = len(now.direction)
    half = float(vmf.mean_resultant_length(np.float32(now.kappa), latent_size)) / 2
    # A cosine of 1/√n is what a random direction has.
    wide = half < 1 / math.sqrt(latent_size)
    kappa = 0.0 if wide else float(vmf.kappa_for_mean_cosine(np.float32(half), latent_size))
    state = replace(now, action="none", kappa=kappa, iteration=next_iteration(history), picks=())
    return (*history, state)


def back(history: History, iteration: int) -> History:
    """Goes back to a round, as it was left; all others stay.

    Raises:
      SettingsError: there is no such round, or the search stands there.
    """
    last = {state.iteration: state for state in history}
    if iteration not in last:
        raise SettingsError(f"back: there is no round {iteration}; the last is {max(last)}")
    if iteration == history[-1].iteration:
        raise SettingsError(f"back: the search stands at round {iteration} already")
    return (*history, replace(last[iteration], action="back"))


def undo(history: History) -> History:
    """Takes the last action back.

    Raises:
      SettingsError: there is none but `new`.
    """
    if len(history) < 2:
        raise SettingsError("undo: the search stands at its beginning; there is nothing to undo")
    return history[:-1]


def rounds(history: History) -> list[State]:
    """The last state of every iteration, in order: with its picks it decides the round's sheets."""
    last = {state.iteration: state for state in history}
    return [last[iteration] for iteration in sorted(last)]


def next_iteration(history: History) -> int:
    """The number of the next round: above all there are, wherever the search stands."""
    return 1 + max(state.iteration for state in history)


def iteration_of(label: str) -> int | None:
    """The round that a label is of; None where it is no label."""
    found = re.fullmatch(r"(\d{1,6})(?:[a-z]\d+|far)", label)
    return int(found[1]) if found else None


def check_counts(count: int, clusters: int) -> None:
    """Raises SettingsError for a number of textures or clusters that a round cannot have."""
    if not 3 <= count <= 1000:
        raise SettingsError(f"count: {count} is not a number of textures from 3 to 1000")
    most = min(count - 1, len(string.ascii_lowercase))
    if not 1 <= clusters <= most:
        raise SettingsError(f"clusters: {clusters} is not from 1 to {most}, for {count} textures")


def look(
    state: State,
    generate: Callable[[Float32[np.ndarray, "m n"]], Float32[np.ndarray, "m h w 3"]],
    *,
    count: int,
    clusters: int,
    drawn: Callable[[UInt8[np.ndarray, "m h w 3"]], None] = lambda textures: None,
) -> Round:
    """Draws, renders and clusters the candidates of a state; the same state, the same round.

    `count` textures, one of them from far away; `generate` renders latents in [0, 1]. `drawn` gets
    the textures but the far one before they are compared, in no order.

    Raises:
      SettingsError: counts out of range, or candidates off the prior's shell.
    """
    from jaxtex.texture.similarity import cluster, ssim

    check_counts(count, clusters)
    near = count - 1
    points = _draw(state, near)
    textures = np.rint(np.asarray(generate(points)).clip(0, 1) * 255).astype(np.uint8)
    drawn(textures[:near])
    floats = textures.astype(np.float32) / 255
    found = np.asarray(ssim.ssim_vectors(floats, floats[:near]))
    vectors, strangers = found[:near], found[near:]
    groups = cluster.cluster_vectors(vectors, clusters, state.seed)
    far = near + int(np.argmin(strangers[:, groups.representatives].max(axis=1)))
    order, names, representative = _arrange(vectors, groups)
    order = [*order, far]
    others = vectors[~np.eye(near, dtype=bool)]
    return Round(
        labels=tuple(f"{state.iteration}{name}" for name in (*names, "far")),
        representative=np.array([*representative, False]),
        points=points[order],
        textures=textures[order],
        likeness=round(float(others.mean(dtype=np.float64)), 4),
    )


def _draw(state: State, near: int) -> Float32[np.ndarray, "m n"]:
    """The candidates, then the uniform draws for the far slot."""
    import jax

    from jaxtex.texture.sphere import vmf

    key = jax.random.fold_in(jax.random.key(state.seed), state.iteration)
    kappas = np.repeat(np.array([state.kappa, 0], np.float32), [near, _SPARE])
    directions = vmf.sample(key, state.direction, kappas)
    points = sphere.on_sphere(np.asarray(directions), state.radius, state.center)
    name = f"round {state.iteration} of radius {state.radius:g}"
    return sphere.check_latents(points, len(state.direction), name)


def _arrange(
    vectors: Float[np.ndarray, "m m"], groups: "Clusters"
) -> tuple[list[int], list[str], list[bool]]:
    """Order, names and which are representatives: large clusters first, central members first."""
    distance = np.linalg.norm(vectors - groups.centroids[groups.labels], axis=1)
    distance[groups.representatives] = -1
    order, names, first = [], [], []
    for group in range(len(groups.centroids)):
        members = np.flatnonzero(groups.labels == group)
        order += members[np.argsort(distance[members], kind="stable")].tolist()
        letter = string.ascii_lowercase[group]
        names += [f"{letter}{rank}" for rank in range(1, len(members) + 1)]
        first += [rank == 0 for rank in range(len(members))]
    return order, names, first
