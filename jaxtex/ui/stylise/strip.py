"""Strengths and presets at a glance: small previews of which one is taken over to the run."""

from collections.abc import Callable
from typing import Any

from jaxtex.style.presets import DESCRIPTIONS, PRESETS
from jaxtex.ui import text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, heading, picture
from jaxtex.ui.runs.asked import STRENGTHS
from jaxtex.ui.runs.run import Run, is_clear
from jaxtex.ui.stylise import starting


class Strip:
    """The previews of a run; `choose` gets the option and its value where one is clicked."""

    def __init__(self, house: House, run: Run, choose: Callable[[str, Any], Any]) -> None:
        self.house, self.run, self.choose = house, run, choose
        self.cards: dict[str, list[tuple[str, Any, Tag, Tag]]] = {}
        self.seen: dict[str, Any] = {}
        self.clear = False

    def build(self, options: dict[str, Any], *, begun: bool, fixed: bool) -> None:
        """Makes the cards, and has the previews of strengths made where they can be.

        Beside a run that was `begun` only those that are there are shown; none can be chosen while
        it is `fixed`.
        """
        self.cards, self.seen = {}, {}
        request = self.run.request
        if begun and starting.made_of(self.run, "strip") is None:
            return
        with Tag("section", "", "strips", aria_label=text.STRENGTHS):
            heading(text.STRENGTHS)
            if request.get("content") is None or not request.get("styles"):
                Tag("p", text.STRIP_WAIT, "quiet")
                self._blank()
                return
            self.clear = is_clear(self.run)
            self.said = Tag("p", "", "quiet", role="status")
            with Tag("div", "", "strip"):
                for index, strength in enumerate(STRENGTHS):
                    says = text.PREVIEW_OF.format(strength=f"{strength:g}")
                    words = text.STRENGTH_WORDS[index]
                    self._card("strip", str(index), "strength", strength, f"{strength:g}",
                               words, says, fixed=fixed)  # fmt: skip
            with Tag("details", "", "presets") as folded:
                Tag("summary", text.PRESETS_SHOW)
                self.presets_said = Tag("p", "", "quiet", role="status")
                with Tag("div", "", "strip"):
                    for name in PRESETS:
                        says = text.PRESET_PREVIEW.format(name=name)
                        words = DESCRIPTIONS[name]
                        self._card("presets", name, "preset", name, name, words, says, fixed=fixed)
            shown = "(event) => event.target.open && emit()"
            folded.on("toggle", lambda _: self._ask("presets", options), js_handler=shown)
        if not begun:
            self._ask("strip", options)
        self.mark(options)
        self.look()

    def _blank(self) -> None:
        with Tag("div", "", "strip", aria_hidden="true"):
            for index, strength in enumerate(STRENGTHS):
                with Tag("div", "", "card blank"):
                    Tag("div", "", "hollow")
                    Tag("span", f"{strength:g}", "figure")
                    Tag("span", text.STRENGTH_WORDS[index], "quiet small")

    def _card(
        self, task: str, name: str, option: str, value: Any, figure: str, words: str, says: str,
        *, fixed: bool,
    ) -> None:  # fmt: skip
        card = Tag("div" if fixed else "button", "", "button card")
        card.set(type=None if fixed else "button")
        with card:
            shown = picture("data:,", says, "clear" if self.clear else "")
            Tag("span", figure, "figure")
            Tag("span", words, "quiet small")
        if not fixed:
            card.on("click", lambda _: self.choose(option, value), args=[])
        self.cards.setdefault(task, []).append((name, value, card, shown))

    def _ask(self, task: str, options: dict[str, Any]) -> None:
        starting.preview(self.house, self.run, task, options)

    def mark(self, options: dict[str, Any]) -> None:
        """Shows which of the cards is what the run would take."""
        chosen = {"strip": options.get("strength"), "presets": options.get("preset") or "steel"}
        if chosen["strip"] is None:
            chosen["strip"] = 0.5
        for task, cards in self.cards.items():
            for _, value, card, _ in cards:
                pressed = "true" if value == chosen[task] else "false"
                card.set(**{"aria_pressed" if card.tag == "button" else "data_pressed": pressed})

    def look(self) -> None:
        """Shows what there is by now."""
        live = self.house.board.live[self.run.id]
        for task, cards in self.cards.items():
            told = dict(live.get(task, {}))
            made = starting.made_of(self.run, task)
            for name, _, card, shown in cards:
                there = self.run.file(f"{task}/{name}.png")
                # A preset's picture changes while it is the one being made.
                now = told.get("step") if name in told.get("names", [name]) else None
                number = (there is not None, now, made)
                if self.seen.get(f"{task}/{name}") != number:
                    self.seen[f"{task}/{name}"] = number
                    if there is not None and (made or told):
                        stamp = there.stat().st_mtime_ns
                        shown.set(src=f"/files/{self.run.id}/{task}/{name}.png?{stamp}")
                    card.set(data_empty="" if there is None or not (made or told) else None)
        if self.cards:
            self._say(self.said, "strip", live)
            self._say(self.presets_said, "presets", live)

    def _say(self, where: Tag, task: str, live: dict[str, Any]) -> None:
        refused, told = live.get(f"{task}_refused"), live.get(task, {})
        job = self.house.jobs.get((self.run.id, task))
        if job is None:
            made = starting.made_of(self.run, task) is not None
            words = refused or (text.STRIP_DONE if made else "")
        elif job.state == "waiting":
            words = text.STRIP_QUEUED.format(place=self.house.device.place(job))
        elif "step" in told:
            words = text.STRIP_MAKING.format(step=told["step"], steps=told["steps"])
        else:
            words = text.STRIP_BEGINS
        if where.text != words:
            where.say(words)
            where.classes(add="refused" if refused else "", remove="" if refused else "refused")
