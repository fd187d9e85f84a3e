"""A run on its page: how far it is, its live picture, and what one may do with it now."""

from collections.abc import Callable
from typing import Any

from jaxtex.ui import text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button
from jaxtex.ui.runs.run import (
    DONE,
    DRAFT,
    FAILED,
    GOES_ON,
    INTERRUPTED,
    STOPPED,
    WAITING,
    WORKING,
    Run,
)
from jaxtex.ui.stylise import starting


class Progress:
    """The bar, the words and the buttons of a run; `moved` is called after a button."""

    def __init__(
        self, house: House, run: Run, *, begin: Callable[[], Any], again: Callable[[], Any]
    ) -> None:
        self.house, self.run, self.begin, self.again = house, run, begin, again
        self.said: Tag | None = None
        self.bar: Tag | None = None

    def build(self) -> None:
        """Makes what the state of the run asks for."""
        state = self.run.status["state"]
        self.said = self.bar = None
        with Tag("div", "", "progress"):
            self.trouble = Tag("p", "", "refused", role="alert", hidden=True)
            if state == DRAFT:
                self._start()
            else:
                self._under_way(state)
        self.look()

    def refuse(self, said: str) -> None:
        """Shows why the run does not begin."""
        self.trouble.say(said)

    def _start(self) -> None:
        request = self.run.request
        ready = request.get("content") is not None and bool(request.get("styles"))
        with Tag("div", "", "row"):
            button(text.RUN, self.begin, icon="play_arrow", classes="primary", disabled=not ready)
            if not ready:
                Tag("span", text.RUN_HINT, "quiet")

    def _under_way(self, state: str) -> None:
        status = self.run.status
        if state in (WAITING, WORKING):
            self.bar = Tag("progress", aria_label=text.RUN, max="1", value="0")
        self.said = Tag("p", "", "refused" if state == FAILED else "", role="status")
        with Tag("div", "", "row"):
            if state == WORKING:
                button(text.STOP, self._stop, icon="stop")
            elif state == WAITING:
                button(text.LEAVE_QUEUE, self._stop, icon="close")
            elif state in GOES_ON and (state == INTERRUPTED or self._has_checkpoint()):
                button(text.GO_ON, self._go_on, icon="play_arrow", classes="primary")
            if state not in (WAITING, WORKING):
                button(text.START_FROM, self.again, icon="restart_alt")
        if state == FAILED:
            self.said.say(status.get("said", ""))
        elif state == STOPPED:
            place = {"step": status.get("step", 0), "steps": status.get("steps", 0)}
            self.said.say(text.GO_ON_FROM.format(**place))
        elif state == INTERRUPTED:
            words = text.BROKEN_OFF if self._has_checkpoint() else text.BROKEN_OFF_EARLY
            self.said.say(status.get("said") or words)
        elif state == DONE:
            self.said.say(text.DONE_IN.format(**status))
            self.said.classes("quiet")

    def _has_checkpoint(self) -> bool:
        return (self.run.folder / "checkpoint").is_dir()

    def look(self) -> None:
        """Shows how far it is."""
        if self.bar is None or self.said is None:
            return
        live = self.house.board.live[self.run.id]
        job = self.house.jobs.get((self.run.id, starting.STYLISE))
        if job is not None and job.state == "waiting":
            words = text.WAITING_AT.format(place=self.house.device.place(job))
        elif live.get("stopping"):
            words = text.STOPPING
        elif "step" in live:
            step, steps = live["step"], live["steps"]
            self.bar.set(value=f"{step / max(steps, 1):.4f}")
            words = text.STEP_OF.format(step=step, steps=steps)
            if live.get("left") is not None and step < steps:
                words += " · " + text.LEFT.format(left=_duration(live["left"]))
        else:
            self.bar.set(value=None)
            words = text.STARTING
        if self.said.text != words:
            self.said.say(words)

    def _stop(self) -> None:
        starting.stop(self.house, self.run)

    def _go_on(self) -> None:
        starting.start(self.house, self.run, resume=True)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{int(seconds // 60)} min {round(seconds % 60)} s"
