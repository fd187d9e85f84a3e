"""An artist's way through a search, on the real model; the command line finds the same there."""

import io
import json
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from browser import ROOT

from jaxtex.images import read_metadata
from jaxtex.texture.search import open_session

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def command(*words):
    """What a command of `jaxtex texture search` says as JSON."""
    line = [sys.executable, str(ROOT / "cli.py"), "texture", "search", *map(str, words), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def download(page, press):
    """The bytes of a file that a click saves."""
    with page.expect_download() as caught:
        press()
    return caught.value.path().read_bytes()


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_an_artists_way_and_the_command_line_on_the_same_folder(server, page, tmp_path):
    session = server.folder / "textures" / "paper-for-the-cover"
    key = {name: page.locator(f"[data-key={name}]") for name in ("step", "none", "undo")}

    def stands_at(iteration):
        page.locator(f'jx-wall [data-label="{iteration}a1"]').wait_for()
        page.locator(f'.stop[data-here][data-iteration="{iteration}"]').wait_for()
        expect(key["none"]).to_be_enabled()

    def pick(label):
        cell = page.locator(f'jx-wall [data-label="{label}"]')
        cell.click()
        expect(cell).to_have_attribute("aria-pressed", "true")

    # New: a wall of 12 in three groups, and the far one.
    page.goto(f"{server.address}/textures")
    page.get_by_label("Name", exact=True).fill("paper for the cover")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Textures a round").fill("12")
    page.get_by_label("Groups").fill("3")
    page.get_by_label("Seed").fill("5")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/textures/paper-for-the-cover")
    stands_at(0)
    expect(page.locator("jx-wall .cell")).to_have_count(12)
    expect(page.locator("jx-wall .cell[data-typical]")).to_have_count(3)
    expect(page.locator("jx-wall .far .cell")).to_have_attribute("data-label", "0far")

    # Two picks, one by a key, and a step, nearer than usual.
    pick("0b1")
    page.keyboard.press("c")
    expect(page.locator('[data-label="0c1"]')).to_have_attribute("aria-pressed", "true")
    nearness = page.locator("#nearness")
    expect(nearness).to_be_enabled()
    usual = float(nearness.input_value())
    nearness.focus()
    page.keyboard.press("End")
    expect(page.get_by_text("much closer")).to_be_visible()
    assert float(nearness.input_value()) > usual
    key["step"].click()
    stands_at(1)
    first = json.loads((session / "session.json").read_text())["history"]
    assert [state["action"] for state in first][-1] == "step"
    assert first[-2]["picks"] == ["0b1", "0c1"]
    assert first[-1]["kappa"] > 100

    # None of these, and back by undo.
    key["none"].click()
    stands_at(2)
    key["undo"].click()
    stands_at(1)
    assert not list(session.glob("round-02*"))

    # Back to round 0, one pick less, and on another way.
    page.get_by_role("button", name="Show round 0").click()
    page.get_by_role("button", name="Go on from here").click()
    stands_at(0)
    page.get_by_role("button", name="Take 0c1 out of the picks").click()
    expect(page.locator('[data-label="0c1"]')).to_have_attribute("aria-pressed", "false")
    key["step"].click()
    stands_at(2)
    found = command("--session", session, "show")
    assert [each["parent"] for each in found["rounds"]] == [None, 0, 0]
    assert found["rounds"][2]["picks"] == ["0b1"]

    # Two rounds side by side.
    page.get_by_label("Compare with").select_option("1")
    expect(page.locator("jx-wall")).to_have_count(2)
    page.get_by_label("Compare with").select_option("")
    expect(page.locator("jx-wall")).to_have_count(1)

    # Into the tray by the dialog and by dragging; one onto the other gives the strip between.
    page.locator('jx-wall [data-label="2a1"]').click(button="right")
    page.get_by_role("button", name="Keep in the tray").click()
    expect(page.locator("jx-tray .cell")).to_have_count(1)
    page.locator('jx-wall [data-label="2far"]').drag_to(page.locator("jx-tray"))
    expect(page.locator("jx-tray .cell")).to_have_count(2)
    kept = page.locator("jx-tray .cell")
    kept.nth(0).drag_to(kept.nth(1))
    expect(page.locator(".passage .cell")).to_have_count(7)
    page.get_by_label("Textures between").fill("2")
    page.get_by_label("Textures between").press("Enter")
    expect(page.locator(".passage .cell")).to_have_count(4)
    expect(page.get_by_text("2 of 2 are where they belong")).to_be_visible()
    page.get_by_text("Likeness along the way").click()
    plot = page.get_by_role("img", name="Plot: above")
    plot.wait_for()
    assert plot.evaluate("async (image) => { await image.decode(); return image.naturalWidth }")
    strip = download(page, page.get_by_role("link", name="Save all").click)
    assert "strip.png" in zipfile.ZipFile(io.BytesIO(strip)).namelist()

    # What is saved is what the command exports, and it draws the same rounds again.
    pick("2b1")
    expect(nearness).to_be_enabled()
    archive = zipfile.ZipFile(
        io.BytesIO(download(page, page.get_by_role("link", name="Export picks").click))
    )
    saved = {name: archive.read(name) for name in archive.namelist()}
    assert set(saved) == {"0b1.png", "2b1.png"}
    command("--session", session, "export", "-o", tmp_path / "out")
    assert content(tmp_path / "out") == saved
    assert command("--session", session, "replay", "-o", tmp_path / "again")["same"]
    assert content(tmp_path / "again") == content(session)

    # On by the command line: the page follows.
    command("--session", session, "step")
    stands_at(3)


def test_an_image_of_ones_own_becomes_a_texture_that_a_search_begins_from(server, page):
    page.goto(f"{server.address}/textures")
    fire = ROOT / "examples" / "style" / "fire.png"
    page.locator("jx-drop input").set_input_files(fire)
    said = page.locator("figcaption", has_text="from fire.png")
    said.wait_for()
    near = float(re.search(r"MSSIM (\d\.\d\d)", said.inner_text())[1])
    kept = server.folder / "tray" / "fire.png"
    metadata = read_metadata(kept)
    assert metadata["mssim"] == pytest.approx(near, abs=0.005)
    page.locator('jx-tray [data-kept="fire"]').click()
    page.get_by_role("button", name="Begin a search from it").click()
    page.wait_for_url("**/textures/from-fire")
    page.locator('jx-wall [data-label="0a1"]').wait_for()
    page.locator('.stop[data-here][data-iteration="0"]').wait_for()
    (state,) = open_session(server.folder / "textures" / "from-fire").history
    latent = np.float32(metadata["latent"])
    np.testing.assert_allclose(state.direction, latent / np.linalg.norm(latent), atol=1e-6)
    assert state.kappa == 100
