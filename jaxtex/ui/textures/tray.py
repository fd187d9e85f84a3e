"""The tray: what was liked, of all searches and of images of one's own."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from jaxtex.errors import JaxtexError, RunError
from jaxtex.ui import inputs
from jaxtex.ui import text as frame_text
from jaxtex.ui import text_textures as text
from jaxtex.ui.device.tasks import Rank
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, heading, link
from jaxtex.ui.runs.searches import Kept, Search

TOPIC = "tray"
_ACCEPT = ".png,.jpg,.jpeg,.webp,.tif,.tiff,.bmp,.gif,.svg,.svgz"
_NEAR = (0.3, 0.5, 0.75)
_DETAIL = "(event) => emit(event.detail)"


async def take_image(
    house: House, name: str, data: AsyncIterator[bytes], search: Search | None = None
) -> Kept:
    """Puts the texture that is nearest to an image into the tray; `name` is its sender's.

    Of the model of `search`, else of the usual one.

    Raises:
      ImageError: it cannot be used, in the command line's sentence.
      RunError: the worker failed.
    """
    shown = Path(name.replace("\\", "/")).name or "image"
    searches = house.searches
    target = searches.free_kept(Path(shown).stem)
    suffix = Path(shown).suffix.lower()
    came = target.with_suffix(f".came{suffix if suffix in _ACCEPT.split(',') else ''}")
    try:
        await inputs.receive(came, shown, data)
        await house.device.ask(
            "texture-image",
            {
                "path": str(came),
                "name": shown,
                "target": str(target),
                "folder": None if search is None else str(search.folder),
            },
            rank=Rank.PREVIEW,
            about=text.LOOKING.format(name=shown),
        )
    except (JaxtexError, RunError) as error:
        # The name that it was kept under says nothing to its sender.
        raise type(error)(str(error).replace(str(came), shown)) from None
    finally:
        came.unlink(missing_ok=True)
    house.board.changed(TOPIC)
    return Kept(target)


class Tray:
    """The tray on a page: `join` makes a strip of two, `begin` a search and `enlarge` a piece.

    Images that are dropped become textures of the model of `search`.
    """

    def __init__(
        self,
        house: House,
        *,
        join: Callable[[str, str], Any],
        begin: Callable[[str], Any],
        enlarge: Callable[[str], Any],
        look_at: Callable[[str], Any],
        keep: Callable[[str], Any] | None = None,
        search: Search | None = None,
    ) -> None:
        self.search = search
        self.house, self.join, self.begin, self.enlarge = house, join, begin, enlarge
        self.chosen: list[str] = []
        self._seen: list[str] | None = None
        with Tag("section", "", "stack part", id="tray", aria_label=text.TRAY):
            with Tag("div", "", "row head"):
                heading(text.TRAY)
                self.count = Tag("span", "", "quiet small")
            self.place = Tag("jx-tray", "", "tray")
            self.place.on("choose", lambda event: self._choose(event.args), js_handler=_DETAIL)
            self.place.on("join", lambda event: self.join(*event.args), js_handler=_DETAIL)
            self.place.on("lookat", lambda event: look_at(event.args), js_handler=_DETAIL)
            if keep is not None:
                self.place.on("keep", lambda event: keep(event.args), js_handler=_DETAIL)
            self.actions = Tag("div", "", "row")
            self._drop()
        self.look()
        house.board.watch(self.look, TOPIC)

    def look(self) -> None:
        """Shows what lies in it."""
        kept = self.house.searches.kept()
        names = [each.id for each in kept]
        self.chosen = [each for each in self.chosen if each in names]
        if names != self._seen:
            self._seen = names
            self._build(kept)
        self._act()

    def _build(self, kept: Sequence[Kept]) -> None:
        self.place.clear()
        self.cells: dict[str, Tag] = {}
        with self.place:
            Tag("p", text.TRAY_HINT if len(kept) > 1 else text.TRAY_EMPTY, "quiet small",
                hidden=len(kept) == 1)  # fmt: skip
            with Tag("div", "", "cells"):
                for each in kept:
                    self._cell(each)

    def _cell(self, kept: Kept) -> None:
        address = f"/texture-files/tray/{kept.id}.png?v={kept.path.stat().st_mtime_ns}"
        said = text.CHOOSE.format(id=kept.id)
        with Tag("figure", "", "kept"):
            cell = Tag("button", "", "cell", type="button", aria_label=said, draggable="true")
            cell.set(data_kept=kept.id, data_src=address, aria_pressed="false")
            with cell:
                Tag("img", "", src=address, alt="", draggable="false")
            about = nearness(kept.about)
            Tag("figcaption", about or kept.id, "quiet small", title=kept.id)
        self.cells[kept.id] = cell

    def _choose(self, id: str) -> None:
        if id in self.chosen:
            self.chosen.remove(id)
        else:
            self.chosen.append(id)
        self._act()

    def _act(self) -> None:
        """What can be done with what is chosen."""
        for id, cell in self.cells.items():
            cell.set(aria_pressed="true" if id in self.chosen else "false")
        count, many = len(self.chosen), text.MANY_CHOSEN.format(count=len(self.chosen))
        self.count.text = text.CHOSEN.get(count, many) if self._seen else ""
        self.actions.clear()
        self.actions.set(hidden=not self.chosen)
        with self.actions:
            if count == 2:
                button(text.BETWEEN_TWO, self._join, classes="primary small")
            if count == 1:
                only = self.chosen[0]
                button(text.BEGIN_FROM, lambda: self.begin(only), classes="small")
                button(text.MAKE_LARGER, lambda: self.enlarge(only), classes="small")
                address = f"/texture-files/tray/{only}.png?save={only}.png"
                link(text.SAVE, address, "button small", download="")
            elif count:
                address = f"/texture-files/tray.zip?ids={','.join(self.chosen)}"
                link(text.SAVE, address, "button small", download="")
            button(text.TAKE_OUT, self._take_out, classes="small plain")

    def _join(self) -> None:
        first, second = self.chosen
        self.chosen = []
        self._act()
        self.join(first, second)

    def _take_out(self) -> None:
        for id in self.chosen:
            kept = self.house.searches.find_kept(id)
            if kept is not None:
                kept.path.unlink(missing_ok=True)
        self.chosen = []
        self.house.board.changed(TOPIC)

    def _drop(self) -> None:
        address = "/texture-files/tray"
        if self.search is not None:
            address = f"{address}/{self.search.name}"
        place = Tag("jx-drop", "", "drop", data_to=address, data_several="")
        with place:
            with Tag("p"):
                Tag("span", text.DROP_IMAGE + " ")
                Tag("button", frame_text.CHOOSE, "choose", type="button")
            Tag("p", text.DROP_SAYS, "quiet small")
            Tag("input", type="file", accept=_ACCEPT, hidden=True, multiple=True, tabindex="-1",
                aria_label=frame_text.CHOOSE)  # fmt: skip
            Tag("p", "", "said small", role="alert", hidden=True, data_reading=text.LOOKING,
                data_failed=frame_text.UPLOAD_FAILED)  # fmt: skip


def nearness(about: dict[str, Any]) -> str | None:
    """How near the texture for an image came to it, in words; None for a texture of a search."""
    name, value = about.get("image"), about.get("mssim")
    if not isinstance(name, str):
        return None
    if not isinstance(value, float | int):
        return text.EXACT.format(name=name)
    words = text.NEARNESS[sum(value >= step for step in _NEAR)]
    return text.NEAREST.format(name=name, words=words, value=value)
