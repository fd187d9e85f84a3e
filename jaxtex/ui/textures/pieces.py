"""Larger pieces of textures, as material: of any of some sizes, repeating without a seam."""

from typing import Any

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui import text_textures as text
from jaxtex.ui.device.queue import Job
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, choice, heading, link, on_value
from jaxtex.ui.runs.made import Piece

TOPIC = "pieces"
_SIZES, _USUAL = (256, 512, 1024, 2048), 512


class Pieces:
    """All larger pieces on a page, the newest first."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._seen: Any = None
        self._bars: dict[str, Tag] = {}
        self.place = Tag("section", "", "stack strips part", id="pieces")
        self.place.set(aria_label=text.PIECES)
        self.look()
        house.board.watch(self.look, TOPIC)

    def make(self, id: str) -> None:
        """Makes a larger piece of a texture of the tray."""
        kept = self.house.searches.find_kept(id)
        if kept is not None:
            piece = self.house.searches.new_piece(kept, {"size": _USUAL, "seamless": "both"})
            self._begin(piece)

    def look(self) -> None:
        """Shows what there is."""
        pieces, device = self.house.searches.all_pieces(), self.house.device
        jobs = {each.id: self.house.jobs.get(_key(each)) for each in pieces}
        seen = [
            (
                each.id,
                each.asked,
                each.result.is_file(),
                job,
                job and (job.state, device.place(job)),
            )
            for each in pieces
            for job in (jobs[each.id],)
        ]
        if seen != self._seen:
            self._seen = seen
            self._bars.clear()
            self.place.clear()
            self.place.set(hidden=not pieces)
            with self.place:
                heading(text.PIECES)
                for each in pieces:
                    self._piece(each, jobs[each.id])
        for id, bar in self._bars.items():
            job = jobs.get(id)
            if job is not None and "share" in job.last:
                bar.set(value=f"{job.last['share']:.3f}")

    def _begin(self, piece: Piece) -> None:
        """Has the piece made that is asked for now, where it is not there yet."""
        before = self.house.jobs.pop(_key(piece), None)
        if before is not None:
            self.house.device.drop(before)
        if not piece.result.is_file():
            asked = piece.asked
            options = {
                "textures": [str(piece.end(0))],
                "output": str(piece.result),
                "checkpoint": str(piece.checkpoint),
                "size": str(asked["size"]),
                "seamless": asked["seamless"],
            }
            job = self.house.device.submit(
                "texture-extend",
                {"options": options},
                about=text.PIECE_ABOUT.format(name=asked["name"]),
                heard=lambda event: self.house.board.changed(TOPIC),
            )
            self.house.jobs[_key(piece)] = job
            job.answer.add_done_callback(lambda _: self._done(piece, job))
        self.house.board.changed(TOPIC)

    def _done(self, piece: Piece, job: Job) -> None:
        if self.house.jobs.get(_key(piece)) is job:
            del self.house.jobs[_key(piece)]
        error = None if job.answer.cancelled() else job.answer.exception()
        if isinstance(error, JaxtexError | RunError) and not isinstance(error, Stopped):
            said = str(error).replace(str(piece.end(0)), piece.asked["name"])
            piece.ask(refused=self.house.searches.plain(said))
        self.house.board.changed(TOPIC)

    def _piece(self, piece: Piece, job: Job | None) -> None:
        asked, there = piece.asked, piece.result.is_file()
        title = text.PIECE.format(name=asked["name"])
        with Tag("article", "", "between", aria_label=title):
            with Tag("div", "", "row"):
                heading(title, 3, "grow")
                if there:
                    file = piece.result.name
                    address = f"/texture-files/pieces/{piece.id}/{file}?save={asked['name']}-{file}"
                    link(text.SAVE_PNG, address, "button small", download="")
                button(text.TAKE_AWAY, lambda: self._take_away(piece), classes="small plain")
            with Tag("div", "", "row"):
                self._asks(piece)
            if asked.get("refused"):
                Tag("p", asked["refused"], "refused", role="alert")
            elif there:
                self._result(piece)
            elif job is not None:
                self._wait(piece, job)
            else:
                button(text.GO_ON, lambda: self._begin(piece), classes="small")

    def _asks(self, piece: Piece) -> None:
        asked = piece.asked

        def change(**changes: Any) -> None:
            if any(asked[name] != value for name, value in changes.items()):
                piece.ask(**changes)
                self._begin(piece)

        with Tag("label", "", "row"):
            Tag("span", text.PIECE_SIZE, "small")
            sizes = Tag("select", "", "short")
            with sizes:
                for size in _SIZES:
                    Tag("option", str(size), value=str(size), selected=size == asked["size"])
            on_value(sizes, lambda value: change(size=int(value)) if value.isdecimal() else None)
        Tag("span", text.SEAMLESS, "small")
        choice(
            text.SEAMLESS_WAYS,
            asked["seamless"],
            lambda value: change(seamless=value),
            name=text.SEAMLESS,
        )

    def _wait(self, piece: Piece, job: Job) -> None:
        words = text.GROWING
        if job.state == "waiting":
            place = self.house.device.place(job)
            words = text.PIECE_WAITS.format(place=place) if place else text.PIECE_WAITS_NEXT
        with Tag("div", "", "row"):
            Tag("p", words, "quiet grow", role="status")
            button(text.STOP, lambda: self._stop(piece), classes="small")
        self._bars[piece.id] = Tag("progress", aria_label=text.GROWING, max="1")

    def _result(self, piece: Piece) -> None:
        asked, file = piece.asked, piece.result
        address = f"/texture-files/pieces/{piece.id}/{file.name}?v={file.stat().st_mtime_ns}"
        says = text.PIECE_SHOWN.format(name=asked["name"], size=asked["size"])
        laid = Tag("div", "", "laid", role="img", aria_label=says)
        laid.style(f"background-image:url({address})")
        Tag("p", text.PIECE_SAYS.format(size=asked["size"]), "quiet small")

    def _stop(self, piece: Piece) -> None:
        job = self.house.jobs.get(_key(piece))
        if job is not None:
            self.house.device.drop(job)

    def _take_away(self, piece: Piece) -> None:
        self._stop(piece)
        piece.remove()
        self.house.board.changed(TOPIC)


def _key(piece: Piece) -> tuple[str, str]:
    return piece.id, "texture-extend"
