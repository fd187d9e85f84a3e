"""A round as a wall of textures, group by group, as on its sheet."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jaxtex.ui import text_textures as text
from jaxtex.ui.parts import Tag, button, heading
from jaxtex.ui.runs.searches import DRAWN_COLUMNS, Search

if TYPE_CHECKING:
    from jaxtex.texture.search import Round

# Of a folded group: the representative, and beside it four in its height.
_FOLDED = 5

_DETAIL = "(event) => emit(event.detail)"


def address_of(search: Search, label: str, iteration: int) -> str:
    """Where a texture is fetched; another address when its round is drawn anew."""
    stamp = search.round_stamp(iteration)
    return f"/texture-files/rounds/{search.name}/{label}.png?v={stamp}"


class Wall:
    """The textures of one round; `pick` None: they can be looked at only."""

    def __init__(
        self,
        search: Search,
        iteration: int,
        *,
        pick: Callable[[str], None] | None,
        look_at: Callable[[str], None],
    ) -> None:
        self.search, self.iteration = search, iteration
        self.pick, self.look_at = pick, look_at
        self.cells: dict[str, Tag] = {}
        self._groups: dict[str, tuple[Tag, Tag | None]] = {}

    def build(self, drawn: "Round", picks: Sequence[str]) -> None:
        """Makes the elements."""
        wall = Tag("jx-wall", "", "textures", role="group")
        wall.set(aria_label=text.ROUND.format(iteration=self.iteration))
        wall.set(data_fixed="" if self.pick is None else None)
        wall.on("lookat", lambda event: self.look_at(str(event.args)), js_handler=_DETAIL)
        if self.pick is not None:
            pick = self.pick
            wall.on("pick", lambda event: pick(str(event.args)), js_handler=_DETAIL)
        with wall:
            for letter, members in drawn.clusters().items():
                labels = [drawn.labels[index] for index in members]
                typical = {drawn.labels[index] for index in members if drawn.representative[index]}
                self._group(letter, labels, typical)
        self.show(picks)

    def show(self, picks: Sequence[str]) -> None:
        """Marks what is picked."""
        for label, cell in self.cells.items():
            cell.set(aria_pressed="true" if label in picks else "false")

    def _group(self, letter: str, labels: Sequence[str], typical: set[str]) -> None:
        far = letter == "far"
        said = text.FAR if far else text.GROUP_OF.format(letter=letter, count=len(labels))
        with Tag("section", "", "cluster far" if far else "cluster", aria_label=said) as group:
            with Tag("div", "", "row head"):
                heading(text.FAR if far else text.GROUP.format(letter=letter), 3)
                Tag("span", text.FAR_SAYS if far else str(len(labels)), "quiet small")
            with Tag("div", "", "cells"):
                for index, label in enumerate(labels):
                    self._cell(letter, label, label in typical, hidden=index >= _FOLDED)
            more = len(labels) - _FOLDED
            if more > 0:
                self._unfolds(group, letter, more)

    def _cell(self, letter: str, label: str, typical: bool, *, hidden: bool) -> None:
        words = text.CELL_FAR if letter == "far" else text.CELL
        said = (text.CELL_TYPICAL if typical else words).format(label=label)
        cell = Tag("button", "", "cell", type="button", aria_label=said, draggable="true")
        address = address_of(self.search, label, self.iteration)
        cell.set(data_label=label, data_src=address, data_letter=letter)
        cell.set(data_typical="" if typical else None, data_more="" if hidden else None)
        with cell:
            Tag("img", "", src=address, alt="", draggable="false")
        self.cells[label] = cell

    def _unfolds(self, group: Tag, letter: str, more: int) -> None:
        words = text.UNFOLD.format(count=more)
        made = button(words, classes="small plain unfold", aria_expanded="false")
        made.set(aria_label=text.UNFOLD_GROUP.format(count=more, letter=letter))
        span = next(iter(made.default_slot.children))

        def turn() -> None:
            opens = made.props.get("aria-expanded") == "false"
            made.set(aria_expanded="true" if opens else "false")
            group.set(data_open="" if opens else None)
            if isinstance(span, Tag):
                span.text = text.FOLD if opens else words

        made.on("click", lambda _: turn(), args=[])


def build_drawn(address: str, count: int) -> None:
    """Textures that are not compared yet, cut from one picture."""
    rows = -(-count // DRAWN_COLUMNS)
    with Tag("div", "", "textures drawn", aria_hidden="true"):
        for index in range(count):
            row, column = divmod(index, DRAWN_COLUMNS)
            cell = Tag("div", "", "cell")
            across = 100 * column / (DRAWN_COLUMNS - 1)
            down = 100 * row / max(1, rows - 1)
            cell.style(
                f"background-image:url({address});"
                f"background-size:{100 * DRAWN_COLUMNS}% {100 * rows}%;"
                f"background-position:{across:.3f}% {down:.3f}%"
            )
