"""How soon does `jaxtex ui` answer a click, with 20 people at once and the device at work?

One is a page in Debian's chromium, where the clock runs in the page, from the click until what the
server says of it is there. The others speak the page's protocol over its websocket: many browsers
on the machine that serves would measure how fast those draw. Each clicks once a second. Besides:
how long the server takes to its first answer, and a page to be ready. An error on a page, or a
click without an answer, ends it with exit code 1.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import _table
from _ui_client import PageClient

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
# The first of the runs of --demo.
_RUN = "20000101-000000-000001"
# The zoom of a page is what the server says it is. Where a new state of the run makes the page
# anew, its new button is clicked, too.
_CLICK = """async (index) => {
  const find = () => document.querySelectorAll("[role=group][aria-label=Zoom] button")[index];
  const zoom = () => document.querySelector("jx-compare")?.dataset.zoom;
  const before = zoom();
  const began = performance.now();
  let clicked = find();
  await new Promise((done) => {
    const observer = new MutationObserver(() => {
      if (zoom() && zoom() !== before) {
        observer.disconnect();
        done();
      } else if (!clicked.isConnected && find()) {
        clicked = find();
        clicked.click();
      }
    });
    const watched = { subtree: true, childList: true, attributeFilter: ["data-zoom"] };
    observer.observe(document.body, watched);
    clicked.click();
  });
  return performance.now() - began;
}"""


def start(folder: Path, *options: str) -> tuple[subprocess.Popen[bytes], str, float]:
    """A server, its address, and the seconds to its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from jaxtex.cli import main; main()", "ui", *options]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--folder", str(folder), "--port", str(port), "--no-browser"],
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                answer.read()
            return process, address, time.perf_counter() - began
        except OSError:
            if process.poll() is not None:
                raise SystemExit("jaxtex ui did not start") from None
            time.sleep(0.02)


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """What the server's own process has used so far; NaN where the system does not say."""
    try:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Measured:
    """What came of it."""

    ready: float
    """Seconds until the first page was ready."""
    page: list[float]
    """Milliseconds of the clicks in the browser's page."""
    clients: list[float]
    """Those of the others."""
    share: float
    """Of a core, which the server's own process used while all clicked."""
    errors: list[str]


async def measure(
    address: str, clients: int, seconds: float, used: Callable[[], float]
) -> Measured:
    """Has one page and `clients - 1` others click; `used` says the server's processor seconds."""
    from playwright.async_api import async_playwright

    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        context = await browser.new_context()
        context.set_default_timeout(300_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        began = time.perf_counter()
        await page.goto(f"{address}/")
        await page.locator(".dot[data-state]").wait_for()
        ready = time.perf_counter() - began
        await page.goto(f"{address}/stylise/{_RUN}")
        await page.locator("jx-compare").wait_for()
        others = [
            PageClient(address, f"/stylise/{_RUN}", answering="jx-compare", property="data-zoom")
            for _ in range(clients - 1)
        ]
        for each in others:
            await each.open()

        async def on_page(turn: int) -> float:
            return await page.evaluate(_CLICK, 1 + turn % 2)

        def on(each: PageClient) -> Callable[[int], Awaitable[float]]:
            return lambda turn: each.click("Zoom", 1 + turn % 2)

        before, began = used(), time.perf_counter()
        clicking = [on_page, *map(on, others)]
        found = await asyncio.gather(
            *(
                _click(click, seconds, place / clients, errors)
                for place, click in enumerate(clicking)
            )
        )
        share = (used() - before) / (time.perf_counter() - began)
        for each in others:
            await each.close()
        await browser.close()
    return Measured(ready, found[0], [value for part in found[1:] for value in part], share, errors)


async def _click(
    click: Callable[[int], Awaitable[float]], seconds: float, first: float, errors: list[str]
) -> list[float]:
    """Milliseconds of a click a second, from `first` on: not all people click at once."""
    await asyncio.sleep(first)
    taken: list[float] = []
    ends, turn = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        turn += 1
        try:
            taken.append(await click(turn))
        except TimeoutError:
            errors.append("a click had no answer")
        await asyncio.sleep(1)
    return taken


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--clients", type=_table.count, default=20, help="people; default: 20")
    arguments.add_argument("--seconds", type=_table.count, default=60, help="default: 60")
    options = arguments.parse_args()
    report = _table.Report(as_json=options.json)
    with tempfile.TemporaryDirectory() as folder:
        process, address, first = start(Path(folder), "--demo")
        try:
            _table.progress(f"first answer after {first:.2f} s; {options.clients} people click")
            found = asyncio.run(
                measure(
                    address, options.clients, options.seconds, lambda: processor_seconds(process)
                )
            )
        finally:
            process.terminate()
            process.wait()
    everyone = f"a click, {options.clients} people, device at work"
    clicks = {everyone: [*found.page, *found.clients], "of these, the page in chromium": found.page}
    for name, taken in clicks.items():
        report.record(name, {"jaxtex": sorted(taken)}, "ms")
    report.record("from the start to the first answer", {"jaxtex": [first]}, "s")
    report.record("the first page ready", {"jaxtex": [found.ready]}, "s")
    rows = [[name, len(taken), *_shares(sorted(taken))] for name, taken in clicks.items()]
    report.table(["", "clicks", "median", "p95", "p99", "max"], rows)
    report.table(
        ["besides", "measured"],
        [
            ["from the start to the first answer", f"{first:.2f} s"],
            ["the first page ready", f"{found.ready:.2f} s"],
            ["the server's share of a core meanwhile", f"{found.share:.2f}"],
        ],
    )
    report.close()
    for error in found.errors:
        print(error, file=sys.stderr)
    return 1 if found.errors else 0


def _shares(taken: list[float]) -> list[str]:
    """Median, p95, p99 and the most, of milliseconds in order."""
    at = [taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95, 0.99)]
    return [f"{each:.0f} ms" for each in (*at, taken[-1])]


if __name__ == "__main__":
    _table.run(main)
