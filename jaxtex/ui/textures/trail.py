"""The rounds of a search so far, with the ways between them, as thumbnails."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jaxtex.ui import text_textures as text
from jaxtex.ui.parts import Tag
from jaxtex.ui.runs.searches import Search
from jaxtex.ui.textures.wall import address_of

if TYPE_CHECKING:
    from jaxtex.texture.search import Origin, Session

_THUMBS = 4


class Trail:
    """Every round as a button that shows it; ways that part lie one under the other."""

    def __init__(self, search: Search, show: Callable[[int], None]) -> None:
        self.search, self.show = search, show
        self.place = Tag("nav", "", "trail", aria_label=text.TRAIL)
        self._seen: object = None

    def look(self, session: "Session", shown: int) -> None:
        """Shows the rounds there are, and which of them the wall shows."""
        from jaxtex.texture.search import origins

        found, now = origins(session.history), session.state.iteration
        picks = {each.iteration: each.picks for each in session.history}
        seen = found, now, shown, picks
        if seen == self._seen:
            return
        self._seen = seen
        self.place.clear()
        with self.place:
            for origin, (column, row) in zip(found, lanes(found), strict=True):
                self._round(origin, picks[origin.iteration], here=origin.iteration == now,
                            shown=origin.iteration == shown, place=(column, row))  # fmt: skip

    def _round(
        self,
        origin: "Origin",
        picks: Sequence[str],
        *,
        here: bool,
        shown: bool,
        place: tuple[int, int],
    ) -> None:
        number = origin.iteration
        made = Tag("button", "", "stop", type="button")
        made.set(aria_label=text.SHOW_ROUND.format(iteration=number), data_iteration=number)
        made.set(aria_current="true" if shown else None, data_here="" if here else None)
        made.style(f"grid-column:{place[0]};grid-row:{place[1]}")
        made.on("click", lambda _: self.show(number), args=[])
        with made:
            with Tag("span", "", "thumbs", data_picked="" if picks else None):
                for label in thumbs(self.search, number, picks):
                    Tag("img", "", src=address_of(self.search, label, number), alt="")
            with Tag("span", "", "small words"):
                Tag("b", str(number))
                if here:
                    Tag("span", text.HERE, "here")
                elif origin.parent is not None:
                    words = text.FROM_ROUND.get(origin.action, text.FROM_ROUND["step"])
                    Tag("span", words.format(parent=origin.parent), "quiet")


def lanes(found: Sequence["Origin"]) -> list[tuple[int, int]]:
    """Column and row of each round, from 1: how many steps it is from the first, on which way."""
    places: dict[int, tuple[int, int]] = {}
    taken: set[tuple[int, int]] = set()
    for origin in found:
        column, row = 1, 1
        if origin.parent is not None:
            column, row = places[origin.parent][0] + 1, places[origin.parent][1]
        if (column, row) in taken:
            row = 1 + max(each for _, each in taken)
        places[origin.iteration] = column, row
        taken.add((column, row))
    return list(places.values())


def thumbs(search: Search, iteration: int, picks: Sequence[str]) -> list[str]:
    """The textures that stand for a round: its picks, else the first groups' representatives."""
    from jaxtex.errors import CheckpointError
    from jaxtex.texture.search import iteration_of

    own = [label for label in picks if iteration_of(label) == iteration]
    if own:
        return own[:_THUMBS]
    try:
        drawn = search.round(iteration)
    except CheckpointError:
        return []
    pairs = zip(drawn.labels, drawn.representative, strict=True)
    return [label for label, typical in pairs if typical][:_THUMBS]
