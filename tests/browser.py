"""A server of `jaxtex ui` as a process, and a browser that minds every request it makes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_PATIENCE = 180


class Server:
    """`jaxtex ui` with a folder, on a port that was free."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        command = [sys.executable, str(ROOT / "cli.py"), "ui", "--folder", str(folder)]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--no-browser", *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.lines: list[str] = []
        self.link = self._link()
        self.address = self.link.partition("?")[0].rstrip("/")
        # Whoever does not read on would block it.
        self.reader = threading.Thread(target=self._read_on, daemon=True)
        self.reader.start()

    def _link(self) -> str:
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"http://\S+", line):
                return found[0]
        self.process.wait(_PATIENCE)
        self.process.stderr.close()
        raise AssertionError("".join(self.lines))

    def _read_on(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)

    def end(self, how: int = signal.SIGINT) -> int:
        """Ends it, and waits for that."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(_PATIENCE)
        self.reader.join(_PATIENCE)
        self.process.stderr.close()
        return code


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """A server that ends with the block."""
    server = Server(folder, *options)
    try:
        yield server
    finally:
        server.end()


class Recorder:
    """What a browser asked for and complained of."""

    def __init__(self, context, own: str) -> None:
        self.own, self.foreign, self.complaints = urlsplit(own).netloc, [], []
        context.on("request", self._requested)
        context.on("page", self._opened)

    def _requested(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.own:
            self.foreign.append(request.url)

    def _opened(self, page) -> None:
        page.on("websocket", lambda socket: self._requested(socket))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._said)

    def _said(self, message) -> None:
        # A file that is refused is no error of the page.
        if message.type == "error" and "status of 422" not in message.text:
            self.complaints.append(message.text)

    def check(self) -> None:
        """Fails where another host was asked, or the page had an error."""
        assert not self.foreign, self.foreign
        assert not self.complaints, self.complaints


@contextmanager
def browsing(own: str, **options) -> Iterator[tuple]:
    """A context of Chromium and its recorder; `options` are those of `new_context`."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        context = browser.new_context(**options)
        context.set_default_timeout(_PATIENCE * 1000)
        try:
            yield context, Recorder(context, own)
        finally:
            browser.close()
