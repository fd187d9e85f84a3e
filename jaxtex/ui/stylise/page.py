"""The page of a stylisation, whether it is being put together, under way or done."""

from typing import Any

from nicegui import ui

from jaxtex.errors import JaxtexError
from jaxtex.ui import layout, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, heading, script
from jaxtex.ui.runs.run import DRAFT, WAITING, WORKING, Run
from jaxtex.ui.stylise import starting
from jaxtex.ui.stylise.images import Images
from jaxtex.ui.stylise.options import Options
from jaxtex.ui.stylise.progress import Progress
from jaxtex.ui.stylise.result import Result
from jaxtex.ui.stylise.strip import Strip


def register(house: House) -> None:
    """Registers the pages at `/` and `/stylise/ID`."""

    @ui.page("/", title=f"{text.STYLISE} · {text.NAME}")
    def begin() -> None:
        _Page(house, house.runs.new()).build()

    @ui.page("/stylise/{id}", title=f"{text.STYLISE} · {text.NAME}")
    def stylise(id: str) -> None:
        run = house.runs.find(id)
        if run is None:
            with layout.frame(house, text.STYLISE):
                heading(text.NOT_FOUND, 1)
            return
        _Page(house, run).build()


class _Page:
    """One page of one run, in one tab."""

    def __init__(self, house: House, run: Run) -> None:
        self.house, self.run = house, run
        self.strip = Strip(house, run, self._choose)
        self.progress = Progress(house, run, begin=self._begin, again=self._again)
        self.result = Result(house, run)
        self.images = Images(
            house, run, self._look, lambda kind: self.options.show("style_kind", kind)
        )
        self.options = Options(run.request.get("options", {}), self._take_options)
        self.seen: tuple[Any, ...] | None = None
        self.fixed: bool | None = None
        self.grown = False
        self.client = ui.context.client

    def build(self) -> None:
        """Makes the page, and has it look again whenever something of the run changes."""
        ui.add_body_html('<script src="/assets/mask.js"></script>')
        with layout.frame(self.house, text.STYLISE):
            heading(text.STYLISE, 1, "unseen")
            self.work = Tag("div", "", "work")
            with self.work:
                with Tag("div", "", "side"):
                    self.side = Tag("div", "", "stack contents")
                    self.form = Tag("div", "", "contents")
                self.main = Tag("div", "", "main")
        self._look()
        ui.timer(0, self._grow, once=True)
        self.house.board.watch(self._look, self.run.id)

    def _grow(self) -> None:
        """Makes the form once the page is there: it is most of its elements, and folded."""
        self.grown = True
        status = self.run.status
        fixed = status["state"] != DRAFT
        self._make_form(fixed=fixed)
        if not fixed and "said" in status:
            self.options.refuse(status["said"])

    def _look(self) -> None:
        """Makes anew what is another than it was; else shows the newest figures only."""
        run = self.run
        request, status = run.request, run.status
        images = [request.get(role) for role in ("content", "styles", "mask", "style_mask")]
        now = (status["state"], images, run.looks, status.get("finished"), status.get("said"))
        if now == self.seen:
            self.progress.look()
            self.result.look()
            self.strip.look()
            return
        self.seen = now
        state = status["state"]
        fixed = state != DRAFT
        self.work.set(data_begun="" if fixed else None)
        if run.exists():
            self.client.run_javascript(script("goTo", f"/stylise/{run.id}"))
        self.side.clear()
        with self.side:
            self.images.build(fixed=fixed)
        self._make_form(fixed=fixed)
        self.main.clear()
        with self.main:
            if state in (WAITING, WORKING):
                self.result.build()
                self.progress.build()
                self.strip.build(self.options.values, begun=True, fixed=True)
            elif fixed:
                self.progress.build()
                self.result.build()
                self.strip.build(self.options.values, begun=True, fixed=False)
            else:
                self.strip.build(self.options.values, begun=False, fixed=False)
                self.progress.build()
        if not fixed and "said" in status:
            self._refuse(status["said"])

    def _make_form(self, *, fixed: bool) -> None:
        """Makes the form where it is not there yet as it shall be: someone may be typing in it."""
        if fixed == self.fixed or not self.grown:
            return
        self.fixed = fixed
        self.options.values = dict(self.run.request.get("options", {}))
        self.form.clear()
        with self.form:
            self.options.build(fixed=fixed)

    def _choose(self, name: str, value: Any) -> None:
        """Takes a strength or a preset over; one of them says what the other may be.

        A run that was begun stays as it is: what is chosen beside it begins another.
        """
        if self.run.status["state"] != DRAFT:
            made = self.house.runs.copy(self.run)
            made.ask(options={**self.options.values, name: value})
            ui.navigate.to(f"/stylise/{made.id}")
            return
        if name == "preset" and value != "steel" and "strength" in self.options.values:
            self.options.set("strength", None)
        if name == "strength" and self.options.values.get("preset", "steel") != "steel":
            self.options.set("preset", None)
        self.options.set(name, value)

    def _take_options(self, values: dict[str, Any]) -> None:
        self.run.ask(options=values)
        request = self.run.request
        if request.get("content") is not None and request.get("styles"):
            starting.preview(self.house, self.run, starting.STRIP, values)
        self.strip.mark(values)
        self.house.board.changed(self.run.id)

    def _begin(self) -> None:
        try:
            starting.start(self.house, self.run)
        except JaxtexError as error:
            self._refuse(self.run.plain(str(error)))

    def _refuse(self, said: str) -> None:
        """Shows a refusal beside the field that it is about, and beside the button."""
        self.options.refuse(said)
        self.progress.refuse(said)

    def _again(self) -> None:
        made = self.house.runs.copy(self.run)
        ui.navigate.to(f"/stylise/{made.id}")
