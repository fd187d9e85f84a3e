"""Strips: the textures evenly between two, as many as one likes, with the plot of the way."""

from collections.abc import Callable
from typing import Any

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import text_textures as text
from jaxtex.ui.device.queue import Job
from jaxtex.ui.device.tasks import Rank
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, choice, heading, link, on_value, picture
from jaxtex.ui.runs.made import Strip
from jaxtex.ui.textures.closeup import Closeup, Dialog

TOPIC = "strips"
_COUNT, _MOST = 5, 24


class Strips:
    """All strips on a page, the newest first; `begin` begins a search from one of the tray."""

    def __init__(self, house: House, dialog: Dialog, begin: Callable[[str], None]) -> None:
        self.house, self.dialog, self.begin = house, dialog, begin
        self._seen: Any = None
        self.place = Tag("section", "", "stack strips part", id="strips")
        self.place.set(aria_label=text.STRIPS)
        self.look()
        house.board.watch(self.look, TOPIC)

    def join(self, first: str, second: str) -> None:
        """Makes a strip between two textures of the tray."""
        ends = [self.house.searches.find_kept(id) for id in (first, second)]
        if first == second or None in ends:
            return
        found = [each for each in ends if each is not None]
        strip = self.house.searches.new_strip(found, {"count": _COUNT, "even": "first"})
        self._find(strip)

    def look(self) -> None:
        """Shows what there is."""
        strips = self.house.searches.all_strips()
        jobs = self.house.jobs
        seen = [(each.id, each.asked, each.found, jobs.get(_key(each))) for each in strips]
        if seen == self._seen:
            return
        self._seen = seen
        self.place.clear()
        self.place.set(hidden=not strips)
        with self.place:
            heading(text.STRIPS)
            for each in strips:
                self._strip(each)

    def _find(self, strip: Strip) -> None:
        """Has the textures found that are asked for now, where they are not there yet."""
        if strip.found is None:
            asked = strip.asked
            first, second = asked["names"]
            options = {name: asked[name] for name in ("count", "even")}
            ends = {"start": str(strip.end(0)), "end": str(strip.end(1))}
            before = self.house.jobs.get(_key(strip))
            if before is not None:
                self.house.device.drop(before)
            job = self.house.device.submit(
                "texture-strip",
                {"options": {**options, **ends, "output": str(strip.results)}},
                rank=Rank.PREVIEW,
                about=text.STRIP_ABOUT.format(first=first, second=second),
                heard=lambda event: self.house.board.changed(TOPIC),
            )
            self.house.jobs[_key(strip)] = job
            job.answer.add_done_callback(lambda _: self._done(strip, job))
        self.house.board.changed(TOPIC)

    def _done(self, strip: Strip, job: Job) -> None:
        if self.house.jobs.get(_key(strip)) is job:
            del self.house.jobs[_key(strip)]
        error = None if job.answer.cancelled() else job.answer.exception()
        if isinstance(error, JaxtexError | RunError) and not isinstance(error, Stopped):
            said = str(error)
            for which, name in enumerate(strip.asked["names"]):
                said = said.replace(str(strip.end(which)), name)
            strip.ask(refused=self.house.searches.plain(said))
        self.house.board.changed(TOPIC)

    def _strip(self, strip: Strip) -> None:
        asked, found = strip.asked, strip.found
        first, second = asked["names"]
        with Tag(
            "article", "", "between", aria_label=text.BETWEEN.format(first=first, second=second)
        ):
            with Tag("div", "", "row"):
                heading(text.BETWEEN.format(first=first, second=second), 3, "grow")
                if found is not None:
                    address = f"/texture-files/strips/{strip.id}.zip"
                    link(text.SAVE_STRIP, address, "button small", download="")
                button(text.TAKE_AWAY, lambda: self._take_away(strip), classes="small plain")
            with Tag("div", "", "row"):
                self._asks(strip)
            job = self.house.jobs.get(_key(strip))
            if asked.get("refused"):
                Tag("p", asked["refused"], "refused", role="alert")
            elif found is not None:
                self._results(strip, found)
            elif job is not None:
                Tag(
                    "p",
                    text.FINDING if job.state == "working" else text.WAITS,
                    "quiet",
                    role="status",
                )
                Tag("progress", aria_label=text.FINDING)
            else:
                button(text.BEGIN, lambda: self._find(strip), classes="small")

    def _asks(self, strip: Strip) -> None:
        asked = strip.asked

        def count(value: str) -> None:
            if value.isdecimal() and 1 <= int(value) <= _MOST and int(value) != asked["count"]:
                strip.ask(count=int(value))
                self._find(strip)

        def even(value: str) -> None:
            if value != asked["even"]:
                strip.ask(even=value)
                self._find(strip)

        with Tag("label", "", "row"):
            Tag("span", text.HOW_MANY, "small")
            number = Tag("input", "", "number", type="number", min="1", max=str(_MOST))
            number.set(value=str(asked["count"]))
            on_value(number, count)
        Tag("span", text.EVEN, "small")
        choice(text.EVENS, asked["even"], even, name=text.EVEN)

    def _results(self, strip: Strip, found: dict[str, Any]) -> None:
        last = len(found["textures"]) - 1
        with Tag("div", "", "cells passage"):
            for number, row in enumerate(found["textures"]):
                end = number in (0, last)
                says = text.STRIP_TEXTURE.format(number=number, count=last - 1)
                if end:
                    says = text.END_OF.format(id=strip.asked["names"][number > 0])
                self._cell(strip, row["file"], says, end=end)
        (part,) = found["parts"]
        count = last - 1
        inside = round(part["inside"] * count)
        said = text.INSIDE.format(inside=inside, count=count, step=part["largest_step"])
        if inside < count:
            said = f"{said} {text.SOME_OUTSIDE}"
        Tag("p", said, "quiet small")
        with Tag("details", "", "plot"):
            Tag("summary", text.PLOT, "small")
            if found["plot"] is None:
                Tag("p", text.NO_PLOT, "quiet small")
            else:
                base = f"/texture-files/strips/{strip.id}/{strip.results.name}"
                picture(f"{base}/{found['plot']}", text.PLOT_SAYS, loading="lazy")

    def _cell(self, strip: Strip, file: str, says: str, *, end: bool) -> None:
        results = strip.results.name
        address = f"/texture-files/strips/{strip.id}/{results}/{file}"
        cell = Tag("button", "", "cell end" if end else "cell", type="button", aria_label=says)
        cell.set(data_src=address, data_label=says)
        with cell:
            picture(address, "", draggable="false")

        def keep() -> str | None:
            path = strip.file(results, file)
            if path is None:
                return None
            kept = self.house.searches.keep_file(path, f"between-{path.stem}")
            self.house.board.changed("tray")
            return kept.id

        def begin() -> None:
            id = keep()
            if id is not None:
                self.begin(id)

        closeup = Closeup(
            label=says, address=address, saved=f"{address}?save={file}", begin=begin, keep=keep
        )
        cell.on("click", lambda _: self.dialog.show(closeup), args=[])

    def _take_away(self, strip: Strip) -> None:
        job = self.house.jobs.get(_key(strip))
        if job is not None:
            self.house.device.drop(job)
        strip.remove()
        self.house.board.changed(TOPIC)


def _key(strip: Strip) -> tuple[str, str]:
    return strip.id, "texture-strip"
