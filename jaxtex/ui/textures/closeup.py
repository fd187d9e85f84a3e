"""A texture large and tiled: beside the wall where one points, and by itself with what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from jaxtex.ui import text_textures as text
from jaxtex.ui.parts import Tag, button, heading, link, script


def build_lens() -> None:
    """Where the page's script shows what one points at."""
    with Tag("section", "", "lens", aria_hidden="true", data_empty=""):
        Tag("p", text.LENS_HINT, "quiet small hint")
        Tag("div", "", "large")
        Tag("div", "", "tiled")
        Tag("p", "", "small name")


@dataclass
class Closeup:
    """What the dialog shows of one texture, and does with it."""

    label: str
    address: str
    saved: str
    """Where the file with its latent is fetched."""
    begin: Callable[[], None]
    keep: Callable[[], Any] | None = None
    pick: Callable[[], None] | None = None
    picked: bool = False


class Dialog:
    """The dialog, one a page."""

    def __init__(self) -> None:
        self.client = ui.context.client
        self.place = Tag("dialog", "", "closeup", aria_label=text.LARGE)

    def show(self, closeup: Closeup) -> None:
        """Opens it."""
        self.place.clear()
        with self.place:
            with Tag("div", "", "row"):
                heading(closeup.label, 2, "grow")
                self._button(text.CLOSE, lambda: None, icon="close", bare=True, classes="plain")
            with Tag("div", "", "both"):
                for kind, words in (("large", text.SHOWN_LARGE), ("tiled", text.TILED)):
                    says = words.format(label=closeup.label)
                    made = Tag("div", "", kind, role="img", aria_label=says)
                    made.style(f"background-image:url({closeup.address})")
            with Tag("div", "", "row"):
                if closeup.pick is not None:
                    words = text.NO_PICK if closeup.picked else text.PICK
                    self._button(words, closeup.pick, classes="primary")
                if closeup.keep is not None:
                    self._button(text.KEEP, closeup.keep)
                link(text.SAVE_PNG, closeup.saved, "button", download="")
                self._button(text.BEGIN_FROM, closeup.begin)
        self.client.run_javascript(script("openDialog", self.place.html_id))

    def _button(self, words: str, done: Callable[[], Any], **options: object) -> None:
        def click() -> None:
            self.client.run_javascript(script("closeDialog", self.place.html_id))
            done()

        button(words, click, **options)  # type: ignore[arg-type]
