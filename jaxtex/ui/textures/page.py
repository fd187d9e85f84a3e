"""The routes of the search for textures."""

from nicegui import ui

from jaxtex.ui import layout, text_textures
from jaxtex.ui import text as frame_text
from jaxtex.ui.house import House
from jaxtex.ui.parts import heading, link
from jaxtex.ui.textures.desk import Desks
from jaxtex.ui.textures.overview import Overview
from jaxtex.ui.textures.searching import Searching

_ASSETS = (
    '<link rel="stylesheet" href="/assets/textures.css">',
    '<script src="/assets/textures.js"></script>',
)


def register(house: House) -> None:
    """Registers the pages at `/textures` and `/textures/NAME`."""
    desks = Desks(house)

    @ui.page("/textures", title=f"{frame_text.TEXTURES} · {frame_text.NAME}")
    def textures() -> None:
        _assets()
        with layout.frame(house, frame_text.TEXTURES):
            Overview(house, desks).build()

    @ui.page("/textures/{name}")
    def searching(name: str) -> None:
        ui.page_title(f"{name} · {frame_text.TEXTURES} · {frame_text.NAME}")
        _assets()
        with layout.frame(house, frame_text.TEXTURES):
            search = house.searches.find(name)
            desk = None if search is None else desks.of(search)
            if desk is None or not (desk.search.stamp() or desk.busy or desk.said):
                heading(text_textures.NO_SEARCH, 1)
                link(text_textures.ALL_SEARCHES, "/textures")
            else:
                Searching(house, desks, desk).build()


def _assets() -> None:
    style, script = _ASSETS
    ui.add_head_html(style)
    ui.add_body_html(script)
