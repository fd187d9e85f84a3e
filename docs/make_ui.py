"""Makes the pictures of docs/ui.md anew, from a running server in a browser.

python docs/make_ui.py [-o FOLDER] [NAME...]

It needs Debian's chromium and playwright (pip install -e '.[dev]'). The runs take some minutes.
"""

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from jaxtex.files import write_bytes

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "images" / "ui"
sys.path.insert(0, str(ROOT / "tests"))

from browser import browsing, serving  # noqa: E402

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1180}
_MINUTES = 15 * 60_000


def begin(page: Any, address: str) -> None:
    """The page before there is an image."""
    page.goto(f"{address}/")
    page.get_by_role("button", name="Use the example northgate").wait_for()


def previews(page: Any, address: str) -> None:
    """Both images, what they were taken for, and five strengths."""
    begin(page, address)
    page.get_by_role("button", name="Use the example northgate").click()
    page.locator("figcaption", has_text="northgate.png").wait_for()
    page.get_by_role("button", name="Use the example ironwyrm").click()
    page.get_by_text("Previews of few pixels").wait_for()
    page.locator(".card", has_text="0.75").click()
    page.locator(".card[aria-pressed=true]", has_text="0.75").wait_for()


def under_way(page: Any, address: str) -> None:
    """A run with its live picture."""
    previews(page, address)
    page.get_by_role("button", name="Stylise", exact=True).click()
    page.get_by_text(re.compile(r"Step (1[2-9]|[2-9]\d) of .* left")).wait_for()


def result(page: Any, address: str) -> None:
    """What came of the run before, half before and half after."""
    page.goto(f"{address}/gallery")
    page.locator(".piece", has_text="done").get_by_role("link").first.click()
    page.locator("meter").first.wait_for()
    page.locator("input.slider").fill("46")
    page.locator("input.slider").blur()


def gallery(page: Any, address: str) -> None:
    """The examples of --demo."""
    page.goto(f"{address}/gallery")
    page.locator(".piece [data-state=done]").nth(5).wait_for()
    page.wait_for_load_state("networkidle")


def overview(page: Any, address: str) -> None:
    """The page where a search for textures begins."""
    page.goto(f"{address}/textures")
    page.get_by_label("Name", exact=True).wait_for()


def round_drawn(page: Any, iteration: int) -> None:
    """Waits for a round that is written."""
    page.locator(f'jx-wall [data-label="{iteration}a1"]').wait_for()
    page.locator(f'.stop[data-here][data-iteration="{iteration}"]').wait_for()
    page.wait_for_function("!document.querySelector('[data-key=none]').disabled")


def pick(page: Any, *labels: str) -> None:
    """Picks textures, and waits until it is known how near the next round can be."""
    for label in labels:
        page.locator(f'jx-wall [data-label="{label}"]').click()
        page.locator(f'[data-label="{label}"][aria-pressed=true]').wait_for()
    page.wait_for_function("!document.querySelector('#nearness').disabled")


def wall(page: Any, address: str) -> None:
    """A search that went back to its first round and on from there; the last one has picks."""
    overview(page, address)
    if page.locator(".search-card", has_text="paper-for-the-cover").count():
        page.goto(f"{address}/textures/paper-for-the-cover")
        round_drawn(page, 3)
    else:
        page.get_by_label("Name", exact=True).fill("paper for the cover")
        page.get_by_role("button", name="Begin").click()
        round_drawn(page, 0)
        pick(page, "0b1", "0c1")
        page.locator("[data-key=step]").click()
        round_drawn(page, 1)
        pick(page, "1c1")
        page.locator("[data-key=step]").click()
        round_drawn(page, 2)
        page.get_by_role("button", name="Show round 0").click()
        page.get_by_role("button", name="Go on from here").click()
        round_drawn(page, 0)
        pick(page, "0e1")
        page.locator("[data-key=step]").click()
        round_drawn(page, 3)
        pick(page, "3b1", "3c1")
    page.locator('jx-wall [data-label="3d1"]').hover()
    page.evaluate("scrollTo(0, 0)")


def compared(page: Any, address: str) -> None:
    """Two rounds side by side."""
    wall(page, address)
    page.get_by_label("Compare with").select_option("1")
    page.locator("jx-wall").nth(1).wait_for()


def large(page: Any, address: str) -> None:
    """A texture large and tiled."""
    wall(page, address)
    page.locator('jx-wall [data-label="3e1"]').click(button="right")
    page.locator("dialog[open]").wait_for()


def strip(page: Any, address: str) -> None:
    """The tray, and the textures between two of it with the plot."""
    wall(page, address)
    if not page.locator(".between").count():
        for label in ("3b1", "3far", "3e1"):
            page.locator(f'jx-wall [data-label="{label}"]').click(button="right")
            page.get_by_role("button", name="Keep in the tray").click()
            page.locator(f'[data-kept$="{label}"]').wait_for()
        page.locator("jx-drop input").set_input_files(ROOT / "examples" / "style" / "bark.png")
        page.locator("figcaption", has_text="bark.png").wait_for()
        kept = page.locator("jx-tray .cell")
        kept.nth(0).drag_to(kept.nth(1))
    page.locator(".passage").wait_for()
    page.get_by_text("Likeness along the way").click()
    plot = page.get_by_role("img", name="Plot: above")
    plot.evaluate("(image) => image.decode()")
    page.evaluate("document.querySelector('.strips').scrollIntoView()")


SHOTS: dict[str, tuple[Callable[[Any, str], None], dict[str, Any]]] = {
    "gallery": (gallery, {"viewport": WIDE}),
    "begin": (begin, {"viewport": WIDE}),
    "previews": (previews, {"viewport": WIDE}),
    "under-way": (under_way, {"viewport": WIDE}),
    "result": (result, {"viewport": WIDE}),
    "result-dark": (result, {"viewport": WIDE, "color_scheme": "dark"}),
    "result-narrow": (result, {"viewport": NARROW, "color_scheme": "dark"}),
    "begin-narrow": (begin, {"viewport": NARROW}),
    "textures": (wall, {"viewport": WIDE}),
    "textures-dark": (wall, {"viewport": WIDE, "color_scheme": "dark"}),
    "textures-narrow": (wall, {"viewport": NARROW}),
    "textures-compared": (compared, {"viewport": WIDE}),
    "textures-large": (large, {"viewport": WIDE, "color_scheme": "dark"}),
    "textures-strip": (strip, {"viewport": TALL}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SHOTS))
    parser.add_argument("-o", "--output", type=Path, default=PICTURES, help="default: docs/images")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    names = options.names or list(SHOTS)
    # With the examples in its queue a server would have the other pages wait.
    for demo in (True, False):
        take([name for name in names if (name == "gallery") == demo], options.output, demo=demo)


def take(names: list[str], target: Path, *, demo: bool) -> None:
    """Takes these pictures of a server of their own."""
    if not names:
        return
    more = ("--demo",) if demo else ()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *more) as server:
        for name in names:
            show, context_options = SHOTS[name]
            with browsing(server.address, **context_options) as (context, recorder):
                context.set_default_timeout(_MINUTES)
                page = context.new_page()
                show(page, server.address)
                page.wait_for_timeout(500)
                # The moves of a search keep to the window's edge.
                whole = not name.startswith("textures")
                taken = Image.open(io.BytesIO(page.screenshot(full_page=whole)))
                recorder.check()
            data = io.BytesIO()
            taken.convert("RGB").save(data, "WEBP", quality=82, method=6)
            write_bytes(target / f"{name}.webp", data.getvalue())
            print(f"{name}: {taken.width}×{taken.height} pixels", flush=True)


if __name__ == "__main__":
    main()
