"""The route of the search for textures."""

from nicegui import ui

from jaxtex.ui import layout, text
from jaxtex.ui.house import House
from jaxtex.ui.parts import heading


def register(house: House) -> None:
    """Registers the page at `/textures`."""

    @ui.page("/textures", title=f"{text.TEXTURES} · {text.NAME}")
    def textures() -> None:
        with layout.frame(house, text.TEXTURES):
            heading(text.TEXTURES, 1)
