"""The frame of every page: header, pages, queue, theme, style sheet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nicegui import app, ui

from jaxtex.ui import text
from jaxtex.ui.house import House
from jaxtex.ui.parts import Tag, button, link, script

ASSETS = Path(__file__).with_name("assets")
_PAGES = ((text.STYLISE, "/"), (text.TEXTURES, "/textures"), (text.GALLERY, "/gallery"))
_THEME_COOKIE = "jaxtex-theme"
_EVERY = 0.5

_TURN_THEME = f"""() => {{
  const dark = !Quasar.Dark.isActive;
  Quasar.Dark.set(dark);
  document.cookie = "{_THEME_COOKIE}=" + (dark ? "dark" : "light")
    + "; path=/; max-age=31536000; SameSite=Strict";
}}"""


def register() -> None:
    """Serves the style sheet and the page's script."""
    app.add_static_files("/assets", ASSETS, max_cache_age=0)
    ui.add_head_html('<link rel="stylesheet" href="/assets/style.css">', shared=True)
    ui.add_body_html('<script src="/assets/page.js"></script>', shared=True)
    offline = script("sayOffline", text.OFFLINE_TITLE, text.OFFLINE)
    ui.add_body_html(f"<script>addEventListener('load', () => {offline})</script>", shared=True)


@contextmanager
def frame(house: House, page: str) -> Iterator[None]:
    """The frame with the page of this name marked; what is made inside is the page's content."""
    request = ui.context.client.request
    saved = request.cookies.get(_THEME_COOKIE) if request is not None else None
    ui.dark_mode(None if saved not in ("dark", "light") else saved == "dark")
    link(text.SKIP, "#content", "skip")
    with Tag("header", "", "bar"):
        link(text.NAME, "/", "mark")
        with Tag("nav", aria_label=text.PAGES):
            for name, address in _PAGES:
                link(name, address, aria_current="page" if name == page else None)
        Tag("div", "", "grow")
        _queue(house)
        button(text.THEME, icon="contrast", bare=True).on("click", js_handler=_TURN_THEME)
    with Tag("div", "", "page", id="content", tabindex="-1"):
        yield


def _queue(house: House) -> None:
    """What is at work and what waits, for all to see: each with its place and a way out of it."""
    with Tag("details", "", "queue"):
        with Tag("summary", "", "button", aria_label=text.QUEUE):
            dot = Tag("span", "", "dot", aria_hidden="true")
            words = Tag("span")
        jobs = Tag("div", "", "sheet")
    seen = -1

    def look() -> None:
        nonlocal seen
        device = house.device
        if seen == device.version:
            return
        seen = device.version
        found = device.jobs()
        working = any(job.state == "working" for job in found)
        waiting = sum(job.state == "waiting" for job in found)
        state = text.AT_WORK if working else text.READY if device.ready else text.WARMING
        words.text = f"{state} +{waiting}" if waiting else state
        dot.set(data_state="work" if working else "ready" if device.ready else "warm")
        jobs.clear()
        with jobs:
            if not found:
                Tag("p", text.QUEUE_EMPTY, "quiet")
            for job in found:
                with Tag("div", "", "line"):
                    place = device.place(job)
                    at = text.AT_WORK if job.state == "working" else text.PLACE.format(place=place)
                    Tag("span", job.about, "grow")
                    Tag("span", at, "quiet")
                    button(text.DROP_JOB, lambda job=job: device.drop(job), classes="small")

    look()
    ui.timer(_EVERY, look)
