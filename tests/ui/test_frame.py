"""What every page has, on the real server in a real browser."""

import pytest
from browser import Server

PAGES = {"Stylise": "/", "Textures": "/textures", "Gallery": "/gallery"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_reached_by_its_link_and_marked(server, page, name):
    page.goto(f"{server.address}/")
    page.get_by_role("link", name=name).click()
    page.wait_for_url(server.address + PAGES[name])
    assert page.get_by_role("heading", level=1).inner_text() == name
    marked = page.locator("nav a[aria-current=page]")
    assert marked.inner_text() == name


def test_the_theme_stays_after_a_reload(server, page):
    page.goto(f"{server.address}/")
    before = page.evaluate("Quasar.Dark.isActive")
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    page.wait_for_function(f"Quasar.Dark.isActive === {'false' if before else 'true'}")


def test_the_worker_becomes_ready(server, page):
    page.goto(f"{server.address}/")
    page.locator("summary", has_text="ready").wait_for()


def test_the_content_is_reached_past_the_header(server, page):
    page.goto(f"{server.address}/gallery")
    page.locator("#content").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_a_page_says_when_the_server_does_not_answer_and_goes_on(tmp_path, browser_for):
    first = Server(tmp_path)
    with browser_for(first) as page:
        page.goto(f"{first.address}/")
        page.locator("summary", has_text="ready").wait_for()
        first.end()
        page.get_by_text("The server does not answer").wait_for()
