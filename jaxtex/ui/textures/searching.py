"""The page of one search: its trail, the wall of a round, the moves, the tray."""

from typing import TYPE_CHECKING, Any

from nicegui import ui

from jaxtex.errors import JaxtexError
from jaxtex.ui import text as frame_text
from jaxtex.ui import text_textures as text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, heading, link, on_value, renamer
from jaxtex.ui.textures import tray
from jaxtex.ui.textures.closeup import Closeup, Dialog, build_lens
from jaxtex.ui.textures.desk import Desk, Desks
from jaxtex.ui.textures.jumps import Jumps
from jaxtex.ui.textures.moves import Moves
from jaxtex.ui.textures.overview import begin_from, kept_closeup
from jaxtex.ui.textures.pieces import Pieces
from jaxtex.ui.textures.strips import Strips
from jaxtex.ui.textures.trail import Trail
from jaxtex.ui.textures.wall import Wall, address_of, build_drawn

if TYPE_CHECKING:
    from jaxtex.texture.search import Session

# A command on the same folder may move, too.
_EVERY = 0.5
# Seconds that a sentence on what was done is there.
_TOLD = 3.0


class Searching:
    """One page of one search, in one tab."""

    def __init__(self, house: House, desks: Desks, desk: Desk) -> None:
        self.house, self.desks, self.desk = house, desks, desk
        self.search, self.client = desk.search, ui.context.client
        self.viewed: int | None = None
        """The round that is looked at; None: the one where the search stands."""
        self.compared: int | None = None
        self.wall: Wall | None = None
        self._seen: Any = None
        self._seen_about: Any = None

    def build(self) -> None:
        """Makes the page, and has it look again whenever the search changes, by whomever."""
        with Tag("div", "", "row title"):
            heading(self.search.name, 1)
            words = frame_text.RENAME.format(name=self.search.name)
            renamer(words, self.search.name, lambda name: self.desks.rename(self.search, name))
            link(text.ALL_SEARCHES, "/textures", "quiet small grow")
            self.export = link(text.EXPORT, "", "button small", download="")
            self.export.set(title=text.EXPORT_HINT)
        Jumps(self.house, text.ROUNDS_PART)
        with Tag("div", "", "finder"):
            with Tag("div", "", "stack centre part", id="first"):
                self.trail = Trail(self.search, self._show)
                self.about = Tag("div", "", "row about")
                self.place = Tag("div", "", "walls")
                self.moves = Moves(self.desk)
                with Tag("details", "", "small quiet keys"):
                    Tag("summary", text.KEYS_TITLE)
                    Tag("p", text.KEYS)
            with Tag("div", "", "stack aside"):
                build_lens()
                tray_place = Tag("div")
        self.told = Tag("p", "", "told small", role="status", hidden=True)
        self.dialog = Dialog()
        strips, pieces = Strips(self.house, self.dialog, self._begin_from), Pieces(self.house)
        with tray_place:
            tray.Tray(
                self.house,
                join=strips.join,
                begin=self._begin_from,
                enlarge=pieces.make,
                look_at=self._look_at_kept,
                keep=self._keep,
                search=self.search,
            )
        self.look()
        self.house.board.watch(self.look, self.desk.topic)
        ui.timer(_EVERY, self.desk.check)
        self.desk.measure()

    def look(self) -> None:
        """Shows what has changed."""
        if self.desk.gone is not None:
            ui.navigate.to(self.desk.gone)
            return
        desk, session = self.desk, self.desk.session()
        now = desk.now()
        if session is not None:
            rounds = {state.iteration for state in session.history}
            if self.viewed is not None and self.viewed not in rounds:
                self.viewed = None
            if self.compared is not None and self.compared not in rounds:
                self.compared = None
            here = session.state.iteration if now is None else now
            self.trail.look(session, here if self.viewed is None else self.viewed)
        picks, name = desk.all_picks(), self.search.name
        address = f"/texture-files/picks/{name}/{name}.zip?labels={','.join(picks)}"
        self.export.set(hidden=not picks, href=address)
        shown = now if self.viewed is None else self.viewed
        drawn = desk.drawn if self.viewed is None else None
        stamp = None if shown is None else self.search.round_stamp(shown)
        about = (shown, self.viewed, drawn, desk.moving == "new", now, stamp)
        if about != self._seen_about:
            self._seen_about = about
            self.about.clear()
            with self.about:
                self._about(session, shown, drawn)
        walls = (*about, self.compared)
        if walls != self._seen:
            self._seen = walls
            self._build_walls(shown, drawn)
        elif self.wall is not None and self.viewed is None:
            self.wall.show(desk.picks())
        fading = desk.busy and desk.drawn is None and desk.moving != "new"
        stale = fading and now == (session.state.iteration if session is not None else None)
        self.place.set(data_stale="" if stale and self.viewed is None else None)
        self.moves.look(viewing=self.viewed is not None)

    def _build_walls(self, shown: int | None, drawn: tuple[str, int] | None) -> None:
        self.place.clear()
        self.wall = None
        with self.place:
            if drawn is not None:
                stamp = self.house.searches.drawn.joinpath(drawn[0]).stat().st_mtime_ns
                build_drawn(f"/texture-files/drawn/{drawn[0]}?v={stamp}", drawn[1])
            elif shown is not None:
                self.wall = self._wall(shown, side=self.compared is not None)
                if self.compared is not None:
                    self._wall(self.compared, side=True)
                    self.place.set(data_two="")
                    return
        self.place.set(data_two=None)

    def _wall(self, iteration: int, *, side: bool) -> Wall | None:
        """The wall of a round; only the one where the search stands can be picked from."""
        here = iteration == self.desk.now() and self.viewed is None
        wall = Wall(
            self.search,
            iteration,
            pick=self._pick if here else None,
            look_at=self._look_at,
        )
        with Tag("div", "", "one"):
            if side:
                heading(text.ROUND.format(iteration=iteration))
            try:
                wall.build(self.search.round(iteration), self._picks(iteration))
            except JaxtexError as error:
                Tag("p", self.house.searches.plain(str(error)), "refused", role="alert")
                return None
        return wall

    def _picks(self, iteration: int) -> tuple[str, ...]:
        """What is picked in a round, or was when it was left."""
        session = self.desk.session()
        if iteration == self.desk.now():
            return self.desk.picks()
        last = {} if session is None else {each.iteration: each for each in session.history}
        return last[iteration].picks if iteration in last else ()

    def _about(
        self, session: "Session | None", shown: int | None, drawn: tuple[str, int] | None
    ) -> None:
        if drawn is not None or shown is None:
            waits = text.COMPARING if drawn is not None else text.BEGINNING
            if self.desk.busy or drawn is not None:
                Tag("p", waits, "quiet", role="status")
            return
        heading(text.ROUND.format(iteration=shown), 2)
        now = self.desk.now()
        try:
            likeness = self.search.round(shown).likeness
        except JaxtexError:
            return
        Tag("span", text.LIKENESS.format(likeness=likeness), "quiet small grow")
        if self.viewed is not None and now is not None and self.viewed != now:
            with Tag("div", "", "banner row"):
                words = text.EARLIER.format(iteration=shown, now=now)
                Tag("p", words, "small grow", role="status")
                button(text.GO_ON_HERE, lambda: self._go_on(shown), classes="primary small")
                button(text.GO_NOW.format(now=now), lambda: self._show(now), classes="small")
        if session is not None and len({each.iteration for each in session.history}) > 1:
            self._compares(session, shown)

    def _compares(self, session: "Session", shown: int) -> None:
        with Tag("label", "", "row small compare"):
            Tag("span", text.COMPARE)
            rounds = Tag("select", "", "short")
            with rounds:
                Tag("option", text.COMPARE_NONE, value="", selected=self.compared is None)
                for number in sorted({each.iteration for each in session.history} - {shown}):
                    words = text.ROUND.format(iteration=number)
                    Tag("option", words, value=str(number), selected=number == self.compared)
            on_value(rounds, self._compare)

    def _compare(self, value: str) -> None:
        self.compared = int(value) if value else None
        self.look()

    def _show(self, iteration: int) -> None:
        self.viewed = None if iteration == self.desk.now() else iteration
        if self.compared == iteration:
            self.compared = None
        self.look()

    def _go_on(self, iteration: int) -> None:
        self.viewed = self.compared = None
        self.desk.start("back", iteration=iteration)
        self.look()

    def _pick(self, label: str) -> None:
        self.desk.toggle(label)
        self.look()

    def _keep(self, label: str) -> None:
        try:
            self.house.searches.keep(self.search, label)
        except JaxtexError as error:
            self.desk.said = self.house.searches.plain(str(error))
        else:
            self.told.say(text.KEPT.format(label=label))
            with self.client:
                ui.timer(_TOLD, lambda: self.told.say(""), once=True)
        self.house.board.changed(tray.TOPIC, self.desk.topic)

    def _look_at(self, label: str) -> None:
        from jaxtex.texture.search import iteration_of

        iteration = iteration_of(label)
        if iteration is None:
            return
        here = iteration == self.desk.now() and self.viewed is None
        self.dialog.show(
            Closeup(
                label=label,
                address=address_of(self.search, label, iteration),
                saved=f"/texture-files/picks/{self.search.name}/{label}.png",
                begin=lambda: self._begin_from_label(label),
                keep=lambda: self._keep(label),
                pick=(lambda: self._pick(label)) if here else None,
                picked=label in self.desk.picks(),
            )
        )

    def _look_at_kept(self, id: str) -> None:
        self.dialog.show(kept_closeup(id, lambda: self._begin_from(id)))

    def _begin_from(self, id: str) -> None:
        begin_from(self.house, self.desks, id)

    def _begin_from_label(self, label: str) -> None:
        kept = self.house.searches.keep(self.search, label)
        self.house.board.changed(tray.TOPIC)
        self._begin_from(kept.id)
