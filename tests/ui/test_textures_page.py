"""The page of a search: several tabs, reloads, keys, the tray, files that cannot be used."""

import http.client
import json
import time

import pytest
from made_searches import begin, step

from jaxtex.texture.search import open_session
from jaxtex.ui.runs.searches import Searches

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


@pytest.fixture
def made(server, request):
    """A search of two rounds, with a pick in each, in a folder of its own."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")[:30]
    folder = Searches(server.folder / "textures").folder
    return step(begin(folder / name).pick(["0b1"])).pick(["1a1"])


@pytest.fixture
def address(server, made):
    return f"{server.address}/textures/{made.folder.name}"


def pressed(page):
    """The labels of what is picked on the wall."""
    return [
        cell.get_attribute("data-label")
        for cell in page.locator('jx-wall .cell[aria-pressed="true"]').all()
    ]


def on_disk(made):
    return open_session(made.folder).state.picks


def until(found, wanted):
    """Waits for what is written behind."""
    deadline = time.monotonic() + 60
    while found() != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found() == wanted


def test_tabs_see_each_others_moves_and_those_of_a_command(context, address, made):
    one, other = context.new_page(), context.new_page()
    one.goto(address)
    other.goto(address)
    other.locator("jx-wall").wait_for()
    one.locator('[data-label="1b1"]').click()
    expect(other.locator('[data-label="1b1"]')).to_have_attribute("aria-pressed", "true")
    until(lambda: on_disk(made), ("1a1", "1b1"))
    other.keyboard.press("Control+z")
    expect(one.locator('[data-label="1b1"]')).to_have_attribute("aria-pressed", "false")
    until(lambda: on_disk(made), ("1a1",))
    open_session(made.folder).back(0)
    for page in (one, other):
        page.locator('jx-wall [data-label="0a1"]').wait_for()


def test_a_reload_and_a_second_look_lose_nothing(page, address, made):
    page.goto(address)
    page.locator('[data-label="1c1"]').click()
    until(lambda: on_disk(made), ("1a1", "1c1"))
    page.reload()
    page.locator("jx-wall").wait_for()
    assert pressed(page) == ["1a1", "1c1"]


def test_many_quick_clicks_end_as_the_last_one_left_them(page, address, made):
    page.goto(address)
    for label in ("1b1", "1c1", "1b1", "1far", "1a1", "1c1"):
        page.locator(f'jx-wall [data-label="{label}"]').click()
    until(lambda: on_disk(made), ("1far",))
    expect(page.locator('[data-label="1far"]')).to_have_attribute("aria-pressed", "true")
    assert pressed(page) == ["1far"]


def test_all_picks_can_be_taken_away_again(page, address, made):
    page.goto(address)
    page.locator('[data-label="1a1"]').click()
    until(lambda: on_disk(made), ())
    expect(page.get_by_role("button", name="Draw again")).to_be_visible()


def test_an_earlier_round_is_looked_at_and_not_picked_from(page, address, made):
    page.goto(address)
    page.get_by_role("button", name="Show round 0").click()
    page.get_by_text("as it was left").wait_for()
    assert pressed(page) == ["0b1"]
    page.locator('jx-wall [data-label="0a1"]').click()
    page.locator("dialog[open]").wait_for()
    expect(page.get_by_role("button", name="Pick", exact=True)).to_have_count(0)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show round 1", exact=True).last.click()
    page.locator('jx-wall [data-label="1a1"]').wait_for()
    assert on_disk(made) == ("1a1",)


def test_a_refused_move_says_why_and_leaves_the_search(page, address, made):
    page.goto(address)
    page.locator("[data-key=step]").click()
    said = page.locator(".moves .refused")
    said.wait_for()
    assert f"{made.folder.name}: belongs to the model abababababab…" in said.inner_text()
    assert str(made.folder.parent) not in said.inner_text()
    assert len(open_session(made.folder).history) == len(made.history)


def test_the_wall_is_walked_by_keys_and_shows_large(page, address, made):
    page.goto(address)
    page.locator("jx-wall").wait_for()
    page.keyboard.press("b")
    until(lambda: on_disk(made), ("1a1", "1b1"))
    focused = "document.activeElement.dataset.label"
    assert page.evaluate(focused) == "1b1"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "1b2"
    assert page.locator(".lens .name").inner_text() == "1b2"
    page.keyboard.press("Space")
    until(lambda: on_disk(made), ("1a1", "1b1", "1b2"))
    assert page.evaluate(focused) == "1b2"
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("heading", name="1b2").wait_for()
    expect(dialog.get_by_role("img", name="1b2 tiled three by three")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert page.evaluate(focused) == "1b2"
    assert page.locator("jx-wall .cell[tabindex='0']").count() == 1


def test_a_long_press_shows_it_large(page, address, made):
    page.goto(address)
    cell = page.locator('jx-wall [data-label="1b1"]')
    cell.dispatch_event("pointerdown", {"pointerType": "touch", "bubbles": True})
    page.locator("dialog[open]").get_by_role("heading", name="1b1").wait_for()
    assert on_disk(made) == ("1a1",)


def test_a_group_unfolds(page, address, made):
    page.goto(address)
    letter, members = max(made.round().clusters().items(), key=lambda pair: len(pair[1]))
    assert len(members) > 5
    cells = page.locator(f'jx-wall [data-letter="{letter}"]:visible')
    expect(cells).to_have_count(5)
    more = page.get_by_role("button", name=f"more textures of group {letter}")
    more.click()
    expect(cells).to_have_count(len(members))
    assert more.get_attribute("aria-expanded") == "true"


def test_two_of_the_tray_are_joined_by_keys_and_taken_out(page, address, made):
    page.goto(address)
    for label in ("1a1", "1b1"):
        page.locator(f'jx-wall [data-label="{label}"]').click(button="right")
        page.get_by_role("button", name="Keep in the tray").click()
        page.locator(f'jx-tray [data-kept="{made.folder.name}-{label}"]').wait_for()
    page.locator("jx-tray .cell").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.get_by_role("button", name="What lies between").click()
    # Its model is not there.
    page.get_by_text("belongs to the model abababababab…").wait_for()
    page.get_by_role("button", name="Take away").click()
    expect(page.locator(".between")).to_have_count(0)
    for cell in page.locator("jx-tray .cell").all():
        cell.click()
    page.get_by_role("button", name="Take out").click()
    expect(page.locator("jx-tray .cell")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("words.png", b"these are words", "words.png: "),
        ("empty.jpg", b"", "empty.jpg: "),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cut.png: "),
        ("../../evil.txt", b"#!/bin/sh", "evil.txt: "),
    ],
)
def test_a_file_that_is_no_image_is_refused_where_it_was_dropped(server, page, name, data, said):
    before = set((server.folder / "tray").iterdir())
    page.goto(f"{server.address}/textures")
    page.locator("jx-drop input").set_input_files(
        {"name": name, "mimeType": "image/png", "buffer": data}
    )
    refused = page.locator("jx-drop .said.refused")
    refused.wait_for()
    assert said in refused.inner_text()
    assert str(server.folder) not in refused.inner_text()
    assert set((server.folder / "tray").iterdir()) == before


def test_a_search_that_is_not_there_is_said_so(server, page):
    page.goto(f"{server.address}/textures/nothing")
    page.get_by_role("heading", name="There is no such search.").wait_for()


def test_a_damaged_search_is_said_so(server, page, address, made):
    (made.folder / "session.json").write_text("{")
    page.goto(address)
    page.get_by_text("session.json: is damaged").wait_for()
    page.goto(f"{server.address}/textures")
    page.locator(".search-card", has_text=made.folder.name).get_by_text("cannot be read").wait_for()


def test_a_search_gets_another_name_in_all_tabs_and_is_removed(server, context, address, made):
    one, other = context.new_page(), context.new_page()
    one.goto(address)
    other.goto(f"{server.address}/textures")
    one.locator('[data-label="1b1"]').click()
    card = other.locator(".search-card", has_text=made.folder.name)
    card.get_by_role("button", name="another name").click()
    field = card.get_by_label("New name")
    field.fill("***")
    field.press("Enter")
    card.get_by_text("a name needs a letter").wait_for()
    field.fill("for the cover")
    field.press("Enter")
    one.wait_for_url("**/textures/for-the-cover")
    expect(one.locator('jx-wall [data-label="1b1"]')).to_have_attribute("aria-pressed", "true")
    moved = made.folder.with_name("for-the-cover")
    assert open_session(moved).state.picks == ("1a1", "1b1")
    assert not made.folder.exists()

    card = other.locator(".search-card", has_text="for-the-cover")
    card.get_by_label("Remove for-the-cover").click()
    card.get_by_text("Remove for good").click()
    one.wait_for_url("**/textures")
    for page in (one, other):
        page.locator(".search-card", has_text="for-the-cover").wait_for(state="detached")
    assert not moved.exists()


@pytest.mark.parametrize(
    "path",
    [
        "/texture-files/rounds/..%2f..%2fruns/0a1.png",
        "/texture-files/rounds/test/..%2fsession.json",
        "/texture-files/rounds/nothing/0a1.png",
        "/texture-files/tray/..%2fsecret.png",
        "/texture-files/tray.zip?ids=../secret",
        "/texture-files/strips/..%2f..%2fx/first-5/strip.png",
        "/texture-files/strips/strip-00000000.zip",
        "/texture-files/picks/nothing/nothing.zip",
        "/texture-files/drawn/..%2fx.png",
    ],
)
def test_no_address_leads_to_a_file_outside(server, path):
    host, port = server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", path)
    assert connection.getresponse().status == 404
    connection.close()


def test_settings_that_cannot_be_are_refused_before_anything_begins(server, page):
    page.goto(f"{server.address}/textures")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Groups").fill("60")
    page.get_by_role("button", name="Begin").click()
    page.get_by_text("clusters: 60 is not from 1 to 26, for 50 textures").wait_for()
    assert not (server.folder / "textures" / "search").exists()


def test_a_search_made_by_the_command_line_is_listed(server, page, made):
    page.goto(f"{server.address}/textures")
    card = page.locator(".search-card", has_text=made.folder.name)
    assert "2 rounds, 2 picked" in card.inner_text()
    card.click()
    page.locator('jx-wall [data-label="1a1"]').wait_for()
    assert json.loads((made.folder / "session.json").read_text())["format"] == 1
