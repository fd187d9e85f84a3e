"""The moves of a search: what is picked, how near the next round is to be, and on."""

from typing import TYPE_CHECKING, Any

from jaxtex.ui import text_textures as text
from jaxtex.ui.parts import Tag, button, on_checked, on_value
from jaxtex.ui.textures.desk import Desk
from jaxtex.ui.textures.wall import address_of

if TYPE_CHECKING:
    from jaxtex.jobs.requests.texture.search_results import Reach

# Of the whole way from further to closer: where words change.
_NEAR, _MUCH = 0.03, 0.15
_MARGIN = 0.02


class Moves:
    """The bar under the wall."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.wanted: float | None = None
        """The MSSIM that is asked for; None: as usual."""
        self.center = False
        self._reach: Reach | None = None
        self._picked: tuple[str, ...] | None = None
        self.place = Tag("section", "", "moves", aria_label=text.NEXT_ROUND)
        with self.place:
            self.said = Tag("p", "", "refused small", role="alert", hidden=True)
            self.picked = Tag("div", "", "row picked")
            self._slider()
            with Tag("div", "", "row buttons"):
                self.step = button(text.STEP, self._step, icon="arrow_forward", classes="primary")
                self.step.set(title=text.STEP_HINT, data_key="step")
                self.words = next(iter(self.step.default_slot.children[1:]))
                self.none = button(text.NONE, lambda: self._start("none"))
                self.none.set(title=text.NONE_HINT, data_key="none")
                self.undo = button(text.UNDO, lambda: self._start("undo"), icon="undo")
                self.undo.set(title=text.UNDO_HINT, data_key="undo")
                self.status = Tag("span", "", "quiet small", role="status")

    def look(self, *, viewing: bool) -> None:
        """Shows what is picked and what can be done, where no earlier round is looked at."""
        desk, session = self.desk, self.desk.session()
        picks = desk.picks()
        self.place.set(hidden=viewing)
        self.said.say(desk.said)
        busy = desk.busy or session is None
        for each in (self.step, self.none, self.undo):
            each.set(disabled=busy)
        if session is not None and len(session.history) < 2 and not picks:
            self.undo.set(disabled=True)
        if isinstance(self.words, Tag):
            self.words.text = text.STEP if picks else text.DRAW_AGAIN
        self.step.set(data_quiet=None if picks else "")
        self.status.text = text.MOVING.get(desk.moving or "", "") if busy else ""
        if picks != self._picked:
            self._picked = picks
            self._show_picked(picks)
        if desk.reach != self._reach or not picks:
            self._reach = desk.reach
            self._show_reach(desk.reach if picks else None)

    def _show_picked(self, picks: tuple[str, ...]) -> None:
        from jaxtex.texture.search import iteration_of

        self.picked.clear()
        with self.picked:
            if not picks:
                Tag("p", text.PICK_SOME, "quiet small")
                return
            Tag("span", text.PICKED, "small quiet")
            for label in picks:
                iteration = iteration_of(label) or 0
                words = text.UNPICK.format(label=label)
                made = Tag("button", "", "thumb", type="button", aria_label=words, title=words)
                made.on("click", lambda _, label=label: self.desk.toggle(label), args=[])
                with made:
                    Tag("img", "", src=address_of(self.desk.search, label, iteration), alt="")

    def _slider(self) -> None:
        with Tag("div", "", "nearness") as self.nearness:
            with Tag("div", "", "row"):
                Tag("label", text.NEXT_ROUND, "small grow name", for_="nearness")
                self.usual = button(text.USUAL, self._as_usual, classes="small plain", hidden=True)
            with Tag("div", "", "scale"):
                Tag("span", text.FURTHER, "small quiet", aria_hidden="true")
                self.range = Tag("input", "", "slider", type="range", id="nearness", step="0.01")
                on_value(self.range, self._want, "input")
                Tag("span", text.CLOSER, "small quiet", aria_hidden="true")
            with Tag("div", "", "row small"):
                self.nearly = Tag("span", "", "now")
                self.mssim = Tag("span", "", "quiet grow")
                with Tag("label", "", "row", title=text.CENTER_HINT):
                    box = Tag("input", "", type="checkbox")
                    on_checked(box, self._take_center)
                    Tag("span", text.CENTER)
        self._show_reach(None)

    def _show_reach(self, reach: "Reach | None") -> None:
        """The slider from what strangers have to what is nearest, at what is usual."""
        self.wanted = None
        self.nearness.set(data_off=None if reach else "")
        self.range.set(disabled=reach is None or self.center)
        if reach is not None:
            low, high = reach.least + _MARGIN, max(reach.most - _MARGIN, reach.usual)
            self.range.set(min=f"{low:.2f}", max=f"{high:.2f}", value=f"{reach.usual:.2f}")
        self._say()

    def _want(self, value: Any) -> None:
        self.wanted = float(value)
        self.range.set(value=str(value))
        self._say()

    def _as_usual(self) -> None:
        self._show_reach(self._reach)

    def _take_center(self, checked: bool) -> None:
        self.center = checked
        self._show_reach(self._reach)

    def _say(self) -> None:
        reach = self._reach if self._picked else None
        self.usual.set(hidden=self.wanted is None)
        if reach is None:
            self.nearly.text = self.mssim.text = ""
            self.range.set(aria_valuetext=None)
            return
        value = reach.usual if self.wanted is None else self.wanted
        self.nearly.text = text.WORDS[_step_of(value, reach)]
        self.mssim.text = text.MSSIM.format(value=value)
        self.range.set(aria_valuetext=f"{self.nearly.text}, {self.mssim.text}")

    def _step(self) -> None:
        options: dict[str, Any] = {}
        if self.desk.picks() and self.center:
            # On all sides of the picks.
            options = {"move_center": True, "kappa": 0.0}
        elif self.desk.picks() and self.wanted is not None:
            options = {"similarity": self.wanted}
        self._start("step", options=options)

    def _start(self, move: str, **arguments: Any) -> None:
        self.desk.start(move, **arguments)
        self.look(viewing=False)


def _step_of(value: float, reach: "Reach") -> int:
    """Which of the words it is, from much further to much closer than usual."""
    share = (value - reach.usual) / max(reach.most - reach.least, 1e-6)
    if abs(share) <= _NEAR:
        return 2
    much = abs(share) > _MUCH
    return (4 if much else 3) if share > 0 else (0 if much else 1)
