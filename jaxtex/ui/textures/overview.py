"""The overview: beginning a search, those there are, the tray, and what lies between two."""

from typing import Any

from nicegui import ui

from jaxtex.errors import JaxtexError
from jaxtex.texture.dcgan.shipped import USUAL, shipped_models
from jaxtex.ui import text as frame_text
from jaxtex.ui import text_textures as text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, heading, on_value, renamer, two_step
from jaxtex.ui.runs.searches import Search
from jaxtex.ui.textures.closeup import Closeup, Dialog
from jaxtex.ui.textures.desk import Desks
from jaxtex.ui.textures.jumps import Jumps
from jaxtex.ui.textures.pieces import Pieces
from jaxtex.ui.textures.strips import Strips
from jaxtex.ui.textures.trail import thumbs
from jaxtex.ui.textures.tray import Tray
from jaxtex.ui.textures.wall import address_of

_DEFAULTS = {"seed": 0, "count": 50, "clusters": 8}
_WORDS = {"seed": text.SEED, "count": text.COUNT, "clusters": text.CLUSTERS}


def begin_from(house: House, desks: Desks, id: str) -> None:
    """Begins a search in the direction of a texture of the tray, and shows it."""
    kept = house.searches.find_kept(id)
    if kept is not None:
        begin(house, desks, f"from-{id}", {"direction": str(kept.path), "seed": 0})


def begin(house: House, desks: Desks, name: str, options: dict[str, Any]) -> None:
    """Begins a search under a free name, and shows it."""
    search = house.searches.new(name)
    desks.of(search).start("new", options=options)
    ui.navigate.to(f"/textures/{search.name}")


class Overview:
    """The page at `/textures`."""

    def __init__(self, house: House, desks: Desks) -> None:
        self.house, self.desks = house, desks
        self.name, self.model = "", USUAL
        self.figures = {name: str(value) for name, value in _DEFAULTS.items()}
        self.cards: dict[str, _Card] = {}

    def build(self) -> None:
        """Makes the page."""
        heading(frame_text.TEXTURES, 1)
        Tag("p", text.INTRO, "intro")
        Jumps(self.house, text.SEARCHES)
        with Tag("div", "", "finder"):
            with Tag("div", "", "stack centre part", id="first"):
                self._new()
                with Tag("section", "", "stack", aria_label=text.SEARCHES):
                    heading(text.SEARCHES)
                    self.none = Tag("p", text.NO_SEARCHES, "quiet")
                    self.place = Tag("div", "", "searches")
            with Tag("div", "", "stack aside"):
                self.strips_place = Tag("div")
        self.dialog = Dialog()
        strips, pieces = Strips(self.house, self.dialog, self._begin_from), Pieces(self.house)
        with self.strips_place:
            Tray(
                self.house,
                join=strips.join,
                begin=self._begin_from,
                enlarge=pieces.make,
                look_at=self._look_at,
            )
        self.look()
        self.house.board.watch(self.look, "searches")

    def look(self) -> None:
        """Makes cards of searches that are new, and shows on the others what has changed."""
        found = {each.name: each for each in self.house.searches.all()}
        self.none.set(hidden=bool(found))
        for name in self.cards.keys() - found.keys():
            self.cards.pop(name).place.delete()
        for place, (name, search) in enumerate(found.items()):
            if name not in self.cards:
                with self.place:
                    self.cards[name] = _Card(search, self.desks)
            self.cards[name].look()
            self.cards[name].place.move(self.place, place)

    def _new(self) -> None:
        with Tag("section", "", "new", aria_label=text.NEW_SEARCH):
            heading(text.NEW_SEARCH)
            with Tag("div", "", "row"):
                with Tag("label", "", "field grow"):
                    Tag("span", text.NAME, "small")
                    name = Tag("input", "", type="text", maxlength="48", placeholder=text.NAME_HINT)
                    on_value(name, self._take_name, "input")
                with Tag("label", "", "field"):
                    Tag("span", text.MODEL, "small")
                    with Tag("select", "", "short") as models:
                        for each in shipped_models():
                            Tag("option", each, value=each, selected=each == self.model)
                    on_value(models, self._take_model)
                button(text.BEGIN, self._begin, icon="grid_view", classes="primary begin")
            with Tag("details", "", "small"):
                Tag("summary", text.MORE)
                with Tag("div", "", "row figures"):
                    for key, words in _WORDS.items():
                        with Tag("label", "", "field"):
                            Tag("span", words)
                            figure = Tag("input", "", "number", type="number", min="0")
                            figure.set(value=self.figures[key])
                            on_value(figure, lambda value, key=key: self._take(key, value), "input")
            self.said = Tag("p", "", "refused small", role="alert", hidden=True)

    def _take_name(self, value: str) -> None:
        self.name = value

    def _take_model(self, value: str) -> None:
        self.model = value

    def _take(self, key: str, value: str) -> None:
        self.figures[key] = value

    def _begin(self) -> None:
        from jaxtex.jobs.requests.texture import sphere_options
        from jaxtex.options import whole
        from jaxtex.texture.search import check_counts

        try:
            options = {
                key: whole(key, float(value or "nan"), 0, 2**32 - 1)
                for key, value in self.figures.items()
            }
            sphere_options.check_seed(options["seed"])
            check_counts(options["count"], options["clusters"])
        except JaxtexError as error:
            self.said.say(str(error))
            return
        named = {**options, "model": self.model}
        begin(self.house, self.desks, self.name or text.NO_NAME, named)

    def _begin_from(self, id: str) -> None:
        begin_from(self.house, self.desks, id)

    def _look_at(self, id: str) -> None:
        self.dialog.show(kept_closeup(id, lambda: self._begin_from(id)))


class _Card:
    """A search on the overview: a link with what it shows, another name, a way to be rid of it."""

    def __init__(self, search: Search, desks: Desks) -> None:
        self.search = search
        self._seen: Any = None
        with Tag("article", "", "search-card") as self.place:
            self.link = Tag("a", "", "open", href=f"/textures/{search.name}")
            self.link.set(aria_label=text.OPEN_SEARCH.format(name=search.name))
            with Tag("div", "", "row"):
                words = frame_text.RENAME.format(name=search.name)
                renamer(words, search.name, lambda name: desks.rename(search, name))
                words = frame_text.REMOVE.format(name=search.name)
                two_step(words, frame_text.REMOVE_SURE, lambda: desks.remove(search))

    def look(self) -> None:
        """Shows where the search stands; someone may be typing its name meanwhile."""
        stamp = self.search.stamp()
        if stamp != self._seen:
            self._seen = stamp
            self.link.clear()
            with self.link:
                self._show()

    def _show(self) -> None:
        search = self.search
        try:
            session = search.open()
        except JaxtexError:
            Tag("b", search.name, "name")
            Tag("span", text.DAMAGED, "refused small")
            return
        state = session.state
        with Tag("span", "", "thumbs", data_picked="" if state.picks else None):
            for label in thumbs(search, state.iteration, state.picks):
                Tag("img", "", src=address_of(search, label, state.iteration), alt="")
        count, picked = len({each.iteration for each in session.history}), len(session.picks())
        Tag("b", search.name, "name")
        rounds = text.ROUNDS.get(count, text.MANY_ROUNDS.format(count=count))
        picks = text.PICKED_SO_FAR.get(picked, text.MANY_PICKED.format(count=picked))
        Tag("span", f"{rounds}, {picks}", "quiet small")


def kept_closeup(id: str, begin: Any) -> Closeup:
    """What is shown of a texture of the tray."""
    address = f"/texture-files/tray/{id}.png"
    return Closeup(label=id, address=address, saved=f"{address}?save={id}.png", begin=begin)
