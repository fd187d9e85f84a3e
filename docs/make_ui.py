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


SHOTS: dict[str, tuple[Callable[[Any, str], None], dict[str, Any]]] = {
    "gallery": (gallery, {"viewport": WIDE}),
    "begin": (begin, {"viewport": WIDE}),
    "previews": (previews, {"viewport": WIDE}),
    "under-way": (under_way, {"viewport": WIDE}),
    "result": (result, {"viewport": WIDE}),
    "result-dark": (result, {"viewport": WIDE, "color_scheme": "dark"}),
    "result-narrow": (result, {"viewport": NARROW, "color_scheme": "dark"}),
    "begin-narrow": (begin, {"viewport": NARROW}),
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
                taken = Image.open(io.BytesIO(page.screenshot(full_page=True)))
                recorder.check()
            data = io.BytesIO()
            taken.convert("RGB").save(data, "WEBP", quality=82, method=6)
            write_bytes(target / f"{name}.webp", data.getvalue())
            print(f"{name}: {taken.width}×{taken.height} pixels", flush=True)


if __name__ == "__main__":
    main()
