"""The page of past runs."""

from nicegui import ui

from jaxtex.ui import layout, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import heading


def register(house: House) -> None:
    """Registers the page at `/gallery`."""

    @ui.page("/gallery", title=f"{text.GALLERY} · {text.NAME}")
    def gallery() -> None:
        with layout.frame(house, text.GALLERY):
            heading(text.GALLERY, 1)
