"""The way that a search took: a tree, since it may go back to a round and on from there."""

import itertools
from typing import NamedTuple

from jaxtex.texture.search.moves import History


class Origin(NamedTuple):
    """Where a round comes from."""

    iteration: int
    parent: int | None
    """The round that it was drawn from; None for the first one."""
    action: str
    """What drew it: new, step or none."""
    picks: tuple[str, ...]
    """What was picked in the round before it when it was drawn."""


def origins(history: History) -> list[Origin]:
    """Where each round comes from, in order."""
    found = [Origin(0, None, history[0].action, ())]
    for before, state in itertools.pairwise(history):
        if state.iteration > found[-1].iteration:
            found.append(Origin(state.iteration, before.iteration, state.action, before.picks))
    return found
