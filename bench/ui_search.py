"""How soon is the next round of a search for textures on the page of `jaxtex ui`?

One page in Debian's chromium, on this machine too. The clock runs in the page: from a click on a
texture until it is marked; from *Step* until textures are drawn, until they lie in groups, and
until the sheets are on disk.
"""

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

import _table
from ui_clicks import FLAGS, start

_PICK = """(label) => new Promise((done) => {
  const cell = document.querySelector(`jx-wall [data-label="${label}"]`);
  const began = performance.now();
  new MutationObserver((_, observer) => {
    observer.disconnect();
    done(performance.now() - began);
  }).observe(cell, { attributeFilter: ["aria-pressed"] });
  cell.click();
})"""
_STEP = """(iteration) => new Promise((done) => {
  const found = {};
  const began = performance.now();
  const look = () => {
    const now = performance.now() - began;
    if (document.querySelector(".drawn")) found.drawn ??= now;
    if (document.querySelector(`jx-wall [data-label="${iteration}a1"]`)) found.grouped ??= now;
    const here = document.querySelector(`.stop[data-here][data-iteration="${iteration}"]`);
    if (found.grouped && here) found.written ??= now;
    if (found.written) done(found);
    else requestAnimationFrame(look);
  };
  document.querySelector("[data-key=step]").click();
  requestAnimationFrame(look);
})"""
_READY = "document.querySelector('[data-key=none]')?.disabled === false"
# Until the programs are there, and until it is known how near the next round can be.
_WARM, _REACH = 30_000, "document.querySelector('#nearness').disabled === false"
_WORDS = {
    "picked": "a pick is marked",
    "drawn": "textures are drawn",
    "grouped": "they lie in groups",
    "written": "their sheets are on disk",
}


def measure(address: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each of `rounds` rounds; what is in groups at once is never seen drawn."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[float]] = {name: [] for name in _WORDS}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        page: Any = browser.new_page()
        page.set_default_timeout(300_000)
        page.goto(f"{address}/textures")
        page.locator(".dot[data-state=ready]").wait_for()
        page.wait_for_timeout(_WARM)
        page.get_by_role("button", name="Begin").click()
        page.wait_for_function(_READY)
        for iteration in range(1, rounds + 1):
            for letter in "bc":
                label = f"{iteration - 1}{letter}1"
                found["picked"].append(page.evaluate(_PICK, label))
            page.wait_for_function(_REACH)
            for name, taken in page.evaluate(_STEP, iteration).items():
                found[name].append(taken)
        browser.close()
    return found


def main() -> None:
    arguments = _table.parser(__doc__)
    arguments.add_argument("--rounds", type=_table.count, default=10, help="default: 10")
    options = arguments.parse_args()
    report = _table.Report(as_json=options.json)
    with tempfile.TemporaryDirectory() as folder:
        process, address, _ = start(Path(folder))
        try:
            found = measure(address, options.rounds)
        finally:
            process.terminate()
            process.wait()
    rows = []
    for name, words in _WORDS.items():
        taken = found[name]
        if taken:
            report.record(words, {"jaxtex": taken}, "ms")
            figures = min(taken), statistics.median(taken), max(taken)
            rows.append([words, len(taken), *(f"{each:.0f} ms" for each in figures)])
    report.table(["", "times", "min", "median", "max"], rows)
    report.close()


if __name__ == "__main__":
    _table.run(main)
