"""The page of past runs: all that is in the folder, to be searched, opened, begun from, removed."""

import datetime
from typing import Any

from nicegui import ui

from jaxtex.ui import layout, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, heading, link, on_value, picture, renamer, two_step
from jaxtex.ui.runs.run import WAITING, WORKING, Run, is_clear

# So many are shown at first, and so many more each time.
_PAGE = 48


def register(house: House) -> None:
    """Registers the page at `/gallery`."""

    @ui.page("/gallery", title=f"{text.GALLERY} · {text.NAME}")
    def gallery() -> None:
        with layout.frame(house, text.GALLERY):
            _Gallery(house).build()


class _Gallery:
    """The page in one tab."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.words = ""
        self.most = _PAGE
        self.cards: dict[str, tuple[Any, Tag]] = {}

    def build(self) -> None:
        """Makes the page, and has it look again whenever a run begins or ends."""
        with Tag("div", "", "row"):
            heading(text.GALLERY, 1, "grow")
            search = Tag("input", type="search", placeholder=text.SEARCH, aria_label=text.SEARCH)
            search.classes("search")
            on_value(search, self._search, "input")
        self.empty = Tag("div", "", "empty")
        self.wall = Tag("ul", "", "wall")
        self.more = button(text.MORE, self._more)
        self._look()
        self.house.board.watch(self._look, "runs")

    def _search(self, words: Any) -> None:
        self.words, self.most = str(words).strip().lower(), _PAGE
        self._look()

    def _more(self) -> None:
        self.most += _PAGE
        self._look()

    def _look(self) -> None:
        """Makes cards of what is new or has changed, and leaves the others."""
        found = [run for run in self.house.runs.all() if self._fits(run)]
        shown = found[: self.most]
        self.more.set(hidden=len(found) <= self.most)
        self._say_empty(found)
        known = {
            run.id: (run.status["state"], run.status.get("finished"), run.name) for run in shown
        }
        for id in [id for id, (now, _) in self.cards.items() if known.get(id) != now]:
            self.cards.pop(id)[1].delete()
        for place, run in enumerate(shown):
            if run.id not in self.cards:
                with self.wall:
                    card = self._card(run)
                self.cards[run.id] = known[run.id], card
            self.cards[run.id][1].move(self.wall, place)

    def _fits(self, run: Run) -> bool:
        request = run.request
        if request.get("content") is None:
            return False
        options = [f"{name} {value}" for name, value in request.get("options", {}).items()]
        state = text.STATES[run.status["state"]]
        names = [run.name or "", request["content"], *request["styles"], *options, state]
        return all(word in " ".join(names).lower() for word in self.words.split())

    def _say_empty(self, found: list[Run]) -> None:
        self.empty.clear()
        self.empty.set(hidden=bool(found))
        if not found:
            with self.empty:
                if self.words:
                    Tag("p", text.NOTHING_FOUND.format(words=self.words), "quiet")
                else:
                    Tag("p", text.GALLERY_EMPTY, "quiet")
                    link(text.BEGIN, "/", "button primary")

    def _card(self, run: Run) -> Tag:
        request, status = run.request, run.status
        content, styles = request["content"], ", ".join(request["styles"])
        state = status["state"]
        with Tag("li", "", "piece") as card:
            opens = text.OPEN_RUN.format(content=content, styles=styles)
            with link("", f"/stylise/{run.id}", "", aria_label=opens):
                picture(_address(run), "", "clear" if is_clear(run) else "", loading="lazy")
            images = f"{content} × {styles}" if styles else content
            with Tag("div", "", "row called"):
                Tag("span", run.name or images, "name grow")
                words = text.RENAME.format(name=run.name or images)
                renamer(words, run.name or images, lambda name: self._rename(run, name))
            if run.name:
                Tag("span", images, "quiet small")
            with Tag("div", "", "row small quiet"):
                Tag("span", text.STATES[state], "grow", data_state=state)
                Tag("time", _day(request.get("created", 0)))
            with Tag("div", "", "row"):
                button(text.START_FROM, lambda: self._again(run), classes="small grow")
                if state not in (WAITING, WORKING):
                    words = text.REMOVE.format(name=run.name or images)
                    two_step(words, text.REMOVE_SURE, lambda: self._remove(run))
        return card

    def _rename(self, run: Run, words: str) -> None:
        run.ask(name=words.strip() or None)
        self.house.board.changed("runs", run.id)

    def _remove(self, run: Run) -> None:
        run.remove()
        self.house.board.changed("runs", run.id)

    def _again(self, run: Run) -> None:
        ui.navigate.to(f"/stylise/{self.house.runs.copy(run).id}")


def _address(run: Run) -> str:
    """The best picture that there is of a run."""
    kept = sorted((run.folder / "frames").glob("*.png"))
    look = run.looks.get(run.request["content"], {})
    names = ["result.png", f"frames/{kept[-1].name}" if kept else "", look.get("image", "")]
    for name in filter(None, names):
        path = run.file(name)
        if path is not None:
            return f"/files/{run.id}/{name}?{path.stat().st_mtime_ns}"
    return "data:,"


def _day(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).astimezone()
    return f"{moment.day} {moment:%b %Y}"
