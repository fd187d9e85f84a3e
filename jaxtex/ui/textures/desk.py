"""One search as all tabs see it: its moves in turn, and what is on its way to the disk."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nicegui import background_tasks

from jaxtex.errors import JaxtexError, RunError, Stopped
from jaxtex.ui.house import House
from jaxtex.ui.runs.searches import Search

if TYPE_CHECKING:
    from jaxtex.jobs.requests.texture.search_results import Reach
    from jaxtex.texture.search import Session


class Desk:
    """The moves of one search. A pick is seen at once, and written behind it."""

    def __init__(self, house: House, search: Search) -> None:
        self.house, self.search = house, search
        self.topic = f"texture/{search.name}"
        self.said = ""
        """Why the last move was refused."""
        self.moving: str | None = None
        """The move that is under way."""
        self.drawn: tuple[str, int] | None = None
        """The picture of textures that are not compared yet, and how many there are."""
        self.reach: Reach | None = None
        """How like the picks the next round can be, where that is known."""
        self.gone: str | None = None
        """Where pages on it are to go, once it has another name or is no more."""
        self._grouped: int | None = None
        self._next = False
        self._wanted: tuple[int, tuple[str, ...]] | None = None
        self._lock = asyncio.Lock()
        self._session: tuple[Any, Session | None] = (None, None)
        self._writing = False

    def session(self) -> "Session | None":
        """The search as it is on disk; None where there is none, or a damaged one."""
        stamp = self.search.stamp()
        if stamp is not None and stamp != self._session[0]:
            try:
                self._session = stamp, self.search.open()
            except JaxtexError as error:
                self._session = stamp, None
                self.said = self.house.searches.plain(str(error))
        return self._session[1] if stamp is not None else None

    def now(self) -> int | None:
        """The round where the search stands, even if its sheets are being written still."""
        if self._grouped is not None:
            return self._grouped
        session = self.session()
        return None if session is None else session.state.iteration

    def picks(self) -> tuple[str, ...]:
        """What is picked now."""
        now, session = self.now(), self.session()
        if self._wanted is not None and self._wanted[0] == now:
            return self._wanted[1]
        if session is None or session.state.iteration != now:
            return ()
        return session.state.picks

    def all_picks(self) -> list[str]:
        """The picks of all rounds, those on their way to the disk, too."""
        from jaxtex.texture.search.moves import rounds

        session, now = self.session(), self.now()
        found = [] if session is None else rounds(session.history)
        kept = {state.iteration: state.picks for state in found}
        if now is not None:
            kept[now] = self.picks()
        return list(dict.fromkeys(label for picks in kept.values() for label in picks))

    def check(self) -> None:
        """Has pages look again where a command has changed the folder."""
        if self.moving is None and not self.busy and self.search.stamp() != self._session[0]:
            self._changed()

    def toggle(self, label: str) -> None:
        """Picks a texture, or takes it out of the picks."""
        now, picks = self.now(), list(self.picks())
        if now is None or self.busy:
            return
        if label in picks:
            picks.remove(label)
        else:
            picks.append(label)
        self._wanted = now, tuple(picks)
        self.said = ""
        self._changed()
        if not self._writing:
            self._writing = True
            self._start(self._write_behind())

    @property
    def busy(self) -> bool:
        """Whether no move can begin: one is under way whose round cannot be seen, or it is gone."""
        unseen = self.moving is not None and self._grouped is None
        return self._next or unseen or self.gone is not None

    def start(self, move: str, **arguments: Any) -> None:
        """Begins a move, where none keeps it `busy`; sheets are written first."""
        if not self.busy:
            self._next, self.said = True, ""
            self._changed()
            self._start(self._move(move, arguments))

    async def end(self, name: str | None) -> None:
        """Gives the search another name, or removes it, once nothing is on its way to the disk."""
        async with self._lock:
            if self.gone is not None:
                return
            if name is None:
                self.search.remove()
            else:
                self.search.rename(name)
            self.gone = f"/textures/{name}" if name is not None else "/textures"
        self._changed()
        self.house.board.changed("searches")

    def measure(self) -> None:
        """Has it found out how like the picks the next round can be."""
        if self.reach is None and self.session() is not None and self.moving is None:
            self._start(self._measure())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        background_tasks.create(work, name=self.topic)

    def _changed(self) -> None:
        self.house.board.changed(self.topic)

    async def _move(self, move: str, arguments: dict[str, Any]) -> None:
        async with self._lock:
            self._next = False
            if self.gone is not None:
                return
            self.moving = move
            try:
                await self._write_picks()
                picture = self.house.searches.drawn / f"{self.search.name}.png"
                await self._ask(move, drawn=str(picture), **arguments)
                if self.search.stamp() is None:
                    # Nothing came of it: its name is free again.
                    with suppress(OSError):
                        self.search.folder.rmdir()
            finally:
                self.moving, self.drawn, self._grouped = None, None, None
                self._changed()
        await self._measure()

    async def _write_behind(self) -> None:
        try:
            async with self._lock:
                await self._write_picks()
        finally:
            self._writing = False
        await self._measure()

    async def _write_picks(self) -> None:
        """Writes the picks that were made since, those of now alone."""
        while self._wanted is not None:
            asked, session = self._wanted, self.session()
            here = session is not None and session.state.iteration == asked[0]
            done = not here or (session is not None and session.state.picks == asked[1])
            if not done:
                done = not await self._ask("pick", labels=list(asked[1]))
            if done or self._wanted == asked:
                self._wanted = None
        self._changed()

    async def _measure(self) -> None:
        """Finds out how like the picks the next round can be, where something is picked."""
        from jaxtex.jobs.requests.texture.search_results import Reach

        stamp = self.search.stamp()
        session = self.session()
        found = None
        if session is not None and session.state.picks:
            with suppress(JaxtexError, RunError, Stopped):
                arguments = {"folder": str(self.search.folder)}
                found = Reach(*await self.house.device.ask("texture-reach", arguments))
        if stamp == self.search.stamp():
            self.reach = found
            self._changed()

    async def _ask(self, move: str, **arguments: Any) -> bool:
        """Has the worker make a move; whether it did."""
        self.reach = None
        try:
            await self.house.device.ask(
                "texture-move",
                {"folder": str(self.search.folder), "move": move, **arguments},
                heard=self._heard,
            )
        except (JaxtexError, RunError) as error:
            self.said = self.house.searches.plain(str(error))
            return False
        except Stopped:
            return False
        finally:
            self.house.board.changed("searches")
        return True

    def _heard(self, event: dict[str, Any]) -> None:
        if "drawn" in event:
            self.drawn = event["drawn"], event["count"]
        if "grouped" in event:
            self._grouped, self.drawn = event["grouped"], None
        self._changed()


class Desks:
    """The desks of a server, one a search."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._desks: dict[str, Desk] = {}

    def of(self, search: Search) -> Desk:
        """The desk of a search; all tabs have the same."""
        return self._desks.setdefault(search.name, Desk(self.house, search))

    async def rename(self, search: Search, words: str) -> str | None:
        """Gives a search a name of these words; why it cannot have it, or None."""
        try:
            name = self.house.searches.name_for(search, words)
        except JaxtexError as error:
            return str(error)
        if name != search.name:
            await self._end(search, name)
        return None

    async def remove(self, search: Search) -> None:
        """Removes a search with all in it."""
        await self._end(search, None)

    async def _end(self, search: Search, name: str | None) -> None:
        await self.of(search).end(name)
        self._desks.pop(search.name, None)
