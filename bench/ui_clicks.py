"""How soon does `jaxtex ui` answer a click, with 20 people at once and the device at work?

Pages in Debian's chromium, on this machine too. Each clicks once a second; the clock runs in the
page, from the click until what the server says of it is there. Besides: how long the server takes
to its first answer, and a page to be ready. An error on a page ends it with exit code 1.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _table

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
# The first of the runs of --demo.
_RUN = "20000101-000000-000001"
# The zoom of a page is what the server says it is.
_CLICK = """async (index) => {
  const view = document.querySelector("jx-compare");
  const buttons = document.querySelectorAll("[role=group][aria-label=Zoom] button");
  const began = performance.now();
  const answered = new Promise((done) => {
    new MutationObserver((_, observer) => {
      observer.disconnect();
      done(performance.now() - began);
    }).observe(view, { attributeFilter: ["data-zoom"] });
  });
  buttons[index].click();
  return answered;
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


async def measure(
    address: str, clients: int, seconds: float, used: Callable[[], float]
) -> tuple[list[float], float, float, list[str]]:
    """Milliseconds of all clicks, seconds until the first page was ready, errors of pages.

    Before the last, the share of a core that the server uses while all click, by what it `used`.
    """
    from playwright.async_api import async_playwright

    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        context = await browser.new_context()
        context.set_default_timeout(300_000)
        page = await context.new_page()
        began = time.perf_counter()
        await page.goto(f"{address}/")
        await page.locator(".dot[data-state]").wait_for()
        ready = time.perf_counter() - began
        await page.goto(f"{address}/stylise/{_RUN}")
        await page.locator("jx-compare").wait_for()
        pages = [page]
        for _ in range(clients - 1):
            each = await context.new_page()
            await each.goto(f"{address}/stylise/{_RUN}")
            await each.locator("jx-compare").wait_for()
            pages.append(each)
        for each in pages:
            each.on("pageerror", lambda error: errors.append(str(error)))
        before, began = used(), time.perf_counter()
        found = await asyncio.gather(*(_click(each, seconds) for each in pages))
        share = (used() - before) / (time.perf_counter() - began)
        await browser.close()
    return [value for part in found for value in part], ready, share, errors


async def _click(page: Any, seconds: float) -> list[float]:
    taken, ends, turn = [], time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        turn += 1
        taken.append(await page.evaluate(_CLICK, 1 + turn % 2))
        await asyncio.sleep(1)
    return taken


def main() -> int:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--clients", type=_table.count, default=20, help="pages; default: 20")
    arguments.add_argument("--seconds", type=_table.count, default=60, help="default: 60")
    options = arguments.parse_args()
    report = _table.Report(as_json=options.json)
    with tempfile.TemporaryDirectory() as folder:
        process, address, first = start(Path(folder), "--demo")
        try:
            _table.progress(f"first answer after {first:.2f} s; opening {options.clients} pages")
            clicks, ready, share, errors = asyncio.run(
                measure(
                    address, options.clients, options.seconds, lambda: processor_seconds(process)
                )
            )
        finally:
            process.terminate()
            process.wait()
    clicks.sort()
    name = f"a click, {options.clients} pages, device at work"
    report.record(name, {"jaxtex": clicks}, "ms")
    report.record("from the start to the first answer", {"jaxtex": [first]}, "s")
    report.record("the first page ready", {"jaxtex": [ready]}, "s")
    shares = [clicks[min(len(clicks) - 1, int(len(clicks) * share))] for share in (0.5, 0.95, 0.99)]
    rows = [[name, len(clicks), *(f"{each:.0f} ms" for each in (*shares, clicks[-1]))]]
    report.table(["", "clicks", "median", "p95", "p99", "max"], rows)
    report.table(
        ["besides", "measured"],
        [
            ["from the start to the first answer", f"{first:.2f} s"],
            ["the first page ready", f"{ready:.2f} s"],
            ["the server's share of a core meanwhile", f"{share:.2f}"],
        ],
    )
    report.close()
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    _table.run(main)
