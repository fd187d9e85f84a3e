"""Past runs: found, searched, begun from, removed."""

import pytest
from browser import serving
from kept_runs import keep

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


@pytest.fixture
def kept(tmp_path):
    """A server with three runs."""
    runs = [
        keep(tmp_path, content="north.png", style="iron.png", options={"strength": 0.75}),
        keep(tmp_path, content="south.png", style="fire.png"),
        keep(tmp_path, content="west.png", style="iron.png", state="failed"),
    ]
    with serving(tmp_path) as server:
        yield server, runs


def names(page):
    return sorted(page.locator(".piece .name").all_inner_texts())


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("iron", ["north.png × iron.png", "west.png × iron.png"]),
        ("IRON west", ["west.png × iron.png"]),
        ("strength 0.75", ["north.png × iron.png"]),
        ("failed", ["west.png × iron.png"]),
        ("east", []),
    ],
)
def test_a_search_finds_names_options_and_states(kept, browser_for, words, found):
    server, _ = kept
    with browser_for(server) as page:
        page.goto(f"{server.address}/gallery")
        page.locator(".piece").nth(2).wait_for()
        page.get_by_role("searchbox").fill(words)
        page.wait_for_function(
            "count => document.querySelectorAll('.piece').length === count", arg=len(found)
        )
        assert names(page) == found
        assert page.get_by_text("Nothing here has").is_visible() == (not found)


def test_one_is_begun_from_and_one_removed(kept, browser_for):
    server, runs = kept
    with browser_for(server) as page:
        page.goto(f"{server.address}/gallery")
        page.locator(".piece", has_text="south.png").get_by_label("Remove").click()
        page.locator(".piece", has_text="south.png").get_by_text("Remove for good").click()
        page.locator(".piece", has_text="south.png").wait_for(state="detached")
        assert not runs[1].folder.exists()
        page.locator(".piece", has_text="north.png").get_by_text("Start from this one").click()
        page.locator("figcaption", has_text="north.png").wait_for()
        page.get_by_role("button", name="Stylise", exact=True).wait_for()
        page.locator(".card[aria-pressed=true]", has_text="0.75").wait_for()
        assert runs[0].id not in page.url


def test_one_gets_a_name_and_is_found_by_it(kept, browser_for):
    server, runs = kept
    with browser_for(server) as page:
        page.goto(f"{server.address}/gallery")
        card = page.locator(".piece", has_text="north.png")
        card.get_by_role("button", name="Give north.png × iron.png another name").click()
        field = card.get_by_label("New name")
        expect(field).to_be_focused()
        field.fill("for the <b>cover")
        field.press("Enter")
        card.locator(".name", has_text="for the <b>cover").wait_for()
        assert runs[0].name == "for the <b>cover"
        assert card.get_by_text("north.png × iron.png").is_visible()
        page.get_by_role("searchbox").fill("cover")
        expect(page.locator(".piece")).to_have_count(1)


def test_what_is_asked_once_more_is_taken_back_by_turning_from_it(kept, browser_for):
    server, runs = kept
    with browser_for(server) as page:
        page.goto(f"{server.address}/gallery")
        card = page.locator(".piece", has_text="south.png")
        card.get_by_label("Remove").click()
        expect(card.get_by_role("button", name="Remove for good")).to_be_focused()
        page.get_by_role("searchbox").click()
        expect(card.get_by_role("button", name="Remove for good")).to_be_hidden()
        expect(card.get_by_label("Remove")).to_be_visible()
        assert runs[1].folder.exists()


def test_an_empty_gallery_shows_the_way(server, page):
    page.goto(f"{server.address}/gallery")
    page.get_by_text("Nothing yet.").wait_for()
    page.get_by_role("link", name="Stylise a logo").click()
    page.get_by_role("button", name="Use the example northgate").wait_for()
