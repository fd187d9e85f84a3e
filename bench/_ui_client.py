"""A page of `jaxtex ui` without a browser: it speaks what NiceGUI's own script speaks.

It fetches the page, takes its elements from it, opens the page's websocket, tells the server of a
click, and waits until the element that must answer comes changed.
"""

import asyncio
import html
import json
import re
import time
import uuid
from ast import literal_eval
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

_ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
_QUERY = re.compile(r"^\s*query: (\{.*\}),$", re.MULTILINE)
_PATIENCE = 60.0
_ACKNOWLEDGE = 3.0


class PageClient:
    """One page; `answering` is the tag of the element whose `property` a click changes."""

    def __init__(self, address: str, path: str, *, answering: str, property: str) -> None:
        self.address, self.path = address, path
        self.answering, self.property = answering, property
        self.elements: dict[str, Any] = {}
        self._changed = asyncio.Event()
        self._next_message = 0

    async def open(self) -> None:
        """Fetches the page and connects.

        Raises:
          ValueError: the page is not one of NiceGUI's.
        """
        import aiohttp
        import socketio

        async with (
            aiohttp.ClientSession() as session,
            session.get(self.address + self.path) as answer,
        ):
            page = await answer.text()
        elements, query = _ELEMENTS.search(page), _QUERY.search(page)
        if elements is None or query is None:
            raise ValueError(f"{self.path}: no page of NiceGUI")
        self.elements = json.loads(html.unescape(elements[1]))
        asked = literal_eval(query[1])
        self.id = asked["client_id"]
        names = ("document_id", "tab_id", "old_tab_id")
        asked |= {name: str(uuid.uuid4()) for name in names}
        asked["implicit_handshake"] = "true"
        self.socket = socketio.AsyncClient(reconnection=False)
        self.socket.on("update", self._update)
        self.socket.on("*", self._other)
        await self.socket.connect(
            f"{self.address}?{urlencode(asked)}",
            headers={"Origin": self.address},
            transports=["websocket"],
            socketio_path="/_nicegui_ws/socket.io",
        )
        self._acknowledging = asyncio.create_task(self._acknowledge())

    async def close(self) -> None:
        """Leaves the page."""
        self._acknowledging.cancel()
        with suppress(asyncio.CancelledError):
            await self._acknowledging
        await self.socket.disconnect()

    def buttons(self, group: str) -> list[str]:
        """The buttons of a group of this name, as ids of elements."""
        for each in self.elements.values():
            if each.get("props", {}).get("aria-label") == group:
                return [str(id) for id in each["children"]]
        raise ValueError(f"{self.path}: no group {group}")

    async def click(self, button: str) -> float:
        """Clicks; milliseconds until the answer is there.

        Raises:
          TimeoutError: none came.
        """
        (listener,) = [
            each["listener_id"]
            for each in self.elements[button]["events"]
            if each["type"] == "click"
        ]
        event = {"id": int(button), "client_id": self.id, "listener_id": listener, "args": []}
        self._changed.clear()
        began = time.perf_counter()
        await self.socket.emit("event", event)
        await asyncio.wait_for(self._changed.wait(), _PATIENCE)
        return (time.perf_counter() - began) * 1000

    def _update(self, message: dict[str, Any]) -> None:
        self._count(message)
        for id, element in message.items():
            if element is None:
                self.elements.pop(id, None)
                continue
            before = self.elements.get(id)
            self.elements[id] = element
            if element["tag"] == self.answering and _value(before, self.property) != _value(
                element, self.property
            ):
                self._changed.set()

    def _other(self, _: str, *given: Any) -> None:
        if given and isinstance(given[0], dict):
            self._count(given[0])

    def _count(self, message: dict[str, Any]) -> None:
        number = message.pop("_id", None)
        if number is not None:
            self._next_message = number + 1

    async def _acknowledge(self) -> None:
        while True:
            await asyncio.sleep(_ACKNOWLEDGE)
            told = {"client_id": self.id, "next_message_id": self._next_message}
            await self.socket.emit("ack", told)


def _value(element: dict[str, Any] | None, property: str) -> Any:
    return None if element is None else element.get("props", {}).get(property)
