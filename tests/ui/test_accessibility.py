"""Every page in light and dark and narrow, as axe-core sees it; and what the keyboard reaches."""

from pathlib import Path

import pytest
from kept_runs import keep
from made_searches import make_search

from jaxtex.ui.runs.run import FAILED, INTERRUPTED, STOPPED

axe_package = pytest.importorskip(
    "axe_playwright_python", reason="axe-playwright-python is not installed"
)
expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect
AXE = Path(axe_package.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def addresses(server):
    """Where each state of the pages is seen."""
    ids = {state: keep(server.folder, state=state).id for state in (STOPPED, INTERRUPTED, FAILED)}
    return {
        "begin": "/",
        "draft": f"/stylise/{keep(server.folder, state='draft').id}",
        "done": f"/stylise/{keep(server.folder).id}",
        **{state: f"/stylise/{id}" for state, id in ids.items()},
        "textures": "/textures",
        "search": f"/textures/{make_search(server.folder).name}",
        "gallery": "/gallery",
        "none": "/stylise/20000101-000000-nonono",
    }


STATES = (
    "begin",
    "draft",
    "done",
    STOPPED,
    INTERRUPTED,
    FAILED,
    "textures",
    "search",
    "gallery",
    "none",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_serious(server, addresses, page, state, theme):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(server.address + addresses[state])
    page.locator("h1").first.wait_for(state="attached")
    page.locator(".dot[data-state]").wait_for()
    if state not in ("textures", "search", "gallery", "none"):
        page.locator(".options").wait_for()
    for folded in page.locator("details:not(.queue, .presets)").all():
        folded.evaluate("each => (each.open = true)")
    assert not serious(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_while_a_mask_is_painted(server, addresses, page, theme):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(server.address + addresses["draft"])
    page.locator("summary", has_text="Not right?").click()
    page.get_by_role("button", name="Paint the mask").click()
    page.get_by_role("application", name="White is lettering").press("Space")
    assert not serious(page)


def serious(page):
    """What axe-core finds on the page as it is that keeps people out."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    return {
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    }


@pytest.mark.parametrize("state", ["begin", "done", "gallery", "textures", "search"])
def test_nothing_is_wider_than_a_phone(server, addresses, page, state):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.address + addresses[state])
    page.locator(".dot[data-state]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_tray_of_a_narrow_page_is_one_press_away(server, addresses, page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(server.address + addresses["search"])
    page.locator("jx-wall").wait_for()
    tray = page.get_by_role("region", name="Tray")
    expect(tray).not_to_be_in_viewport()
    jumps = page.get_by_role("navigation", name="Parts of this page")
    jumps.get_by_role("link", name="Tray (1)").click()
    expect(tray.get_by_role("heading")).to_be_in_viewport()
    # What lies between two is not there yet.
    expect(jumps.get_by_role("link")).to_have_text(["Rounds", "Tray (1)"])
    jumps.get_by_role("link", name="Rounds").click()
    expect(page.locator(".trail")).to_be_in_viewport()


def test_the_keyboard_reaches_the_slider_and_moves_it(server, addresses, page):
    page.goto(server.address + addresses["done"])
    page.locator("input.slider").wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "slider":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowRight")
    assert page.locator("input.slider").input_value() == "1"
