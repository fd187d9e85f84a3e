"""What came of a run: its picture beside the logo, gauges in words, downloads, the command."""

import asyncio
import json
from typing import Any

from nicegui import ui

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, choice, heading, link, script
from jaxtex.ui.runs import asked
from jaxtex.ui.runs.run import DONE, DRAFT, STOPPED, WAITING, WORKING, Run
from jaxtex.ui.stylise import starting

_GAUGES = (
    ("readability", text.READABILITY, text.READABILITY_WORDS, lambda value: value),
    # A tenth of the ground spoiled fills the gauge.
    ("artefacts", text.ARTEFACTS, text.ARTEFACTS_WORDS, lambda value: min(1.0, value * 10)),
    ("style", text.STYLE, text.STYLE_WORDS, lambda value: value),
)


class Result:
    """The picture of a run, live while it goes, with all that can be had of it in the end."""

    def __init__(self, house: House, run: Run) -> None:
        self.house, self.run = house, run
        # As they were chosen, also where a new state makes the view anew.
        self.ground, self.zoom = "own", "1"
        self.view: Tag | None = None
        self.scored: Tag | None = None
        self.shown: Any = None

    def build(self) -> None:
        """Makes what there is to see."""
        state = self.run.status["state"]
        self.view = self.scored = None
        if self.run.file("transparent.png") is None:
            self.ground = "own"
        if state == DRAFT or (state == WAITING and self._newest() is None):
            return
        with Tag("section", "", "result", aria_label=text.RESULT):
            self.view = Tag(
                "jx-compare", "", "", data_name=text.RESULT, data_slider_says=text.COMPARE,
                data_before_says=text.BEFORE, data_after_says=text.AFTER, data_zoom=self.zoom,
                data_ground=self.ground,
            )  # fmt: skip
            with Tag("div", "", "row tools"):
                choice(text.ZOOMS, self.zoom, self._magnify, name=text.ZOOM)
                if self.run.file("transparent.png") is not None:
                    choice(text.GROUNDS, self.ground, self._on, name=text.GROUND)
                elif "transparent.png" in self.run.status.get("without", {}):
                    said = self.run.status["without"]["transparent.png"]
                    Tag("span", text.NO_GROUND.format(said=said), "quiet small")
        self.look()
        if state in (DONE, STOPPED) and self.run.file("result.png") is not None:
            self._gauges()
            self._downloads()
            self._command()

    def look(self) -> None:
        """Shows the newest picture and figures."""
        if self.view is not None:
            after = self._address(self._newest())
            before = self._address("shown/before.png")
            self.view.set(data_after=after, data_before=before)
        if self.scored is not None:
            self._show_score()

    def _newest(self) -> str | None:
        if self.run.status["state"] in (WAITING, WORKING):
            frame = self.house.board.live[self.run.id].get("frame")
            if frame is not None:
                return frame
            kept = sorted((self.run.folder / "frames").glob("*.png"))
            return f"frames/{kept[-1].name}" if kept else None
        wanted = "result.png" if self.ground == "own" else "transparent.png"
        if self.run.file(wanted) is not None:
            return wanted
        kept = sorted((self.run.folder / "frames").glob("*.png"))
        return f"frames/{kept[-1].name}" if kept else None

    def _address(self, name: str | None) -> str | None:
        path = None if name is None else self.run.file(name)
        return None if path is None else f"/files/{self.run.id}/{name}?{path.stat().st_mtime_ns}"

    def _magnify(self, value: str) -> None:
        self.zoom = value
        if self.view is not None:
            self.view.set(data_zoom=value)

    def _on(self, ground: str) -> None:
        self.ground = ground
        if self.view is not None:
            self.view.set(data_ground=ground)
        self.look()

    def _gauges(self) -> None:
        with Tag("section", "", "gauges", aria_label=text.GAUGES):
            heading(text.GAUGES)
            if len(self.run.request["styles"]) > 1:
                Tag("p", text.MEASURED_FIRST, "quiet small")
            self.scored = Tag("div", "", "row")
        self.shown = None
        if self._score() is None:
            starting.score(self.house, self.run)
        self._show_score()

    def _score(self) -> dict[str, Any] | None:
        kept, made = self.run.folder / "score.json", self.run.folder / "result.png"
        try:
            # That of a run that went on since is another's.
            if kept.stat().st_mtime_ns < made.stat().st_mtime_ns:
                return None
            return json.loads(kept.read_bytes())
        except (OSError, ValueError):
            return None

    def _show_score(self) -> None:
        found = self._score()
        refused = self.house.board.live[self.run.id].get("score_refused")
        if (found, refused) == self.shown or self.scored is None:
            return
        self.shown = found, refused
        self.scored.clear()
        with self.scored:
            if found is None or "said" in found:
                said = refused or text.MEASURING if found is None else found["said"]
                Tag("p", said, "quiet", role="status")
                return
            for name, words, levels, share in _GAUGES:
                value = found[name]
                said = next(said for least, said in levels if value >= least)
                with Tag("div", "", "gauge"):
                    Tag("span", words, "name")
                    Tag("meter", min="0", max="1", value=f"{share(value):.3f}", aria_label=words,
                        data_kind=name)  # fmt: skip
                    Tag("span", said)
                    Tag("span", f"{value:.2f}" if value >= 0.005 else "0.00", "quiet small")

    def _downloads(self) -> None:
        stem = f"{_stem(self.run.request['content'])}-{_stem(self.run.request['styles'][0])}"
        without = self.run.status.get("without", {})
        with Tag("section", "", "downloads", aria_label=text.DOWNLOADS):
            heading(text.DOWNLOADS)
            with Tag("div", "", "row"):
                for name, words, suffix in (
                    ("result.png", text.PNG, ".png"),
                    ("transparent.png", text.TRANSPARENT, "-transparent.png"),
                    ("result.svg", text.SVG, ".svg"),
                ):
                    if self.run.file(name) is None:
                        why = without.get(name, "")
                        button(words, icon="download", disabled=True, title=why)
                        continue
                    address = f"/files/{self.run.id}/{name}?save={stem}{suffix}"
                    made = link("", address, "button", download=f"{stem}{suffix}")
                    with made:
                        Tag("i", "download", "material-icons", aria_hidden="true")
                        Tag("span", words)
                for suffix, words in ((".gif", text.GIF), (".mp4", text.MP4)):
                    button(
                        words,
                        lambda suffix=suffix: self._film(suffix, f"{stem}{suffix}"),
                        icon="movie",
                    )
            self.film_said = Tag("p", "", "small", role="status", hidden=True)

    async def _film(self, suffix: str, save: str) -> None:
        self.film_said.say(text.MAKING_FILM)
        client = ui.context.client
        folder = str(self.run.folder)
        try:
            name = await self.house.device.ask("film", {"folder": folder, "suffix": suffix})
        except (JaxtexError, RunError, Stopped) as error:
            self.film_said.say(self.run.plain(str(error)))
            return
        self.film_said.say("")
        client.run_javascript(script("saveFile", f"/files/{self.run.id}/{name}?save={save}", save))
        # The page has time to fetch it before another one is asked for.
        await asyncio.sleep(0)

    def _command(self) -> None:
        toml = self.run.folder / "preset.toml"
        with Tag("details", "", "command"):
            Tag("summary", text.AS_COMMAND)
            with Tag("div", "", "stack"):
                self._copied(text.COMMAND_HINT, asked.command_line(self.run), "command-line")
                if toml.is_file():
                    words = toml.read_text(encoding="utf-8")
                    self._copied(text.PRESET_HINT, words, "command-preset")

    def _copied(self, hint: str, words: str, name: str) -> None:
        with Tag("div", "", "copied"):
            with Tag("div", "", "row"):
                Tag("p", hint, "quiet grow")
                copy = button(text.COPY, icon="content_copy", classes="small")
                call = f"(event) => copyWords(event.currentTarget, {name!r}, {text.COPIED!r})"
                copy.on("click", js_handler=call)
            Tag("pre", words, id=name, tabindex="0", aria_label=hint)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
