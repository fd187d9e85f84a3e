"""The route of a stylisation."""

from nicegui import ui

from jaxtex.ui import layout, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import heading


def register(house: House) -> None:
    """Registers the pages at `/` and `/stylise/ID`."""

    @ui.page("/", title=f"{text.STYLISE} · {text.NAME}")
    def stylise() -> None:
        with layout.frame(house, text.STYLISE):
            heading(text.STYLISE, 1)
