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

    def button(self, group: str, index: int) -> str:
        """A button of a group of this name, as the id of its element, which may come anew."""
        for each in self.elements.values():
            if each.get("props", {}).get("aria-label") == group:
                return str(each["children"][index])
        raise ValueError(f"{self.path}: no group {group}")

    async def click(self, group: str, index: int) -> float:
        """Clicks a button of a group; milliseconds until the answer is there.

        Where the page is made anew meanwhile, its new button is clicked, too.

        Raises:
          TimeoutError: no answer came.
        """
        before, began = self._value(), time.perf_counter()
        clicked = ""
        while self._value() in (None, before):
            self._changed.clear()
            if clicked not in self.elements:
                clicked = self.button(group, index)
                await self._emit_click(clicked)
            await asyncio.wait_for(self._changed.wait(), _PATIENCE)
        return (time.perf_counter() - began) * 1000

    async def _emit_click(self, button: str) -> None:
        (listener,) = [
            each["listener_id"]
            for each in self.elements[button]["events"]
            if each["type"] == "click"
        ]
        event = {"id": int(button), "client_id": self.id, "listener_id": listener, "args": []}
        await self.socket.emit("event", event)

    def _value(self) -> Any:
        for element in self.elements.values():
            if element["tag"] == self.answering:
                return element.get("props", {}).get(self.property)
        return None

    def _update(self, message: dict[str, Any]) -> None:
        self._count(message)
        for id, element in message.items():
            if element is None:
                self.elements.pop(id, None)
            else:
                self.elements[id] = element
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
